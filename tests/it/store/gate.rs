//! Pull requests that are judged in turn, heads that one worker publishes for at a time, and
//! overrides that are kept.

use castellan::domain::ids::{CommentId, InstallationId, Number, RepositoryId, UserId};
use castellan::domain::request::Person;
use castellan::domain::time::Timestamp;
use castellan::store::{
    EvidenceKey, GateKey, JudgedPull, KeptOverride, PublishedRun, SaidEvidence, Store,
};

use super::{NOW, stores};
use crate::transitions::sample::oid;

const REPOSITORY: RepositoryId = RepositoryId(4_001);
const INSTALLATION: InstallationId = InstallationId(4_002);
/// Longer than a lease.
const LATER: i64 = 121_000;

async fn enrolled(store: &Store) {
    store
        .put_installation(INSTALLATION, UserId(9))
        .await
        .unwrap();
    let name = "octo/gate".parse().unwrap();
    store
        .enroll_repository(REPOSITORY, INSTALLATION, &name, NOW)
        .await
        .unwrap();
}

fn at(ms: i64) -> Timestamp {
    NOW.plus_ms(ms)
}

#[tokio::test]
async fn a_mark_that_comes_while_it_is_judged_is_not_lost() {
    for (_database, store) in stores("a_mark_that_comes").await {
        enrolled(&store).await;
        let number = Number(2);
        assert_eq!(store.lease_pull(NOW).await.unwrap(), None);
        store.mark_pull(REPOSITORY, number, at(5)).await.unwrap();
        store.mark_pull(REPOSITORY, number, at(9)).await.unwrap();
        assert_eq!(store.lease_pull(at(4)).await.unwrap(), None, "not yet");
        let due = store.lease_pull(at(5)).await.unwrap().unwrap();
        assert_eq!((due.number, due.tries), (number, 1));
        assert_eq!(store.lease_pull(at(6)).await.unwrap(), None, "leased");
        store.mark_pull(REPOSITORY, number, at(6)).await.unwrap();
        store
            .settle_pull(&due, &judged(2), at(9_000_000))
            .await
            .unwrap();
        let due = store.lease_pull(at(6)).await.unwrap().unwrap();
        store
            .settle_pull(&due, &judged(2), at(9_000_000))
            .await
            .unwrap();
        assert_eq!(store.lease_pull(at(10)).await.unwrap(), None, "settled");
        // A worker that was lost: its lease runs out, and it settles nothing any more.
        assert_eq!(
            store
                .mark_base(REPOSITORY, "main", at(20), (1, 500))
                .await
                .unwrap(),
            1
        );
        let lost = store.lease_pull(at(20)).await.unwrap().unwrap();
        let next = store.lease_pull(at(20 + LATER)).await.unwrap().unwrap();
        assert_eq!(next.tries, 2);
        store
            .settle_pull(&lost, &judged(2), at(9_000_000))
            .await
            .unwrap();
        store
            .delay_pull(&next, Some(at(LATER)), at(LATER + 50))
            .await
            .unwrap();
        let due = store.lease_pull(at(LATER + 50)).await.unwrap().unwrap();
        assert_eq!(due.unread_since, Some(at(LATER)));
        assert_eq!(due.head, Some(oid(7)));
        store.forget_pull(REPOSITORY, number).await.unwrap();
        assert_eq!(store.lease_pull(at(LATER * 9)).await.unwrap(), None);
    }
}

#[tokio::test]
async fn many_of_a_base_are_judged_one_after_the_other_and_never_later_for_being_asked_again() {
    for (_database, store) in stores("many_of_a_base").await {
        enrolled(&store).await;
        let pace = (1, 500);
        for number in [1, 2, 3] {
            let marked = store.mark_pull(REPOSITORY, Number(number), NOW).await;
            marked.unwrap();
            let due = store.lease_pull(NOW).await.unwrap().unwrap();
            let judged = judged(number);
            store.settle_pull(&due, &judged, at(LATER)).await.unwrap();
        }
        opened(&store, 3).await;
        for now in [10, 100] {
            let marked = store.mark_base(REPOSITORY, "main", at(now), pace).await;
            assert_eq!(marked.unwrap(), 3);
        }
        for (now, number) in [(10, 3), (510, 1), (1_010, 2)] {
            assert_eq!(store.lease_pull(at(now - 1)).await.unwrap(), None);
            let due = store.lease_pull(at(now)).await.unwrap().unwrap();
            assert_eq!(due.number, Number(number));
        }
    }
}

