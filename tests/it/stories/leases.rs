//! What a lease, a version and a build are good for, and for how long (X27, U9, protocol).

use castellan::domain::ids::{InstallationId, RepositoryId};
use castellan::github::Target;
use castellan::protocol::enter::{Exchange, RunIdentity};
use castellan::protocol::progress::{Directive, Phase};
use castellan::protocol::{BRIEF_PATH, BUILD_PATH, EXCHANGE_PATH, OLDEST, PROGRESS_PATH, VERSION};
use castellan::server::Builds;
use serde_json::{Value, json};

use super::runner::key;
use super::world::{FIX, World, serve_builds};

#[tokio::test]
async fn x27_a_lease_is_good_for_its_attempt_until_its_end_and_for_nothing_else() {
    let world = World::begins().await;
    world.labelled_issue().await;
    let one = world.runner().await;
    world.labelled_issue().await;
    let held = world.held().await;
    held.begins().await.unwrap();
    let two = world.runner_of(held, 2).await;
    // The key of one with the name of the other.
    let (a, b) = (&one.lease, &two.lease);
    let mixed = format!("{}.{}.{}", b.task, b.attempt, key(1));
    let good = format!("{}.{}.{}", a.task, a.attempt, key(1));
    let brief = |bearer: String| {
        let asked = world.http.get(format!("{}{BRIEF_PATH}", world.address));
        async move {
            asked
                .bearer_auth(bearer)
                .send()
                .await
                .unwrap()
                .status()
                .as_u16()
        }
    };
    assert_eq!(brief(mixed.clone()).await, 401);
    assert_eq!(brief(format!("{good}0")).await, 401);
    assert_eq!(brief(good.clone()).await, 200);
    let said = json!({"fence": b.fence, "phase": "agent", "note": null});
    let told = world.http.post(format!("{}{PROGRESS_PATH}", world.address));
    let told = told.bearer_auth(&mixed).json(&said).send().await.unwrap();
    assert_eq!(told.status(), 401);
    // Its end is the lease's: no brief, the word to stop, no second result.
    let returned = one.result(&[(FIX.0, Some(FIX.1))]).await;
    assert_eq!(one.returns_raw(&returned).await.0, 200);
    world.settles().await;
    assert_eq!(brief(good).await, 410);
    let said = one.reports(Phase::Agent).await;
    assert!(matches!(said, Directive::Stop { .. }), "{said:?}");
    let other = one.result(&[(FIX.0, Some("echo 5\n"))]).await;
    assert_eq!(one.returns_raw(&other).await.0, 409);
    two.returns_nothing().await;
    world.ends().await;
}

#[tokio::test]
async fn the_oldest_protocol_is_spoken_and_others_are_refused_with_the_remedy() {
    let world = World::begins().await;
    world.labelled_issue().await;
    let held = world.held().await;
    let ticket = world.signs_in(&held).await.unwrap();
    let exchange = |protocol| {
        let body = Exchange {
            protocol,
            ticket: ticket.clone(),
            key: key(1),
            run: RunIdentity {
                run_id: held.run_id,
                run_attempt: 1,
            },
        };
        let asked = world.http.post(format!("{}{EXCHANGE_PATH}", world.address));
        async move {
            let answer = asked.json(&body).send().await.unwrap();
            let status = answer.status().as_u16();
            (status, answer.json::<Value>().await.unwrap())
        }
    };
    for unknown in [OLDEST - 1, VERSION + 1, u32::MAX] {
        let (status, said) = exchange(unknown).await;
        let said = said["error"].as_str().unwrap();
        assert_eq!(status, 400, "{said}");
        assert!(
            said.contains("castellan workflow") && said.contains("commit it"),
            "{said}"
        );
    }
    for spoken in [OLDEST, VERSION] {
        let (status, lease) = exchange(spoken).await;
        assert_eq!(status, 200, "{lease}");
    }
    world.runner_of(held, 1).await.returns_change(&[FIX]).await;
    world.ends().await;
}

#[tokio::test]
async fn x47_a_token_for_one_repository_opens_no_other() {
    let world = World::begins().await;
    world
        .yard
        .repository("octo/secret", &[("a", "b", false)])
        .await
        .unwrap();
    let target = Target {
        installation: InstallationId(60_001),
        repository: RepositoryId(world.repo.id().0),
        name: "octo/sample".parse().unwrap(),
    };
    let token = world
        .engine
        .github
        .as_ref()
        .unwrap()
        .read_token(&target)
        .await
        .unwrap();
    let reads = |name: &str| {
        let refs = "info/refs?service=git-upload-pack";
        let asked = world
            .http
            .get(format!("{}/{name}.git/{refs}", world.yard.web_url()));
        let asked = asked.basic_auth("x-access-token", Some(&token));
        async move { asked.send().await.unwrap().status().as_u16() }
    };
    assert_eq!(reads("octo/sample").await, 200);
    assert!([401, 403, 404].contains(&reads("octo/secret").await));
    // Nor does it write to its own.
    let issue = world.http.post(format!(
        "{}/repos/octo/sample/issues/1/comments",
        world.yard.api_url()
    ));
    let said = issue
        .bearer_auth(&token)
        .json(&json!({"body": "red"}))
        .send()
        .await
        .unwrap();
    assert!([403, 404].contains(&said.status().as_u16()), "{said:?}");
    world.ends().await;
}

#[tokio::test]
async fn old_builds_of_the_runner_are_kept_beside_new_ones() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runners");
    let mut kept = Vec::new();
    for content in ["the first build", "the second build"] {
        let program = folder.path().join("castellan");
        std::fs::write(&program, content).unwrap();
        // Each by a server of its own: the newer one finds what the older one left.
        let sha256 = Builds::new(path.clone()).keep(&program).unwrap();
        kept.push((sha256, content));
    }
    let world = World::begins().await;
    let (address, serving) = serve_builds(
        &world.yard,
        &world.engine,
        &world.setting,
        Builds::new(path),
    )
    .await;
    for (sha256, content) in kept {
        let build = world.http.get(format!("{address}{BUILD_PATH}/{sha256}"));
        assert_eq!(build.send().await.unwrap().text().await.unwrap(), content);
    }
    let unknown = "0".repeat(64);
    for name in [&unknown, "..%2fcastellan.db", "castellan"] {
        let build = world.http.get(format!("{address}{BUILD_PATH}/{name}"));
        let answer = build.send().await.unwrap();
        assert_eq!(answer.status(), 404);
        assert!(answer.text().await.unwrap().contains("castellan workflow"));
    }
    serving.abort();
    world.ends().await;
}
