//! Reviews, threads, pull requests from forks, mergeability, and refs that are no branches.

use castellan::yard::{Opinion, Permission, Play, Violation};
use reqwest::Method;
use serde_json::{Value, json};

use super::scene::Scene;

/// A scene with a pull request by alice, a reviewer bob, and a token.
async fn pulled() -> (Scene, castellan::yard::Actor, String) {
    let scene = Scene::set().await;
    let bob = scene.repo.person("bob", Permission::Write).await.unwrap();
    let files = [("code.txt", "one\ntwo\n")];
    scene.alice.pushes("topic", &files, "Do it").await.unwrap();
    let opened = scene.alice.opens_pull("topic", "main", "Fix").await;
    assert_eq!(opened.unwrap(), 1);
    let token = scene
        .token(json!({"pull_requests": "write", "contents": "write"}))
        .await;
    (scene, bob, token)
}

async fn ask(scene: &Scene, token: &str, path: &str) -> Value {
    let path = format!("/repos/octo/sample{path}");
    let (status, answer, _) = scene.call(token, Method::GET, &path, Value::Null).await;
    assert_eq!(status, 200, "{path}: {answer}");
    answer
}

async fn threads(scene: &Scene, token: &str) -> Value {
    let variables = json!({"owner": "octo", "name": "sample", "number": 1});
    let answer = scene.asks(token, "ReviewThreads", variables).await;
    answer["data"]["repository"]["pullRequest"].clone()
}

#[tokio::test]
async fn people_review_and_the_threads_are_read_and_answered() {
    let (scene, bob, token) = pulled().await;
    let remarks = [("code.txt", 1, "Why one?"), ("code.txt", 2, "Why two?")];
    let opinion = Opinion::RequestsChanges;
    bob.reviews(1, opinion, "Not yet", &remarks).await.unwrap();
    let approves = scene.alice.reviews(1, Opinion::Approves, "", &[]).await;
    assert!(approves.is_err(), "nobody approves their own");
    let first = bob.review_threads(1).await.unwrap()[0].0;
    let path = format!("/pulls/1/comments/{first}/replies");
    let reply = scene.post(&token, &path, json!({"body": "Because."})).await;
    assert_eq!(reply["in_reply_to_id"].as_i64(), Some(first));
    let again = format!(
        "/repos/octo/sample/pulls/1/comments/{}/replies",
        reply["id"]
    );
    let body = json!({"body": "More."});
    let (status, ..) = scene.call(&token, Method::POST, &again, body).await;
    assert_eq!(status, 404, "an answer cannot be answered");
    let reviews = ask(&scene, &token, "/pulls/1/reviews").await;
    assert_eq!(
        (&reviews[0]["state"], &reviews[0]["user"]["login"]),
        (&json!("CHANGES_REQUESTED"), &json!("bob"))
    );
    assert_eq!(reviews[1]["state"], "COMMENTED", "a reply is a review");
    let comments = ask(&scene, &token, "/pulls/1/comments").await;
    assert_eq!(comments.as_array().unwrap().len(), 3);
    assert!(scene.yard.violations().is_empty());
}

