//! Who may call a model: the attempt that a runner works on, and nobody else (X27).

use castellan::domain::ids::AttemptNumber;
use castellan::domain::task::attempt::Phase;
use castellan::domain::task::stage::{Outcome, Stage};
use castellan::protocol::MODEL_PATH;

use super::case::{Answer, Case, answer, attempt, budget, lease_key, message, record, working};
use crate::transitions::sample::START;

async fn calls_with(case: &Case, bearer: &str) -> Answer {
    let url = format!("{}{MODEL_PATH}/anthropic/v1/messages", case.address);
    let body = message("x", 10).to_string();
    answer(case.http.post(url).bearer_auth(bearer).body(body)).await
}

#[tokio::test]
async fn x27_a_lease_calls_a_model_only_while_its_attempt_works() {
    let mut case = Case::begins().await;
    let lease = case.bearer(1);
    assert_eq!(calls_with(&case, &lease).await.status, 200);
    let number = AttemptNumber(1);
    for stage in [
        Stage::Queued {
            attempt: number,
            until: START.plus_s(60),
        },
        Stage::Applying {
            attempt: number,
            result: castellan::domain::ids::Sha256Hex::of("r"),
        },
        Stage::Closed {
            outcome: Outcome::Stopped,
        },
    ] {
        case.becomes(|task| task.stage = stage).await;
        let got = calls_with(&case, &lease).await;
        assert_eq!(
            (got.status.as_u16(), got.word.as_deref()),
            (403, Some("over")),
            "{got:?}"
        );
    }
    // Another attempt works: the first one's lease is stale.
    case.becomes(|task| {
        task.attempts.push(attempt(2, START));
        task.stage = Stage::Working {
            attempt: AttemptNumber(2),
            phase: Phase::Agent,
            until: START.plus_s(600),
        };
    })
    .await;
    let got = calls_with(&case, &lease).await;
    assert_eq!(
        (got.status.as_u16(), got.word.as_deref()),
        (403, Some("over"))
    );
    assert_eq!(calls_with(&case, &case.bearer(2)).await.status, 200);
    // Its time ends.
    case.engine.clock.advance_ms(3600 * 1000);
    let got = calls_with(&case, &case.bearer(2)).await;
    assert_eq!(
        (got.status.as_u16(), got.word.as_deref()),
        (403, Some("over"))
    );
    assert_eq!(case.provider.heard().len(), 2);
}

#[tokio::test]
async fn x27_no_other_lease_is_taken_for_it() {
    let case = Case::begins().await;
    let mut other = working(2, 1, budget(9, 10_000, None), START);
    let entered = other.attempts[0].entered.as_mut().unwrap();
    entered.key = castellan::domain::ids::Sha256Hex::of("c".repeat(64));
    record(&case.engine.store, None, &other).await;
    for bearer in [
        String::new(),
        "dummy".to_owned(),
        format!("{}.1.{}", case.task.id, lease_key(2)),
        format!("{}.2.{}", case.task.id, lease_key(1)),
        // The lease of another task, with this one's name and the other way round.
        format!("{}.1.{}", case.task.id, "c".repeat(64)),
        format!("{}.1.{}", other.id, lease_key(1)),
        format!("{}.1", case.bearer(1)),
    ] {
        let got = calls_with(&case, &bearer).await;
        assert_eq!(
            (got.status.as_u16(), got.word.as_deref()),
            (401, Some("over")),
            "{bearer}"
        );
    }
    let url = format!("{}{MODEL_PATH}/anthropic/v1/messages", case.address);
    let in_another_header = case.http.post(&url).header("x-api-key", case.bearer(1));
    assert_eq!(answer(in_another_header.body("{}")).await.status, 401);
    let got = answer(case.http.get(&url).bearer_auth(case.bearer(1))).await;
    assert_eq!(got.status, 404);
    assert_eq!(case.provider.heard().len(), 0);
    // What one task spends is not the other's.
    assert_eq!(calls_with(&case, &case.bearer(1)).await.status, 200);
    let spent = case.engine.store.spent(&other.id).await.unwrap();
    assert_eq!(spent.calls, 0);
}
