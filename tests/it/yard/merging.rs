//! What is required blocks merging: checks by name and App, reviews, drafts; and who is let by.

use castellan::yard::{
    Opinion, Permission, PlayedCheck, PlayedStatus, Requirement, Reviewing, YardError,
};
use reqwest::Method;
use serde_json::{Value, json};

use super::scene::Scene;

/// The name of the check.
const NAME: &str = "agent-gate / main";

/// A scene with a pull request whose base requires our check, the head, and a token.
async fn required() -> (Scene, String, String) {
    let scene = Scene::set().await;
    let files = [("code.txt", "one\n")];
    let head = scene.alice.pushes("topic", &files, "Do it").await.unwrap();
    scene
        .alice
        .opens_pull("topic", "main", "Fix")
        .await
        .unwrap();
    let checks = vec![(NAME.to_owned(), Some(scene.yard.app().app_id))];
    let rule = Requirement::Ruleset {
        checks,
        strict: false,
    };
    scene.repo.requires("main", rule).await.unwrap();
    let token = scene.token(json!({"checks": "write"})).await;
    (scene, head.to_string(), token)
}

async fn posts(scene: &Scene, token: &str, head: &str, conclusion: &str) {
    let body = json!({"name": NAME, "head_sha": head, "conclusion": conclusion});
    scene.post(token, "/check-runs", body).await;
}

async fn why(scene: &Scene) -> String {
    scene.repo.may_merge(1).await.err().unwrap_or_default()
}

#[tokio::test]
async fn the_newest_run_of_our_app_on_the_head_decides() {
    let (scene, head, token) = required().await;
    assert!(
        why(&scene)
            .await
            .contains("\"agent-gate / main\" is expected")
    );
    let refused = scene.alice.merges(1).await.unwrap_err();
    assert!(matches!(refused, YardError::Refused(_)), "{refused}");
    for (conclusion, open) in [
        ("success", true),
        ("failure", false),
        ("neutral", true),
        ("action_required", false),
        ("skipped", true),
        ("timed_out", false),
        ("cancelled", false),
        ("success", true),
    ] {
        posts(&scene, &token, &head, conclusion).await;
        assert_eq!(why(&scene).await.is_empty(), open, "{conclusion}");
    }
    let body = json!({"name": NAME, "head_sha": head, "status": "in_progress"});
    scene.post(&token, "/check-runs", body).await;
    assert!(why(&scene).await.contains("is in progress"));
    posts(&scene, &token, &head, "success").await;
    let files = [("code.txt", "two\n")];
    scene.alice.pushes("topic", &files, "More").await.unwrap();
    assert!(
        why(&scene).await.contains("is expected"),
        "only the head counts"
    );
}

#[tokio::test]
async fn x66_nobody_else_satisfies_a_pinned_name_and_a_status_of_it_counts_too() {
    let (scene, head, token) = required().await;
    scene
        .repo
        .forges_check("topic", NAME, "success")
        .await
        .unwrap();
    let theirs = PlayedCheck::new(7, "other", NAME, Some("success"));
    scene.repo.adds_check("topic", theirs).await.unwrap();
    let status = PlayedStatus::new(NAME, "success", "alice");
    scene.repo.sets_status("topic", status).await.unwrap();
    assert!(why(&scene).await.contains("is expected"));
    posts(&scene, &token, &head, "success").await;
    assert_eq!(why(&scene).await, "");
    // Not pinned, anybody's newest counts, and the status beside it (G4).
    let checks = vec![("lint".to_owned(), None)];
    let rule = Requirement::Protection {
        checks,
        strict: false,
    };
    scene.repo.requires("main", rule).await.unwrap();
    scene
        .repo
        .forges_check("topic", "lint", "success")
        .await
        .unwrap();
    assert_eq!(why(&scene).await, "");
    let status = PlayedStatus::new("lint", "failure", "alice");
    scene.repo.sets_status("topic", status).await.unwrap();
    assert!(why(&scene).await.contains("\"lint\" is failing"));
}

#[tokio::test]
async fn drafts_and_conflicts_are_not_merged_even_by_an_admin_who_may_do_the_rest() {
    let (scene, ..) = required().await;
    let ada = scene.repo.person("ada", Permission::Admin).await.unwrap();
    assert!(scene.alice.merges_as_admin(1).await.is_err(), "she is none");
    let files = [("README.md", "other\n")];
    scene.alice.pushes("draft", &files, "Do").await.unwrap();
    let draft = scene
        .alice
        .opens_draft("draft", "main", "Do")
        .await
        .unwrap();
    let refused = ada.merges_as_admin(draft).await.unwrap_err().to_string();
    assert!(refused.contains("draft"), "{refused}");
    assert!(
        ada.merges(1).await.is_err(),
        "the rules hold for admins too"
    );
    ada.merges_as_admin(1).await.unwrap();
    assert_ne!(scene.repo.may_merge(1).await, Ok(()), "it is merged");
    let files = [("README.md", "third\n")];
    scene.alice.pushes("main", &files, "Cross").await.unwrap();
    scene.alice.readies(draft).await.unwrap();
    let refused = ada.merges_as_admin(draft).await.unwrap_err().to_string();
    assert!(refused.contains("conflicts"), "{refused}");
}