/// The newest run of a pull request's head lets it be merged.
async fn opened(store: &Store, nth: u8) {
    let (head, number) = (oid(nth), Number(i64::from(nth)));
    let key = GateKey {
        repository: REPOSITORY,
        head: &head,
        base: "main",
    };
    let seq = store.lease_head(key, number, NOW).await.unwrap();
    let run = PublishedRun {
        number,
        conclusion: "success".to_owned(),
        ..published(seq.unwrap().0)
    };
    assert!(store.note_run(key, &run).await.unwrap());
}

#[tokio::test]
async fn what_is_open_is_judged_first_and_an_installation_that_waits_not_at_all() {
    for (_database, store) in stores("what_is_open_is_judged_first").await {
        enrolled(&store).await;
        for number in [1, 2, 3] {
            let marked = store.mark_pull(REPOSITORY, Number(number), NOW).await;
            marked.unwrap();
        }
        opened(&store, 3).await;
        let order = [3, 1, 2];
        for number in order {
            let due = store.lease_pull(at(1)).await.unwrap().unwrap();
            assert_eq!(due.number, Number(number));
        }
        store
            .pause_installation(INSTALLATION, at(LATER * 2))
            .await
            .unwrap();
        assert_eq!(store.lease_pull(at(LATER + 1)).await.unwrap(), None);
        assert!(store.lease_pull(at(LATER * 2)).await.unwrap().is_some());
    }
}

/// What was judged of a pull request.
fn judged(number: i64) -> JudgedPull {
    JudgedPull {
        number: Number(number),
        head: oid(7),
        base: "main".to_owned(),
        conclusion: "failure".to_owned(),
        decision: "V17".to_owned(),
        title: "T1: CI failed".to_owned(),
    }
}

#[tokio::test]
async fn a_named_pull_request_is_leased_before_its_time_but_by_one_alone() {
    for (_database, store) in stores("a_named_pull_request").await {
        enrolled(&store).await;
        let number = Number(3);
        let lease = async |ms| {
            store
                .lease_this_pull(REPOSITORY, number, at(ms))
                .await
                .unwrap()
        };
        assert_eq!(lease(0).await, None, "it is not known");
        store.add_pull(REPOSITORY, number, at(9_000)).await.unwrap();
        let due = lease(0).await.unwrap();
        assert_eq!((due.number, due.tries), (number, 1));
        assert_eq!(lease(1).await, None, "leased");
        assert_eq!(store.lease_pull(at(9_001)).await.unwrap(), None, "leased");
        assert!(lease(LATER).await.is_some(), "the lease ran out");
    }
}

#[tokio::test]
async fn two_pull_requests_of_one_head_know_of_each_other() {
    for (_database, store) in stores("two_pull_requests_of_one_head").await {
        enrolled(&store).await;
        let head = oid(7);
        let key = GateKey {
            repository: REPOSITORY,
            head: &head,
            base: "main",
        };
        for number in [1, 2] {
            let marked = store.mark_pull(REPOSITORY, Number(number), NOW).await;
            marked.unwrap();
            let due = store.lease_pull(NOW).await.unwrap().unwrap();
            let settled = store.settle_pull(&due, &judged(number), at(50)).await;
            settled.unwrap();
        }
        let others = store.sharing(key, Number(2)).await.unwrap();
        assert_eq!(others, [judged(1)]);
        let other = GateKey {
            base: "release",
            ..key
        };
        assert_eq!(store.sharing(other, Number(2)).await.unwrap(), []);
        assert_eq!(store.mark_head(REPOSITORY, &head, at(1)).await.unwrap(), 2);
        assert!(store.lease_pull(at(1)).await.unwrap().is_some());
    }
}

fn published(eval_seq: i64) -> PublishedRun {
    PublishedRun {
        number: Number(2),
        eval_seq,
        run: Some(77),
        conclusion: "failure".to_owned(),
        decision: "V17".to_owned(),
        policy: String::new(),
        said: "cc".to_owned(),
        at: NOW,
    }
}

