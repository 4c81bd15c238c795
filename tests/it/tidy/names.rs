//! Words that name nothing, work that is left undone, and places that belong to a machine.

use regex::Regex;

use super::source::File;

/// Rooms where things go that have no noun.
const ROOMS: [&str; 7] = [
    "utils", "util", "common", "helpers", "core", "types", "manager",
];

pub(super) fn banned(file: &File) -> Vec<String> {
    let mut found = Vec::new();
    let path = file.path.trim_end_matches(".rs");
    for part in path.split('/') {
        if ROOMS.contains(&part) {
            found.push(format!("`{part}` names no noun"));
        }
    }
    let rooms = ROOMS.join("|");
    let module = Regex::new(&format!(r"\bmod ({rooms})\b")).unwrap();
    let verb = Regex::new(r"\bfn ((?:handle|process|manage|do)_\w+)").unwrap();
    for pattern in [module, verb] {
        for name in pattern.captures_iter(&file.code) {
            found.push(format!("`{}` says nothing", &name[1]));
        }
    }
    found
}

pub(super) fn undone(file: &File) -> Vec<String> {
    let marks = Regex::new(r"\btodo!|\bunimplemented!|\bTODO\b|\bFIXME\b|#!?\[allow\(").unwrap();
    let found = file.text.lines().filter(|line| marks.is_match(line));
    found.map(|line| line.trim().to_owned()).collect()
}
