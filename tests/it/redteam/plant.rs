//! Having something run outside: git's many hooks, and folders swapped while they are collected.

use serde_json::json;

use super::{Raid, canary, deed, lay};

/// A file that nobody makes but a planted command.
fn flag(name: &str) -> std::path::PathBuf {
    std::env::temp_dir().join(format!("castellan-planted-{name}-{}", std::process::id()))
}

#[tokio::test]
async fn what_an_agent_plants_for_git_is_data_and_is_run_by_nobody() {
    let test = "what_an_agent_plants_for_git_is_data_and_is_run_by_nobody";
    let Some(mut raid) = Raid::open(test, json!([])).await else {
        return;
    };
    let flag = flag("root");
    let words = ["/workspace", flag.to_str().unwrap()];
    raid.case.script(&json!([deed("plant.sh", &words)]));
    // Set-up and acceptance lay, copy and compare trees around it.
    raid.case.brief.contract.setup = vec!["true".to_owned()];
    raid.case.brief.contract.acceptance = vec!["true".to_owned()];
    let raided = raid.goes().await;
    let paths: Vec<String> = raided.files().into_iter().map(|(path, _)| path).collect();
    for planted in [
        ".gitattributes",
        ".gitmodules",
        ".red",
        "config",
        "src/.gitattributes",
        "HEAD",
    ] {
        assert!(
            paths.iter().any(|path| path == planted),
            "{planted}: {paths:?}"
        );
    }
    assert!(
        !paths.iter().any(|path| path.starts_with(".git/")),
        "{paths:?}"
    );
    assert!(!flag.exists(), "something planted was run outside");
    raid.leaks_nothing(&raided);
}

#[tokio::test]
async fn what_an_agent_plants_in_a_repository_of_its_own_is_refused_and_run_by_nobody() {
    let test = "what_an_agent_plants_in_a_repository_of_its_own_is_refused_and_run_by_nobody";
    let Some(mut raid) = Raid::open(test, json!([])).await else {
        return;
    };
    let flag = flag("nested");
    let words = ["/workspace/nested", flag.to_str().unwrap()];
    raid.case.script(&json!([
        {"run": ["git", "init", "--quiet", "nested"]},
        {"run": ["mkdir", "nested/src", "nested/docs"]},
        deed("plant.sh", &words),
    ]));
    let raided = raid.goes().await;
    let said = String::from_utf8_lossy(&raided.body).into_owned();
    assert!(
        said.contains("a repository of its own at nested/.git"),
        "{said}"
    );
    assert!(!flag.exists(), "something planted was run outside");
}

#[tokio::test]
async fn a_folder_that_is_swapped_for_a_link_shows_no_file_of_this_machine() {
    let test = "a_folder_that_is_swapped_for_a_link_shows_no_file_of_this_machine";
    let Some(mut raid) = Raid::open(test, json!([])).await else {
        return;
    };
    // Under the name of a file that is collected from the folder.
    let outside = raid.home.path().join("outside");
    lay(&outside.join("add.sh"), &canary("GITHUB_TOKEN"));
    raid.case.script(&json!([
        deed("swap.py", &[outside.to_str().unwrap()]),
        {"write": {"path": "done", "content": "yes"}},
    ]));
    for _ in 0..3 {
        let raided = raid.goes().await;
        assert_eq!(raided.code, Some(0), "{}", raided.log);
        assert!(raided.returned.is_some());
        raid.leaks_nothing(&raided);
    }
}
