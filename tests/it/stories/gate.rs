//! The gate over a real server: what its check says from the first commit to the last approval.

mod attacks;
mod checks;
mod groups;
mod policies;
mod publishing;
mod test_merge;

use castellan::github::Target;
use castellan::github::publish::Saying;
use castellan::yard::{Actor, Fault, Opinion, Permission, Play, Requirement};

use super::ci::scene::{LOG, green, red};
use super::world::{FIX, World};

/// The required check of the base.
const CHECK: &str = "agent-gate / main";
/// What a person makes of it.
const PERSONS: (&str, &str) = ("add.sh", "echo $(expr $1 + $2)\n");
/// Beside all that the task touches.
const BESIDE: (&str, &str) = ("README.md", "Adds two numbers, and says so.\n");

/// A pull request of ours.
pub(super) struct Ours {
    pub(super) number: i64,
    pub(super) head: String,
    branch: String,
}

impl World {
    /// The base's rules require the gate, from our App, and the test.
    async fn is_gated(&self, plays: Vec<Play>) {
        let own = self.yard.app().app_id;
        let rule = Requirement::Ruleset {
            checks: vec![("test".to_owned(), None), (CHECK.to_owned(), Some(own))],
            strict: false,
        };
        self.repo.requires("main", rule).await.unwrap();
        self.free_ci(green(), plays).await;
    }

    /// The fix of an issue, green and ready for review.
    pub(super) async fn ready(&self) -> Ours {
        self.ready_with(vec![green(), green(), green()]).await
    }

    /// The same, with what CI says of each head.
    async fn ready_with(&self, plays: Vec<Play>) -> Ours {
        self.is_gated(plays).await;
        let issue = self.labelled_issue().await;
        self.attempts(FIX).await;
        self.looks().await;
        let task = self.task(issue).await;
        let pull = task.pull.unwrap();
        Ours {
            number: pull.number.0,
            head: pull.head.to_string(),
            branch: task.id.branch(),
        }
    }

    /// The same, approved by bob, and open.
    pub(super) async fn open(&self) -> (Ours, Actor) {
        let ours = self.ready().await;
        let bob = self.person("bob", Permission::Write).await;
        self.approves(&bob, &ours).await;
        self.gate_says(&ours.head, "success: T1").await;
        (ours, bob)
    }

    async fn approves(&self, by: &Actor, ours: &Ours) -> i64 {
        let review = by.reviews(ours.number, Opinion::Approves, "", &[]).await;
        self.settles().await;
        review.unwrap()
    }

    /// What the newest check of the gate says of this commit: its standing and its title.
    async fn gate(&self, head: &str) -> String {
        let newest = self.repo.newest_check(head, CHECK).await.unwrap();
        let shown = |(standing, title)| format!("{standing}: {title}");
        newest.map_or_else(|| "nothing".to_owned(), shown)
    }

    pub(super) async fn gate_says(&self, head: &str, begins: &str) {
        let said = self.gate(head).await;
        assert!(said.starts_with(begins), "{said}, not {begins}");
    }

    /// The branch as it is now.
    fn head_of(&self, ours: &Ours) -> String {
        self.tip(&ours.branch).unwrap().to_string()
    }
}

