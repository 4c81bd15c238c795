//! The outbox: the newest of a desired state, each one-shot effect once, leases, and pauses.

use std::collections::HashMap;

use castellan::domain::effect::{Effect, ReactionTarget};
use castellan::domain::ids::{CommentId, InstallationId, Number, RunId};
use castellan::domain::time::Timestamp;
use castellan::store::{DueEffect, EffectEnd, Store};

use sqlx::Executor as _;

use super::{INSTALLATION, NOW, REPOSITORY, stores};

fn say(body: &str) -> Effect {
    Effect::Say {
        number: Number(1),
        key: "k".to_owned(),
        body: body.to_owned(),
    }
}

async fn add(store: &Store, key: &str, effect: &Effect, at: Timestamp) {
    store
        .add_effect(effect, key, INSTALLATION, REPOSITORY, at)
        .await
        .unwrap();
}

async fn lease(store: &Store, at: Timestamp) -> Option<DueEffect> {
    store.lease_effect(at).await.unwrap()
}

async fn key(store: &Store, at: Timestamp) -> Option<String> {
    lease(store, at).await.map(|due| due.key)
}

async fn waiting(store: &Store) -> u64 {
    store.count_effects().await.unwrap().waiting
}

#[tokio::test]
async fn k22_a_row_that_cannot_be_read_is_parked_and_holds_up_nothing() {
    for (database, store) in stores("k22_a_row_that_cannot_be_read").await {
        add(&store, "a", &say("one"), NOW).await;
        add(&store, "b", &say("two"), NOW.plus_s(1)).await;
        let broken = "UPDATE outbox SET effect = '{\"effect\":' WHERE key = 'a'";
        database.connect().await.execute(broken).await.unwrap();
        assert_eq!(key(&store, NOW).await.as_deref(), Some("b"));
        let counts = store.count_effects().await.unwrap();
        assert_eq!((counts.waiting, counts.parked), (1, 1));
        assert_eq!(key(&store, NOW.plus_s(9_999)).await.as_deref(), Some("b"));
    }
}

/// One worker stops in the middle, another leases the effect and puts it back untried, a third
/// leases it: the first comes back with a number of tries that is now the third's.
#[tokio::test]
async fn c2_a_lease_that_ran_out_is_none_however_often_the_effect_was_tried() {
    for (_database, store) in stores("c2_a_lease_that_ran_out_is_none").await {
        add(&store, "a", &say("one"), NOW).await;
        let first = lease(&store, NOW).await.unwrap();
        let untried = lease(&store, NOW.plus_s(200)).await.unwrap();
        let end = EffectEnd::NotYet(NOW.plus_s(201));
        store.settle_effect(&untried, &end).await.unwrap();
        let end = EffectEnd::NotYet(NOW.plus_s(300));
        store.settle_effect(&first, &end).await.unwrap();
        assert!(lease(&store, NOW.plus_s(201)).await.is_some());
        let renewed = store.renew_effect(&first, NOW.plus_s(202)).await;
        assert!(!renewed.unwrap(), "it is another worker's");
        store.settle_effect(&first, &EffectEnd::Sent).await.unwrap();
        assert_eq!(waiting(&store).await, 1, "and theirs to settle");
    }
}

#[tokio::test]
async fn a_desired_state_is_replaced_while_it_is_not_sent() {
    for (_database, store) in stores("a_desired_state_is_replaced").await {
        add(&store, "status", &Effect::Status, NOW).await;
        add(&store, "status", &Effect::Status, NOW.plus_s(1)).await;
        assert_eq!(waiting(&store).await, 1);
        let due = lease(&store, NOW).await.unwrap();
        assert_eq!(due.revision, 2);
        store.settle_effect(&due, &EffectEnd::Sent).await.unwrap();
        assert_eq!(waiting(&store).await, 0);
        add(&store, "status", &Effect::Status, NOW.plus_s(2)).await;
        assert_eq!(waiting(&store).await, 1, "sent, it is wanted anew");
    }
}

