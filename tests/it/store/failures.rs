//! What failed checks said: kept once a check, without its log once the task is closed, and found
//! again in other open tasks; and which checks are unsteady.

use castellan::domain::ci::failure::Print;
use castellan::domain::event::Fact;
use castellan::domain::ids::{AppId, JobId, RepositoryId, Sha256Hex};
use castellan::domain::task::Task;
use castellan::domain::task::decide::decide;
use castellan::store::{
    Cause, DIGEST_BYTES_MAX, FlakeKey, NewFailure, Recorded, Recording, Sought, Store,
};

use super::{NOW, REPOSITORY, stores};
use crate::transitions::sample::{self, event, oid};

const ACTIONS: Option<AppId> = Some(AppId(15_368));

async fn record(store: &Store, version: Option<i64>, task: &Task, fact: Fact) {
    let event = event(0, fact);
    let decision = decide(task, &event);
    let recording = Recording {
        version,
        task: &decision.task,
        event: &event,
        because: decision.because,
        effects: &decision.effects,
        cause: Cause::None,
    };
    assert_eq!(store.record(recording).await.unwrap(), Recorded::Done);
}

async fn closes(store: &Store, task: &Task) {
    let stored = store.task(&task.id).await.unwrap().unwrap();
    let stop = Fact::StopAsked {
        by: sample::alice(),
        comment: None,
    };
    record(store, Some(stored.version), &stored.task, stop).await;
}

fn print(name: &str) -> Print {
    Print {
        strict: format!("strict {name}"),
        loose: format!("loose {name}"),
        coarse: format!("coarse {name}"),
    }
}

/// A failure of `task`, at the head `oid(3)`.
fn failure<'a>(task: &'a Task, head: &'a castellan::domain::ids::Oid) -> NewFailure<'a> {
    NewFailure {
        repository: REPOSITORY,
        task: &task.id,
        head,
        check: "test",
        app: ACTIONS,
        job: Some(JobId(9)),
        attempt: 1,
        print: None,
        class: "test",
        tests: 1,
        first: "it does not hold",
        digest: "One test fails.",
        log: Some(b"packed"),
        log_lines: 12,
        at: NOW,
    }
}

#[tokio::test]
async fn a_failure_is_kept_once_a_check_and_without_its_log_when_the_task_is_closed() {
    for (_database, store) in stores("a_failure_is_kept_once_a_check").await {
        let (task, head, print) = (sample::task(1), oid(3), print("a"));
        let first = failure(&task, &head);
        assert!(
            store.put_failure(&first).await.unwrap(),
            "its task is to come"
        );
        record(&store, None, &task, Fact::Opened).await;
        let again = NewFailure {
            attempt: 2,
            print: Some(&print),
            digest: "Two tests fail.",
            ..first
        };
        let status = NewFailure {
            check: "ci/other",
            app: None,
            job: None,
            digest: "",
            log: None,
            log_lines: 0,
            ..first
        };
        for one in [&first, &again, &again, &status] {
            assert!(store.put_failure(one).await.unwrap());
        }
        assert!(!store.put_failure(&first).await.unwrap(), "an older run");
        let kept = store.failures_of(&task.id, &head).await.unwrap();
        let [other, test] = kept.as_slice() else {
            panic!("{kept:?}")
        };
        assert_eq!((other.app, other.job, &other.print), (None, None, &None));
        assert_eq!(
            (test.app, test.job, test.attempt),
            (ACTIONS, Some(JobId(9)), 2)
        );
        assert_eq!((&test.print, test.log_lines), (&Some(print.clone()), 12));
        assert_eq!(test.digest, "Two tests fail.");
        assert_eq!(
            test.digest_sha256,
            Sha256Hex::of("Two tests fail.").as_str()
        );
        let log = async |one| store.failure_log(&task.id, &head, one).await.unwrap();
        assert!(test.has_log && !other.has_log);
        assert_eq!(log(test).await.as_deref(), Some(b"packed".as_slice()));
        assert_eq!(log(other).await, None);
        let elsewhere = store.failures_of(&task.id, &oid(4)).await.unwrap();
        assert!(elsewhere.is_empty(), "another head");
        closes(&store, &task).await;
        assert_eq!(log(test).await, None, "the task is closed");
        assert!(store.put_failure(&again).await.unwrap());
        assert_eq!(log(test).await, None, "and stays without");
        let kept = store.failures_of(&task.id, &head).await.unwrap();
        assert_eq!(kept[1].digest, "Two tests fail.", "the digest stays");
        assert_eq!(store.drop_failures(NOW).await.unwrap(), 0);
        assert_eq!(store.drop_failures(NOW.plus_ms(1)).await.unwrap(), 2);
    }
}