#[tokio::test]
async fn threads_are_resolved_and_outdated_and_reviews_are_told() {
    let (scene, bob, token) = pulled().await;
    let remarks = [("code.txt", 1, "Why one?"), ("code.txt", 2, "Why two?")];
    let opinion = Opinion::RequestsChanges;
    bob.reviews(1, opinion, "Not yet", &remarks).await.unwrap();
    let first = bob.review_threads(1).await.unwrap()[0].0;
    let path = format!("/pulls/1/comments/{first}/replies");
    let body = json!({"body": "Because."});
    scene.post(&token, &path, body).await;
    bob.resolves(first, true).await.unwrap();
    let files = [("code.txt", "one\nthree\n")];
    scene
        .alice
        .pushes("topic", &files, "Do more")
        .await
        .unwrap();
    let shown = threads(&scene, &token).await;
    let nodes = &shown["reviewThreads"]["nodes"];
    let state = |at: usize| (&nodes[at]["isResolved"], &nodes[at]["isOutdated"]);
    assert_eq!(state(0), (&json!(true), &json!(false)));
    assert_eq!(state(1), (&json!(false), &json!(true)));
    assert_eq!(nodes[1]["line"], Value::Null);
    let said = &nodes[0]["comments"]["nodes"];
    assert_eq!(
        (&said[0]["author"]["login"], &said[1]["author"]["login"]),
        (&json!("bob"), &json!("castellan"))
    );
    scene.yard.settle().await;
    let told = scene.received.bodies("pull_request_review");
    let told: Vec<_> = told
        .iter()
        .map(|one| {
            (
                &one["action"],
                &one["review"]["state"],
                &one["sender"]["login"],
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (
                &json!("submitted"),
                &json!("changes_requested"),
                &json!("bob")
            ),
            (
                &json!("submitted"),
                &json!("commented"),
                &json!("castellan[bot]")
            ),
        ]
    );
    assert!(scene.yard.violations().is_empty());
    let transcript = scene.yard.transcript("octo/sample").await.unwrap();
    for line in [
        "bob requested changes",
        "  on code.txt:1 (resolved by bob)",
        "  castellan[bot] said\n  | Because.",
        "  on code.txt:2 (outdated)",
    ] {
        assert!(transcript.contains(line), "{transcript}");
    }
}

#[tokio::test]
async fn an_app_that_approves_is_a_violation() {
    let (scene, _, token) = pulled().await;
    let path = "/repos/octo/sample/pulls/1/reviews";
    let body = json!({"event": "APPROVE"});
    let (status, ..) = scene.call(&token, Method::POST, path, body).await;
    assert_eq!(status, 422);
    let violations = scene.yard.violations();
    assert!(matches!(violations[..], [Violation::Reviewed(_)]));
}

#[tokio::test]
async fn whether_it_can_be_merged_is_known_to_the_second_question() {
    let (scene, bob, token) = pulled().await;
    let states = async || {
        let pull = ask(&scene, &token, "/pulls/1").await;
        (pull["mergeable"].clone(), pull["mergeable_state"].clone())
    };
    assert_eq!(states().await, (Value::Null, json!("unknown")));
    assert_eq!(states().await, (json!(true), json!("clean")));
    let files = [("code.txt", "other\n")];
    bob.pushes("main", &files, "In between").await.unwrap();
    assert_eq!(states().await, (Value::Null, json!("unknown")));
    assert_eq!(states().await, (json!(false), json!("dirty")));
}

#[tokio::test]
async fn a_pull_request_from_a_fork_shows_its_own_repository() {
    let (scene, _, token) = pulled().await;
    let carol = scene.repo.person("carol", Permission::Read).await.unwrap();
    scene
        .repo
        .plays(vec![Play::red("test", "no")])
        .await
        .unwrap();
    let files = [("code.txt", "carol's\n")];
    let opened = carol.opens_pull_from_fork(("topic", "main"), &files, "Mine");
    assert_eq!(opened.await.unwrap(), 2);
    let before = scene.tip("topic");
    carol.pushes_to_fork(2, &[("x.txt", "x\n")]).await.unwrap();
    assert_eq!(scene.tip("topic"), before, "the base's own branch stays");
    let pull = ask(&scene, &token, "/pulls/2").await;
    let head = &pull["head"];
    assert_eq!(
        (
            &head["label"],
            &head["repo"]["fork"],
            &head["repo"]["full_name"]
        ),
        (&json!("carol:topic"), &json!(true), &json!("carol/sample"))
    );
    assert_ne!(head["repo"]["id"], pull["base"]["repo"]["id"]);
    let listed = ask(&scene, &token, "/pulls?head=octo:topic").await;
    assert_eq!(listed.as_array().unwrap().len(), 1);
    scene.yard.settle().await;
    let names = scene.received.names();
    let pushes = names.iter().filter(|name| *name == "push").count();
    assert_eq!(pushes, 1, "of a push to a fork nobody is told");
    assert!(names.contains(&"pull_request.synchronize".to_owned()));
    assert!(scene.received.bodies("check_run").len() >= 4);
}

#[tokio::test]
async fn a_ref_that_is_no_branch_is_made_moved_and_deleted_in_silence() {
    let (scene, _, token) = pulled().await;
    let (main, topic) = (scene.tip("main"), scene.tip("topic"));
    scene.yard.settle().await;
    let before = scene.received.names().len();
    let body = json!({"ref": "refs/castellan/t1", "sha": main});
    scene.post(&token, "/git/refs", body).await;
    let path = "/repos/octo/sample/git/refs/castellan/t1";
    let body = json!({"sha": topic});
    let (status, ..) = scene.call(&token, Method::PATCH, path, body).await;
    assert_eq!(status, 200);
    let found = ask(&scene, &token, "/git/matching-refs/castellan/").await;
    assert_eq!(
        (&found[0]["ref"], &found[0]["object"]["sha"]),
        (&json!("refs/castellan/t1"), &json!(topic))
    );
    let refs = scene.yard.refs("octo/sample", "refs/castellan/");
    assert_eq!(refs["refs/castellan/t1"], topic);
    let (status, ..) = scene.call(&token, Method::DELETE, path, Value::Null).await;
    assert_eq!(status, 204);
    let none = ask(&scene, &token, "/git/matching-refs/castellan/").await;
    assert_eq!(none, json!([]));
    scene.yard.settle().await;
    assert_eq!(scene.received.names().len(), before);
}
