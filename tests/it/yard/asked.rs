//! Reviews as the gate reads them, who is asked for one, CODEOWNERS, teams, and updated branches.

use castellan::yard::{Actor, Opinion, Permission, Requirement, Reviewing, Violation};
use reqwest::Method;
use reqwest::header::ACCEPT;
use serde_json::{Value, json};

use super::scene::Scene;

/// A scene with a pull request by alice, bob and carl who may write, and a token.
async fn pulled() -> (Scene, Actor, Actor, String) {
    let scene = Scene::set().await;
    let bob = scene.repo.person("bob", Permission::Write).await.unwrap();
    let carl = scene.repo.person("carl", Permission::Write).await.unwrap();
    let files = [("code.txt", "one\n")];
    scene.alice.pushes("topic", &files, "Do it").await.unwrap();
    scene
        .alice
        .opens_pull("topic", "main", "Fix")
        .await
        .unwrap();
    let token = scene
        .token(json!({"pull_requests": "write", "members": "read"}))
        .await;
    (scene, bob, carl, token)
}

async fn ask(scene: &Scene, token: &str, path: &str) -> (u16, Value) {
    let (status, answer, _) = scene.call(token, Method::GET, path, Value::Null).await;
    (status.as_u16(), answer)
}

async fn reviews(scene: &Scene, token: &str, query: &str) -> Value {
    let path = format!("/repos/octo/sample/pulls/1/reviews{query}");
    ask(scene, token, &path).await.1
}

#[tokio::test]
async fn x70_reviews_say_whose_they_are_and_of_which_commit_page_by_page() {
    let (scene, bob, carl, token) = pulled().await;
    let old = scene.tip("topic");
    let approves = Opinion::Approves;
    bob.reviews(1, approves, "", &[]).await.unwrap();
    let files = [("code.txt", "two\n")];
    scene.alice.pushes("topic", &files, "More").await.unwrap();
    carl.reviews_at(1, approves, &old).await.unwrap();
    carl.reviews(1, Opinion::RequestsChanges, "No", &[])
        .await
        .unwrap();
    let bot = scene.repo.person("other[bot]", Permission::Write);
    let by_bot = bot.await.unwrap().reviews(1, approves, "", &[]).await;
    bob.dismisses(by_bot.unwrap()).await.unwrap();
    let all = reviews(&scene, &token, "").await;
    let head = scene.tip("topic");
    let shown: Vec<Value> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            json!([
                one["user"]["login"],
                one["user"]["type"],
                one["state"],
                one["commit_id"] == json!(head)
            ])
        })
        .collect();
    assert_eq!(
        json!(shown),
        json!([
            ["bob", "User", "APPROVED", false],
            ["carl", "User", "APPROVED", false],
            ["carl", "User", "CHANGES_REQUESTED", true],
            ["other[bot]", "Bot", "DISMISSED", true],
        ])
    );
    let second = reviews(&scene, &token, "?per_page=3&page=2").await;
    assert_eq!(second.as_array().unwrap().len(), 1);
    assert!(scene.yard.violations().is_empty());
}

#[tokio::test]
async fn what_somebody_may_do_changes_with_the_next_question() {
    let (scene, _, _, token) = pulled().await;
    scene
        .repo
        .person("other[bot]", Permission::Write)
        .await
        .unwrap();
    for (given, permission, role) in [
        (Permission::Write, "write", "write"),
        (Permission::Maintain, "write", "maintain"),
        (Permission::Read, "read", "read"),
    ] {
        scene.repo.sets_permission("bob", given).await.unwrap();
        let path = "/repos/octo/sample/collaborators/bob/permission";
        let (_, shown) = ask(&scene, &token, path).await;
        let both = (&shown["permission"], &shown["role_name"]);
        assert_eq!(both, (&json!(permission), &json!(role)));
    }
    let (status, _) = ask(
        &scene,
        &token,
        "/repos/octo/sample/collaborators/other[bot]/permission",
    )
    .await;
    assert_eq!(status, 404, "bots have no role");
}

