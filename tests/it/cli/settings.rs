//! Every setting: flag, variable and key of one name; the example file; nothing secret shown.

use std::collections::BTreeSet;

use castellan::settings::{ConfigPath, Given, Settings};
use clap::{Args as _, FromArgMatches as _};

/// A key and a value for every setting, as TOML and as text.
const SAMPLES: [(&str, &str); 25] = [
    ("listen", "\"127.0.0.1:99\""),
    ("database-url", "\"sqlite:other.db\""),
    ("data-dir", "\"other\""),
    ("app-id", "77"),
    ("private-key", "\"-----BEGIN sample\""),
    ("webhook-secrets", "\"one-secret,two-secret\""),
    ("github-api-url", "\"https://git.example/api/v3\""),
    ("oidc-issuer", "\"https://git.example/_services/token\""),
    ("public-url", "\"https://castellan.example/\""),
    ("agent", "\"my-agent --acp\""),
    ("model-wire", "\"openai\""),
    ("model-url", "\"http://127.0.0.1:4000/v1\""),
    ("model-key", "\"a-key\""),
    ("model", "\"small\""),
    ("tasks-per-repository", "3"),
    ("tasks-per-person-hour", "4"),
    ("sweep-minutes", "7"),
    ("drain-seconds", "9"),
    ("gate-without-policy", "false"),
    ("others-pass-broken-policy", "true"),
    ("solo-allowed", "false"),
    ("least-tier", "\"T1\""),
    ("least-approvals", "\"T1=2,T3=3\""),
    (
        "risk-floor",
        concat!(
            "\"",
            env!("CARGO_MANIFEST_DIR"),
            "/fixtures/policies/floor.yml\""
        ),
    ),
    ("log", "\"debug\""),
];

fn command() -> clap::Command {
    Given::augment_args(clap::Command::new("castellan"))
}

/// What the settings come to, secrets too, from these arguments and this file.
fn read(arguments: &[String], file: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("castellan.toml");
    std::fs::write(&path, file).unwrap();
    let config = ConfigPath::augment_args(clap::Command::new("castellan")).get_matches_from([
        "castellan".into(),
        "--config".into(),
        path.into_os_string(),
    ]);
    let config = ConfigPath::from_arg_matches(&config).unwrap();
    let all = std::iter::once("castellan".to_owned()).chain(arguments.iter().cloned());
    let given = Given::from_arg_matches(&command().get_matches_from(all)).unwrap();
    let settings: Settings = given.read(&config).unwrap();
    let secrets: Vec<&str> = settings
        .webhook_secrets
        .iter()
        .map(|secret| secret.expose())
        .chain([settings.database_url.expose()])
        .chain(settings.app.as_ref().map(|(_, key)| key.expose()))
        .collect();
    format!("{settings:?} {secrets:?}")
}

#[test]
fn each_setting_is_a_flag_a_variable_and_a_key_of_one_name() {
    let known: Vec<String> = command()
        .get_arguments()
        .map(|argument| {
            let long = argument.get_long().unwrap().to_owned();
            let variable = format!("CASTELLAN_{}", long.to_uppercase().replace('-', "_"));
            let named = argument.get_env().unwrap().to_str();
            assert_eq!(named, Some(variable.as_str()));
            assert!(argument.get_help().is_some(), "{long} has no sentence");
            long
        })
        .collect();
    assert_eq!(known, SAMPLES.map(|(name, _)| name));

    // The App needs both of its settings to show.
    for (name, value) in SAMPLES {
        let others: String = SAMPLES
            .iter()
            .filter(|(other, _)| *other != name && ["app-id", "private-key"].contains(other))
            .map(|(other, value)| format!("{other} = {value}\n"))
            .collect();
        let default = read(&[], &others);
        let by_key = read(&[], &format!("{others}{name} = {value}\n"));
        let flag = format!("--{name}={}", value.trim_matches('"'));
        let by_flag = read(&[flag], &others);
        assert_ne!(default, by_key, "{name} changes nothing");
        assert_eq!(by_key, by_flag, "{name}");
    }
}

#[test]
fn a_flag_wins_over_the_file() {
    let flag = ["--listen=127.0.0.1:2".to_owned()];
    let both = read(&flag, "listen = \"127.0.0.1:1\"\n");
    assert!(both.contains("127.0.0.1:2") && !both.contains("127.0.0.1:1\""));
}

#[test]
fn the_example_file_has_every_setting_and_nothing_else() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/castellan.example.toml");
    let text = std::fs::read_to_string(path).unwrap();
    assert!(toml::from_str::<toml::Table>(&text).unwrap().is_empty());
    let set: String = text
        .lines()
        .filter_map(|line| line.strip_prefix('#'))
        .filter(|line| {
            line.starts_with(|first: char| "[] ".contains(first) || first.is_ascii_lowercase())
        })
        .filter(|line| !line.starts_with(' ') || line.starts_with("  "))
        .map(|line| format!("{line}\n"))
        .collect();
    toml::from_str::<Given>(&set).unwrap_or_else(|error| panic!("{error}"));
    let keys: BTreeSet<String> = toml::from_str::<toml::Table>(&set)
        .unwrap()
        .keys()
        .cloned()
        .collect();
    let tables = ["providers"].map(str::to_owned);
    let known: BTreeSet<String> = SAMPLES.map(|(name, _)| name.to_owned()).into();
    let known: BTreeSet<String> = known.into_iter().chain(tables).collect();
    assert_eq!(keys, known);
}

#[test]
fn help_shows_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    for command in ["serve", "replay", "protect", "doctor"] {
        let output = super::castellan(folder.path())
            .args([command, "--help"])
            .env("CASTELLAN_PRIVATE_KEY", "hidden-key")
            .env("CASTELLAN_WEBHOOK_SECRETS", "hidden-secret")
            .env("CASTELLAN_ADMIN_TOKEN", "hidden-token")
            .env("CASTELLAN_MODEL_KEY", "hidden-model-key")
            .env("CASTELLAN_DATABASE_URL", "postgres://u:hidden-password@h/d")
            .env("CASTELLAN_LISTEN", "shown:1")
            .output();
        let (code, out, error) = super::said(&output.unwrap());
        assert_eq!(code, Some(0));
        assert!(out.contains("shown:1"), "{out}");
        assert!(!out.contains("hidden-") && !error.contains("hidden-"));
    }
}
