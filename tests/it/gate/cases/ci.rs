//! What CI comes to, a condition at a time.

use castellan::domain::gate::Decision;
use serde_json::{Value, json};

use super::super::sample;
use super::{OLD, check, decides};

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
}

#[test]
fn what_else_is_reported_counts_as_it_is() {
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
        &[
            ("/facts/base/required", json!([{"name": "test"}])),
            ("ci/settled", json!(false)),
        ],
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
}

#[test]
fn only_success_passes() {
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
    let exact = [("ci/checks/0/ended_at", json!("2026-11-28T11:41:00Z"))];
    decides("40", &exact, Decision::V26, "bob");
    let mut runs = check("lint", "success");
    runs["standing"] = json!({"standing": "running"});
    let quick = serde_json::to_value(&sample("40").facts.subject).unwrap();
    let quick = quick["pull_request"]["ci"]["checks"][0].clone();
    decides(
        "40",
        &[("ci/checks", json!([quick, runs]))],
        Decision::V19,
        "lint",
    );
}