#[tokio::test]
async fn a_desired_state_that_is_replaced_while_it_is_sent_stays_waiting() {
    for (_database, store) in stores("a_desired_state_that_is_replaced_while_it_is_sent").await {
        for end in [
            EffectEnd::Sent,
            EffectEnd::Parked("no".to_owned()),
            EffectEnd::Later(NOW.plus_s(999), "wait".to_owned()),
        ] {
            add(&store, "status", &Effect::Status, NOW).await;
            let due = lease(&store, NOW).await.unwrap();
            add(&store, "status", &Effect::Status, NOW).await;
            store.settle_effect(&due, &end).await.unwrap();
            let again = lease(&store, NOW).await.expect("it waits");
            assert_eq!(again.revision, due.revision + 1, "{end:?}");
            store.settle_effect(&again, &EffectEnd::Sent).await.unwrap();
        }
        assert_eq!(waiting(&store).await, 0);
    }
}

#[tokio::test]
async fn k16_a_desired_state_that_was_tried_is_known_to_have_been_tried() {
    for (_database, store) in stores("k16_a_desired_state_that_was_tried").await {
        add(&store, "status", &Effect::Status, NOW).await;
        lease(&store, NOW).await.unwrap();
        // The worker is lost with its answer; meanwhile the state is replaced.
        add(&store, "status", &Effect::Status, NOW.plus_s(1)).await;
        let again = lease(&store, NOW.plus_s(120)).await.unwrap();
        assert_eq!(again.tries, 2, "the comment may be there already");
        store.settle_effect(&again, &EffectEnd::Sent).await.unwrap();
        add(&store, "status", &Effect::Status, NOW.plus_s(200)).await;
        let fresh = lease(&store, NOW.plus_s(200)).await.unwrap();
        assert_eq!(fresh.tries, 1);
    }
}

#[tokio::test]
async fn a_one_shot_effect_exists_once_sent_or_not() {
    for (_database, store) in stores("a_one_shot_effect_exists_once").await {
        add(&store, "say", &say("first"), NOW).await;
        add(&store, "say", &say("second"), NOW).await;
        let due = lease(&store, NOW).await.unwrap();
        assert_eq!(due.effect, say("first"));
        store.settle_effect(&due, &EffectEnd::Sent).await.unwrap();
        add(&store, "say", &say("third"), NOW).await;
        assert_eq!(waiting(&store).await, 0);
    }
}

#[tokio::test]
async fn what_stops_goes_first_then_who_was_heard_then_the_oldest() {
    for (_database, store) in stores("what_stops_goes_first").await {
        let target = ReactionTarget::Comment { id: CommentId(1) };
        add(&store, "show", &Effect::Status, NOW).await;
        add(&store, "younger", &say("b"), NOW.plus_s(2)).await;
        add(&store, "older", &say("a"), NOW.plus_s(1)).await;
        add(
            &store,
            "react",
            &Effect::Acknowledge { target },
            NOW.plus_s(3),
        )
        .await;
        add(
            &store,
            "cancel",
            &Effect::Cancel { run: RunId(1) },
            NOW.plus_s(4),
        )
        .await;
        let mut order = Vec::new();
        while let Some(key) = key(&store, NOW.plus_s(9)).await {
            order.push(key);
        }
        assert_eq!(order, ["cancel", "react", "older", "younger", "show"]);
    }
}

#[tokio::test]
async fn a_lease_that_runs_out_is_given_to_the_next() {
    for (_database, store) in stores("a_lease_that_runs_out").await {
        add(&store, "say", &say("x"), NOW).await;
        assert_eq!(lease(&store, NOW).await.unwrap().tries, 1);
        assert!(lease(&store, NOW.plus_s(119)).await.is_none());
        let again = lease(&store, NOW.plus_s(120)).await.unwrap();
        assert_eq!(
            again.tries, 2,
            "the next one knows that it may be there already"
        );
        let end = EffectEnd::Later(NOW.plus_s(500), "trouble".to_owned());
        store.settle_effect(&again, &end).await.unwrap();
        assert!(lease(&store, NOW.plus_s(499)).await.is_none());
        assert_eq!(lease(&store, NOW.plus_s(500)).await.unwrap().tries, 3);
    }
}

