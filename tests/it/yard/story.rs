//! What the App does over the API is what a person sees: the transcript, the calls, the violations.

use castellan::yard::Violation;
use reqwest::Method;
use serde_json::{Value, json};

use super::scene::{Scene, ZERO};

/// Reacts, comments, commits, opens a draft, reports a check and edits the comment; the pull request's number.
async fn act_as_the_app(scene: &Scene, n: i64) -> i64 {
    let token = scene.token(json!({"issues": "write", "contents": "write", "pull_requests": "write", "checks": "write"})).await;
    scene
        .post(
            &token,
            &format!("/issues/{n}/reactions"),
            json!({"content": "eyes"}),
        )
        .await;
    let comment = scene
        .post(
            &token,
            &format!("/issues/{n}/comments"),
            json!({"body": "Working"}),
        )
        .await;
    let base = scene.tip("main");
    let fix = scene.commits(&token, &base, "code.txt", "fixed\n").await;
    scene
        .post(
            &token,
            "/git/refs",
            json!({"ref": "refs/heads/castellan/t1", "sha": fix}),
        )
        .await;
    let pull = json!({"title": "Fix the code", "body": format!("Closes #{n}"), "head": "castellan/t1", "base": "main", "draft": true});
    let pull = scene.post(&token, "/pulls", pull).await;
    assert_eq!(
        (pull["draft"].as_bool(), pull["head"]["sha"].as_str()),
        (Some(true), Some(fix.as_str()))
    );
    scene.post(&token, "/check-runs", json!({"name": "gate", "head_sha": fix, "conclusion": "neutral", "output": {"title": "Not yet", "summary": ""}})).await;
    let path = format!("/repos/octo/sample/issues/comments/{}", comment["id"]);
    let body = json!({"body": format!("Done: {}", pull["html_url"].as_str().unwrap())});
    scene.call(&token, Method::PATCH, &path, body).await;
    pull["number"].as_i64().unwrap()
}

