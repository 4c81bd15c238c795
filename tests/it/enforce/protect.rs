//! `castellan protect`: published before it is written, written once, taken back when it is weakened.

use castellan::yard::{Fault, Opinion, Permission};
use serde_json::{Value, json};

use super::{REPOSITORY, RULESET, Scene, admins_pass};

#[tokio::test]
async fn a_dry_run_says_what_would_be_and_writes_nothing() {
    let scene = Scene::set().await;
    scene.yard.resets_calls();
    let told = scene.protected(&["--dry-run"]).await;
    assert_eq!(scene.writes(), [""; 0]);
    assert!(scene.ruleset().await.is_none());
    assert!(!scene.folder.path().join("castellan.db").exists());
    insta::assert_snapshot!(told);
    scene.ends();
}

#[tokio::test]
async fn the_check_stands_on_every_open_head_before_the_rule_is_written() {
    let scene = Scene::set().await;
    assert_eq!(scene.repo.may_merge(1).await, Ok(()));
    scene.yard.resets_calls();
    let told = scene.protected(&[]).await;
    let check = format!("POST /repos/{REPOSITORY}/check-runs");
    let rule = format!("POST /repos/{REPOSITORY}/rulesets");
    assert_eq!(scene.writes(), [check.clone(), check, rule]);
    insta::assert_snapshot!(told);
    for head in &scene.heads {
        assert_eq!(scene.says(head).await.as_deref(), Some("success"));
    }
    // Nobody is locked out, and nothing is merged without a review.
    let why = scene.repo.may_merge(1).await.unwrap_err();
    assert!(
        why.contains("At least 1") && !why.contains("agent-gate"),
        "{why}"
    );
    let bob = scene.repo.person("bob", Permission::Write).await.unwrap();
    bob.reviews(1, Opinion::Approves, "", &[]).await.unwrap();
    assert_eq!(scene.repo.may_merge(1).await, Ok(()));
    // What comes later waits for the check: no server runs.
    scene
        .alice
        .pushes("one", &[("one.txt", "y\n")], "More")
        .await
        .unwrap();
    assert!(
        scene
            .repo
            .may_merge(1)
            .await
            .unwrap_err()
            .contains("agent-gate / main")
    );
    scene.ends();
}

#[tokio::test]
async fn a_second_run_has_nothing_to_do() {
    let scene = Scene::set().await;
    scene.protected(&[]).await;
    scene.yard.resets_calls();
    let told = scene.protected(&[]).await;
    assert!(told.contains("nothing to write"), "{told}");
    assert_eq!(scene.writes(), [""; 0]);
    // A head that came while no server ran has nothing yet, and is not left so.
    let pushed = scene
        .alice
        .pushes("one", &[("one.txt", "y\n")], "More")
        .await;
    let head = pushed.unwrap().to_string();
    assert_eq!(scene.says(&head).await, None);
    scene.protected(&[]).await;
    assert_eq!(
        scene.writes(),
        [format!("POST /repos/{REPOSITORY}/check-runs")]
    );
    assert_eq!(scene.says(&head).await.as_deref(), Some("success"));
    scene.ends();
}

#[tokio::test]
async fn a_head_without_its_check_stops_it_before_the_rule() {
    let scene = Scene::set().await;
    let checks = format!("/repos/{REPOSITORY}/check-runs");
    scene.yard.fault("POST", &checks, Fault::Before(422), 1);
    let (code, out, error) = scene.protects(&[]).await;
    assert_eq!(code, Some(1), "{out}");
    for said in [
        "nothing was written to the rules",
        "pull request #",
        "422",
        "run this again",
    ] {
        assert!(error.contains(said), "{said}: {error}");
    }
    assert!(scene.ruleset().await.is_none());
    assert_eq!(
        scene.repo.may_merge(1).await,
        Ok(()),
        "nobody is locked out"
    );
    // It is over: the next run goes through.
    scene.protected(&[]).await;
    assert!(scene.ruleset().await.is_some());
    scene.ends();
}

#[tokio::test]
async fn h23_what_was_weakened_is_shown_and_put_back_and_what_others_added_stays() {
    let scene = Scene::set().await;
    scene.protected(&[]).await;
    let (_, whole) = scene.ruleset().await.unwrap();
    let mut rules = whole["rules"].clone();
    let checks = &mut rules[0]["parameters"]["required_status_checks"];
    *checks = json!([{"context": "agent-gate / man"}, {"context": "test"}]);
    rules
        .as_array_mut()
        .unwrap()
        .push(json!({"type": "required_linear_history"}));
    let mut weaker = admins_pass();
    weaker["enforcement"] = json!("evaluate");
    weaker["rules"] = rules;
    scene.changes_ruleset(weaker).await;
    assert!(scene.repo.may_merge(1).await.is_ok());
    let told = scene.protected(&["--dry-run"]).await;
    insta::assert_snapshot!(told);
    scene.protected(&[]).await;
    let (_, whole) = scene.ruleset().await.unwrap();
    assert_eq!(
        (&whole["enforcement"], &whole["bypass_actors"]),
        (&json!("active"), &json!([]))
    );
    let shown = whole["rules"].to_string();
    assert!(
        shown.contains("required_linear_history") && shown.contains("\"test\""),
        "{shown}"
    );
    assert!(scene.repo.may_merge(1).await.is_err());
    scene.ends();
}

