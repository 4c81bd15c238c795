//! Whose machine a run is on (U15): evidence, and what a policy may refuse.

use serde_json::{Value, json};

use super::world::{AUDIENCE, FIX, World};

const HOSTED_ONLY: (&str, &str) = (
    ".github/castellan.yml",
    "acceptance:\n  - sh test.sh\nbudget:\n  attempts: 3\n  minutes: 10\nrunners: hosted\n",
);

/// A task that is asked for under `runners: hosted`, and its run, which presents a token that
/// says what stands in `instead`.
async fn presents(instead: Value) -> (World, Result<String, (u16, String)>) {
    let world = World::begins().await;
    world
        .alice
        .pushes("main", &[HOSTED_ONLY], "Hosted machines only")
        .await
        .unwrap();
    world.settles().await;
    world.labelled_issue().await;
    let held = world.held().await;
    let token = held.identity(AUDIENCE, &instead).unwrap();
    let answer = world.presents(&held, &token).await;
    match answer {
        // The run ends with its first job, and nobody starts another.
        Err(refused) => {
            held.ends("failure").await.unwrap();
            world.settles().await;
            (world, Err(refused))
        }
        Ok(ticket) => {
            world
                .tickets
                .lock()
                .unwrap()
                .insert(held.run_id.0, ticket.clone());
            world.runner_of(held, 1).await.returns_change(&[FIX]).await;
            (world, Ok(ticket))
        }
    }
}

#[tokio::test]
async fn u15_a_policy_that_wants_hosted_machines_refuses_others_once_and_says_so() {
    for claim in ["self-hosted", "something-new"] {
        let (world, answer) = presents(json!({"runner_environment": claim})).await;
        let (status, said) = answer.unwrap_err();
        assert_eq!(status, 403, "{said}");
        assert!(
            said.contains("`runners: hosted`") && said.contains("`runs-on`"),
            "{said}"
        );
        let told = world.transcript().await;
        assert!(
            told.contains("`runners: hosted`") && told.contains("runs-on"),
            "{told}"
        );
        let task = world.newest().await;
        assert_eq!((task.attempts.len(), task.stage.name()), (1, "closed"));
        world.ends().await;
    }
}

#[tokio::test]
async fn u15_a_token_that_says_no_machine_is_none_of_githubs() {
    let (world, answer) = presents(json!({"runner_environment": null})).await;
    assert_eq!(answer.unwrap_err().0, 403);
    world.ends().await;
    let (world, answer) = presents(json!({})).await;
    assert!(answer.is_ok(), "GitHub's own are taken");
    world.ends().await;
}

#[tokio::test]
async fn u15_a_self_hosted_machine_is_evidence_where_the_policy_takes_any() {
    let world = World::begins().await;
    world.labelled_issue().await;
    let held = world.held().await;
    let own = json!({"runner_environment": "self-hosted"});
    let token = held.identity(AUDIENCE, &own).unwrap();
    let ticket = world.presents(&held, &token).await.unwrap();
    world.tickets.lock().unwrap().insert(held.run_id.0, ticket);
    world.runner_of(held, 1).await.returns_change(&[FIX]).await;
    let told = world.transcript().await;
    assert!(told.contains("Ran on a self-hosted machine"), "{told}");
    let task = world.newest().await;
    let page = world
        .http
        .get(format!("{}/tasks/{}", world.address, task.id));
    let page = page.send().await.unwrap().text().await.unwrap();
    assert!(page.contains("on a self-hosted machine"), "{page}");
    world.ends().await;
}
