//! What a failed agent had done is kept as evidence, and nobody takes it for a result.

use castellan::protocol::result::{Outcome, Returned};
use serde_json::json;

use super::case::{Case, lines};

/// The work must fail; what was kept of it.
async fn kept(case: &Case) -> Option<Vec<String>> {
    let returned = case.work().await;
    assert!(
        matches!(returned.outcome, Outcome::Failed { .. }),
        "{:?}",
        returned.outcome
    );
    assert!(returned.evidence.acceptance.is_empty());
    returned.partial.map(|change| lines(&change.files))
}

#[tokio::test]
async fn c6_what_a_failed_agent_changed_is_kept() {
    let write = json!({"write": {"path": "half", "content": "x"}});
    let half = Some(vec![r#"Add 100644 half "x""#.to_owned()]);
    let ends = [
        json!({"crash": 3}),
        json!({"flood": 100_000_000_u64}),
        json!({"stop": "refusal"}),
        json!({"hang": true}),
    ];
    for end in ends {
        let mut case = case!("c6_what_a_failed_agent_changed_is_kept", [write, end]);
        case.brief.limits.output_mib = 2;
        case.brief.limits.agent_s = 2;
        assert_eq!(kept(&case).await, half, "{end}");
    }
}

#[tokio::test]
async fn nothing_and_what_cannot_be_collected_are_not_kept() {
    let case = case!("nothing_and_what_cannot_be_collected", [{"crash": 3}]);
    assert_eq!(kept(&case).await, None);
    let case = case!("nothing_and_what_cannot_be_collected", [
        {"run": ["/bin/sh", "-c", "mkfifo pipe; echo x >half"]}, {"crash": 3}
    ]);
    assert_eq!(kept(&case).await, None);
}

#[test]
fn results_from_before_are_still_read() {
    let old = json!({
        "fence": 7, "start": "0123456789012345678901234567890123456789",
        "outcome": {"outcome": "unchanged"}, "transcript": "",
        "evidence": {
            "agent": null, "stop_reason": null, "turns": 1, "setup": [], "acceptance": [],
            "permissions": [], "words": "", "timing": {
                "checkout_ms": 0, "setup_ms": 0, "agent_ms": 0, "acceptance_ms": 0, "total_ms": 0
            }
        }
    });
    let returned: Returned = serde_json::from_value(old).unwrap();
    assert_eq!(returned.partial, None);
    assert!(returned.evidence.refusals.is_empty());
}