#[tokio::test]
async fn nothing_is_sent_for_an_installation_that_is_suspended_paused_or_gone() {
    for (_database, store) in stores("nothing_is_sent_for_an_installation").await {
        add(&store, "say", &say("x"), NOW).await;
        store
            .suspend_installation(INSTALLATION, true)
            .await
            .unwrap();
        assert!(lease(&store, NOW).await.is_none());
        store
            .suspend_installation(INSTALLATION, false)
            .await
            .unwrap();
        store
            .pause_installation(INSTALLATION, NOW.plus_s(60))
            .await
            .unwrap();
        assert!(lease(&store, NOW.plus_s(59)).await.is_none());
        let due = lease(&store, NOW.plus_s(60)).await.unwrap();
        let later = EffectEnd::Later(NOW, String::new());
        store.settle_effect(&due, &later).await.unwrap();
        store.remove_installation(INSTALLATION).await.unwrap();
        assert!(lease(&store, NOW.plus_s(60)).await.is_none());
        assert_eq!(store.drop_effects(InstallationId(9)).await.unwrap(), 0);
        assert_eq!(store.drop_effects(INSTALLATION).await.unwrap(), 1);
        assert_eq!(waiting(&store).await, 0);
    }
}

#[tokio::test]
async fn what_is_parked_stays_until_it_is_replayed() {
    for (_database, store) in stores("what_is_parked_stays").await {
        add(&store, "say", &say("x"), NOW).await;
        let due = lease(&store, NOW).await.unwrap();
        let end = EffectEnd::Parked("GitHub said no".to_owned());
        store.settle_effect(&due, &end).await.unwrap();
        assert!(lease(&store, NOW.plus_s(9999)).await.is_none());
        let counted = store.count_effects().await.unwrap();
        assert_eq!((counted.waiting, counted.parked), (0, 1));
        assert_eq!(store.replay_effects(Some("other")).await.unwrap(), 0);
        assert_eq!(store.replay_effects(None).await.unwrap(), 1);
        assert_eq!(
            lease(&store, NOW).await.unwrap().tries,
            2,
            "it may be there already"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn c1_four_workers_lease_two_hundred_effects_each_once() {
    for (database, store) in stores("c1_four_workers").await {
        for at in 0..200 {
            add(&store, &format!("say:{at}"), &say("x"), NOW.plus_ms(at)).await;
        }
        let mut workers = tokio::task::JoinSet::new();
        for _ in 0..4 {
            // A store of its own, as another process has it.
            let store = database.open().await;
            workers.spawn(async move {
                let mut own = Vec::new();
                while let Some(due) = lease(&store, NOW.plus_s(10)).await {
                    store.settle_effect(&due, &EffectEnd::Sent).await.unwrap();
                    own.push(due.key);
                }
                own
            });
        }
        let mut leased: HashMap<String, u32> = HashMap::new();
        for key in workers.join_all().await.into_iter().flatten() {
            *leased.entry(key).or_default() += 1;
        }
        // A worker may find nothing while the last rows are held; the leases are what counts.
        while let Some(due) = lease(&store, NOW.plus_s(10)).await {
            *leased.entry(due.key).or_default() += 1;
        }
        assert_eq!(leased.len(), 200);
        assert!(leased.values().all(|times| *times == 1), "{leased:?}");
    }
}

#[tokio::test]
async fn how_a_task_goes_never_goes_before_anything_else() {
    for (_database, store) in stores("how_a_task_goes_never_goes_before").await {
        add(&store, "progress", &Effect::Progress, NOW).await;
        add(&store, "status", &Effect::Status, NOW.plus_s(3)).await;
        add(&store, "say", &say("x"), NOW.plus_s(4)).await;
        let mut order = Vec::new();
        while let Some(key) = key(&store, NOW.plus_s(9)).await {
            order.push(key);
        }
        assert_eq!(order, ["say", "status", "progress"]);
    }
}

#[tokio::test]
async fn a_sign_of_life_does_not_bring_the_next_progress_forward() {
    for (_database, store) in stores("a_sign_of_life_does_not_bring").await {
        add(&store, "progress", &Effect::Progress, NOW).await;
        let due = lease(&store, NOW).await.unwrap();
        let later = EffectEnd::NotYet(NOW.plus_s(20));
        store.settle_effect(&due, &later).await.unwrap();
        add(&store, "progress", &Effect::Progress, NOW.plus_s(1)).await;
        assert!(lease(&store, NOW.plus_s(19)).await.is_none());
        let due = lease(&store, NOW.plus_s(20)).await.unwrap();
        // While it is written, there is another: that one is not lost.
        add(&store, "progress", &Effect::Progress, NOW.plus_s(20)).await;
        store.settle_effect(&due, &EffectEnd::Sent).await.unwrap();
        assert_eq!(waiting(&store).await, 1);
    }
}
