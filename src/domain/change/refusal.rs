//! Why a change is refused, each in one sentence with the path and the remedy.
//!
//! No refusal ever shows content: what was found may be a secret (X63).

use std::fmt::Write as _;

use super::path::PathFault;
use super::place::Place;
use super::secret::SecretKind;

/// Refusals that are reported of one change: whoever has more starts with these.
pub const REFUSALS: usize = 50;

/// Longest path that a sentence shows, in characters.
const SHOWN_CHARS: usize = 120;

/// One reason to refuse a change whole.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum ChangeRefusal {
    /// X50: no path of a repository.
    #[error("The path {} {}; name files by plain paths from the repository's root.", shown(path), fault.sentence())]
    Path {
        /// The path.
        path: String,
        /// What is wrong with it.
        fault: PathFault,
    },
    /// X51: a part of the path is `.git`, or some file system takes it for that.
    #[error(
        "The path {} leads into git's own directory on some system; leave it alone.",
        shown(path)
    )]
    GitDirectory {
        /// The path.
        path: String,
    },
    /// X52: a symbolic link where none is allowed.
    #[error(
        "The path {} is a symbolic link; write a regular file, or allow `change: symlinks` in the policy.",
        shown(path)
    )]
    Symlink {
        /// The path.
        path: String,
    },
    /// X52: a symbolic link to where none may lead.
    #[error(
        "The symbolic link {} {why}; let it lead to an ordinary file of this repository.",
        shown(path)
    )]
    LinkTarget {
        /// The path.
        path: String,
        /// Why not there.
        why: &'static str,
    },
    /// X52: a regular file that would become a symbolic link.
    #[error(
        "The file {} would become a symbolic link; keep it a regular file.",
        shown(path)
    )]
    LinkSwap {
        /// The path.
        path: String,
    },
    /// X52: a path that leads through a symbolic link of the start.
    #[error(
        "The path {} leads through the symbolic link {}; name the file where it really is.",
        shown(path),
        shown(link)
    )]
    ThroughLink {
        /// The path.
        path: String,
        /// The link.
        link: String,
    },
    /// X53: a submodule.
    #[error(
        "The path {} is or lies in a submodule; submodules are changed by people.",
        shown(path)
    )]
    Submodule {
        /// The path.
        path: String,
    },
    /// X54: a mode that git does not give to regular files.
    #[error(
        "The file {} has the mode {}; use 100644, or 100755 for a program.",
        shown(path),
        shown(mode)
    )]
    Mode {
        /// The path.
        path: String,
        /// The mode.
        mode: String,
    },
    /// X55: a place that only people change.
    #[error("The file {} is {}; such files are changed by people.", shown(path), place.sentence())]
    Forbidden {
        /// The path.
        path: String,
        /// What stands there.
        place: Place,
    },
    /// X51, X55: a place that is changed only where it is named.
    #[error("The file {} is {}; name this path in {} if it is to be changed.", shown(path), place.sentence(), place.where_to_name())]
    Guarded {
        /// The path.
        path: String,
        /// What stands there.
        place: Place,
    },
    /// X55: the policy protects it.
    #[error(
        "The policy protects the file {}; leave it to people, or change `protected` in the policy first.",
        shown(path)
    )]
    Protected {
        /// The path.
        path: String,
    },
    /// The contract or the policy does not allow it.
    #[error(
        "The file {} is not in scope; add it to the files in scope, or leave it alone.",
        shown(path)
    )]
    OutOfScope {
        /// The path.
        path: String,
    },
    /// X57: another path that some file systems take for the same.
    #[error(
        "The paths {} and {} are the same on some systems; choose another name.",
        shown(path),
        shown(other)
    )]
    Collision {
        /// The path.
        path: String,
        /// The other one.
        other: String,
    },
    /// X57: one path is a file, and a directory for another one.
    #[error(
        "The path {} needs {} to be a directory, and it is a file; choose another name.",
        shown(path),
        shown(file)
    )]
    FileAndDirectory {
        /// The path.
        path: String,
        /// The file.
        file: String,
    },
    /// X57: a file where a directory is.
    #[error(
        "The path {} is a directory; choose another name for the file.",
        shown(path)
    )]
    DirectoryThere {
        /// The path.
        path: String,
    },
    /// X56: a path twice in one change.
    #[error(
        "The path {} stands twice in the change; return one entry for each path.",
        shown(path)
    )]
    Twice {
        /// The path.
        path: String,
    },
    /// X60: an addition of what is there.
    #[error(
        "The file {} was to be added and is there already; return it as modified.",
        shown(path)
    )]
    AlreadyThere {
        /// The path.
        path: String,
    },
    /// X60: a change of what is not there.
    #[error(
        "The file {} was to be changed or deleted and is not there; start from the recorded commit.",
        shown(path)
    )]
    NotThere {
        /// The path.
        path: String,
    },
    /// X60: a change of something else than what is there.
    #[error(
        "The file {} was changed from another content than the recorded commit holds; start from that commit.",
        shown(path)
    )]
    OtherBase {
        /// The path.
        path: String,
    },
    /// X59: an entry that contradicts itself.
    #[error(
        "The entry of {} contradicts itself ({why}); return what really happened.",
        shown(path)
    )]
    Contradiction {
        /// The path.
        path: String,
        /// How.
        why: &'static str,
    },
    /// X59: an entry without any difference.
    #[error(
        "The file {} was returned without a difference; leave it out.",
        shown(path)
    )]
    NoDifference {
        /// The path.
        path: String,
    },
    /// H6: what the base did at this path is not there any more.
    #[error(
        "The change undoes changes of the base at {}; keep what the base did there, and both sides where they meet.",
        shown(path)
    )]
    Undone {
        /// The path.
        path: String,
    },
    /// H6: a conflict that was not resolved.
    #[error(
        "Line {line} of {} still holds a marker of the conflict with the base; resolve it and take the markers out.",
        shown(path)
    )]
    Conflicted {
        /// The path.
        path: String,
        /// The line, from 1.
        line: usize,
    },
    /// H26: GitHub would not take the branch.
    #[error(
        "The workflow file {} would not be the base's; such files are changed by people.",
        shown(path)
    )]
    Workflow {
        /// The path.
        path: String,
    },
    /// X58: too many files.
    #[error(
        "The change touches {files} files, and {limit} are allowed; make a smaller change or raise `change: files` in the policy."
    )]
    TooManyFiles {
        /// How many.
        files: usize,
        /// How many may be.
        limit: usize,
    },
    /// X58: too much content.
    #[error(
        "The change holds {bytes} bytes, and {limit} are allowed; make a smaller change or raise `change: bytes` in the policy."
    )]
    TooLarge {
        /// How many.
        bytes: u64,
        /// How many may be.
        limit: u64,
    },
    /// X58: too large a file.
    #[error(
        "The file {} has {bytes} bytes, and {limit} are allowed; make it smaller or raise `change: file_bytes` in the policy.",
        shown(path)
    )]
    FileTooLarge {
        /// The path.
        path: String,
        /// How many.
        bytes: u64,
        /// How many may be.
        limit: u64,
    },
    /// X58: binary content.
    #[error(
        "The file {} is binary; leave it out, or name it under `change: binaries` in the policy.",
        shown(path)
    )]
    Binary {
        /// The path.
        path: String,
    },
    /// X59: an invisible character that was not there before.
    #[error(
        "Line {line} of {} newly holds the invisible character U+{code:04X}; write it as an escape.",
        shown(path)
    )]
    Invisible {
        /// The path.
        path: String,
        /// The line, from 1.
        line: usize,
        /// The code point.
        code: u32,
    },
    /// X63: something that looks like a secret.
    #[error("Line {line} of {} holds what looks like {}; take it out, and replace the secret if it is a real one.", shown(path), kind.sentence())]
    Secret {
        /// The path.
        path: String,
        /// The line, from 1; 0 in the path itself.
        line: usize,
        /// What it looks like.
        kind: SecretKind,
    },
    /// X63: names that look like secrets. Nothing else is said of the change then, because
    /// other sentences would show them.
    #[error(
        "File names hold what looks like a secret ({count} of them); choose other names, and replace the secret if it is a real one."
    )]
    SecretName {
        /// How many.
        count: usize,
    },
    /// What was left out of the report.
    #[error("There are {count} more reasons; mend these first.")]
    More {
        /// How many.
        count: usize,
    },
}

/// A foreign path or mode for a sentence: as code, escaped, shortened.
#[must_use]
pub fn shown(path: &str) -> String {
    let mut text = String::from("`");
    for c in path.chars().take(SHOWN_CHARS) {
        if c != '`'
            && c != '\n'
            && c != '\t'
            && crate::domain::text::class(c) == crate::domain::text::Class::Visible
        {
            text.push(c);
        } else {
            // Writing to a text cannot fail.
            let _ = write!(text, "\\u{{{:x}}}", u32::from(c));
        }
    }
    if path.chars().nth(SHOWN_CHARS).is_some() {
        text.push('…');
    }
    text.push('`');
    text
}
