//! Whose approvals count, a condition at a time.

use castellan::domain::gate::Decision;
use serde_json::{Value, json};

use super::super::sample;
use super::{A, OLD, decides, edited, person};

#[test]
fn an_approval_is_carried_over_neutral_merges_and_nothing_else() {
    let commits = |middle: Value| json!([{"oid": OLD, "ours": true}, middle, {"oid": A, "ours": true, "same_patch": true}]);
    let neutral = json!({"oid": "c".repeat(40), "neutral_merge": true, "same_patch": true});
    let review = json!([{"id": 1, "by": 2, "opinion": "approved", "commit": OLD, "at": "2026-11-28T11:00:00Z"}]);
    decides(
        "15",
        &[("commits", commits(neutral)), ("reviews", review)],
        Decision::V24,
        "bob approved an older commit",
    );
    let other_patch = [("commits/1/same_patch", json!(false))];
    decides(
        "20b",
        &other_patch,
        Decision::V15,
        "a merge of the base has changed the patch since",
    );
    let twice = json!([
        {"oid": OLD, "ours": true},
        {"oid": "c".repeat(40), "neutral_merge": true, "same_patch": false},
        {"oid": A, "neutral_merge": true, "same_patch": true}
    ]);
    let pack = [("commits", twice.clone()), ("evidence/pack/head", json!(A))];
    decides("20b", &pack, Decision::V15, "another merge base");
    decides(
        "20b",
        &[("commits", twice)],
        Decision::V15,
        "has changed the patch since",
    );
    let gone = [("reviews/0/commit", Value::Null)];
    decides("15", &gone, Decision::V24, "bob approved an older commit");
}

#[test]
fn x71_whoever_has_a_part_in_it_does_not_count() {
    for (edits, part) in [
        (
            vec![("steerers", json!([{"id": 2, "by": "command"}]))],
            "with a command",
        ),
        (
            vec![("steerers", json!([{"id": 2, "by": "plan"}]))],
            "by its plan",
        ),
        (
            vec![("adoptions", json!([{"by": 2, "ended": true}]))],
            "wrote, pushed or adopted",
        ),
        (
            vec![("people/1/access", json!("unknown"))],
            "could not be read",
        ),
        (
            vec![("people/1/access", json!("none"))],
            "may not write here now",
        ),
        (vec![("people/1/kind", json!("other"))], "is not a person"),
        (
            vec![("people", json!([person(1, "alice", "write")]))],
            "account 2 is not known",
        ),
        (
            vec![("requesters", json!([]))],
            "who asked for this work is not known",
        ),
        (
            vec![("reviews/0/at", json!("2026-11-28T12:00:01Z"))],
            "0 of 1",
        ),
    ] {
        decides("15", &edits, Decision::V24, part);
    }
    decides(
        "15",
        &[("steerers", json!([{"id": 2, "by": "review"}]))],
        Decision::V26,
        "bob",
    );
    decides(
        "15",
        &[("reviews/0/at", json!("2026-11-28T12:00:00Z"))],
        Decision::V26,
        "bob",
    );
    decides(
        "07",
        &[("steerers", json!([{"id": 1, "by": "command"}]))],
        Decision::V26,
        "alice",
    );
}

#[test]
fn x73_who_pushed_has_to_be_known_for_an_agent_s_work() {
    let pushed = |commit: Value| [("commits", json!([{"oid": OLD, "ours": true}, commit]))];
    let by = |key: &str| json!({"oid": A, key: 3});
    decides(
        "15",
        &pushed(by("author")),
        Decision::V24,
        "who pushed commit aaaaaaa is not known",
    );
    decides(
        "15",
        &pushed(by("pusher")),
        Decision::V26,
        "approved by bob",
    );
    // Of a person's own, the author suffices: nobody sees pushes to a fork.
    decides(
        "02a",
        &[("commits/0/pusher", Value::Null)],
        Decision::V26,
        "bob, carol",
    );
    let nobody = [
        ("commits/0/pusher", Value::Null),
        ("commits/0/author", Value::Null),
    ];
    decides("02a", &nobody, Decision::V24, "is not known");
    decides(
        "02a",
        &[("commits/0/committer", json!(3))],
        Decision::V24,
        "carol wrote, pushed",
    );
    decides(
        "02a",
        &[("opener", json!(3))],
        Decision::V24,
        "carol wrote, pushed",
    );
}

#[test]
fn requests_for_changes_count_from_whoever_may_write() {
    let without = |access: &str| [("people/2/access", json!(access))];
    for access in ["unknown", "write", "maintain", "admin"] {
        decides(
            "22",
            &without(access),
            Decision::V22,
            "changes requested by carol",
        );
    }
    for access in ["none", "read"] {
        decides("22", &without(access), Decision::V26, "approved by bob");
    }
    let ahead = [("reviews/1/at", json!("2026-11-28T13:00:00Z"))];
    decides("22", &ahead, Decision::V22, "changes requested by carol");
    let verdict = edited("22", &[("risk/tier", json!("T0"))]);
    assert_eq!(verdict.next.len(), 1);
    let pack =
        serde_json::to_value(&sample("32").facts.subject).unwrap()["pull_request"]["evidence"]
            .clone();
    decides(
        "22",
        &[("risk/tier", json!("T3")), ("evidence", pack)],
        Decision::V22,
        "At T3 whoever's review",
    );
}

#[test]
fn each_touched_rule_needs_one_of_its_owners() {
    let owner = |people: Value| json!({"name": "@acme/api", "people": people});
    let rule = |owners: Value| json!([{"line": 3, "pattern": "*", "path": "a", "owners": owners}]);
    let touched = "owners/touched";
    decides(
        "27",
        &[(touched, rule(json!([owner(json!([7, 3, 8]))])))],
        Decision::V26,
        "carol",
    );
    decides(
        "27",
        &[(touched, rule(json!([owner(json!([7])), owner(json!([3]))])))],
        Decision::V26,
        "carol",
    );
    decides("27", &[(touched, rule(json!([])))], Decision::V26, "carol");
    decides(
        "27",
        &[(touched, rule(json!([owner(Value::Null)])))],
        Decision::V24,
        "needs an approval of a code owner",
    );
    decides(
        "27",
        &[("owners/file", json!("unreadable"))],
        Decision::V24,
        "CODEOWNERS could not be read",
    );
    decides(
        "27",
        &[("owners/file", json!("absent"))],
        Decision::V26,
        "carol",
    );
    let mut two = rule(json!([owner(json!([3]))]));
    let other = json!({"line": 4, "pattern": "b", "path": "b", "owners": [owner(json!([2]))]});
    two.as_array_mut().unwrap().push(other);
    decides("27", &[(touched, two)], Decision::V24, "b (line 4");
}

#[test]
fn solo_lets_the_requester_approve_up_to_t2() {
    let solo = ("/policy", json!({"gate": {"solo": true}}));
    decides(
        "16",
        std::slice::from_ref(&solo),
        Decision::V26,
        "solo: the requester",
    );
    let own = [solo.clone(), ("requesters", json!([3]))];
    decides("27", &own, Decision::V26, "carol");
    decides(
        "32",
        &[
            ("/policy/gate/solo", json!(true)),
            ("requesters", json!([3])),
        ],
        Decision::V24,
        "carol asked",
    );
    let absent = [solo, ("/facts/base/policy/state", json!("absent"))];
    decides("16", &absent, Decision::V24, "alice asked for this work");
}
