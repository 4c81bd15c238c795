//! Rulesets and protection by an admin's token, and the pull requests of a commit.

use castellan::yard::{Permission, Requirement, Violation};
use reqwest::Method;
use serde_json::{Value, json};

use super::scene::Scene;

const RULESETS: &str = "/repos/octo/sample/rulesets";
const RULES: &str = "/repos/octo/sample/rules/branches/main";
const PROTECTION: &str = "/repos/octo/sample/branches/main/protection";

fn gate(app: i64) -> Value {
    json!({
        "name": "castellan", "target": "branch", "enforcement": "active",
        "bypass_actors": [{"actor_id": 5, "actor_type": "RepositoryRole", "bypass_mode": "always"}],
        "conditions": {"ref_name": {"include": ["refs/heads/main"], "exclude": []}},
        "rules": [
            {"type": "required_status_checks", "parameters": {"strict_required_status_checks_policy": false,
                "required_status_checks": [{"context": "agent-gate / main", "integration_id": app}]}},
            {"type": "pull_request", "parameters": {"required_approving_review_count": 1, "dismiss_stale_reviews_on_push": true,
                "require_code_owner_review": false, "require_last_push_approval": false, "required_review_thread_resolution": false}},
        ],
    })
}

async fn call(scene: &Scene, token: &str, method: Method, path: &str, body: Value) -> (u16, Value) {
    let (status, answer, _) = scene.call(token, method, path, body).await;
    (status.as_u16(), answer)
}

#[tokio::test]
async fn what_an_admin_writes_is_shown_for_its_branches_and_whole_to_admins_only() {
    let scene = Scene::set().await;
    let ada = scene.repo.person("ada", Permission::Admin).await.unwrap();
    let app = scene.token(json!({"contents": "read"})).await;
    let body = gate(scene.yard.app().app_id);
    let (status, made) = call(&scene, ada.token(), Method::POST, RULESETS, body.clone()).await;
    assert_eq!(status, 201, "{made}");
    let again = call(&scene, ada.token(), Method::POST, RULESETS, body.clone()).await;
    assert_eq!(again.0, 422, "the name is taken");
    let one = format!("{RULESETS}/{}", made["id"]);
    let (_, rules) = call(&scene, &app, Method::GET, RULES, Value::Null).await;
    assert_eq!(rules[0]["ruleset_id"], made["id"]);
    let checks = &rules[0]["parameters"]["required_status_checks"];
    assert_eq!(
        checks[0]["integration_id"].as_i64(),
        Some(scene.yard.app().app_id)
    );
    assert_eq!(rules[1]["type"], "pull_request");
    let (_, others) = call(
        &scene,
        &app,
        Method::GET,
        "/repos/octo/sample/rules/branches/other",
        Value::Null,
    )
    .await;
    assert_eq!(others, json!([]));
    let (_, shown) = call(&scene, ada.token(), Method::GET, &one, Value::Null).await;
    assert_eq!(shown["bypass_actors"][0]["actor_id"], 5);
    let (status, shown) = call(&scene, &app, Method::GET, &one, Value::Null).await;
    assert_eq!(
        (status, shown.get("bypass_actors")),
        (200, None),
        "for admins only"
    );
    assert!(scene.yard.violations().is_empty());
}

