//! What is small and has to stay: results, cursors, repositories, installations.

use castellan::domain::ids::{
    AttemptNumber, FullName, InstallationId, RepositoryId, Sha256Hex, UserId,
};
use castellan::store::Kept;

use super::{INSTALLATION, NOW, REPOSITORY, stores};
use crate::transitions::sample;

#[tokio::test]
async fn a_result_is_kept_once_by_its_hash() {
    for (_database, store) in stores("a_result_is_kept_once_by_its_hash").await {
        let id = sample::task(1).id;
        let body: Vec<u8> = (0..=255).collect();
        let sha256 = Sha256Hex::of(&body);
        let kept = Kept {
            attempt: AttemptNumber(2),
            sha256: &sha256,
            body: &body,
        };
        for _ in 0..2 {
            store.keep_late_result(&id, kept, NOW).await.unwrap();
        }
        let result = async |attempt, sha256: &Sha256Hex| {
            store
                .result(&id, AttemptNumber(attempt), sha256)
                .await
                .unwrap()
        };
        assert_eq!(result(2, &sha256).await, Some(body.clone()));
        assert_eq!(result(1, &sha256).await, None);
        assert_eq!(result(2, &Sha256Hex::of("other")).await, None);
    }
}

#[tokio::test]
async fn u2_of_the_late_results_of_an_attempt_the_first_is_kept() {
    for (_database, store) in stores("u2_of_the_late_results_of_an_attempt").await {
        let id = sample::task(1).id;
        for (attempt, body) in [(1, "one"), (1, "two"), (2, "three")] {
            let sha256 = Sha256Hex::of(body);
            let kept = Kept {
                attempt: AttemptNumber(attempt),
                sha256: &sha256,
                body: body.as_bytes(),
            };
            store.keep_late_result(&id, kept, NOW).await.unwrap();
            let found = store.result(&id, AttemptNumber(attempt), &sha256).await;
            assert_eq!(found.unwrap().is_some(), body != "two", "{body}");
        }
    }
}

#[tokio::test]
async fn a_cursor_holds_what_it_was_last_set_to() {
    for (_database, store) in stores("a_cursor_holds_what_it_was_last_set_to").await {
        assert_eq!(store.cursor("sweep").await.unwrap(), None);
        for value in ["1", "2"] {
            store.set_cursor("sweep", value).await.unwrap();
        }
        assert_eq!(store.cursor("sweep").await.unwrap().as_deref(), Some("2"));
        assert_eq!(store.cursor("other").await.unwrap(), None);
    }
}

#[tokio::test]
async fn h11_a_repository_is_known_by_its_number_whatever_its_name() {
    for (_database, store) in stores("h11_a_repository_is_known_by_its_number").await {
        let renamed = FullName {
            owner: "octo".to_owned(),
            name: "other".to_owned(),
        };
        store
            .set_swept(REPOSITORY, NOW.plus_s(9), NOW.plus_s(99))
            .await
            .unwrap();
        store
            .enroll_repository(REPOSITORY, INSTALLATION, &renamed, NOW.plus_s(50))
            .await
            .unwrap();
        let known = store.repository(REPOSITORY).await.unwrap().unwrap();
        assert_eq!(known.name, renamed);
        assert_eq!(known.swept_until, NOW.plus_s(9), "it is not swept anew");
        assert!(store.repository(RepositoryId(1)).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn the_longest_waiting_repository_is_swept_first_and_none_that_is_withdrawn() {
    for (_database, store) in stores("the_longest_waiting_repository_is_swept_first").await {
        for (id, next) in [(2, 20), (3, 10), (4, 99)] {
            let name = format!("octo/r{id}").parse().unwrap();
            let id = RepositoryId(id);
            store
                .enroll_repository(id, InstallationId(7), &name, NOW)
                .await
                .unwrap();
            store.set_swept(id, NOW, NOW.plus_s(next)).await.unwrap();
        }
        store.withdraw_repository(REPOSITORY).await.unwrap();
        let due = async |at, most| {
            let due = store
                .repositories_to_sweep(NOW.plus_s(at), most)
                .await
                .unwrap();
            due.iter()
                .map(|repository| repository.id.0)
                .collect::<Vec<_>>()
        };
        assert_eq!(due(0, 9).await, [0; 0]);
        assert_eq!(due(20, 9).await, [3, 2]);
        assert_eq!(due(20, 1).await, [3]);
        let of = store.repositories_of(InstallationId(7)).await.unwrap();
        assert_eq!(of.len(), 3);
        assert!(
            store
                .repositories_of(INSTALLATION)
                .await
                .unwrap()
                .is_empty()
        );
    }
}

#[tokio::test]
async fn a3_a_pause_is_never_made_shorter() {
    for (_database, store) in stores("a3_a_pause_is_never_made_shorter").await {
        for wait in [60, 10] {
            store
                .pause_installation(INSTALLATION, NOW.plus_s(wait))
                .await
                .unwrap();
        }
        store
            .suspend_installation(INSTALLATION, true)
            .await
            .unwrap();
        store
            .put_installation(INSTALLATION, UserId(2))
            .await
            .unwrap();
        let known = store.installation(INSTALLATION).await.unwrap().unwrap();
        assert_eq!(known.paused_until, NOW.plus_s(60));
        assert_eq!((known.account, known.suspended), (UserId(2), true));
        store.remove_installation(INSTALLATION).await.unwrap();
        assert!(store.installation(INSTALLATION).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn d4_a_request_has_one_answer_and_the_first_stays() {
    for (_database, store) in stores("d4_a_request_has_one_answer").await {
        let answered = async |repository, key| store.is_answered(repository, key).await.unwrap();
        assert!(!answered(REPOSITORY, "label:1").await);
        for answer in ["opened", "refused"] {
            store
                .put_answered(REPOSITORY, "label:1", answer, NOW)
                .await
                .unwrap();
        }
        assert!(answered(REPOSITORY, "label:1").await);
        assert!(!answered(REPOSITORY, "label:2").await);
        assert!(!answered(RepositoryId(1), "label:1").await);
    }
}
