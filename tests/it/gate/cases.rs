//! What the rows leave open: one condition of a row changed at a time, as JSON, so that each
//! condition is shown to decide.

use castellan::domain::gate::read::read;
use castellan::domain::gate::{Conclusion, Decision, Verdict, judge};
use serde_json::{Value, json};

use super::sample;

const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const OLD: &str = "0000000000000000000000000000000000000001";

/// The verdict of a sample of which some values are others. Paths are of the pull request, or
/// of the whole file where they begin with `/`.
fn edited(name: &str, edits: &[(&str, Value)]) -> Verdict {
    let mut value = serde_json::to_value(sample(name)).unwrap();
    for (path, new) in edits {
        let path = match path.strip_prefix('/') {
            Some(rest) => rest.to_owned(),
            None => format!("facts/subject/pull_request/{path}"),
        };
        let mut at = &mut value;
        for part in path.split('/') {
            at = match part.parse::<usize>() {
                Ok(index) => &mut at[index],
                Err(_) => &mut at[part],
            };
        }
        *at = new.clone();
    }
    let sample =
        read(value.to_string().as_bytes()).unwrap_or_else(|error| panic!("{name}: {error}"));
    judge(&sample.facts, &sample.policy)
}

fn decides(name: &str, edits: &[(&str, Value)], decision: Decision, part: &str) {
    let verdict = edited(name, edits);
    let said = format!("{verdict:?}");
    assert_eq!(verdict.decision, decision, "{name} {edits:?}: {said}");
    assert!(
        said.contains(part),
        "{name} {edits:?}: {part} is not in {said}"
    );
}

fn check(name: &str, conclusion: &str) -> Value {
    json!({"name": name, "app": 15368, "suite": 1, "workflow": ".github/workflows/ci.yml",
           "standing": {"standing": "ended", "conclusion": conclusion}})
}

fn person(id: i64, login: &str, access: &str) -> Value {
    json!({"id": id, "login": login, "access": access})
}

