//! Recorded expectations: a new one is a new test, a changed one has to be seen by a person.

use std::collections::HashSet;

use super::Compared;
use super::kind::{Kind, Weakening};
use super::lines::beyond;
use super::place::{is_below, name_of};

/// Ends of their names.
const ENDS: &[&str] = &[".snap", ".ambr", ".golden", ".storyshot", ".snapshot"];
/// Parts of their names: approvals and Verify.
const PARTS: &[&str] = &[".approved.", ".verified.", ".golden."];
/// Their folders: jest and vitest, PHPUnit and Pest.
const FOLDERS: &[&str] = &["__snapshots__", "__image_snapshots__", "__screenshots__"];

/// Whether a path holds recorded expectations.
pub(super) fn is_snapshot(path: &str) -> bool {
    let name = name_of(path);
    let is_playwright = path
        .split('/')
        .rev()
        .skip(1)
        .any(|part| part.ends_with("-snapshots"));
    ENDS.iter().any(|end| name.ends_with(end))
        || PARTS.iter().any(|part| name.contains(part))
        || is_below(path, FOLDERS)
        || is_playwright
}

/// Snapshots that no longer say all that they said.
pub(super) fn find(files: &[Compared<'_>]) -> Vec<Weakening> {
    let new: HashSet<&[u8]> = files
        .iter()
        .filter(|file| file.before.is_none() && is_snapshot(file.path))
        .filter_map(|file| file.after)
        .collect();
    let of = |file: &Compared<'_>| {
        let before = file.before.filter(|_| is_snapshot(file.path))?;
        let Some(after) = file.after else {
            let what = "the whole file is gone";
            let gone = Weakening::new(Kind::SnapshotRewritten, file.path, None, what);
            return (!new.contains(before)).then_some(gone);
        };
        let (old, new) = (std::str::from_utf8(before), std::str::from_utf8(after));
        let (Ok(old), Ok(new)) = (old, new) else {
            let what = "an image or other binary content";
            return Some(Weakening::new(
                Kind::SnapshotRewritten,
                file.path,
                None,
                what,
            ));
        };
        // Metadata of insta says where an assertion stands, which moves with its file.
        let mut lost = beyond(old, new).into_iter().filter(|(_, line)| {
            !line.starts_with("assertion_line:") && !line.starts_with("source:")
        });
        let (line, text) = lost.next()?;
        Some(Weakening::new(
            Kind::SnapshotRewritten,
            file.path,
            Some(line),
            text,
        ))
    };
    files.iter().filter_map(of).collect()
}