#[tokio::test]
async fn an_agents_pull_request_opens_once_somebody_else_approves_it() {
    let world = World::begins().await;
    let ours = world.ready().await;
    world
        .gate_says(&ours.head, "in_progress: T1: needs 1 more approval")
        .await;
    // The requester does not count at T1.
    world.approves(&world.alice, &ours).await;
    world.gate_says(&ours.head, "in_progress: T1").await;
    assert!(world.repo.may_merge(ours.number).await.is_err());
    let bob = world.person("bob", Permission::Write).await;
    let review = world.approves(&bob, &ours).await;
    world.gate_says(&ours.head, "success: T1").await;
    assert_eq!(world.repo.may_merge(ours.number).await, Ok(()));
    bob.dismisses(review).await.unwrap();
    world.settles().await;
    world.gate_says(&ours.head, "in_progress: T1").await;
    assert!(world.repo.may_merge(ours.number).await.is_err());
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn red_ci_keeps_it_shut_until_the_correction() {
    let world = World::begins().await;
    world.is_gated(vec![red(LOG), green()]).await;
    let issue = world.first_attempt().await;
    for _ in 0..2 {
        world.looks().await;
    }
    let head = world.task(issue).await.pull.unwrap().head;
    world.gate_says(head.as_str(), "in_progress").await;
    world.attempts(FIX).await;
    world.looks().await;
    let head = world.task(issue).await.pull.unwrap().head;
    world.gate_says(head.as_str(), "in_progress: T1").await;
    world.ends().await;
}

#[tokio::test]
async fn an_approval_by_an_app_or_on_an_old_head_does_not_count() {
    let world = World::begins().await;
    let ours = world.ready().await;
    let robot = world.person("robot[bot]", Permission::Write).await;
    world.approves(&robot, &ours).await;
    world.gate_says(&ours.head, "in_progress: T1").await;
    let bob = world.person("bob", Permission::Write).await;
    let base = world.tip("main").unwrap();
    let old = bob
        .reviews_at(ours.number, Opinion::Approves, base.as_str())
        .await;
    old.unwrap();
    world.settles().await;
    world.gate_says(&ours.head, "in_progress: T1").await;
    world.ends().await;
}

#[tokio::test]
async fn h22_whoever_lost_access_counts_no_more_within_the_hour() {
    let world = World::begins().await;
    let (ours, _) = world.open().await;
    world
        .repo
        .sets_permission("bob", Permission::Read)
        .await
        .unwrap();
    world.waits(3_601).await;
    world.gate_says(&ours.head, "in_progress: T1").await;
    world.ends().await;
}

#[tokio::test]
async fn x73_a_persons_push_onto_an_approved_head_shuts_it() {
    let world = World::begins().await;
    let (ours, _) = world.open().await;
    let pushed = world.alice.pushes(&ours.branch, &[PERSONS], "Mine").await;
    pushed.unwrap();
    world.settles().await;
    world.looks().await;
    let head = world.head_of(&ours);
    assert_ne!(head, ours.head);
    world.gate_says(&head, "action_required: T1").await;
    assert!(world.repo.may_merge(ours.number).await.is_err());
    world.ends().await;
}

#[tokio::test]
async fn the_update_button_keeps_approvals_and_asks_ci_again() {
    let world = World::begins().await;
    let (ours, bob) = world.open().await;
    world
        .alice
        .pushes("main", &[BESIDE], "Words")
        .await
        .unwrap();
    world.settles().await;
    bob.updates_branch(ours.number).await.unwrap();
    world.settles().await;
    let head = world.head_of(&ours);
    assert_ne!(head, ours.head);
    for _ in 0..2 {
        world.looks().await;
    }
    let said = world.gate(&head).await;
    assert!(said.starts_with("success: T1"), "{said}");
    world.ends().await;
}

#[tokio::test]
async fn an_override_lets_one_head_through_and_no_other() {
    let world = World::begins().await;
    let ours = world.ready().await;
    let carol = world.person("carol", Permission::Maintain).await;
    let bob = world.person("bob", Permission::Write).await;
    bob.comments(ours.number, "/agent override I say so")
        .await
        .unwrap();
    world.settles().await;
    world.gate_says(&ours.head, "in_progress: T1").await;
    carol
        .comments(ours.number, "/agent override the roof burns")
        .await
        .unwrap();
    world.settles().await;
    world
        .gate_says(
            &ours.head,
            "success: T1: overridden by carol because the roof burns",
        )
        .await;
    let pushed = world.alice.pushes(&ours.branch, &[PERSONS], "Mine").await;
    pushed.unwrap();
    world.settles().await;
    world
        .gate_says(&world.head_of(&ours), "action_required")
        .await;
    world.ends().await;
}

#[tokio::test]
async fn h7_a_policy_that_broke_on_the_base_shuts_every_gate() {
    let world = World::begins().await;
    let (ours, _) = world.open().await;
    let broken = [(".github/castellan.yml", "version: [\n")];
    world
        .alice
        .pushes("main", &broken, "Break it")
        .await
        .unwrap();
    world.settles().await;
    world.gate_says(&ours.head, "failure: policy invalid").await;
    world.ends().await;
}

#[tokio::test]
async fn x66_a_forged_check_of_our_name_opens_nothing() {
    let world = World::begins().await;
    let ours = world.ready().await;
    world
        .repo
        .forges_check(&ours.head, CHECK, "success")
        .await
        .unwrap();
    world.settles().await;
    assert!(world.repo.may_merge(ours.number).await.is_err());
    // Nor does it take the place of ours, once that opens.
    let bob = world.person("bob", Permission::Write).await;
    world.approves(&bob, &ours).await;
    assert_eq!(world.repo.may_merge(ours.number).await, Ok(()));
    // No delivery tells of it: the next look does, and once.
    for _ in 0..2 {
        world.waits(3_601).await;
    }
    let told = world.transcript().await;
    assert_eq!(told.matches("named like the check of this gate").count(), 1);
    world.ends().await;
}

#[tokio::test]
async fn what_cannot_be_read_stays_open_for_ten_minutes_at_most() {
    let world = World::begins().await;
    let (ours, bob) = world.open().await;
    world
        .yard
        .fault("POST", "/graphql/PullState", Fault::Before(502), 100_000);
    bob.reviews(ours.number, Opinion::Comments, "Hm", &[])
        .await
        .unwrap();
    world.settles().await;
    world.gate_says(&ours.head, "success").await;
    for _ in 0..8 {
        world.waits(120).await;
    }
    world
        .gate_says(&ours.head, "in_progress: re-evaluating")
        .await;
    world.ends().await;
}

#[tokio::test]
async fn a_persons_own_pull_request_passes_where_the_gate_is_required() {
    let world = World::begins().await;
    world.is_gated(vec![green()]).await;
    let head = world
        .alice
        .pushes("topic", &[BESIDE], "Words")
        .await
        .unwrap();
    world
        .alice
        .opens_pull("topic", "main", "Words")
        .await
        .unwrap();
    world.settles().await;
    world
        .gate_says(head.as_str(), "success: not an agent change")
        .await;
    world.ends().await;
}

#[tokio::test]
async fn pull_requests_that_no_delivery_told_of_are_found_by_the_sweep() {
    let world = World::begins().await;
    world.is_gated(vec![green()]).await;
    let head = world
        .alice
        .pushes("topic", &[BESIDE], "Words")
        .await
        .unwrap();
    world.yard.swallows_deliveries("pull_request", 9);
    world
        .alice
        .opens_pull("topic", "main", "Words")
        .await
        .unwrap();
    world.settles().await;
    world.gate_says(head.as_str(), "nothing").await;
    world.sweeps().await;
    world
        .gate_says(head.as_str(), "success: not an agent change")
        .await;
    world.ends().await;
}

#[tokio::test]
async fn c8_what_a_paused_server_of_ours_published_late_is_answered() {
    let world = World::begins().await;
    let ours = world.ready().await;
    let github = world.engine.github.as_ref().unwrap();
    let stored = world.engine.store.newest_tasks(1).await.unwrap();
    let late = Saying {
        name: CHECK,
        head: &ours.head.parse().unwrap(),
        external_id: "v1:of another time",
        standing: "success",
        title: "T1: approved by nobody",
        summary: "",
    };
    let target = Target::from(&stored[0].task);
    github.publish_run(&target, &late).await.unwrap();
    assert_eq!(world.repo.may_merge(ours.number).await, Ok(()));
    world.settles().await;
    world.gate_says(&ours.head, "in_progress: T1").await;
    assert!(world.repo.may_merge(ours.number).await.is_err());
    world.ends().await;
}

#[tokio::test]
async fn what_was_open_for_a_closed_pull_request_opens_no_other_of_its_head() {
    let world = World::begins().await;
    let (ours, _) = world.open().await;
    world.alice.closes(ours.number).await.unwrap();
    world.settles().await;
    world
        .gate_says(&ours.head, "in_progress: the pull request")
        .await;
    let opened = world.alice.opens_pull(&ours.branch, "main", "Mine").await;
    let number = opened.unwrap();
    world.settles().await;
    assert!(world.repo.may_merge(number).await.is_err());
    world.ends().await;
}
