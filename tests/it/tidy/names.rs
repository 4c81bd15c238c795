//! Words that name nothing, work that is left undone, and places that belong to a machine.

use super::floors::pattern;
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
    let module = pattern(&format!(r"\bmod ({rooms})\b"));
    let verb = pattern(r"\bfn ((?:handle|process|manage|do)_\w+)");
    for banned in [module, verb] {
        for name in banned.captures_iter(&file.code) {
            found.push(format!("`{}` says nothing", &name[1]));
        }
    }
    found
}

pub(super) fn undone(file: &File) -> Vec<String> {
    let marks = pattern(r"\btodo!|\bunimplemented!|\bTODO\b|\bFIXME\b|#!?\[allow\(");
    let found = file.text.lines().filter(|line| marks.is_match(line));
    found.map(|line| line.trim().to_owned()).collect()
}
