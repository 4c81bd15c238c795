//! The page for the day the App is gone: its names are those that `protect` writes, and its commands do
//! what it says.

use castellan::domain::gate::check_name;
use castellan::domain::gate::ruleset::ruleset_name;
use serde_json::{Value, json};

use super::{REPOSITORY, Scene};

const PAGE: &str = include_str!("../../../deploy/break-glass.md");

/// Method, path, fields and filter of each `gh api` of the page, in order.
fn commands() -> Vec<(String, String, Value, Option<String>)> {
    let lines = PAGE
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("gh api "));
    let read = lines.map(|line| {
        let words = shlex::split(line).unwrap();
        let mut words = words.into_iter().skip(2);
        let (mut method, mut path, mut body, mut filter) =
            ("GET".to_owned(), String::new(), Value::Null, None);
        while let Some(word) = words.next() {
            match word.as_str() {
                "--method" => method = words.next().unwrap(),
                "--jq" => filter = words.next(),
                "-f" => {
                    let field = words.next().unwrap();
                    let (key, value) = field.split_once('=').unwrap();
                    body = json!({key: value});
                }
                ">" => drop(words.next()),
                _ => path = word,
            }
        }
        (method, path, body, filter)
    });
    read.collect()
}

#[test]
fn its_names_are_those_that_protect_writes() {
    for name in [ruleset_name("BRANCH"), check_name("BRANCH")] {
        assert!(PAGE.contains(&format!("`{name}`")), "{name}");
    }
    let (_, _, _, filter) = commands().remove(0);
    let name = ruleset_name("BRANCH");
    assert_eq!(
        filter.unwrap(),
        format!(".[] | select(.name == \"{name}\") | .id")
    );
}

#[tokio::test]
async fn its_commands_lift_the_rule_put_it_back_and_take_it_away() {
    let scene = Scene::set().await;
    scene.protected(&[]).await;
    let (id, _) = scene.ruleset().await.unwrap();
    let mut open = Vec::new();
    for (method, path, body, _) in commands() {
        let path = path
            .replace("OWNER/REPO", REPOSITORY)
            .replace("RULESET", &id.to_string());
        let answer = scene
            .call(scene.ada.token(), &method, &format!("/{path}"), body)
            .await;
        assert!(
            (200..300).contains(&answer.0),
            "{method} {path}: {answer:?}"
        );
        open.push((method, scene.repo.may_merge(1).await.is_ok()));
    }
    let open: Vec<(&str, bool)> = open
        .iter()
        .map(|(method, is)| (method.as_str(), *is))
        .collect();
    assert_eq!(
        open,
        [
            ("GET", false),
            ("GET", false),
            ("PUT", true),
            ("PUT", false),
            ("DELETE", true)
        ]
    );
    scene.ends();
}

#[test]
fn the_commands_of_ours_are_there() {
    let lines = PAGE
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("castellan "));
    let lines: Vec<&str> = lines.collect();
    assert_eq!(lines.len(), 3);
    let folder = tempfile::tempdir().unwrap();
    for line in lines {
        // Without settings each ends at once, and none with the code of a flag that is not known.
        let words: Vec<&str> = line.split(' ').skip(1).collect();
        let output = crate::cli::castellan(folder.path()).args(&words).output();
        let (_, _, error) = crate::cli::said(&output.unwrap());
        assert!(!error.contains("Usage:"), "{line}: {error}");
    }
}
