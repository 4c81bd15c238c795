//! Budgets are kept whatever an agent does (I10, C6, X46), on both databases.

use std::sync::Arc;

use bytes::Bytes;
use castellan::domain::ids::AttemptNumber;
use castellan::domain::task::attempt::Phase;
use castellan::domain::task::stage::Stage;
use castellan::store::Store;
use tokio::sync::Semaphore;

use super::case::{Case, answer, attempt, budget, message, until};
use super::provider::{Canned, Piece};
use crate::store::stores;
use crate::transitions::sample::START;

#[tokio::test]
async fn x46_calls_side_by_side_do_not_go_past_the_budget() {
    for (_database, store) in stores("x46_calls_side_by_side").await {
        let tokens = 30_000;
        let case = Case::over(store, budget(500, tokens, None)).await;
        case.provider.becomes_greedy();
        let calls = (0..20).map(|_| case.calls());
        let all = futures::future::join_all(calls).await;
        let passed = all.iter().filter(|got| got.status == 200).count();
        let refused = all
            .iter()
            .filter(|got| got.word.as_deref() == Some("budget"))
            .count();
        assert!(
            passed >= 3 && passed + refused == 20,
            "{passed} and {refused}"
        );
        let spent = case.spent().await;
        assert_eq!(usize::try_from(spent.calls).unwrap(), passed);
        assert!(spent.tokens.total() <= tokens, "{spent:?}");
    }
}

#[tokio::test]
async fn i10_a_budget_is_one_for_all_attempts() {
    for (_database, store) in stores("i10_a_budget_is_one").await {
        let mut case = Case::over(store, budget(3, 1_000_000, Some(10))).await;
        for _ in 0..2 {
            assert_eq!(case.calls().await.status, 200);
        }
        case.becomes(|task| {
            task.attempts.push(attempt(2, START));
            task.stage = Stage::Working {
                attempt: AttemptNumber(2),
                phase: Phase::Agent,
                until: START.plus_s(600),
            };
        })
        .await;
        assert_eq!(case.calls().await.status, 200);
        let got = case.calls().await;
        assert_eq!(
            (got.status.as_u16(), got.word.as_deref()),
            (403, Some("budget"))
        );
        let store: &Store = &case.engine.store;
        let in_attempt = |number| store.spent_in(&case.task.id, AttemptNumber(number));
        assert_eq!(in_attempt(1).await.unwrap().calls, 2);
        let second = in_attempt(2).await.unwrap();
        assert_eq!((second.calls, second.tokens.total()), (1, 57));
        assert_eq!(case.spent().await.calls, 3);
        assert_eq!(case.spent().await.micros, 3 * (50 * 3 + 7 * 15));
    }
}

#[tokio::test]
async fn c6_money_and_what_may_be_written_end_with_the_budget() {
    let case = Case::with(budget(500, 1_000_000, Some(4))).await;
    // 4 cents: about 4 200 tokens read at their dearest leave 24 000 millionths, 1 600 tokens.
    let got = answer(case.post("anthropic/v1/messages", &message("x", 90_000))).await;
    assert_eq!(got.status, 200);
    let max_tokens = case.provider.heard()[0].body["max_tokens"]
        .as_u64()
        .unwrap();
    assert!((1_500..1_650).contains(&max_tokens), "{max_tokens}");
    case.provider.becomes_greedy();
    assert_eq!(case.calls().await.status, 200);
    let got = case.calls().await;
    assert_eq!(
        (got.status.as_u16(), got.word.as_deref()),
        (403, Some("budget"))
    );
    assert!(
        got.text.contains("money") && got.text.contains("cents"),
        "{got:?}"
    );
    assert!(case.spent().await.micros <= 40_000);
}

fn begun() -> Piece {
    let first = "data: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":5,\"output_tokens\":1}}}\n\n";
    Piece::Bytes(Bytes::from(first))
}

