//! A base that is about to be protected, over a real server: its pull requests have the check before
//! any rule asks for it.

use castellan::domain::ids::Number;
use castellan::engine::Patience;
use castellan::github::audit::OpenPull;
use castellan::yard::Fault;

use super::world::World;

const CHECK: &str = "agent-gate / main";
const PATIENCE: Patience = Patience {
    looks: 1,
    rest: std::time::Duration::ZERO,
};

impl World {
    /// alice opens a pull request of her own; its number and its head.
    async fn by_hand(&self, topic: &str) -> OpenPull {
        let file = format!("{topic}.txt");
        let head = self.alice.pushes(topic, &[(&file, "x\n")], topic).await;
        let number = self.alice.opens_pull(topic, "main", topic).await.unwrap();
        self.settles().await;
        OpenPull {
            number: Number(number),
            head: head.unwrap(),
        }
    }

    async fn has_check(&self, pull: &OpenPull) -> bool {
        let newest = self.repo.newest_check(pull.head.as_str(), CHECK).await;
        newest.unwrap().is_some()
    }

    async fn publishes(&self, open: &[OpenPull]) -> Result<Vec<i64>, String> {
        let target = castellan::github::Target::from(
            &self
                .engine
                .store
                .repository(self.repo.id())
                .await
                .unwrap()
                .unwrap(),
        );
        let mut told = Vec::new();
        let engine = &self.engine;
        let done = engine.publish_open(&target, "main", open, PATIENCE, |one| {
            told.push(one.number.0)
        });
        done.await.map_err(|error| error.to_string()).map(|()| told)
    }
}

#[tokio::test]
async fn from_its_announcement_on_every_pull_request_of_a_base_has_the_check() {
    let world = World::begins().await;
    let one = world.by_hand("one").await;
    assert!(!world.has_check(&one).await, "nothing asks for it");
    world
        .engine
        .announce(world.repo.id(), "main")
        .await
        .unwrap();
    let found = world.engine.github.as_ref().unwrap();
    let home = found
        .find_home(&world.repo.full_name().parse().unwrap())
        .await;
    let target = home.unwrap().unwrap().target;
    let open = found.open_pulls_into(&target, "main").await.unwrap();
    assert_eq!(open, [one.clone()]);
    assert_eq!(world.publishes(&open).await, Ok(vec![one.number.0]));
    assert!(world.has_check(&one).await);
    // What is opened now is heard of by the server, which publishes too.
    let two = world.by_hand("two").await;
    assert!(world.has_check(&two).await);
    // Twice is once.
    let count = world.yard.call_list().len();
    assert_eq!(world.publishes(&open).await, Ok(vec![one.number.0]));
    let calls = world.yard.call_list();
    assert!(
        calls[count..]
            .iter()
            .all(|call| call.method != "POST" || !call.path.ends_with("/check-runs"))
    );
    // One that is closed needs none.
    world.alice.closes(two.number.0).await.unwrap();
    assert_eq!(world.publishes(&[two]).await, Ok(vec![]));
    world.waits(3_601).await;
    let three = world.by_hand("three").await;
    assert!(
        !world.has_check(&three).await,
        "it was announced for an hour"
    );
    world
        .engine
        .announce(world.repo.id(), "main")
        .await
        .unwrap();
    world
        .engine
        .unannounce(world.repo.id(), "main")
        .await
        .unwrap();
    let four = world.by_hand("four").await;
    assert!(!world.has_check(&four).await, "it was taken back");
    world.ends().await;
}

#[tokio::test]
async fn a_head_that_cannot_be_published_on_is_named() {
    let world = World::begins().await;
    let one = world.by_hand("one").await;
    world
        .engine
        .announce(world.repo.id(), "main")
        .await
        .unwrap();
    world.yard.fault(
        "POST",
        "/repos/octo/sample/check-runs",
        Fault::Before(502),
        1,
    );
    let error = world
        .publishes(std::slice::from_ref(&one))
        .await
        .unwrap_err();
    assert!(
        error.contains("pull request #1") && error.contains("502"),
        "{error}"
    );
    // While another worker has it, it is not ours to publish.
    let store = &world.engine.store;
    let now = world.clock.now();
    let taken = store
        .lease_this_pull(world.repo.id(), one.number, now)
        .await;
    assert!(taken.unwrap().is_some());
    let error = world
        .publishes(std::slice::from_ref(&one))
        .await
        .unwrap_err();
    assert!(error.contains("another worker"), "{error}");
    world.waits(300).await;
    assert_eq!(
        world.publishes(std::slice::from_ref(&one)).await,
        Ok(vec![1])
    );
    world.ends().await;
}
