//! Tokens, permissions and refs, as the API answers.

use castellan::yard::{Level, Permission, Violation};
use reqwest::Method;
use serde_json::{Value, json};

use super::scene::{Scene, ZERO};

#[tokio::test]
async fn only_a_fresh_and_short_jwt_of_the_app_is_accepted() {
    let scene = Scene::set().await;
    for (jwt, wanted) in [
        (scene.jwt(-60, 600), 200),
        (scene.jwt(0, 660), 401),
        (scene.jwt(-660, 600), 401),
        (scene.jwt(120, 300), 401),
        ("a.b.c".to_owned(), 401),
    ] {
        let (status, body, _) = scene.call(&jwt, Method::GET, "/app", Value::Null).await;
        assert_eq!(status, wanted, "{body}");
    }
    assert_eq!(scene.yard.violations(), []);
}

#[tokio::test]
async fn a_token_is_long_lives_an_hour_and_does_what_it_was_narrowed_to() {
    let scene = Scene::set().await;
    let n = scene.alice.opens_issue("Broken", "It is.").await.unwrap();
    let token = scene.token(json!({"issues": "write"})).await;
    assert!(token.starts_with("ghs_424242_") && token.len() > 200);
    let comment = scene
        .post(
            &token,
            &format!("/issues/{n}/comments"),
            json!({"body": "seen"}),
        )
        .await;
    assert_eq!(comment["user"]["login"], "castellan[bot]");
    assert_eq!(
        comment["performed_via_github_app"]["id"],
        scene.yard.app().app_id
    );
    let (status, body, _) = scene
        .call(&token, Method::GET, "/repos/octo/sample/pulls", Value::Null)
        .await;
    assert_eq!(
        (status.as_u16(), body["message"].as_str()),
        (403, Some("Resource not accessible by integration"))
    );
    let (status, ..) = scene
        .call(&token, Method::GET, "/repos/octo/other", Value::Null)
        .await;
    assert_eq!(status, 404);
    assert_eq!(
        scene.yard.violations(),
        [Violation::NotPermitted(
            "GET /repos/octo/sample/pulls (pull_requests)".to_owned()
        )]
    );
    scene.clock.advance_ms(3_600_000);
    let (status, ..) = scene
        .call(&token, Method::GET, "/repos/octo/sample", Value::Null)
        .await;
    assert_eq!(status, 401);
}

#[tokio::test]
async fn nobody_gets_more_than_the_manifest_grants() {
    let scene = Scene::set().await;
    let path = format!(
        "/app/installations/{}/access_tokens",
        scene.installation().await
    );
    for asked in [
        json!({"workflows": "write"}),
        json!({"administration": "read"}),
        json!({"members": "write"}),
    ] {
        let (status, ..) = scene
            .call(
                &scene.jwt(-60, 600),
                Method::POST,
                &path,
                json!({"permissions": asked}),
            )
            .await;
        assert_eq!(status, 422);
    }
    let token = scene.token(json!({"issues": "write"})).await;
    scene.yard.regrants("issues", Some(Level::Read));
    let n = scene.alice.opens_issue("Broken", "It is.").await.unwrap();
    let path = format!("/repos/octo/sample/issues/{n}/comments");
    let (status, ..) = scene
        .call(&token, Method::POST, &path, json!({"body": "hello"}))
        .await;
    assert_eq!(status, 403);
}

