//! Commands, settings, permissions and keys of the policy, as tables of the README.

use std::fmt::Write as _;

use castellan::domain::request::{command, policy};
use castellan::settings::{ConfigPath, Given};
use castellan::yard::{Level, Manifest};
use clap::Args as _;
use serde_json::Value;

use super::compare;

const MANIFEST: &str = include_str!("../../../app-manifest.yml");

fn row(out: &mut String, cells: &[&str]) {
    writeln!(out, "| {} |", cells.join(" | ").replace('\n', " ")).unwrap();
}

fn table(head: &[&str]) -> String {
    let mut out = String::new();
    row(&mut out, head);
    row(&mut out, &vec!["---"; head.len()]);
    out
}

#[test]
fn the_readme_has_every_command() {
    let mut out = table(&["comment", "what comes of it", "who may"]);
    for entry in command::TABLE {
        let usage = format!("`{}`", entry.usage);
        row(&mut out, &[&usage, entry.help, command::WHO]);
    }
    compare("commands", &out);
}

#[test]
fn the_readme_has_every_setting() {
    let mut out = table(&["flag and key", "variable", "meaning"]);
    let command = Given::augment_args(ConfigPath::augment_args(clap::Command::new("serve")));
    for argument in command.get_arguments() {
        let name = argument.get_long().unwrap();
        let flag = match name {
            "config" => "`--config`, no key".to_owned(),
            _ => format!("`{name}`"),
        };
        let variable = format!("`{}`", argument.get_env().unwrap().display());
        let help = argument.get_help().unwrap().to_string();
        row(&mut out, &[&flag, &variable, &help]);
    }
    compare("settings", &out);
}

/// Each permission or event of the manifest with the comment above it.
fn reasons(section: &str) -> Vec<(String, String)> {
    let lines = MANIFEST.lines().skip_while(|line| *line != section).skip(1);
    let mut found = Vec::new();
    let mut reason = String::new();
    for line in lines.take_while(|line| line.starts_with(' ')) {
        match line.trim().strip_prefix("# ") {
            Some(words) => reason.push_str(words),
            None => {
                let name = line.trim().trim_start_matches("- ").to_owned();
                found.push((name, std::mem::take(&mut reason)));
            }
        }
    }
    found
}

#[test]
fn the_readme_has_every_permission_with_its_reason() {
    let manifest = Manifest::parse(MANIFEST).unwrap();
    let mut out = table(&["permission", "level", "why"]);
    let permissions = reasons("default_permissions:");
    assert_eq!(permissions.len(), manifest.default_permissions.len());
    for (entry, reason) in &permissions {
        let (name, level) = entry.split_once(": ").unwrap();
        let granted = manifest.default_permissions[name];
        assert_eq!(
            level,
            if granted == Level::Read {
                "read"
            } else {
                "write"
            }
        );
        let reason = reason.trim_start_matches("write: ");
        let reason = reason.trim_start_matches("read: ");
        assert!(!reason.is_empty(), "{name} has no reason");
        row(&mut out, &[&format!("`{name}`"), level, reason]);
    }
    compare("permissions", &out);

    let mut out = table(&["event", "why"]);
    let events = reasons("default_events:");
    assert_eq!(events.len(), manifest.default_events.len());
    for (name, reason) in &events {
        assert!(!reason.is_empty(), "{name} has no reason");
        row(&mut out, &[&format!("`{name}`"), reason]);
    }
    compare("events", &out);
}

#[test]
fn the_readme_has_every_key_of_the_policy() {
    let schema = serde_json::to_value(policy::schema()).unwrap();
    let mut out = table(&["key", "meaning", "default"]);
    let default = serde_json::to_value(policy::Policy::default()).unwrap();
    keys(&mut out, &schema, &schema, &default, "");
    compare("policy", &out);
}

/// The properties of `object`, and below each the properties of what it refers to.
fn keys(out: &mut String, schema: &Value, object: &Value, default: &Value, above: &str) {
    for (name, property) in object["properties"].as_object().unwrap() {
        let key = format!("{above}{name}");
        let place = property["$ref"].as_str().unwrap_or_default();
        let below = schema.pointer(place.trim_start_matches('#'));
        if let Some(below) =
            below.filter(|below| below["properties"].is_object() && !place.is_empty())
        {
            let above = format!("{key}.");
            keys(out, schema, below, &default[name], &above);
        } else {
            let meaning = property["description"].as_str().unwrap_or_default();
            let default = format!("`{}`", default[name]).replace("`null`", "nobody: who asks");
            row(out, &[&format!("`{key}`"), meaning, &default]);
        }
    }
}