#[tokio::test]
async fn an_agent_that_hangs_up_pays_for_what_nobody_knows() {
    let case = Case::begins().await;
    let never = Arc::new(Semaphore::new(0));
    case.provider
        .says(Canned::events(vec![begun(), Piece::Wait(never)]));
    let request = case.post("anthropic/v1/messages", &message("x", 700));
    let mut answer = request.send().await.unwrap();
    answer.chunk().await.unwrap().unwrap();
    let open = case.spent().await;
    assert!(
        open.tokens.input > 4_000 && open.tokens.output == 700,
        "{open:?}"
    );
    drop(answer);
    until("the settlement", async || {
        case.spent().await.tokens.input == 5
    })
    .await;
    let spent = case.spent().await;
    assert_eq!((spent.calls, spent.tokens.output), (1, 700));
}

#[tokio::test]
async fn a_stream_that_breaks_is_not_whole_and_counts_in_full() {
    let case = Case::begins().await;
    let break_off = Arc::new(Semaphore::new(0));
    case.provider.says(Canned::events(vec![
        begun(),
        Piece::Wait(break_off.clone()),
        Piece::Break,
    ]));
    let request = case.post("anthropic/v1/messages", &message("x", 700));
    let mut answer = request.send().await.unwrap();
    answer.chunk().await.unwrap().unwrap();
    break_off.add_permits(1);
    let rest = answer.chunk().await;
    assert!(rest.is_err(), "an end that is none: {rest:?}");
    let spent = case.spent().await;
    assert_eq!((spent.tokens.input, spent.tokens.output), (5, 700));
    // An answer without a word on its cost counts in full as well.
    case.provider.says(Canned::new(200, "{}"));
    assert_eq!(case.calls().await.status, 200);
    let more = case.spent().await;
    assert!(
        more.tokens.input > 4_000 && more.tokens.output == 1_700,
        "{more:?}"
    );
}

#[tokio::test]
async fn a_crash_leaves_a_call_counted() {
    for (database, store) in stores("a_crash_leaves_a_call_counted").await {
        let case = Case::over(store, budget(500, 6_000, None)).await;
        let never = Arc::new(Semaphore::new(0));
        case.provider
            .says(Canned::events(vec![begun(), Piece::Wait(never)]));
        let request = case.post("anthropic/v1/messages", &message("x", 1_000));
        let mut answer = request.send().await.unwrap();
        answer.chunk().await.unwrap().unwrap();
        let open = case.spent().await;
        // Nothing of the first server can write any more.
        case.engine.store.close().await;
        drop(answer);
        let again = Store::open(&database.url).await.unwrap();
        let spent = again.spent(&case.task.id).await.unwrap();
        assert_eq!(spent, open);
        assert!(spent.tokens.total() > 5_000);
    }
}

#[tokio::test]
async fn x46_one_attempt_has_a_few_calls_open_at_a_time() {
    let case = Case::begins().await;
    let go_on = Arc::new(Semaphore::new(0));
    for _ in 0..40 {
        case.provider
            .says(Canned::events(vec![begun(), Piece::Wait(go_on.clone())]));
    }
    let (told, mut refused) = tokio::sync::mpsc::unbounded_channel();
    let mut calling = tokio::task::JoinSet::new();
    for _ in 0..40 {
        let request = case.post("anthropic/v1/messages", &message("x", 10));
        let told = told.clone();
        calling.spawn(async move {
            let answer = request.send().await.unwrap();
            if answer.status() == 429 {
                told.send(()).unwrap();
            }
            answer.bytes().await.ok();
        });
    }
    for _ in 0..8 {
        refused.recv().await.unwrap();
    }
    until("the open calls", async || case.provider.heard().len() == 8).await;
    assert_eq!(
        case.spent().await.calls,
        8,
        "the others wait for their turn"
    );
    go_on.add_permits(40);
    while calling.join_next().await.is_some() {}
    assert_eq!(case.provider.heard().len(), 32);
}
