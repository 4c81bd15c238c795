//! Imports only point down, foreign crates stay on their floor, SQL stands in the store.

use std::collections::BTreeMap;
use std::sync::Mutex;

use regex::Regex;

use super::source::File;

/// What each part of the crate may name beside itself: what lies below it.
const FLOORS: &[(&str, &[&str])] = &[
    ("domain", &["guard"]),
    ("digest", &["guard"]),
    ("clock", &["domain"]),
    ("guard", &[]),
    ("protocol", &["domain", "digest", "clock", "guard"]),
    ("store", &["protocol", "domain", "digest", "clock", "guard"]),
    (
        "github",
        &["protocol", "domain", "digest", "clock", "guard"],
    ),
    ("git", &["protocol", "domain", "digest", "clock", "guard"]),
    (
        "sandbox",
        &["protocol", "domain", "digest", "clock", "guard"],
    ),
    (
        "settings",
        &["protocol", "domain", "digest", "clock", "guard"],
    ),
    (
        "engine",
        &[
            "store", "github", "git", "sandbox", "protocol", "domain", "digest", "clock", "guard",
        ],
    ),
    (
        "server",
        &[
            "engine", "store", "github", "git", "protocol", "domain", "digest", "clock", "guard",
        ],
    ),
    (
        "runner",
        &[
            "git", "sandbox", "protocol", "domain", "digest", "clock", "guard",
        ],
    ),
    (
        "yard",
        &[
            "git", "sandbox", "protocol", "domain", "digest", "clock", "guard",
        ],
    ),
];

/// Wiring: it may name everything.
const TOP: [&str; 4] = ["main", "commands", "bin", "lib"];

/// Crates and parts of std, and where alone they may be named.
const KEPT: &[(&str, &[&str])] = &[
    (r"\bsqlx\b", &["store"]),
    (r"\boctocrab\b", &["github"]),
    (r"\bhmac\b", &["github", "yard"]),
    (r"\bjsonwebtoken\b", &["github", "yard"]),
    (
        r"\benv::(var|vars|var_os|vars_os|args|current_exe|current_dir|home_dir|temp_dir|set_var|remove_var)\b|\bstd::env[;:]:?\{?[ \n]|\bstd::\{[^}]*\benv\b",
        &["settings", "guard", "main", "commands", "bin"],
    ),
    (r"\bSystemTime\b|\bUtc::now\b|\bLocal::now\b", &["clock"]),
];

/// What pure code does not name.
const IMPURE: &[&str] = &[
    r"\btokio\b",
    r"\bsqlx\b",
    r"\boctocrab\b",
    r"\baxum\b",
    r"\breqwest\b",
    r"\bstd::(fs|env|net|process)\b",
    r"\bstd::\{[^}]*\b(fs|env|net|process)\b",
];
const PURE: [&str; 3] = ["domain", "digest", "clock"];

/// The part of the crate that a file belongs to.
fn part(file: &File) -> &str {
    let path = file.path.strip_prefix("src/").unwrap_or(&file.path);
    path.split(['/', '.']).next().unwrap_or_default()
}

/// The pattern, made once: making one takes longer than looking through a file with it.
pub(super) fn pattern(text: &str) -> Regex {
    static MADE: Mutex<BTreeMap<String, Regex>> = Mutex::new(BTreeMap::new());
    let mut made = MADE.lock().unwrap();
    let one = made.entry(text.to_owned());
    one.or_insert_with(|| Regex::new(text).unwrap()).clone()
}

/// The parts of the crate that a file names.
fn named(file: &File) -> Vec<String> {
    let mut named = Vec::new();
    for found in pattern(r"\bcrate::(\w+)").captures_iter(&file.code) {
        named.push(found[1].to_owned());
    }
    // `use crate::{a::b, c}`
    for found in pattern(r"(?s)\bcrate::\{(.*?)\};").captures_iter(&file.code) {
        for entry in found[1].split(',') {
            let first = entry.trim().split(':').next().unwrap_or_default();
            named.push(first.trim().to_owned());
        }
    }
    named
}

pub(super) fn upward(file: &File) -> Vec<String> {
    let own = part(file);
    if TOP.contains(&own) {
        return Vec::new();
    }
    let Some((_, below)) = FLOORS.iter().find(|(part, _)| *part == own) else {
        return vec![format!(
            "`{own}` stands on no floor; give it one in tests/it/tidy/floors.rs"
        )];
    };
    let all = |name: &String| FLOORS.iter().any(|(part, _)| part == name);
    let mut found: Vec<String> = named(file)
        .into_iter()
        .filter(|name| name != own && all(name) && !below.contains(&name.as_str()))
        .map(|name| format!("`{own}` names `{name}`"))
        .collect();
    found.dedup();
    found
}

pub(super) fn foreign(file: &File) -> Vec<String> {
    let own = part(file);
    let mut found = Vec::new();
    for (text, places) in KEPT {
        if !places.contains(&own) && pattern(text).is_match(&file.code) {
            found.push(format!("`{text}` belongs to {}", places.join(", ")));
        }
    }
    for text in IMPURE {
        if PURE.contains(&own) && pattern(text).is_match(&file.code) {
            found.push(format!("`{text}` is not pure"));
        }
    }
    found
}

pub(super) fn sql(file: &File) -> Vec<String> {
    if part(file) == "store" {
        return Vec::new();
    }
    let sql = pattern(
        r"(?i)\bselect\s.*\sfrom\s+\w|\binsert\s+into\s|\bdelete\s+from\s+\w+(\s+where\b|;|$)|\bupdate\s+\w+\s+set\s|\bcreate\s+(table|index)\s|\balter\s+table\s|\bpragma\s+\w",
    );
    let found = file.strings.iter().filter(|text| sql.is_match(text));
    found.map(|text| format!("SQL: {text}")).collect()
}
