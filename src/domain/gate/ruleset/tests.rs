//! Tests of our ruleset: as new, as it was weakened, as others added to it.

use super::*;

const MAIN: Protection<'_> = Protection {
    base: "main",
    app: AppId(7),
    approvals: None,
};

/// Ours, as GitHub shows it after it was written: with keys of its own.
fn written() -> Value {
    let mut found = MAIN.difference(None).unwrap().body;
    found["id"] = json!(42);
    found["current_user_can_bypass"] = json!("never");
    let reviews = &mut found["rules"][1]["parameters"];
    reviews["allowed_merge_methods"] = json!(["merge", "squash", "rebase"]);
    reviews["required_reviewers"] = json!([]);
    found
}

fn changed(found: &Value) -> Vec<String> {
    MAIN.difference(Some(found)).unwrap().changes
}

#[test]
fn a_new_one_says_all_that_it_holds() {
    let new = MAIN.difference(None).unwrap();
    assert!(new.kept.is_empty());
    for said in [
        "+ enforcement: \"active\"",
        "+ bypass_actors: []",
        "+ conditions.ref_name.include: [\"refs/heads/main\"]",
        "+ rules[required_status_checks].required_status_checks[agent-gate / main]: \"from App 7\"",
        "+ rules[pull_request].dismiss_stale_reviews_on_push: true",
        "+ rules[pull_request].required_approving_review_count: 1",
    ] {
        assert!(
            new.changes.iter().any(|line| line == said),
            "{said}: {:#?}",
            new.changes
        );
    }
}

#[test]
fn what_was_written_is_not_written_again() {
    let again = MAIN.difference(Some(&written())).unwrap();
    assert_eq!((again.changes, again.kept), (vec![], vec![]));
}

#[test]
fn each_weakening_is_shown_and_taken_back() {
    type Weaken = fn(&mut Value);
    let cases: [(&str, Weaken); 9] = [
        ("~ enforcement: \"evaluate\" -> \"active\"", |one| {
            one["enforcement"] = json!("evaluate")
        }),
        (
            "- bypass_actors[RepositoryRole 5].bypass_mode: \"always\"",
            |one| {
                one["bypass_actors"] = json!([{"actor_id": 5, "actor_type": "RepositoryRole", "bypass_mode": "always"}]);
            },
        ),
        (
            "[agent-gate / main]: \"from anybody\" -> \"from App 7\"",
            |one| {
                one["rules"][0]["parameters"]["required_status_checks"] =
                    json!([{"context": "agent-gate / main"}]);
            },
        ),
        (
            "+ rules[required_status_checks].required_status_checks[agent-gate / main]",
            |one| {
                one["rules"][0]["parameters"]["required_status_checks"] = json!([]);
            },
        ),
        (
            "+ rules[pull_request].dismiss_stale_reviews_on_push: true",
            |one| {
                one["rules"].as_array_mut().unwrap().remove(1);
            },
        ),
        ("dismiss_stale_reviews_on_push: false -> true", |one| {
            one["rules"][1]["parameters"]["dismiss_stale_reviews_on_push"] = json!(false);
        }),
        ("required_approving_review_count: 0 -> 1", |one| {
            one["rules"][1]["parameters"]["required_approving_review_count"] = json!(0);
        }),
        (
            "conditions.ref_name.exclude: [\"refs/heads/main\"] -> []",
            |one| {
                one["conditions"]["ref_name"]["exclude"] = json!(["refs/heads/main"]);
            },
        ),
        ("~ target: \"tag\" -> \"branch\"", |one| {
            one["target"] = json!("tag")
        }),
    ];
    for (said, weaken) in cases {
        let mut found = written();
        weaken(&mut found);
        let lines = changed(&found);
        assert!(
            lines.iter().any(|line| line.contains(said)),
            "{said}: {lines:#?}"
        );
        let body = MAIN.difference(Some(&found)).unwrap().body;
        assert!(changed(&body).is_empty(), "{said}");
    }
}

#[test]
fn what_others_added_stays_and_is_named_and_more_is_never_made_less() {
    let mut found = written();
    found["rules"]
        .as_array_mut()
        .unwrap()
        .push(json!({"type": "required_signatures"}));
    let checks = &mut found["rules"][0]["parameters"];
    checks["required_status_checks"]
        .as_array_mut()
        .unwrap()
        .push(json!({"context": "test"}));
    checks["strict_required_status_checks_policy"] = json!(true);
    found["rules"][1]["parameters"]["required_approving_review_count"] = json!(3);
    found["rules"][1]["parameters"]["novel"] = json!({"deep": 1});
    let same = MAIN.difference(Some(&found)).unwrap();
    assert!(same.changes.is_empty(), "{:#?}", same.changes);
    for said in [
        "required_signatures",
        "[test]",
        "strict_required",
        "novel.deep",
    ] {
        assert!(
            same.kept.iter().any(|line| line.contains(said)),
            "{said}: {:#?}",
            same.kept
        );
    }
    assert!(matches!(MAIN.removable(&found), Err(NotOurs::Shared { more, .. }) if more.len() == 4));
    let fewer = Protection {
        approvals: Some(0),
        ..MAIN
    };
    let lines = fewer.difference(Some(&found)).unwrap().changes;
    assert_eq!(
        lines,
        ["~ rules[pull_request].required_approving_review_count: 3 -> 0"]
    );
}

#[test]
fn only_ours_is_changed_or_taken_away() {
    assert_eq!(MAIN.removable(&written()), Ok(()));
    let mut foreign = written();
    foreign["rules"] = json!([{"type": "required_signatures"}]);
    assert!(matches!(MAIN.removable(&foreign), Err(NotOurs::Foreign(_))));
    assert!(
        MAIN.difference(Some(&foreign)).is_ok(),
        "weakened, and for this branch alone"
    );
    foreign["conditions"]["ref_name"]["include"] = json!(["~ALL"]);
    assert!(matches!(
        MAIN.difference(Some(&foreign)),
        Err(NotOurs::Foreign(_))
    ));
    let mut renamed = written();
    renamed["name"] = json!("theirs");
    assert!(MAIN.removable(&renamed).is_err());
    let mut unseen = written();
    unseen["bypass_actors"] = Value::Null;
    assert!(matches!(
        MAIN.difference(Some(&unseen)),
        Err(NotOurs::Unseen(_))
    ));
}