#[test]
fn an_approval_is_carried_over_neutral_merges_and_nothing_else() {
    let commits =
        |middle: Value| json!([{"oid": OLD, "ours": true}, middle, {"oid": A, "ours": true}]);
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
fn required_checks_are_all_of_them_and_only_they() {
    let required = |names: &[&str]| {
        let all: Vec<Value> = names.iter().map(|name| json!({"name": name})).collect();
        ("/facts/base/required", json!(all))
    };
    decides(
        "15",
        &[required(&["test"])],
        Decision::V26,
        "1 check passed",
    );
    decides(
        "15",
        &[required(&["test", "lint"])],
        Decision::V19,
        "waiting for CI (lint)",
    );
    decides(
        "15",
        &[required(&["test", "agent-gate / main"])],
        Decision::V26,
        "bob",
    );
    let red = json!([check("test", "success"), check("other", "failure")]);
    decides(
        "15",
        &[("ci/checks", red.clone())],
        Decision::V16,
        "CI failed (other)",
    );
    decides(
        "15",
        &[required(&["test"]), ("ci/checks", red)],
        Decision::V26,
        "bob",
    );
    let ours = json!([check("test", "success"), {"name": "x", "app": 4242, "standing": {"standing": "ended", "conclusion": "failure"}}]);
    decides("15", &[("ci/checks", ours)], Decision::V26, "bob");
    decides(
        "15",
        &[("/policy", json!({"ci": {"required": ["lint"]}}))],
        Decision::V19,
        "lint",
    );
    decides(
        "15",
        &[("ci/settled", json!(false))],
        Decision::V19,
        "what else will be reported",
    );
    decides(
        "15",
        &[required(&["test"]), ("ci/settled", json!(false))],
        Decision::V26,
        "bob",
    );
    decides(
        "15",
        &[("ci/head", json!(OLD))],
        Decision::V19,
        "the checks of this head",
    );
    let pinned = json!([{"name": "test", "app": 4242}]);
    decides(
        "15",
        &[("/facts/base/required", pinned)],
        Decision::V26,
        "bob",
    );
    let status =
        json!([{"name": "ci", "standing": {"standing": "ended", "conclusion": "failure"}}]);
    decides(
        "15",
        &[("ci/checks", status)],
        Decision::V16,
        "CI failed (ci)",
    );
    let foreign = json!([{"name": "ci", "app": 77, "standing": {"standing": "ended", "conclusion": "success"}}]);
    decides("15", &[("ci/checks", foreign)], Decision::V26, "bob");
    let waits = json!([{"name": "cla", "standing": {"standing": "running"}}]);
    decides(
        "15",
        &[("ci/test_merge", waits)],
        Decision::V19,
        "waiting for CI (cla)",
    );
    for end in [
        "cancelled",
        "timed_out",
        "stale",
        "action_required",
        "startup_failure",
        "other",
    ] {
        decides(
            "15",
            &[("ci/checks", json!([check("test", end)]))],
            Decision::V16,
            "test",
        );
    }
    decides(
        "15",
        &[("ci/checks", json!([check("test", "neutral")]))],
        Decision::V18,
        "test",
    );
    let neutral = json!([check("test", "neutral")]);
    decides(
        "15",
        &[("ci/checks", neutral), ("draft", json!(true))],
        Decision::V18,
        "test",
    );
}

#[test]
fn x67_a_workflow_is_the_base_s_own_or_not_trusted() {
    let file = "ci/workflows/0";
    let blob = |byte: &str| json!(byte.repeat(40));
    decides(
        "15",
        &[("ci/workflows/0/merge_base", blob("9"))],
        Decision::V26,
        "bob",
    );
    decides(
        "15",
        &[("ci/workflows/0/base", blob("9"))],
        Decision::V26,
        "bob",
    );
    for edits in [
        vec![("ci/workflows/0/head", Value::Null)],
        vec![(file, json!({"path": ".github/workflows/ci.yml"}))],
        vec![("ci/workflows", json!([]))],
        vec![("ci/checks/0/workflow", json!("other.yml"))],
    ] {
        decides("15", &edits, Decision::V13, "was changed here");
    }
    decides(
        "15",
        &[("ci/checks/0/workflow", Value::Null)],
        Decision::V13,
        "the workflow of test is not known",
    );
    let slow = [("ci/checks/0/started_at", json!("2026-11-28T11:39:05Z"))];
    decides("40", &slow, Decision::V26, "bob");
    decides(
        "40",
        &[("ci/checks/0/ended_at", Value::Null)],
        Decision::V13,
        "how long it took is not known",
    );
}

#[test]
fn evidence_is_about_this_head_and_says_every_section_once() {
    decides(
        "15",
        &[("evidence/pack/base", json!("other"))],
        Decision::V15,
        "it is about another base",
    );
    decides(
        "15",
        &[("evidence/pack/merge_base", json!(OLD))],
        Decision::V15,
        "another merge base",
    );
    decides(
        "15",
        &[("evidence/pack/repository", json!(1))],
        Decision::V11,
        "another pull request",
    );
    decides(
        "15",
        &[("evidence/pack/sections/5/name", json!("ci"))],
        Decision::V15,
        "stands twice",
    );
    decides(
        "15",
        &[("evidence/pack/sections/5/head", json!(OLD))],
        Decision::V15,
        "is about commit 0000000",
    );
    decides("24b", &[], Decision::V15, "/agent fix");
    decides("10b", &[], Decision::V15, "/agent fix");
    decides("24d", &[], Decision::V15, "only an audited");
    assert!(!format!("{:?}", edited("24b", &[])).contains("only an audited"));
    let end = |moment: &str| [("evidence/building_until", json!(moment))];
    decides(
        "10a",
        &end("2026-11-28T12:00:00Z"),
        Decision::V15,
        "missing",
    );
    decides(
        "10a",
        &end("2026-11-28T12:00:01Z"),
        Decision::V14,
        "being built",
    );
    decides(
        "15",
        &end("2026-11-28T12:00:01Z"),
        Decision::V14,
        "newer evidence",
    );
    decides(
        "36",
        &[("task/deadline", json!("2026-11-28T12:00:00Z"))],
        Decision::V26,
        "bob",
    );
    decides(
        "36",
        &[("task/deadline", Value::Null)],
        Decision::V26,
        "bob",
    );
}

#[test]
fn an_override_holds_for_who_may_and_says_why() {
    let said = |key: &str, value: Value| (["overrides/0/", key].concat(), value);
    for (key, value) in [
        ("reason", json!(" ")),
        ("at", json!("2026-11-28T12:00:01Z")),
        ("by", json!(99)),
        ("by", json!(3)),
    ] {
        let (path, value) = said(key, value);
        decides("46a", &[(&path, value)], Decision::V15, "evidence lacks");
    }
    decides(
        "46a",
        &[("overrides/0/at", json!("2026-11-28T12:00:00Z"))],
        Decision::V12,
        "dave",
    );
    decides(
        "46a",
        &[("people/3/kind", json!("bot"))],
        Decision::V15,
        "evidence lacks",
    );
    decides(
        "46a",
        &[("adoptions", json!([{"by": 4, "ended": true}]))],
        Decision::V15,
        "lacks",
    );
    decides(
        "46a",
        &[("/policy", json!({"gate": {"override": ["admin"]}}))],
        Decision::V15,
        "lacks",
    );
    decides(
        "46a",
        &[("/policy", json!({"gate": {"override": []}}))],
        Decision::V15,
        "lacks",
    );
    let not_here = [("/facts/organisation/solo_allowed", json!(false))];
    decides("46c", &not_here, Decision::V15, "evidence lacks");
    decides("02c", &not_here, Decision::V24, "needs 2 more approvals");
}

#[test]
fn an_adopter_may_write_and_has_not_given_it_back() {
    decides(
        "37b",
        &[("people/3/access", json!("read"))],
        Decision::V9,
        "stopped",
    );
    decides(
        "37b",
        &[("people/3/kind", json!("bot"))],
        Decision::V9,
        "stopped",
    );
    decides(
        "37b",
        &[("adoptions/0/ended", json!(true))],
        Decision::V9,
        "stopped",
    );
    decides(
        "37b",
        &[("adoptions/0/by", json!(99))],
        Decision::V9,
        "stopped",
    );
    let red = json!([check("test", "failure")]);
    let adopted = ("adoptions", json!([{"by": 4}]));
    decides(
        "15",
        &[("ci/checks", red), adopted],
        Decision::V17,
        "CI failed",
    );
    decides(
        "09b",
        &[("adoptions", json!([{"by": 4}]))],
        Decision::V23,
        "update the branch",
    );
    decides(
        "04",
        &[("adoptions", json!([{"by": 4}]))],
        Decision::V15,
        "evidence is missing",
    );
}

#[test]
fn an_organisation_s_floor_is_only_raised() {
    let floor = |key: &str, value: Value| (["/facts/organisation/", key].concat(), value);
    let (approvals, two) = floor("approvals", json!({"T1": 2}));
    decides(
        "15",
        &[(&approvals, two)],
        Decision::V24,
        "needs 1 more approval",
    );
    decides(
        "15",
        &[("/policy", json!({"gate": {"approvals": {"T1": 3}}}))],
        Decision::V24,
        "needs 2 more",
    );
    let (tier, high) = floor("tier", json!("T3"));
    decides("15", &[(&tier, high)], Decision::V15, "T3: evidence lacks");
    let (tier, low) = floor("tier", json!("T0"));
    decides("27", &[(&tier, low)], Decision::V26, "T2: ");
    decides(
        "27",
        &[("risk/edits_policy", json!(true))],
        Decision::V15,
        "T3: evidence lacks",
    );
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

#[test]
fn v25_no_open_thread_is_no_requirement_that_is_missing() {
    let asks = ("/policy", json!({"gate": {"resolved_threads": true}}));
    decides("15", &[asks], Decision::V26, "all are resolved");
}

#[test]
fn what_contradicts_itself_is_not_judged() {
    let twice = json!([
        person(1, "alice", "write"),
        person(2, "bob", "write"),
        person(2, "bob", "admin")
    ]);
    decides("15", &[("people", twice)], Decision::V1, "names one twice");
    decides(
        "15",
        &[("commits", json!([]))],
        Decision::V1,
        "does not end with the head",
    );
    decides(
        "15",
        &[("commits/0/oid", json!(OLD))],
        Decision::V1,
        "does not end with the head",
    );
    for (path, value) in [("head", json!(OLD)), ("base", json!("other"))] {
        let path = format!("/facts/published/{path}");
        decides("44c", &[(&path, value)], Decision::V1, "InProgress");
    }
    let success = json!({"number": 13, "conclusion": "success", "decision": "V26", "title": "x"});
    decides("15", &[("shared", json!([success]))], Decision::V26, "bob");
    let worse = json!({"number": 14, "conclusion": "failure", "decision": "V13", "title": "no CI"});
    decides(
        "45",
        &[("shared", json!([success, worse]))],
        Decision::V2,
        "#14",
    );
}

#[test]
fn groups_wait_only_as_long_as_they_may() {
    let group = |name: &str, edits: &[(&str, Value)]| {
        let edits: Vec<(String, Value)> = edits
            .iter()
            .map(|(path, value)| (format!("/facts/subject/merge_group/{path}"), value.clone()))
            .collect();
        let edits: Vec<(&str, Value)> = edits
            .iter()
            .map(|(path, value)| (path.as_str(), value.clone()))
            .collect();
        let verdict = edited(name, &edits);
        (verdict.decision, verdict.conclusion)
    };
    use Conclusion as C;
    use Decision as D;
    assert_eq!(
        group("M4a", &[("since", json!("2026-11-28T11:58:00.001Z"))]),
        (D::M4, C::InProgress)
    );
    assert_eq!(
        group("M4a", &[("since", json!("2026-11-28T12:00:01Z"))]),
        (D::M4, C::Failure)
    );
    assert_eq!(group("M4b", &[("members", json!([]))]), (D::M4, C::Failure));
    assert_eq!(
        group("M3", &[("members/1/tier", json!("T2"))]),
        (D::M1, C::Success)
    );
    assert_eq!(
        group("M5", &[("members/0/conclusion", json!("failure"))]),
        (D::M5, C::Success)
    );
    assert_eq!(
        group("M5", &[("members/0/edits_policy", json!(true))]),
        (D::M2, C::Failure)
    );
    assert_eq!(
        group("M6", &[("members/1/agent", json!(false))]),
        (D::M1, C::Success)
    );
    assert_eq!(
        group(
            "M6",
            &[
                ("members/0/edits_policy", json!(false)),
                ("members/1/edits_policy", json!(true))
            ]
        ),
        (D::M1, C::Success)
    );
    assert_eq!(
        group("M9a", &[("ci/deadline", json!("2026-11-28T12:00:00Z"))]),
        (D::M9, C::TimedOut)
    );
    assert_eq!(
        group("M9a", &[("ci/expected", json!([]))]),
        (D::M1, C::Success)
    );
    assert_eq!(
        group(
            "M9c",
            &[(
                "ci/seen/checks/0/standing",
                json!({"standing": "ended", "conclusion": "success"})
            )]
        ),
        (D::M1, C::Success)
    );
    assert_eq!(
        group(
            "M9c",
            &[(
                "ci/seen/checks/0/standing",
                json!({"standing": "ended", "conclusion": "skipped"})
            )]
        ),
        (D::M9, C::Failure)
    );
    assert_eq!(
        group("M9c", &[("ci/seen/checks/0/app", json!(1))]),
        (D::M9, C::Failure)
    );
    let unread = (
        "/facts/unread",
        json!({"what": ["checks"], "since": "2026-11-28T11:59:00Z"}),
    );
    let verdict = edited("M1", std::slice::from_ref(&unread));
    assert_eq!(
        (verdict.decision, verdict.conclusion),
        (D::M4, C::InProgress)
    );
    assert_eq!(edited("M5", &[unread]).conclusion, C::InProgress);
}