#[tokio::test]
async fn a_transcript_reads_like_the_page() {
    let scene = Scene::set().await;
    let n = scene
        .alice
        .opens_issue("The code is broken", "Please fix it.\nThanks.")
        .await
        .unwrap();
    scene.alice.labels(n, "agent").await.unwrap();
    let pull = act_as_the_app(&scene, n).await;
    scene
        .alice
        .pushes("castellan/t1", &[("README.md", "better\n")], "Polish")
        .await
        .unwrap();
    scene.alice.readies(pull).await.unwrap();
    scene.alice.merges(pull).await.unwrap();

    let seen = scene.yard.transcript("octo/sample").await.unwrap();
    insta::assert_snapshot!(seen, @r#"
    # issue 1 (open): The code is broken
    labels: agent
    alice opened this
      | Please fix it.
      | Thanks.
      👀 castellan[bot]
    alice added the label agent
    castellan[bot] commented (edited)
      | Done: https://github.example/octo/sample/pull/2

    # pull request 2 (merged): Fix the code
    castellan[bot] wants to merge castellan/t1 into main
      M README.md
      M code.txt
      | Closes #1
    castellan[bot] pushed 1 commit
      commit (verified): Fix it
        M code.txt
    check gate (Castellan): neutral
      | Not yet
    alice pushed 1 commit
      commit: Polish
        M README.md
    alice marked this as ready for review
    alice merged this
    "#);
    let counted: Vec<_> = scene.yard.calls().into_iter().collect();
    assert_eq!(
        counted,
        [
            ("content", 5),
            ("git", 4),
            ("other", 0),
            ("reads", 1),
            ("tokens", 1)
        ]
    );
    assert_eq!(scene.yard.violations(), []);
    assert_eq!(
        scene
            .yard
            .files_at("octo/sample", &scene.tip("main").parse().unwrap())
            .await
            .unwrap()["code.txt"]
            .1,
        b"fixed\n"
    );
}

#[tokio::test]
async fn merging_approving_and_unknown_routes_are_remembered() {
    let scene = Scene::set().await;
    scene
        .alice
        .pushes("topic", &[("a", "b")], "x")
        .await
        .unwrap();
    let n = scene.alice.opens_pull("topic", "main", "x").await.unwrap();
    let token = scene
        .token(json!({"contents": "write", "pull_requests": "write"}))
        .await;
    let pull = format!("/repos/octo/sample/pulls/{n}");
    scene
        .call(&token, Method::PUT, &format!("{pull}/merge"), json!({}))
        .await;
    scene
        .call(
            &token,
            Method::POST,
            &format!("{pull}/reviews"),
            json!({"event": "APPROVE"}),
        )
        .await;
    scene
        .call(
            &token,
            Method::GET,
            "/repos/octo/sample/milestones",
            Value::Null,
        )
        .await;
    assert_eq!(
        scene.yard.violations(),
        [
            Violation::Merged("pull request 1".to_owned()),
            Violation::Reviewed("pull request 1".to_owned()),
            Violation::UnknownRoute("GET /repos/octo/sample/milestones".to_owned()),
        ]
    );
}

#[tokio::test]
async fn a_default_branch_that_the_app_moves_is_a_merge_however_it_is_done() {
    let scene = Scene::set().await;
    let token = scene.token(json!({"contents": "write"})).await;
    let first = scene.tip("main");
    let second = scene.commits(&token, &first, "code.txt", "fixed\n").await;
    let third = scene.commits(&token, &second, "code.txt", "done\n").await;
    scene
        .update_refs(&token, "refs/heads/work", ZERO, &second, false)
        .await;
    scene
        .alice
        .pushes("main", &[("own.txt", "mine\n")], "Mine")
        .await
        .unwrap();
    assert_eq!(scene.yard.violations(), [], "a branch of its own; a person");

    let before = scene.tip("main");
    scene
        .update_refs(&token, "refs/heads/main", &before, &second, true)
        .await;
    let path = "/repos/octo/sample/git/refs/heads/main";
    let moves = json!({"sha": third});
    let (status, ..) = scene.call(&token, Method::PATCH, path, moves).await;
    assert_eq!((status.as_u16(), scene.tip("main")), (200, third));
    let merged = || Violation::Merged("refs/heads/main".to_owned());
    assert_eq!(scene.yard.violations(), [merged(), merged()]);
}

#[tokio::test]
async fn one_question_in_graphql_tells_what_a_task_needs() {
    let scene = Scene::set().await;
    scene
        .alice
        .pushes(
            "main",
            &[(".github/castellan.yml", "version: 1\n")],
            "Policy",
        )
        .await
        .unwrap();
    let n = scene.alice.opens_issue("Broken", "It is.").await.unwrap();
    scene.alice.labels(n, "agent").await.unwrap();
    let token = scene
        .token(json!({"issues": "write", "contents": "read"}))
        .await;
    scene
        .post(
            &token,
            &format!("/issues/{n}/comments"),
            json!({"body": "seen"}),
        )
        .await;
    let about = |number: i64| json!({"owner": "octo", "name": "sample", "number": number});
    let answer = scene.asks(&token, "TaskInput", about(n)).await;
    let repo = &answer["data"]["repository"];
    assert_eq!(repo["databaseId"], scene.repo.id().0);
    assert_eq!(repo["defaultBranchRef"]["target"]["oid"], scene.tip("main"));
    assert_eq!(repo["object"]["text"], "version: 1\n");
    let issue = &repo["issueOrPullRequest"];
    assert_eq!(
        (issue["__typename"].as_str(), issue["lastEditedAt"].as_str()),
        (Some("Issue"), None)
    );
    let author = &issue["comments"]["nodes"][0]["author"];
    assert_eq!(
        (author["__typename"].as_str(), author["login"].as_str()),
        (Some("Bot"), Some("castellan"))
    );
    let labeled = &issue["timelineItems"]["nodes"][0];
    assert_eq!(
        (
            labeled["label"]["name"].as_str(),
            labeled["actor"]["login"].as_str()
        ),
        (Some("agent"), Some("alice"))
    );
    let answer = scene.asks(&token, "TaskInput", about(99)).await;
    assert_eq!(answer["errors"][0]["type"], "NOT_FOUND");
}