#[tokio::test]
async fn a_ruleset_holds_for_merging_while_it_is_active_and_names_the_base() {
    let scene = Scene::set().await;
    let ada = scene.repo.person("ada", Permission::Admin).await.unwrap();
    let body = gate(scene.yard.app().app_id);
    let (_, made) = call(&scene, ada.token(), Method::POST, RULESETS, body.clone()).await;
    let one = format!("{RULESETS}/{}", made["id"]);
    let files = [("code.txt", "x\n")];
    scene.alice.pushes("topic", &files, "Do").await.unwrap();
    scene.alice.opens_pull("topic", "main", "Do").await.unwrap();
    let why = scene.repo.may_merge(1).await.unwrap_err();
    assert!(
        why.contains("agent-gate / main") && why.contains("At least 1"),
        "{why}"
    );
    for (key, value) in [
        ("enforcement", json!("disabled")),
        (
            "conditions",
            json!({"ref_name": {"include": ["~ALL"], "exclude": ["refs/heads/m*"]}}),
        ),
    ] {
        let change = json!({key: value});
        let (status, _) = call(&scene, ada.token(), Method::PUT, &one, change).await;
        assert_eq!(status, 200);
        assert_eq!(scene.repo.may_merge(1).await, Ok(()), "{key}");
        call(&scene, ada.token(), Method::PUT, &one, body.clone()).await;
        assert!(scene.repo.may_merge(1).await.is_err(), "{key}");
    }
    let wide = json!({"conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}}});
    call(&scene, ada.token(), Method::PUT, &one, wide).await;
    assert!(scene.repo.may_merge(1).await.is_err());
    let gone = call(&scene, ada.token(), Method::DELETE, &one, Value::Null).await;
    assert_eq!(gone.0, 204);
    assert_eq!(scene.repo.may_merge(1).await, Ok(()));
    assert_eq!(
        call(&scene, ada.token(), Method::GET, &one, Value::Null)
            .await
            .0,
        404
    );
    assert!(scene.yard.violations().is_empty());
}

#[tokio::test]
async fn nobody_else_writes_rulesets_or_reads_protection() {
    let scene = Scene::set().await;
    let ada = scene.repo.person("ada", Permission::Admin).await.unwrap();
    let body = gate(1);
    let wrong = json!({"name": "x", "enforcement": "active", "rules": [{"type": "required_status_checks"}]});
    assert_eq!(
        call(&scene, ada.token(), Method::POST, RULESETS, wrong)
            .await
            .0,
        422
    );
    assert_eq!(
        call(&scene, ada.token(), Method::GET, PROTECTION, Value::Null)
            .await
            .0,
        404
    );
    let checks = vec![("test".to_owned(), Some(15_368))];
    let strict = true;
    let rule = Requirement::Protection { checks, strict };
    scene.repo.requires("main", rule).await.unwrap();
    let (status, shown) = call(&scene, ada.token(), Method::GET, PROTECTION, Value::Null).await;
    assert_eq!(status, 200);
    let required = &shown["required_status_checks"];
    assert_eq!(
        (&required["strict"], &required["checks"][0]["app_id"]),
        (&json!(true), &json!(15_368))
    );
    assert_eq!(shown["enforce_admins"]["enabled"], false);
    let alice = scene.alice.token();
    assert_eq!(
        call(&scene, alice, Method::POST, RULESETS, body.clone())
            .await
            .0,
        404
    );
    assert_eq!(
        call(&scene, alice, Method::GET, PROTECTION, Value::Null)
            .await
            .0,
        404
    );
    assert!(scene.yard.violations().is_empty());
    let app = scene.token(json!({"contents": "read"})).await;
    assert_eq!(
        call(&scene, &app, Method::POST, RULESETS, body).await.0,
        403
    );
    assert_eq!(
        call(&scene, &app, Method::GET, PROTECTION, Value::Null)
            .await
            .0,
        403
    );
    let violations = scene.yard.violations();
    assert!(matches!(
        violations[..],
        [Violation::NotPermitted(_), Violation::NotPermitted(_)]
    ));
    let (status, all) = call(&scene, &app, Method::GET, RULESETS, Value::Null).await;
    assert_eq!((status, all), (200, json!([])));
}

#[tokio::test]
async fn pull_requests_are_found_by_commit_and_base_and_list_their_commits() {
    let scene = Scene::set().await;
    let token = scene.token(json!({"pull_requests": "read"})).await;
    scene
        .alice
        .pushes("stable", &[("a", "a\n")], "Branch off")
        .await
        .unwrap();
    let mut commits = Vec::new();
    for count in 0..3 {
        let text = format!("{count}\n");
        let pushed = scene
            .alice
            .pushes("topic", &[("code.txt", &text)], "Do")
            .await;
        commits.push(pushed.unwrap().to_string());
    }
    scene
        .alice
        .opens_pull("topic", "main", "One")
        .await
        .unwrap();
    scene
        .alice
        .opens_pull("topic", "stable", "Two")
        .await
        .unwrap();
    let numbers = async |path: &str| -> Vec<i64> {
        let path = format!("/repos/octo/sample{path}");
        let (_, all) = call(&scene, &token, Method::GET, &path, Value::Null).await;
        let all = all.as_array().unwrap().iter();
        all.map(|one| one["number"].as_i64().unwrap()).collect()
    };
    let of = |sha: &str| format!("/commits/{sha}/pulls");
    for commit in &commits {
        assert_eq!(numbers(&of(commit)).await, [1, 2]);
    }
    assert_eq!(numbers("/pulls?state=open&base=stable").await, [2]);
    assert_eq!(
        numbers("/pulls?state=open&per_page=1&page=2").await.len(),
        1
    );
    let path = "/repos/octo/sample/pulls/1/commits?per_page=2";
    let (status, page, headers) = scene.call(&token, Method::GET, path, Value::Null).await;
    assert_eq!((status.as_u16(), page.as_array().unwrap().len()), (200, 2));
    assert!(headers["link"].to_str().unwrap().contains("rel=\"next\""));
    assert_eq!(
        (&page[0]["sha"], &page[0]["author"]["login"]),
        (&json!(commits[0]), &json!("alice"))
    );
    scene.alice.merges(1).await.unwrap();
    assert_eq!(
        numbers(&of(&commits[1])).await,
        [1],
        "the merged one brought it"
    );
    assert_eq!(numbers(&of(&scene.tip("main"))).await, [1]);
    assert!(scene.yard.violations().is_empty());
}
