//! The one transaction that moves a task: all or nothing, once, and never over another's move.

use castellan::domain::effect::Effect;
use castellan::domain::event::{Event, Fact};
use castellan::domain::ids::{CommentId, Number, Oid, Sha256Hex};
use castellan::domain::request::Origin;
use castellan::domain::task::Task;
use castellan::domain::task::decide::{Decision, decide};
use castellan::store::{Cause, EffectEnd, Kept, Recorded, Recording, Store};

use super::{Database, NOW, REPOSITORY, stores};
use crate::transitions::sample::{self, event};

/// Decides and records, against `version`.
async fn record(
    store: &Store,
    version: Option<i64>,
    task: &Task,
    event: &Event,
    cause: Cause<'_>,
) -> (Recorded, Decision) {
    let decision = decide(task, event);
    let recording = Recording {
        version,
        task: &decision.task,
        event,
        because: decision.because,
        effects: &decision.effects,
        cause,
    };
    (store.record(recording).await.unwrap(), decision)
}

async fn open(store: &Store, task: &Task) -> Recorded {
    record(store, None, task, &event(0, Fact::Opened), Cause::None)
        .await
        .0
}

fn stop() -> Event {
    event(
        9,
        Fact::StopAsked {
            by: sample::alice(),
            comment: None,
        },
    )
}