#[tokio::test]
async fn required_reviews_count_people_with_write_access_but_not_the_author() {
    let (scene, head, token) = required().await;
    posts(&scene, &token, &head, "success").await;
    let asked = Reviewing {
        approvals: 1,
        dismisses_stale: true,
        threads: true,
        ..Reviewing::default()
    };
    let rule = Requirement::Reviews(asked);
    scene.repo.requires("main", rule).await.unwrap();
    assert!(
        why(&scene)
            .await
            .contains("At least 1 approving review is required")
    );
    let rita = scene.repo.person("rita", Permission::Read).await.unwrap();
    rita.reviews(1, Opinion::Approves, "", &[]).await.unwrap();
    assert!(!why(&scene).await.is_empty(), "a reader's does not count");
    let bob = scene.repo.person("bob", Permission::Write).await.unwrap();
    let first = bob.reviews(1, Opinion::Approves, "", &[]).await.unwrap();
    assert_eq!(why(&scene).await, "");
    bob.dismisses(first).await.unwrap();
    assert!(!why(&scene).await.is_empty(), "it was dismissed");
    bob.reviews(1, Opinion::Approves, "", &[]).await.unwrap();
    let carl = scene.repo.person("carl", Permission::Write).await.unwrap();
    let remarks = [("code.txt", 1, "Why?")];
    let no = Opinion::RequestsChanges;
    carl.reviews(1, no, "No", &remarks).await.unwrap();
    let said = why(&scene).await;
    assert!(said.contains("Changes have been requested"), "{said}");
    assert!(said.contains("conversation must be resolved"), "{said}");
    let thread = carl.review_threads(1).await.unwrap()[0].0;
    carl.resolves(thread, true).await.unwrap();
    carl.reviews(1, Opinion::Comments, "Hm", &[]).await.unwrap();
    assert!(
        !why(&scene).await.is_empty(),
        "a comment takes nothing back"
    );
    scene
        .repo
        .sets_permission("carl", Permission::Read)
        .await
        .unwrap();
    assert_eq!(why(&scene).await, "", "he lost his say");
    scene
        .repo
        .sets_permission("bob", Permission::None)
        .await
        .unwrap();
    assert!(why(&scene).await.contains("At least 1"));
    scene
        .repo
        .sets_permission("bob", Permission::Write)
        .await
        .unwrap();
    scene
        .alice
        .pushes("topic", &[("code.txt", "two\n")], "More")
        .await
        .unwrap();
    let head = scene.tip("topic");
    posts(&scene, &token, &head, "success").await;
    assert!(
        why(&scene).await.contains("At least 1"),
        "stale ones are dismissed"
    );
    scene.yard.settle().await;
    let told = scene.received.bodies("pull_request_review");
    let gone = told.iter().filter(|one| one["action"] == "dismissed");
    assert_eq!(gone.count(), 3, "by hand, and two by the push");
}

#[tokio::test]
async fn g16_a_status_on_the_test_merge_overrides_the_head() {
    let (scene, head, token) = required().await;
    posts(&scene, &token, &head, "success").await;
    let checks = vec![("lint".to_owned(), None)];
    let rule = Requirement::Ruleset {
        checks,
        strict: false,
    };
    scene.repo.requires("main", rule).await.unwrap();
    let status = |state: &str| PlayedStatus::new("lint", state, "alice");
    let green = status("success");
    scene.repo.sets_status("topic", green).await.unwrap();
    assert_eq!(why(&scene).await, "");
    let merge = scene.repo.test_merge(1).await.unwrap().unwrap();
    let reader = scene.token(json!({"pull_requests": "read"})).await;
    let path = "/repos/octo/sample/pulls/1";
    let (_, pull, _) = scene.call(&reader, Method::GET, path, Value::Null).await;
    assert_eq!(pull["merge_commit_sha"], json!(merge));
    let red = status("failure");
    scene.repo.sets_status(&merge, red).await.unwrap();
    assert!(why(&scene).await.contains("\"lint\" is failing"));
    let files = [("README.md", "more\n")];
    scene.alice.pushes("main", &files, "Base").await.unwrap();
    assert_eq!(why(&scene).await, "", "it is another merge now");
}

#[tokio::test]
async fn a_head_that_another_pull_request_was_refused_for_is_not_merged() {
    let (scene, head, token) = required().await;
    posts(&scene, &token, &head, "success").await;
    let rule = Requirement::Reviews(Reviewing::default());
    scene.repo.requires("main", rule).await.unwrap();
    let bob = scene.repo.person("bob", Permission::Write).await.unwrap();
    bob.pushes("stable", &[("a", "a\n")], "Do").await.unwrap();
    let other = scene.alice.opens_pull("topic", "stable", "Same").await;
    assert_eq!(why(&scene).await, "");
    let no = Opinion::RequestsChanges;
    bob.reviews(other.unwrap(), no, "No", &[]).await.unwrap();
    assert!(why(&scene).await.contains("Changes have been requested"));
}