#[tokio::test]
async fn a_role_is_told_with_the_number_of_its_account() {
    let scene = Scene::set().await;
    scene.repo.person("tim", Permission::Triage).await.unwrap();
    let token = scene.token(json!({"metadata": "read"})).await;
    for (login, permission, role) in [
        ("alice", "write", "write"),
        ("tim", "read", "triage"),
        ("ALICE", "write", "write"),
    ] {
        let path = format!("/repos/octo/sample/collaborators/{login}/permission");
        let (_, body, _) = scene.call(&token, Method::GET, &path, Value::Null).await;
        assert_eq!(
            (body["permission"].as_str(), body["role_name"].as_str()),
            (Some(permission), Some(role))
        );
        assert!(body["user"]["id"].as_i64().unwrap() > 500_000);
    }
    let (status, ..) = scene
        .call(
            &token,
            Method::GET,
            "/repos/octo/sample/collaborators/castellan[bot]/permission",
            Value::Null,
        )
        .await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn patching_a_ref_resurrects_what_a_person_dropped_and_update_refs_does_not() {
    let scene = Scene::set().await;
    let token = scene.token(json!({"contents": "write"})).await;
    let base = scene.tip("main");
    let first = scene.commits(&token, &base, "code.txt", "one\n").await;
    scene
        .post(
            &token,
            "/git/refs",
            json!({"ref": "refs/heads/work", "sha": first}),
        )
        .await;
    let second = scene.commits(&token, &first, "code.txt", "two\n").await;
    scene
        .alice
        .force_pushes_back("work", &base.parse().unwrap())
        .await
        .unwrap();

    let refused = scene
        .update_refs(&token, "refs/heads/work", &first, &second, false)
        .await;
    assert_eq!(refused["data"]["updateRefs"], Value::Null);
    assert_eq!(refused["errors"][0]["type"], "STALE_DATA", "{refused}");
    assert_eq!(scene.tip("work"), base);

    let path = "/repos/octo/sample/git/refs/heads/work";
    let (status, ..) = scene
        .call(
            &token,
            Method::PATCH,
            path,
            json!({"sha": second, "force": false}),
        )
        .await;
    assert_eq!(status, 200, "the hazard H2: ancestry is all that is asked");
    assert_eq!(scene.tip("work"), second);
}

#[tokio::test]
async fn update_refs_creates_moves_and_deletes_by_exact_old_id() {
    let scene = Scene::set().await;
    let token = scene.token(json!({"contents": "write"})).await;
    let base = scene.tip("main");
    let first = scene.commits(&token, &base, "code.txt", "one\n").await;
    let created = scene
        .update_refs(&token, "refs/heads/work", ZERO, &first, false)
        .await;
    assert_eq!(created.get("errors"), None, "{created}");
    let again = scene
        .update_refs(&token, "refs/heads/work", ZERO, &first, false)
        .await;
    assert_eq!(again["errors"][0]["type"], "STALE_DATA");
    let sideways = scene.commits(&token, &base, "code.txt", "two\n").await;
    let refused = scene
        .update_refs(&token, "refs/heads/work", &first, &sideways, false)
        .await;
    assert_eq!(refused["errors"][0]["type"], "UNPROCESSABLE");
    let forced = scene
        .update_refs(&token, "refs/heads/work", &first, &sideways, true)
        .await;
    assert_eq!(forced.get("errors"), None);
    scene
        .update_refs(&token, "refs/heads/work", &sideways, ZERO, false)
        .await;
    assert_eq!(scene.yard.branch_tip("octo/sample", "work"), None);
}

#[tokio::test]
async fn a_ref_with_drifted_workflows_is_refused_to_the_app() {
    let scene = Scene::set().await;
    let token = scene.token(json!({"contents": "write"})).await;
    let old = scene.tip("main");
    let change = scene.commits(&token, &old, "code.txt", "fixed\n").await;
    scene
        .alice
        .pushes(
            "main",
            &[(".github/workflows/ci.yml", "on: push\njobs: {}\n")],
            "Newer CI",
        )
        .await
        .unwrap();

    let refused = scene
        .update_refs(&token, "refs/heads/work", ZERO, &change, false)
        .await;
    let said = refused["errors"][0]["message"].as_str().unwrap();
    assert!(
        said.starts_with(
            "refusing to allow a GitHub App to create or update workflow `.github/workflows/ci.yml`"
        ),
        "{said}"
    );
    let (status, ..) = scene
        .call(
            &token,
            Method::POST,
            "/repos/octo/sample/git/refs",
            json!({"ref": "refs/heads/work", "sha": change}),
        )
        .await;
    assert_eq!(status, 422);

    // A branch that has the old workflows itself may go on.
    scene
        .alice
        .force_pushes_back("work", &old.parse().unwrap())
        .await
        .unwrap();
    let moved = scene
        .update_refs(&token, "refs/heads/work", &old, &change, false)
        .await;
    assert_eq!(moved.get("errors"), None, "{moved}");
}

#[tokio::test]
async fn a_commit_without_author_is_verified_and_one_with_author_is_not() {
    let scene = Scene::set().await;
    let token = scene.token(json!({"contents": "write"})).await;
    let base = scene.tip("main");
    let ours = scene.commits(&token, &base, "run.sh", "true\n").await;
    let (_, shown, _) = scene
        .call(
            &token,
            Method::GET,
            &format!("/repos/octo/sample/git/commits/{ours}"),
            Value::Null,
        )
        .await;
    assert_eq!(shown["verification"]["verified"], true);
    assert_eq!(shown["author"]["name"], "castellan[bot]");
    assert!(scene.yard.is_verified(&ours.parse().unwrap()));
    let posing = json!({"message": "x", "tree": shown["tree"]["sha"], "parents": [base], "author": {"name": "a", "email": "a@b.c"}});
    let theirs = scene.post(&token, "/git/commits", posing).await;
    assert_eq!(theirs["verification"]["verified"], false);
}

#[tokio::test]
async fn lists_are_filtered_sorted_and_come_in_pages() {
    let scene = Scene::set().await;
    for title in ["one", "two", "three"] {
        scene.alice.opens_issue(title, "").await.unwrap();
        scene.clock.advance_ms(60_000);
    }
    scene.alice.labels(1, "agent").await.unwrap();
    scene.alice.closes(2).await.unwrap();
    scene
        .alice
        .pushes("topic", &[("a", "b")], "x")
        .await
        .unwrap();
    scene
        .alice
        .opens_pull("topic", "main", "four")
        .await
        .unwrap();
    let token = scene
        .token(json!({"issues": "write", "pull_requests": "read"}))
        .await;
    let since = scene.clock.now().plus_s(-60);
    for (path, wanted) in [
        ("/issues".to_owned(), vec![4, 3, 1]),
        (
            "/issues?state=all&direction=asc".to_owned(),
            vec![1, 2, 3, 4],
        ),
        ("/issues?labels=agent".to_owned(), vec![1]),
        (
            format!("/issues?state=all&since={since}&sort=updated&direction=asc"),
            vec![3, 1, 2, 4],
        ),
        (format!("/issues?since={}", since.plus_s(60)), vec![4, 1]),
        ("/issues?state=all&per_page=2&page=2".to_owned(), vec![2, 1]),
        ("/pulls?head=octo:topic".to_owned(), vec![4]),
        ("/pulls?head=octo:other".to_owned(), vec![]),
        ("/pulls?state=closed".to_owned(), vec![]),
    ] {
        let (_, list, _) = scene
            .call(
                &token,
                Method::GET,
                &format!("/repos/octo/sample{path}"),
                Value::Null,
            )
            .await;
        let numbers: Vec<i64> = list
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["number"].as_i64().unwrap())
            .collect();
        assert_eq!(numbers, wanted, "{path}");
    }
    let path = "/repos/octo/sample/issues?per_page=2";
    let (_, _, headers) = scene.call(&token, Method::GET, path, Value::Null).await;
    assert!(
        headers["link"]
            .to_str()
            .unwrap()
            .contains("page=2&per_page=2>; rel=\"next\"")
    );
}

#[tokio::test]
async fn an_unchanged_answer_is_304_and_a_comparison_tells_both_sides() {
    let scene = Scene::set().await;
    let token = scene.token(json!({"contents": "read"})).await;
    let base = scene.tip("main");
    scene
        .alice
        .pushes("topic", &[("code.txt", "fixed\n")], "Fix")
        .await
        .unwrap();
    scene
        .alice
        .pushes("main", &[("README.md", "newer\n")], "News")
        .await
        .unwrap();
    let path = "/repos/octo/sample/compare/main...topic";
    let (_, shown, headers) = scene.call(&token, Method::GET, path, Value::Null).await;
    assert_eq!(
        (
            shown["status"].as_str(),
            shown["ahead_by"].as_i64(),
            shown["behind_by"].as_i64()
        ),
        (Some("diverged"), Some(1), Some(1))
    );
    assert_eq!(shown["merge_base_commit"]["sha"], base);
    assert_eq!(shown["files"][0]["filename"], "code.txt");
    let url = format!("{}{path}", scene.yard.api_url());
    let again = scene
        .http
        .get(url)
        .bearer_auth(&token)
        .header("if-none-match", &headers["etag"])
        .send()
        .await
        .unwrap();
    assert_eq!(again.status(), 304);
}
