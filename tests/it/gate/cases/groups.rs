//! Groups of a merge queue, a condition at a time.

use castellan::domain::gate::{Conclusion as C, Decision as D};
use serde_json::{Value, json};

use super::edited;

/// What is said of a group of which some values are others.
fn group(name: &str, edits: &[(&str, Value)]) -> (D, C) {
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
}

#[test]
fn groups_wait_only_as_long_as_they_may() {
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
}

#[test]
fn ci_on_a_group_is_read_as_on_a_head() {
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