#[tokio::test]
async fn only_our_own_ruleset_is_taken_away() {
    let scene = Scene::set().await;
    let told = scene.protected(&["--remove"]).await;
    assert!(told.contains("nothing to do"), "{told}");
    scene.protected(&[]).await;
    let told = scene.protected(&["--remove", "--dry-run"]).await;
    assert!(told.contains("Nothing was taken away") && scene.ruleset().await.is_some());
    let told = scene.protected(&["--remove"]).await;
    assert!(told.contains("advisory"), "{told}");
    assert!(scene.ruleset().await.is_none());
    assert_eq!(scene.repo.may_merge(1).await, Ok(()));
    // Of the same name, and somebody else's.
    let foreign = json!({"name": RULESET, "target": "branch", "enforcement": "active",
        "conditions": {"ref_name": {"include": ["~ALL"], "exclude": []}},
        "rules": [{"type": "required_signatures"}]});
    assert_eq!(scene.as_ada("POST", "/rulesets", foreign).await.0, 201);
    for more in [&["--remove"][..], &[]] {
        let (code, _, error) = scene.protects(more).await;
        assert_eq!(code, Some(1));
        assert!(
            error.contains("not ours") && error.contains("rename it"),
            "{error}"
        );
    }
    assert!(scene.ruleset().await.is_some());
    // Ours, and more than ours.
    let (id, _) = scene.ruleset().await.unwrap();
    scene
        .as_ada("DELETE", &format!("/rulesets/{id}"), Value::Null)
        .await;
    scene.protected(&[]).await;
    let (_, whole) = scene.ruleset().await.unwrap();
    let mut rules = whole["rules"].clone();
    rules
        .as_array_mut()
        .unwrap()
        .push(json!({"type": "required_signatures"}));
    scene.changes_ruleset(json!({"rules": rules})).await;
    let (code, _, error) = scene.protects(&["--remove"]).await;
    assert_eq!(code, Some(1));
    assert!(
        error.contains("holds more than ours") && error.contains("required_signatures"),
        "{error}"
    );
    assert!(scene.ruleset().await.is_some());
    scene.ends();
}

#[tokio::test]
async fn without_an_admins_token_it_says_which_one_is_needed_and_nothing_happens() {
    let scene = Scene::set().await;
    scene.yard.resets_calls();
    let (alice, file) = (
        scene.alice.token().to_owned(),
        scene.file("token", "ghp_wrong\n"),
    );
    let arguments = ["protect", REPOSITORY];
    let cases: [(Option<&str>, &[&str]); 4] = [
        (
            None,
            &[
                "admin-token: ",
                "CASTELLAN_ADMIN_TOKEN",
                "Administration, read and write",
            ],
        ),
        (Some("a b"), &["admin-token: ", "blanks"]),
        (file.to_str(), &["401", "make a new one"]),
        (
            Some(&alice),
            &["admin-token: ", "does not administer octo/sample"],
        ),
    ];
    for (token, expected) in cases {
        let (code, _, error) = scene.runs(&arguments, token).await;
        assert_eq!(code, Some(1), "{error}");
        for part in expected {
            assert!(error.contains(part), "{part}: {error}");
        }
        assert!(
            !error.contains(alice.as_str()) && !error.contains("ghp_wrong"),
            "{error}"
        );
    }
    assert_eq!(scene.writes(), [""; 0]);
    scene.ends();
}

#[tokio::test]
async fn a_base_that_would_be_shut_to_everybody_is_not_protected() {
    for (policy, said) in [
        (None, "has no .github/castellan.yml"),
        (Some("protectd: [a]\n"), "put it right first"),
    ] {
        let mut files = vec![("README.md", "Adds.\n", false)];
        files.extend(policy.map(|text| (".github/castellan.yml", text, false)));
        let scene = Scene::set_with(&files).await;
        let (code, _, error) = scene.protects(&[]).await;
        assert_eq!(code, Some(1));
        assert!(error.contains(said), "{error}");
        assert!(scene.ruleset().await.is_none());
    }
    let scene = Scene::set().await;
    let (code, _, error) = scene.protects(&["--branch", "nowhere"]).await;
    assert!(
        code == Some(1) && error.contains("there is no branch nowhere"),
        "{error}"
    );
    let token = scene.ada.token();
    let (code, _, error) = scene.runs(&["protect", "octo/other"], Some(token)).await;
    assert!(
        code == Some(1) && error.contains("not installed"),
        "{error}"
    );
    scene.ends();
}