#[tokio::test]
async fn one_worker_publishes_for_a_head_at_a_time_under_a_number_that_grows() {
    for (_database, store) in stores("one_worker_publishes").await {
        let head = oid(7);
        let key = GateKey {
            repository: REPOSITORY,
            head: &head,
            base: "main",
        };
        let lease = |ms| store.lease_head(key, Number(2), at(ms));
        assert_eq!(lease(0).await.unwrap(), Some((1, NOW)));
        assert_eq!(lease(1).await.unwrap(), None, "another one has it");
        let other = GateKey {
            base: "release",
            ..key
        };
        let seq = store.lease_head(other, Number(2), NOW).await.unwrap();
        assert_eq!(seq, Some((1, NOW)), "another base is another check");
        assert!(store.note_run(key, &published(1)).await.unwrap());
        store.release_head(key, 1).await.unwrap();
        let kept = store.published_run(key).await.unwrap();
        assert_eq!(kept, Some(published(1)));
        assert_eq!(lease(2).await.unwrap(), Some((2, NOW)));
        assert!(store.holds_head(key, 2, at(3)).await.unwrap());
        // It was paused for longer than its lease: what it would note then is not taken.
        assert_eq!(lease(2 + LATER).await.unwrap(), Some((3, NOW)));
        assert!(!store.holds_head(key, 2, at(2 + LATER)).await.unwrap());
        let noted = store.note_run(key, &published(2)).await;
        assert!(!noted.unwrap());
        store.release_head(key, 3).await.unwrap();
        assert_eq!(
            lease(2 + LATER).await.unwrap(),
            Some((4, NOW)),
            "it is free"
        );
        let kept = store.published_run(key).await.unwrap().unwrap();
        assert_eq!((kept.eval_seq, kept.run), (4, Some(77)));
    }
}

#[tokio::test]
async fn an_override_is_kept_once_a_comment() {
    for (_database, store) in stores("an_override_is_kept").await {
        let said = |comment, head| KeptOverride {
            comment: CommentId(comment),
            head: oid(head),
            by: Person {
                id: UserId(5),
                login: "bob".to_owned(),
            },
            reason: "the roof burns".to_owned(),
            at: NOW,
        };
        for one in [said(1, 1), said(2, 2), said(1, 3)] {
            store
                .put_override(REPOSITORY, Number(2), &one)
                .await
                .unwrap();
        }
        let kept = store.overrides(REPOSITORY, Number(2)).await.unwrap();
        assert_eq!(kept, [said(1, 1), said(2, 2)]);
        assert_eq!(store.overrides(REPOSITORY, Number(3)).await.unwrap(), []);
    }
}

#[tokio::test]
async fn a_run_is_known_by_its_head_while_it_is_the_newest_of_it() {
    for (_database, store) in stores("a_run_is_known_by_its_head").await {
        enrolled(&store).await;
        let head = oid(7);
        let key = EvidenceKey {
            repository: REPOSITORY,
            number: Number(2),
            head: &head,
        };
        assert_eq!(store.said_evidence(key).await.unwrap(), None);
        let mut said = SaidEvidence {
            marks: "m".to_owned(),
            ..SaidEvidence::default()
        };
        // It is being made: no click can be one on it.
        store.note_evidence(key, &said, NOW).await.unwrap();
        assert_eq!(store.said_evidence(key).await.unwrap(), Some(said.clone()));
        assert_eq!(store.evidence_of_run(REPOSITORY, 0).await.unwrap(), None);
        for run in [5, 6] {
            said.run = Some(run);
            said.marked = 50;
            store.note_evidence(key, &said, NOW).await.unwrap();
        }
        assert_eq!(store.said_evidence(key).await.unwrap(), Some(said));
        assert_eq!(store.evidence_of_run(REPOSITORY, 5).await.unwrap(), None);
        let known = store.evidence_of_run(REPOSITORY, 6).await.unwrap();
        assert_eq!(known, Some((Number(2), head)));
        let other = RepositoryId(REPOSITORY.0 + 1);
        assert_eq!(store.evidence_of_run(other, 6).await.unwrap(), None);
    }
}
