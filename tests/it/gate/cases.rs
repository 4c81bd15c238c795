//! What the rows leave open: one condition of a row changed at a time, as JSON, so that each
//! condition is shown to decide.

mod ci;
mod groups;
mod people;

use castellan::domain::gate::read::read;
use castellan::domain::gate::{Decision, Verdict, judge};
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
    for access in ["unknown", "none", "read", "write"] {
        let edits = [("people/3/access", json!(access))];
        decides("46a", &edits, Decision::V15, "evidence lacks");
    }
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
