//! Groups of a merge queue: what the check says of their heads, and what the queue makes of it.

use castellan::yard::{Actor, Fault, Opinion, Permission, Play, Queueing, Requirement};

use super::super::ci::scene::green;
use super::super::world::World;
use super::{BESIDE, Ours, PERSONS};

/// By which two files together are more than each of them.
const TOGETHER: (&str, &str) = (
    ".github/castellan.yml",
    "acceptance:\n  - sh test.sh\nrisk:\n  rules:\n    - tier: T2\n      because: many files\n      paths: [\"**\"]\n      files: 1\n",
);

impl World {
    /// The fix is open, and its base has a queue, on whose groups CI says this.
    async fn queue(&self, plays: Vec<Play>) -> (Ours, Actor) {
        let ours = self.open().await;
        self.repo.queue("main").await.unwrap();
        self.repo.plays_on_groups(plays).await.unwrap();
        ours
    }

    /// Puts it in the queue; what is said of its group follows.
    async fn enqueued(&self, number: i64) {
        self.alice.enqueues(number).await.unwrap();
        self.settles().await;
    }

    /// The head that is built for a pull request.
    async fn built(&self, number: i64) -> String {
        let queued = self.repo.queued("main").await.unwrap();
        let mut built = queued.into_iter().filter(|(one, _)| *one == number);
        built.next().expect("an entry of the queue").1
    }

    /// A green pull request of alice's own; its number.
    async fn persons(&self, branch: &str, files: &[(&str, &str)]) -> i64 {
        self.alice.pushes(branch, files, "Mine").await.unwrap();
        let opened = self.alice.opens_pull(branch, "main", "Mine").await;
        self.settles().await;
        self.looks().await;
        opened.unwrap()
    }

    /// Whether the queue itself was asked for.
    fn asks_the_queue(&self) -> bool {
        let calls = self.yard.call_list();
        calls.iter().any(|call| call.path.ends_with("/MergeQueue"))
    }
}

#[tokio::test]
async fn m1_h24_a_queue_merges_what_the_gate_allows() {
    let world = World::begins().await;
    let (ours, _) = world.queue(vec![green()]).await;
    let before = world.tip("main");
    world.enqueued(ours.number).await;
    world.looks().await;
    assert_ne!(world.tip("main"), before, "merged by the queue");
    assert_eq!(world.repo.queued("main").await.unwrap(), []);
    assert_eq!(world.engine.store.incidents(9).await.unwrap(), []);
    assert!(!world.asks_the_queue(), "the delivery says enough");
    world.ends().await;
}

#[tokio::test]
async fn m2_h25_a_member_that_loses_its_approval_fails_its_group_at_once() {
    let world = World::begins().await;
    let (ours, bob) = world.queue(vec![Play::nothing()]).await;
    let other = world.persons("topic", &[BESIDE]).await;
    world.enqueued(other).await;
    world.enqueued(ours.number).await;
    let (first, group) = (world.built(other).await, world.built(ours.number).await);
    world
        .gate_says(&group, "in_progress: waiting for CI on the group")
        .await;
    world
        .gate_says(&first, "success: no agent pull request")
        .await;
    let review = bob.reviews(ours.number, Opinion::RequestsChanges, "Wait", &[]);
    review.await.unwrap();
    world.settles().await;
    world
        .gate_says(&group, &format!("failure: #{} is in_progress", ours.number))
        .await;
    let queued = world.repo.queued("main").await.unwrap();
    assert_eq!(queued.iter().map(|one| one.0).collect::<Vec<_>>(), [other]);
    world.ends().await;
}

#[tokio::test]
async fn m3_more_together_than_each_is_not_merged_together() {
    let world = World::begins().await;
    let (ours, _) = world.queue(vec![Play::nothing()]).await;
    let pushed = world.alice.pushes("main", &[TOGETHER], "Count files").await;
    pushed.unwrap();
    world.settles().await;
    world.gate_says(&ours.head, "success: T1").await;
    let other = world.persons("topic", &[("more.sh", "echo more\n")]).await;
    world.enqueued(other).await;
    world.enqueued(ours.number).await;
    let queued = world.repo.queued("main").await.unwrap();
    let transcript = world.transcript().await;
    assert!(transcript.contains("CI_FAILURE"), "{transcript}");
    assert_eq!(queued.iter().map(|one| one.0).collect::<Vec<_>>(), [other]);
    world.ends().await;
}

