//! Which runs of the check there are, and how many.

use castellan::yard::{Fault, Permission};

use super::super::world::World;

/// Longer than a run that is not finished stays as it is.
const THIRTEEN_DAYS_S: i64 = 13 * 24 * 3_600;

impl World {
    /// Runs of checks that were made since the calls were counted anew.
    fn runs_made(&self) -> usize {
        let made = |path: &str| path.ends_with("/check-runs");
        let calls = self.yard.call_list();
        let posts = calls
            .iter()
            .filter(|call| call.method == "POST" && made(&call.path));
        posts.filter(|call| call.status == 201).count()
    }
}

#[tokio::test]
async fn a15_a_run_that_waits_is_made_anew_before_github_gives_it_up() {
    let world = World::begins().await;
    let ours = world.ready().await;
    world.yard.resets_calls();
    world.waits(3_600).await;
    assert_eq!(world.runs_made(), 0, "while it is young");
    world.waits(THIRTEEN_DAYS_S).await;
    assert_eq!(world.runs_made(), 1);
    world.gate_says(&ours.head, "in_progress: T1").await;
    world.ends().await;
}

#[tokio::test]
async fn a16_from_one_conclusion_to_another_a_new_run_is_made() {
    let world = World::begins().await;
    let ours = world.ready().await;
    let bob = world.person("bob", Permission::Write).await;
    world.yard.resets_calls();
    let review = world.approves(&bob, &ours).await;
    world.gate_says(&ours.head, "success: T1").await;
    assert_eq!(world.runs_made(), 0, "the one that waited is concluded");
    bob.dismisses(review).await.unwrap();
    world.settles().await;
    world.gate_says(&ours.head, "in_progress: T1").await;
    assert_eq!(world.runs_made(), 1, "a conclusion is final");
    world.ends().await;
}

#[tokio::test]
async fn k15_a_run_whose_answer_was_lost_is_found_again() {
    let world = World::begins().await;
    let (ours, bob) = world.open().await;
    let reviews = bob.reviews(
        ours.number,
        castellan::yard::Opinion::RequestsChanges,
        "No",
        &[],
    );
    world.yard.resets_calls();
    world
        .yard
        .fault("POST", "/repos/*/*/check-runs", Fault::After(502), 1);
    reviews.await.unwrap();
    world.settles().await;
    for _ in 0..3 {
        world.waits(120).await;
    }
    world
        .gate_says(&ours.head, "in_progress: T1: changes requested")
        .await;
    assert_eq!(
        world.runs_made(),
        0,
        "the one that was made and not told of is amended"
    );
    world.ends().await;
}