#[tokio::test]
async fn the_app_asks_people_and_teams_and_is_told_who_was_asked() {
    let (scene, bob, _, token) = pulled().await;
    scene.yard.team("octo", "reviewers", &["carl"]);
    let path = "/pulls/1/requested_reviewers";
    let full = format!("/repos/octo/sample{path}");
    let team = json!({"team_reviewers": ["reviewers"]});
    let (status, ..) = scene.call(&token, Method::POST, &full, team).await;
    assert_eq!(status, 422, "the team reaches nothing here");
    scene
        .repo
        .gives_team("reviewers", Permission::Write)
        .await
        .unwrap();
    for wrong in ["alice", "nobody"] {
        let body = json!({"reviewers": [wrong]});
        let (status, ..) = scene.call(&token, Method::POST, &full, body).await;
        assert_eq!(status, 422, "{wrong}");
    }
    let body = json!({"reviewers": ["bob"], "team_reviewers": ["reviewers"]});
    let pull = scene.post(&token, path, body.clone()).await;
    assert_eq!(pull["requested_reviewers"][0]["login"], "bob");
    assert_eq!(pull["requested_teams"][0]["slug"], "reviewers");
    scene.post(&token, path, body).await;
    bob.reviews(1, Opinion::Comments, "Hm", &[]).await.unwrap();
    let (_, asked) = ask(&scene, &token, &full).await;
    assert_eq!(asked["users"], json!([]), "he answered");
    scene.alice.asks_review(1, &["bob"], &[]).await.unwrap();
    let gone = json!({"reviewers": ["bob"]});
    let (status, ..) = scene.call(&token, Method::DELETE, &full, gone).await;
    assert_eq!(status, 200);
    scene.yard.settle().await;
    let told = scene.received.bodies("pull_request");
    let told = told
        .iter()
        .filter(|one| one["action"].as_str().unwrap().starts_with("review_"));
    let told: Vec<Value> = told
        .map(|one| {
            let whom = one["requested_reviewer"]["login"].as_str();
            let whom = whom.or(one["requested_team"]["slug"].as_str());
            json!([one["action"], whom, one["sender"]["login"]])
        })
        .collect();
    let expected = json!([
        ["review_requested", "bob", "castellan[bot]"],
        ["review_requested", "reviewers", "castellan[bot]"],
        ["review_requested", "bob", "alice"],
        ["review_request_removed", "bob", "castellan[bot]"],
    ]);
    assert_eq!(json!(told), expected);
    assert!(scene.yard.violations().is_empty());
}

#[tokio::test]
async fn teams_are_read_only_with_the_permission_for_members() {
    let (scene, _, _, token) = pulled().await;
    scene.yard.team("octo", "reviewers", &["bob"]);
    let path = |rest: &str| format!("/orgs/octo/teams/reviewers/{rest}");
    let (status, answer) = ask(&scene, &token, &path("memberships/bob")).await;
    assert_eq!((status, &answer["state"]), (200, &json!("active")));
    assert_eq!(ask(&scene, &token, &path("memberships/carl")).await.0, 404);
    assert_eq!(
        ask(&scene, &token, "/orgs/octo/teams/none/memberships/bob")
            .await
            .0,
        404
    );
    assert_eq!(
        ask(&scene, &token, "/orgs/else/teams/reviewers/memberships/bob")
            .await
            .0,
        404
    );
    let repository = path("repos/octo/sample");
    assert_eq!(
        ask(&scene, &token, &repository).await.0,
        404,
        "it reaches nothing"
    );
    scene
        .repo
        .gives_team("reviewers", Permission::Write)
        .await
        .unwrap();
    assert_eq!(ask(&scene, &token, &repository).await.0, 204);
    let url = format!("{}{repository}", scene.yard.api_url());
    let asked = scene.http.get(url).bearer_auth(&token);
    let asked = asked.header(ACCEPT, "application/vnd.github.v3.repository+json");
    let shown: Value = asked.send().await.unwrap().json().await.unwrap();
    let role = (&shown["role_name"], &shown["permissions"]["push"]);
    assert_eq!(role, (&json!("write"), &json!(true)));
    assert_eq!(shown["permissions"]["admin"], false);
    scene
        .repo
        .sets_permission("bob", Permission::None)
        .await
        .unwrap();
    let (_, role) = ask(
        &scene,
        &token,
        "/repos/octo/sample/collaborators/bob/permission",
    )
    .await;
    assert_eq!(role["permission"], "write", "by the team");
    assert!(scene.yard.violations().is_empty());
    let narrow = scene.token(json!({"pull_requests": "read"})).await;
    assert_eq!(ask(&scene, &narrow, &path("memberships/bob")).await.0, 403);
    assert!(matches!(
        scene.yard.violations()[..],
        [Violation::NotPermitted(_)]
    ));
}