#[tokio::test]
async fn m4_members_that_nobody_tells_of_fail_the_group_after_two_minutes() {
    let world = World::begins().await;
    let (ours, _) = world.queue(vec![Play::nothing()]).await;
    let other = world.persons("topic", &[BESIDE]).await;
    world.yard.swallows_deliveries("merge_group", 1);
    world.enqueued(other).await;
    world
        .yard
        .fault("POST", "/graphql/MergeQueue", Fault::Before(502), 100_000);
    world.enqueued(ours.number).await;
    let group = world.built(ours.number).await;
    world
        .gate_says(
            &group,
            "in_progress: the members of this group are not known",
        )
        .await;
    for _ in 0..3 {
        world.waits(61).await;
    }
    world
        .gate_says(&group, "failure: the members of this group are not known")
        .await;
    world.ends().await;
}

#[tokio::test]
async fn m4_a_group_that_no_delivery_told_of_is_asked_of_the_queue() {
    let world = World::begins().await;
    let (ours, _) = world.queue(vec![green()]).await;
    let other = world.persons("topic", &[BESIDE]).await;
    let before = world.tip("main");
    world.yard.swallows_deliveries("merge_group", 1);
    world.enqueued(other).await;
    world.enqueued(ours.number).await;
    for _ in 0..2 {
        world.looks().await;
    }
    assert_eq!(world.repo.queued("main").await.unwrap(), []);
    assert_ne!(world.tip("main"), before);
    world.ends().await;
}

#[tokio::test]
async fn m5_a_group_of_people_is_not_held_up() {
    let world = World::begins().await;
    world.is_gated(vec![green()]).await;
    world.repo.queue("main").await.unwrap();
    world
        .repo
        .plays_on_groups(vec![Play::nothing()])
        .await
        .unwrap();
    let number = world.persons("topic", &[BESIDE]).await;
    world.enqueued(number).await;
    let group = world.built(number).await;
    world
        .gate_says(&group, "success: no agent pull request in this group")
        .await;
    world.ends().await;
}

#[tokio::test]
async fn m6_behind_a_change_of_the_policy_nothing_is_merged_with_it() {
    let world = World::begins().await;
    let (ours, bob) = world.queue(vec![Play::nothing()]).await;
    let policy = [(".github/castellan.yml", "acceptance:\n  - sh test.sh\n")];
    let changer = world.persons("policy", &policy).await;
    let carol = world.person("carol", Permission::Write).await;
    for person in [&bob, &carol] {
        let review = person.reviews(changer, Opinion::Approves, "", &[]).await;
        review.unwrap();
    }
    world.settles().await;
    world.enqueued(changer).await;
    world.enqueued(ours.number).await;
    let told = world.transcript().await;
    assert!(told.contains("CI_FAILURE"), "{told}");
    let queued = world.repo.queued("main").await.unwrap();
    assert_eq!(
        queued.iter().map(|one| one.0).collect::<Vec<_>>(),
        [changer]
    );
    world.ends().await;
}

#[tokio::test]
async fn m7_of_a_group_that_is_destroyed_nothing_is_said_any_more() {
    let world = World::begins().await;
    let (ours, _) = world.queue(vec![Play::nothing()]).await;
    world.enqueued(ours.number).await;
    let group = world.built(ours.number).await;
    let said = world.gate(&group).await;
    world.alice.dequeues(ours.number).await.unwrap();
    world.settles().await;
    world.yard.resets_calls();
    for _ in 0..3 {
        world.waits(61).await;
    }
    assert_eq!(world.gate(&group).await, said);
    let calls = world.yard.call_list();
    assert!(calls.iter().all(|call| !call.path.ends_with("/check-runs")));
    world.ends().await;
}