#[tokio::test]
async fn an_opened_task_is_there_with_its_history_and_its_effects() {
    for (_database, store) in stores("an_opened_task_is_there").await {
        let task = sample::task(1);
        assert_eq!(open(&store, &task).await, Recorded::Done);
        let stored = store.task(&task.id).await.unwrap().unwrap();
        assert_eq!((stored.version, stored.task.stage.name()), (1, "queued"));
        let history = store.history(&task.id).await.unwrap();
        assert_eq!(history.len(), 1);
        assert_eq!(history[0].fact, Fact::Opened);
        assert_eq!(store.count_effects().await.unwrap().waiting, 3);
        assert_eq!(store.live_tasks(REPOSITORY).await.unwrap().len(), 1);
        assert_eq!(store.count_live_tasks(REPOSITORY).await.unwrap(), 1);
        let due = stored.task.stage.deadline().unwrap();
        assert!(
            store
                .overdue_tasks(due.plus_ms(-1), 9)
                .await
                .unwrap()
                .is_empty()
        );
        assert_eq!(store.overdue_tasks(due, 9).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn i2_one_request_has_one_task() {
    for (_database, store) in stores("i2_one_request_has_one_task").await {
        let task = sample::task(1);
        assert_eq!(open(&store, &task).await, Recorded::Done);
        assert_eq!(open(&store, &task).await, Recorded::Exists);
        let mut elsewhere = sample::task(2);
        elsewhere.request = task.request.clone();
        assert_eq!(
            open(&store, &elsewhere).await,
            Recorded::Exists,
            "the request counts"
        );
        assert_eq!(store.newest_tasks(9).await.unwrap().len(), 1);
        assert_eq!(store.count_effects().await.unwrap().waiting, 3);
    }
}

#[tokio::test]
async fn i2_an_issue_has_one_live_task_and_another_once_it_is_closed() {
    for (_database, store) in stores("i2_an_issue_has_one_live_task").await {
        let first = sample::task(1);
        let mut second = sample::task(1);
        second.request.origin = Origin::Comment { id: CommentId(5) };
        second.id = castellan::domain::ids::TaskId::of_request(REPOSITORY, &second.request.key());
        second.opened_at = NOW.plus_s(60);
        assert_eq!(open(&store, &first).await, Recorded::Done);
        assert_eq!(open(&store, &second).await, Recorded::Exists);
        let stored = store.task(&first.id).await.unwrap().unwrap();
        let (recorded, closed) = record(&store, Some(1), &stored.task, &stop(), Cause::None).await;
        assert_eq!(recorded, Recorded::Done);
        assert!(closed.task.stage.is_closed());
        assert_eq!(open(&store, &second).await, Recorded::Done);
        let live = store
            .task_of_issue(REPOSITORY, Number(1))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(live.task.id, second.id, "the live one");
        let by = sample::alice().id;
        assert_eq!(store.count_tasks_of(by, NOW).await.unwrap(), 2);
        assert_eq!(store.count_tasks_of(by, NOW.plus_s(1)).await.unwrap(), 1);
    }
}

#[tokio::test]
async fn c4_of_two_decisions_on_the_same_version_one_is_recorded() {
    for (_database, store) in stores("c4_of_two_decisions").await {
        open(&store, &sample::task(1)).await;
        let stored = store.task(&sample::task(1).id).await.unwrap().unwrap();
        let mut all = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let (store, stored) = (store.clone(), stored.clone());
            all.spawn(async move {
                record(
                    &store,
                    Some(stored.version),
                    &stored.task,
                    &stop(),
                    Cause::None,
                )
                .await
                .0
            });
        }
        let recorded = all.join_all().await;
        let done = recorded
            .iter()
            .filter(|one| **one == Recorded::Done)
            .count();
        let moved = recorded
            .iter()
            .filter(|one| **one == Recorded::Moved)
            .count();
        assert_eq!((done, moved), (1, 7));
        let history = store.history(&stored.task.id).await.unwrap();
        assert_eq!(history.len(), 2, "the others left nothing");
        let stored = store.task(&stored.task.id).await.unwrap().unwrap();
        assert_eq!(stored.version, 2);
    }
}

#[tokio::test]
async fn what_cannot_be_recorded_whole_leaves_nothing() {
    for (database, store) in stores("what_cannot_be_recorded_whole").await {
        let task = sample::task(1);
        // The last part of the recording fails: a table that it writes to is gone.
        let mut other = database.connect().await;
        sqlx::query("ALTER TABLE outbox RENAME TO away")
            .execute(&mut other)
            .await
            .unwrap();
        let event = event(0, Fact::Opened);
        let decision = decide(&task, &event);
        let recording = Recording {
            version: None,
            task: &decision.task,
            event: &event,
            because: decision.because,
            effects: &decision.effects,
            cause: Cause::None,
        };
        assert!(store.record(recording).await.is_err());
        assert!(store.task(&task.id).await.unwrap().is_none());
        assert!(store.history(&task.id).await.unwrap().is_empty());
        sqlx::query("ALTER TABLE away RENAME TO outbox")
            .execute(&mut other)
            .await
            .unwrap();
        assert_eq!(open(&store, &task).await, Recorded::Done);
        assert_cause_is_settled(&database, &store, &task).await;
    }
}

/// An effect, its fact and what follows are one transaction.
async fn assert_cause_is_settled(_database: &Database, store: &Store, task: &Task) {
    while let Some(due) = store.lease_effect(NOW.plus_s(1)).await.unwrap() {
        let Effect::Dispatch { attempt, .. } = due.effect else {
            store.settle_effect(&due, &EffectEnd::Sent).await.unwrap();
            continue;
        };
        let stored = store.task(&task.id).await.unwrap().unwrap();
        let fact = Fact::Dispatched { attempt, run: None };
        let cause = Cause::Effect(&due, &EffectEnd::Sent);
        record(
            store,
            Some(stored.version),
            &stored.task,
            &event(2, fact),
            cause,
        )
        .await;
    }
    let counted = store.count_effects().await.unwrap();
    assert_eq!((counted.waiting, counted.parked), (0, 0));
}

#[tokio::test]
async fn k10_a_result_is_stored_with_the_decision_on_it() {
    for (_database, store) in stores("k10_a_result_is_stored").await {
        let task = sample::task(1);
        open(&store, &task).await;
        let stored = store.task(&task.id).await.unwrap().unwrap();
        let sha256 = Sha256Hex::of(b"body");
        let kept = Kept {
            attempt: castellan::domain::ids::AttemptNumber(1),
            sha256: &sha256,
            body: b"body",
        };
        let stale = record(&store, Some(7), &stored.task, &stop(), Cause::Result(kept)).await;
        assert_eq!(stale.0, Recorded::Moved);
        assert!(
            store
                .result(&task.id, kept.attempt, &sha256)
                .await
                .unwrap()
                .is_none()
        );
        record(&store, Some(1), &stored.task, &stop(), Cause::Result(kept)).await;
        let body = store.result(&task.id, kept.attempt, &sha256).await.unwrap();
        assert_eq!(body.as_deref(), Some(b"body".as_slice()));
    }
}

#[tokio::test]
async fn a_pull_request_leads_to_its_task_and_a_status_comment_is_remembered() {
    for (_database, store) in stores("a_pull_request_leads_to_its_task").await {
        let task = sample::task(1);
        open(&store, &task).await;
        let mut stored = store.task(&task.id).await.unwrap().unwrap();
        let head: Oid = sample::oid(7);
        stored.task.pull = Some(castellan::domain::task::Pull {
            number: Number(2),
            head: head.clone(),
            commits: vec![head],
            written: Default::default(),
            unmerged: None,
        });
        record(&store, Some(1), &stored.task, &stop(), Cause::None).await;
        let found = store
            .task_of_pull(REPOSITORY, Number(2))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(found.task.id, task.id);
        assert!(
            store
                .task_of_pull(REPOSITORY, Number(1))
                .await
                .unwrap()
                .is_none()
        );
        let sha256 = Sha256Hex::of("text");
        store
            .set_status(&task.id, CommentId(8), &sha256, NOW)
            .await
            .unwrap();
        let stored = store.task(&task.id).await.unwrap().unwrap();
        assert_eq!(stored.status_comment, Some(CommentId(8)));
        assert_eq!((stored.status_sha256, stored.version), (Some(sha256), 2));
    }
}
