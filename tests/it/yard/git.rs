//! Real git over HTTP: clone, push, and who may.

use std::path::Path;
use std::process::{Command, Output};

use castellan::yard::Permission;
use serde_json::json;

use super::scene::Scene;

async fn git(dir: &Path, args: &[&str]) -> Output {
    let mut command = Command::new("git");
    command
        .current_dir(dir)
        .args([
            "-c",
            "user.name=alice",
            "-c",
            "user.email=alice@example.com",
        ])
        .args(args);
    command
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1");
    tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap()
}

async fn works(dir: &Path, args: &[&str]) -> bool {
    git(dir, args).await.status.success()
}

fn with_token(url: &str, token: &str) -> String {
    url.replace("http://", &format!("http://x-access-token:{token}@"))
}

#[tokio::test]
async fn people_clone_and_push_with_their_tokens_and_the_app_hears_of_it() {
    let scene = Scene::set().await;
    let dir = tempfile::tempdir().unwrap();
    let url = with_token(&scene.repo.clone_url(), scene.alice.token());
    assert!(works(dir.path(), &["clone", "-q", &url, "work"]).await);
    let work = dir.path().join("work");
    std::fs::write(work.join("code.txt"), "fixed\n").unwrap();
    assert!(works(&work, &["checkout", "-q", "-b", "topic"]).await);
    assert!(works(&work, &["commit", "-q", "-a", "-m", "Fix"]).await);
    let pushed = git(&work, &["push", "-q", "origin", "topic"]).await;
    assert!(
        pushed.status.success(),
        "{}",
        String::from_utf8_lossy(&pushed.stderr)
    );
    let n = scene
        .alice
        .opens_pull("topic", "main", "Fix")
        .await
        .unwrap();
    std::fs::write(work.join("code.txt"), "fixed well\n").unwrap();
    git(&work, &["commit", "-q", "-a", "-m", "Fix well"]).await;
    git(&work, &["push", "-q", "origin", "topic"]).await;
    scene.yard.settle().await;
    assert_eq!(
        scene.received.names(),
        [
            "push",
            "pull_request.opened",
            "push",
            "pull_request.synchronize"
        ]
    );
    let push = &scene.received.bodies("push")[1];
    assert_eq!(
        (push["ref"].as_str(), push["pusher"]["name"].as_str()),
        (Some("refs/heads/topic"), Some("alice"))
    );
    assert_eq!(push["commits"][0]["message"], "Fix well");
    let sync = &scene.received.bodies("pull_request")[1];
    assert_eq!(
        (sync["number"].as_i64(), &sync["after"]),
        (Some(n), &push["after"])
    );
    assert_eq!(sync["pull_request"]["head"]["sha"], push["after"]);
}

#[tokio::test]
async fn git_asks_for_the_contents_permission_and_for_the_workflows_permission() {
    let scene = Scene::set().await;
    let dir = tempfile::tempdir().unwrap();
    let url = scene.repo.clone_url();
    // What is public, everybody may clone.
    let ada = scene.repo.person("ada", Permission::Admin).await.unwrap();
    ada.makes_private(true).await.unwrap();
    let (blind, reader) = (
        scene.token(json!({"issues": "write"})).await,
        scene.token(json!({"contents": "read"})).await,
    );
    let writer = scene.token(json!({"contents": "write"})).await;
    assert!(
        !works(
            dir.path(),
            &["clone", "-q", &with_token(&url, &blind), "blind"]
        )
        .await
    );
    assert!(
        works(
            dir.path(),
            &["clone", "-q", &with_token(&url, &reader), "work"]
        )
        .await
    );
    let work = dir.path().join("work");
    std::fs::write(work.join("code.txt"), "fixed\n").unwrap();
    git(&work, &["commit", "-q", "-a", "-m", "Fix"]).await;
    assert!(!works(&work, &["push", "-q", "origin", "HEAD:topic"]).await);
    assert!(
        works(
            &work,
            &["push", "-q", &with_token(&url, &writer), "HEAD:topic"]
        )
        .await
    );
    std::fs::write(work.join(".github/workflows/ci.yml"), "on: push\n").unwrap();
    git(&work, &["commit", "-q", "-a", "-m", "Weaken"]).await;
    let refused = git(
        &work,
        &["push", "-q", &with_token(&url, &writer), "HEAD:weak"],
    )
    .await;
    assert!(String::from_utf8_lossy(&refused.stderr).contains("refusing to allow a GitHub App"));
    let rita = scene.repo.person("rita", Permission::Read).await.unwrap();
    assert!(
        !works(
            &work,
            &["push", "-q", &with_token(&url, rita.token()), "HEAD:rita"]
        )
        .await
    );
    assert!(rita.pushes("rita", &[("a", "b")], "x").await.is_err());
    assert!(!works(&work, &["push", "-q", &url, "HEAD:nobody"]).await);
}

#[tokio::test]
async fn a_clone_of_the_old_name_is_redirected() {
    let scene = Scene::set().await;
    let dir = tempfile::tempdir().unwrap();
    let url = with_token(&scene.repo.clone_url(), scene.alice.token());
    let ada = scene.repo.person("ada", Permission::Admin).await.unwrap();
    ada.renames("better").await.unwrap();
    let cloned = git(dir.path(), &["clone", "-q", &url, "work"]).await;
    assert!(
        cloned.status.success(),
        "{}",
        String::from_utf8_lossy(&cloned.stderr)
    );
}