#[tokio::test]
async fn code_owners_are_asked_and_one_of_each_path_must_approve() {
    let (scene, bob, carl, _) = pulled().await;
    scene.yard.team("octo", "docs", &["carl"]);
    scene
        .repo
        .gives_team("docs", Permission::Write)
        .await
        .unwrap();
    let owners = "* @alice\n/docs/ @octo/docs @ghost\n*.rs @bob @carl\n/src/gen*.rs\n";
    let files = [(".github/CODEOWNERS", owners)];
    scene.alice.pushes("main", &files, "Own").await.unwrap();
    let rule = Reviewing {
        approvals: 1,
        owners: true,
        ..Reviewing::default()
    };
    let rule = Requirement::Reviews(rule);
    scene.repo.requires("main", rule).await.unwrap();
    let files = [
        ("docs/a/b.md", "x\n"),
        ("src/a.rs", "x\n"),
        ("src/gen1.rs", "x\n"),
    ];
    bob.pushes("more", &files, "More").await.unwrap();
    let n = bob.opens_draft("more", "main", "More").await.unwrap();
    let why = async || scene.repo.may_merge(n).await.err().unwrap_or_default();
    bob.readies(n).await.unwrap();
    scene.yard.settle().await;
    let told = scene.received.bodies("pull_request");
    let told = told
        .iter()
        .filter(|one| one["action"] == "review_requested");
    let told: Vec<&Value> = told
        .map(|one| {
            let whom = &one["requested_reviewer"]["login"];
            if whom.is_null() {
                &one["requested_team"]["slug"]
            } else {
                whom
            }
        })
        .collect();
    assert_eq!(
        json!(told),
        json!(["carl", "docs"]),
        "not the author, nobody for gen*.rs"
    );
    scene
        .alice
        .reviews(n, Opinion::Approves, "", &[])
        .await
        .unwrap();
    assert!(why().await.contains("Waiting on code owner review"));
    carl.reviews(n, Opinion::Approves, "", &[]).await.unwrap();
    assert_eq!(why().await, "", "he is of the team, and owns the other");
}

#[tokio::test]
async fn x74_an_updated_branch_is_githubs_commit_and_keeps_approvals() {
    let (scene, bob, carl, token) = pulled().await;
    let rule = Reviewing {
        approvals: 1,
        dismisses_stale: true,
        ..Reviewing::default()
    };
    let rule = Requirement::Reviews(rule);
    scene.repo.requires("main", rule).await.unwrap();
    bob.reviews(1, Opinion::Approves, "", &[]).await.unwrap();
    assert!(carl.updates_branch(1).await.is_err(), "it is up to date");
    let files = [("README.md", "more\n")];
    scene.alice.pushes("main", &files, "Base").await.unwrap();
    let (head, base) = (scene.tip("topic"), scene.tip("main"));
    let merged = carl.updates_branch(1).await.unwrap().to_string();
    let (_, commits) = ask(&scene, &token, "/repos/octo/sample/pulls/1/commits").await;
    let last = commits.as_array().unwrap().last().unwrap();
    assert_eq!(last["sha"], json!(merged));
    assert_eq!(
        (&last["author"]["login"], &last["committer"]["login"]),
        (&json!("carl"), &json!("web-flow"))
    );
    assert_eq!(last["commit"]["verification"]["verified"], true);
    let parents: Vec<&Value> = last["parents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["sha"])
        .collect();
    assert_eq!(json!(parents), json!([head, base]));
    let state = async || reviews(&scene, &token, "").await[0]["state"].clone();
    assert_eq!(state().await, "APPROVED", "the difference is the same");
    let files = [("test.sh", "more\n")];
    scene.alice.pushes("main", &files, "Base").await.unwrap();
    let edits = [("code.txt", "hidden\n")];
    carl.merges_base_in(1, &edits).await.unwrap();
    let (_, commits) = ask(&scene, &token, "/repos/octo/sample/pulls/1/commits").await;
    let last = commits.as_array().unwrap().last().unwrap();
    assert_eq!(last["parents"].as_array().unwrap().len(), 2);
    assert_eq!(last["committer"]["login"], "carl");
    assert_eq!(state().await, "DISMISSED");
}
