//! Words that name nothing, work that is left undone, and requests that Castellan never makes.

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

/// Routes, mutations and calls that merge or approve. The yard has to know them, to refuse them.
pub(super) fn merging(file: &File) -> Vec<String> {
    if file.path.starts_with("src/yard/") {
        return Vec::new();
    }
    let route = pattern(r"/merges?(\?|$)|\bAPPROVE\b");
    let mutation = pattern(
        r"\b(merge|approve)PullRequest|\w*PullRequestReview\b|AutoMerge\b|\bmergeBranch\b|enqueuePullRequest",
    );
    let call = pattern(r"\bpulls\b[^;]*\.merge\(");
    let routes = file.strings.iter().filter(|text| route.is_match(text));
    let mut found: Vec<String> = routes.map(|text| format!("merges: {text}")).collect();
    let lines = file.text.lines();
    let lines = lines.filter(|line| mutation.is_match(line));
    found.extend(lines.map(|line| format!("merges: {}", line.trim())));
    if call.is_match(&file.code) {
        found.push("calls a merge of pull requests".to_owned());
    }
    found
}
