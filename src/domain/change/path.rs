//! What a path may be, and which names a file system takes for another one (X50, X51, X57).
//!
//! It sees one path at a time; the tree is [`super::tree`]'s.

use unicode_normalization::UnicodeNormalization;

use crate::domain::text::{self, Class};

/// Longest path: Linux's own limit.
pub(super) const PATH_BYTES: usize = 4_096;
/// Longest part of a path: the limit of the usual file systems.
pub(super) const COMPONENT_BYTES: usize = 255;

/// What is wrong with a path (X50).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PathFault {
    /// Nothing in it.
    Empty,
    /// Starts with `/`, or with a drive.
    Absolute,
    /// `.` or `..`.
    Dots,
    /// `//`, or a `/` at its end.
    EmptyPart,
    /// `\`.
    Backslash,
    /// NUL, a line end, another control, or a character that nobody sees.
    Unseen,
    /// More than [`PATH_BYTES`], or a part of more than [`COMPONENT_BYTES`].
    TooLong,
    /// A part that ends with a dot or a space, which Windows drops.
    TrailingDot,
    /// `:`, which names a stream or a drive on Windows.
    Colon,
}

impl PathFault {
    /// As part of a sentence that begins with the path.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Empty => "is empty",
            Self::Absolute => "is absolute",
            Self::Dots => "has `.` or `..` as a part",
            Self::EmptyPart => "has an empty part",
            Self::Backslash => "holds a backslash",
            Self::Unseen => "holds a control or invisible character",
            Self::TooLong => "is too long",
            Self::TrailingDot => "has a part that ends with a dot or a space",
            Self::Colon => "holds a colon",
        }
    }
}

/// The first fault of `path`.
pub(super) fn fault(path: &str) -> Option<PathFault> {
    if path.is_empty() {
        return Some(PathFault::Empty);
    }
    if path.len() > PATH_BYTES || path.split('/').any(|part| part.len() > COMPONENT_BYTES) {
        return Some(PathFault::TooLong);
    }
    if path
        .chars()
        .any(|c| matches!(c, '\n' | '\t') || text::class(c) != Class::Visible)
    {
        return Some(PathFault::Unseen);
    }
    let drive = path.as_bytes().get(1) == Some(&b':') && path.as_bytes()[0].is_ascii_alphabetic();
    if path.starts_with('/') || drive {
        return Some(PathFault::Absolute);
    }
    if path.contains('\\') {
        return Some(PathFault::Backslash);
    }
    if path.split('/').any(str::is_empty) {
        return Some(PathFault::EmptyPart);
    }
    if path.split('/').any(|part| matches!(part, "." | "..")) {
        return Some(PathFault::Dots);
    }
    if path.contains(':') {
        return Some(PathFault::Colon);
    }
    if path.split('/').any(|part| part.ends_with(['.', ' '])) {
        return Some(PathFault::TrailingDot);
    }
    None
}

/// Whether one part of `path` is git's own directory to some file system (X51): after Unicode
/// compatibility, without what HFS+ ignores, without case, without what NTFS drops, and by its
/// short names.
#[must_use]
pub fn is_git_name(path: &str) -> bool {
    path.split(['/', '\\']).any(|part| {
        let name = ntfs(part);
        let short = name
            .strip_prefix("git~")
            .is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
        name == ".git" || short
    })
}

/// One of git's own files that NTFS or HFS+ would take `part` for, as in `.gitmodules`.
pub(super) fn is_git_file(part: &str, file: &str) -> bool {
    let name = ntfs(part);
    if name == file {
        return true;
    }
    // Short names on NTFS: `gitmod~1` to `~4`, then a hash as in `gi7eba~1`.
    let stem = file.trim_start_matches('.');
    let known = [
        (".gitmodules", "gi7eba~"),
        (".gitattributes", "gi7d29~"),
        (".gitignore", "gi250a~"),
        (".mailmap", "maba30~"),
    ];
    let by_stem = name
        .strip_prefix(stem.get(..6).unwrap_or(stem))
        .and_then(|rest| rest.strip_prefix('~'))
        .is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    by_stem
        || known
            .iter()
            .any(|(known, short)| *known == file && name.starts_with(short))
}

/// `part` as NTFS and HFS+ compare names.
fn ntfs(part: &str) -> String {
    let folded = folded(part);
    // A colon starts the name of a stream.
    let name = folded.split(':').next().unwrap_or("");
    name.trim_end_matches(['.', ' ']).to_owned()
}

/// `path` as systems that ignore case and the form of Unicode compare it (X57).
#[must_use]
pub(super) fn folded(path: &str) -> String {
    // Most paths are plain, and a tree may have a hundred thousand of them.
    if path.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        return path.to_ascii_lowercase();
    }
    let seen: String = path.chars().filter(|c| text::is_visible(*c)).collect();
    let lower: String = seen.nfkc().flat_map(char::to_lowercase).collect();
    // Lower case may not be in normal form any more; capitals such as `ẞ` have a longer one.
    lower
        .nfkc()
        .collect::<String>()
        .replace('ß', "ss")
        .replace('ſ', "s")
        // The sigma at the end of a word has the capital of the other one.
        .replace('ς', "σ")
}

/// Whether Windows keeps a part of `path` for a device, as `aux.rs` or `con`.
#[must_use]
pub(super) fn is_device(path: &str) -> bool {
    path.split('/').any(|part| {
        let stem = part
            .split('.')
            .next()
            .unwrap_or("")
            .trim_end()
            .to_ascii_lowercase();
        let numbered = ["com", "lpt"].iter().any(|name| {
            stem.strip_prefix(name).is_some_and(|n| {
                let mut digits = n.chars();
                matches!(
                    (digits.next(), digits.next()),
                    (Some('1'..='9' | '¹' | '²' | '³'), None)
                )
            })
        });
        numbered || ["con", "prn", "aux", "nul", "conin$", "conout$"].contains(&stem.as_str())
    })
}

/// A path as names are compared: folded, without what Windows drops at the end of a part.
pub(super) fn plain(path: &str) -> String {
    let path = folded(path);
    let parts = path.trim_end_matches('/').split('/');
    let parts: Vec<&str> = parts
        .map(|part| part.trim_end_matches(['.', ' ']))
        .collect();
    parts.join("/")
}
