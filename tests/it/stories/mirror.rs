//! A mirror is told from its remote: what is not there, and what only did not come.

use castellan::domain::ids::Oid;
use castellan::git::{Fetched, Mirror, Remote};
use castellan::github::Target;

use super::runner::blob;
use super::world::{SAMPLE, World};

/// A commit or blob that nobody has.
const NOWHERE: &str = "0123456789012345678901234567890123456789";

async fn mirror(world: &World) -> (Mirror, Remote) {
    let repository = world.repo.id();
    let known = world.engine.store.repository(repository).await.unwrap();
    let known = known.expect("an enrolled repository");
    let target = Target {
        installation: known.installation,
        repository,
        name: known.name,
    };
    let github = world.engine.github.as_ref().unwrap();
    let remote = Remote {
        url: format!(
            "{}/{SAMPLE}.git",
            world.yard.web_url().trim_end_matches('/')
        ),
        token: github.read_token(&target).await.unwrap(),
    };
    (world.engine.mirrors.open(repository).await.unwrap(), remote)
}

fn nowhere() -> Oid {
    NOWHERE.parse().unwrap()
}

#[tokio::test]
async fn x60_a_commit_that_the_remote_does_not_have_is_no_trouble_that_passes() {
    let world = World::begins().await;
    let (mirror, remote) = mirror(&world).await;
    let tip = world.tip("main").unwrap();
    let fetched = mirror.fetch(&remote, "main", &tip).await.unwrap();
    assert_eq!(fetched, Fetched::Tip(tip.clone()));
    let fetched = mirror.fetch(&remote, "main", &nowhere()).await.unwrap();
    assert_eq!(fetched, Fetched::NoCommit);
    let fetched = mirror.fetch(&remote, "other", &tip).await.unwrap();
    assert_eq!(fetched, Fetched::NoBranch);
    world.ends().await;
}

#[tokio::test]
async fn x63_old_contents_that_do_not_come_are_not_taken_for_none() {
    let world = World::begins().await;
    let (mirror, remote) = mirror(&world).await;
    let away = Remote {
        url: "http://127.0.0.1:1/octo/sample.git".to_owned(),
        token: String::new(),
    };
    let old = blob(b"Adds two numbers.\n");
    let read = mirror.contents(&away, std::slice::from_ref(&old), 1_000);
    assert!(read.await.is_err(), "the remote did not answer");
    let read = mirror.contents(&remote, &[nowhere()], 1_000).await.unwrap();
    assert!(read.is_empty(), "the remote does not have it");
    let program = blob(b"echo $(($1 - $2))\n");
    let both = [old.clone(), program];
    let read = mirror.contents(&remote, &both, 20).await.unwrap();
    assert_eq!(read.keys().collect::<Vec<_>>(), [&old], "bounded together");
    let read = mirror.contents(&remote, &both, 1_000).await.unwrap();
    assert_eq!(read.len(), 2);
    world.ends().await;
}