#[tokio::test]
async fn a_digest_is_cut_off_within_no_character() {
    for (_database, store) in stores("a_digest_is_cut_off").await {
        let (task, head) = (sample::task(1), oid(3));
        record(&store, None, &task, Fact::Opened).await;
        let digest = format!("x{}", "ü".repeat(DIGEST_BYTES_MAX));
        let long = NewFailure {
            digest: &digest,
            ..failure(&task, &head)
        };
        assert!(store.put_failure(&long).await.unwrap());
        let kept = store.failures_of(&task.id, &head).await.unwrap();
        assert_eq!(kept[0].digest.len(), DIGEST_BYTES_MAX - 1);
    }
}

#[tokio::test]
async fn the_same_failure_is_found_in_other_open_tasks_only() {
    for (_database, store) in stores("the_same_failure_is_found").await {
        let (task, other, head) = (sample::task(1), sample::task(2), oid(3));
        record(&store, None, &task, Fact::Opened).await;
        record(&store, None, &other, Fact::Opened).await;
        let seen = print("a");
        let new = NewFailure {
            print: Some(&seen),
            ..failure(&other, &head)
        };
        store.put_failure(&new).await.unwrap();
        let sought = Sought {
            repository: REPOSITORY,
            task: &task.id,
            check: "test",
            app: ACTIONS,
            print: &seen,
            since: NOW,
        };
        let found = async |sought| store.same_elsewhere(sought).await.unwrap();
        assert!(found(sought).await);
        let coarse = Print {
            loose: "another".to_owned(),
            ..seen.clone()
        };
        let coarse = Sought {
            print: &coarse,
            ..sought
        };
        assert!(found(coarse).await, "its numbers are others");
        let own = Sought {
            task: &other.id,
            ..sought
        };
        assert!(!found(own).await, "its own");
        let later = NOW.plus_ms(1);
        let (unlike, nothing) = (print("b"), print(""));
        for not in [
            Sought {
                since: later,
                ..sought
            },
            Sought {
                check: "lint",
                ..sought
            },
            Sought {
                app: None,
                ..sought
            },
            Sought {
                print: &unlike,
                ..sought
            },
            Sought {
                print: &nothing,
                ..sought
            },
            Sought {
                repository: RepositoryId(1),
                ..sought
            },
        ] {
            assert!(!found(not).await, "{not:?}");
        }
        closes(&store, &other).await;
        assert!(!found(sought).await, "that task is closed");
    }
}

#[tokio::test]
async fn failures_without_a_print_are_alike_in_nothing() {
    for (_database, store) in stores("failures_without_a_print").await {
        let (task, other, head) = (sample::task(1), sample::task(2), oid(3));
        record(&store, None, &other, Fact::Opened).await;
        store.put_failure(&failure(&other, &head)).await.unwrap();
        let nothing = Print {
            strict: String::new(),
            loose: String::new(),
            coarse: String::new(),
        };
        let sought = Sought {
            repository: REPOSITORY,
            task: &task.id,
            check: "test",
            app: ACTIONS,
            print: &nothing,
            since: NOW,
        };
        assert!(!store.same_elsewhere(sought).await.unwrap());
    }
}

#[tokio::test]
async fn an_unsteady_check_is_known_by_how_it_fails() {
    for (_database, store) in stores("an_unsteady_check_is_known").await {
        let key = FlakeKey {
            repository: REPOSITORY,
            check: "test",
            app: ACTIONS,
            print: "coarse",
        };
        assert_eq!(store.flakes(REPOSITORY, 9).await.unwrap(), []);
        for at in [NOW, NOW, NOW.plus_s(9)] {
            store.put_flake(key, at).await.unwrap();
        }
        let other = FlakeKey { app: None, ..key };
        store.put_flake(other, NOW.plus_s(1)).await.unwrap();
        let flakes = store.flakes(REPOSITORY, 9).await.unwrap();
        let seen: Vec<_> = flakes.iter().map(|one| (one.app, one.times)).collect();
        assert_eq!(seen, [(ACTIONS, 2), (None, 1)]);
        assert_eq!(
            (flakes[0].first_at, flakes[0].last_at),
            (NOW, NOW.plus_s(9))
        );
        assert_eq!(store.flakes(REPOSITORY, 1).await.unwrap().len(), 1);
        assert!(store.flakes(RepositoryId(1), 9).await.unwrap().is_empty());
    }
}