#[tokio::test]
async fn m8_a_group_that_is_built_anew_is_judged_anew() {
    let world = World::begins().await;
    let (ours, _) = world.queue(vec![Play::nothing(), green()]).await;
    world.enqueued(ours.number).await;
    let first = world.built(ours.number).await;
    let pushed = world
        .alice
        .pushes("main", &[BESIDE], "Past the queue")
        .await;
    pushed.unwrap();
    world.repo.turns_queues().await.unwrap();
    world.settles().await;
    for _ in 0..2 {
        world.looks().await;
    }
    assert_eq!(
        world.repo.queued("main").await.unwrap(),
        [],
        "built anew after {first}, and merged"
    );
    world.ends().await;
}

#[tokio::test]
async fn m9_ci_on_a_group_is_waited_for_until_before_the_queue_gives_up() {
    let world = World::begins().await;
    let rule = Requirement::Queue(Queueing {
        timeout_minutes: 30,
        ..Queueing::default()
    });
    let (ours, _) = world.open().await;
    world.repo.requires("main", rule).await.unwrap();
    world
        .repo
        .plays_on_groups(vec![Play::nothing()])
        .await
        .unwrap();
    world.enqueued(ours.number).await;
    let group = world.built(ours.number).await;
    world.waits(27 * 60).await;
    world
        .gate_says(&group, "in_progress: waiting for CI on the group (test)")
        .await;
    world.waits(70).await;
    world
        .gate_says(
            &group,
            "timed_out: CI on the group did not end in time (test)",
        )
        .await;
    world.ends().await;
}

#[tokio::test]
async fn m10_where_only_the_last_counts_each_member_is_judged_all_the_same() {
    let world = World::begins().await;
    let rule = Requirement::Queue(Queueing {
        all_green: false,
        ..Queueing::default()
    });
    let (ours, bob) = world.open().await;
    world.repo.requires("main", rule).await.unwrap();
    world
        .repo
        .plays_on_groups(vec![Play::nothing()])
        .await
        .unwrap();
    world.enqueued(ours.number).await;
    let other = world.persons("topic", &[BESIDE]).await;
    world.enqueued(other).await;
    let last = world.built(other).await;
    world
        .gate_says(&last, "in_progress: waiting for CI on the group")
        .await;
    let review = bob.reviews(ours.number, Opinion::RequestsChanges, "Wait", &[]);
    review.await.unwrap();
    world.settles().await;
    world
        .gate_says(&last, &format!("failure: #{} is in_progress", ours.number))
        .await;
    world.ends().await;
}

#[tokio::test]
async fn x80_what_an_administrator_merges_past_the_gate_is_on_record() {
    let world = World::begins().await;
    let ours = world.ready().await;
    let root = world.person("root", Permission::Admin).await;
    root.merges_as_admin(ours.number).await.unwrap();
    world.settles().await;
    world.sweeps().await;
    let incidents = world.engine.store.incidents(9).await.unwrap();
    let told: Vec<_> = incidents
        .iter()
        .map(|one| (one.number.0, one.said.as_str()))
        .collect();
    assert_eq!(told, [(ours.number, "in_progress")]);
    let transcript = world.transcript().await;
    assert_eq!(transcript.matches("The server has it on record").count(), 1);
    let page = world
        .http
        .get(format!("{}/", world.address))
        .send()
        .await
        .unwrap();
    let page = page.text().await.unwrap();
    assert!(page.contains("Merged without our success"), "{page}");
    world.ends().await;
}

#[tokio::test]
async fn x81_what_was_merged_while_the_server_was_down_is_found_by_its_recovery() {
    let mut world = World::begins().await;
    let (ours, _) = world.open().await;
    let pushed = world.alice.pushes(&ours.branch, &[PERSONS], "Mine").await;
    let head = pushed.unwrap().to_string();
    world.stops_serving().await;
    let root = world.person("root", Permission::Admin).await;
    assert!(
        world.repo.may_merge(ours.number).await.is_err(),
        "no check, no merge"
    );
    root.merges_as_admin(ours.number).await.unwrap();
    world.yard.settle().await;
    world.restarts().await;
    world.sweeps().await;
    let incidents = world.engine.store.incidents(9).await.unwrap();
    let told: Vec<_> = incidents
        .iter()
        .map(|one| (one.head.as_str(), one.said.as_str()))
        .collect();
    assert_eq!(told, [(head.as_str(), "")]);
    world.ends().await;
}
