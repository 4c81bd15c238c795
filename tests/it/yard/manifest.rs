//! The App's manifest: it can be read, asks for no more than it may, and gives a reason for each line.

use castellan::yard::{Level, Manifest};

const TEXT: &str = include_str!("../../../app-manifest.yml");

#[test]
fn every_permission_and_event_has_its_reason_above_it() {
    let manifest = Manifest::parse(TEXT).unwrap();
    let lines: Vec<&str> = TEXT.lines().collect();
    let reason_of = |wanted: &str| {
        let at = lines.iter().position(|line| line.trim() == wanted).unwrap();
        lines[at - 1].trim().strip_prefix("# ").map(str::to_owned)
    };
    for (permission, level) in &manifest.default_permissions {
        let level = match level {
            Level::Read => "read",
            Level::Write => "write",
        };
        let reason = reason_of(&format!("{permission}: {level}")).unwrap();
        assert!(
            reason.starts_with("held: ") || reason.starts_with(&format!("{level}: ")),
            "{permission}: {reason}"
        );
    }
    for event in &manifest.default_events {
        assert!(reason_of(&format!("- {event}")).is_some(), "{event}");
    }
}

#[test]
fn what_is_never_asked_for_is_not_asked_for() {
    let manifest = Manifest::parse(TEXT).unwrap();
    for never in [
        "workflows",
        "administration",
        "secrets",
        "environments",
        "organization_administration",
    ] {
        assert!(!manifest.default_permissions.contains_key(never));
    }
}
