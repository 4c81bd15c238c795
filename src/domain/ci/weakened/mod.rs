//! What a branch takes away from tests and checks, between its base and its head (X61).
//!
//! It reads lines and words, not syntax trees: cheap, total, and the same for every ecosystem.
//! What only looks weaker is not said: another expected value in an assertion that stays is a
//! matter of review, and so is an assertion that is as exact in other words. What it cannot
//! read it says. It knows neither policy nor contract: `asked` says what a contract names.

mod asked;
mod ci;
mod compare;
mod coverage;
mod ecosystem;
mod ignored;
mod kind;
mod language;
mod lexed;
mod lines;
mod named;
mod place;
mod snapshots;
mod source;
mod steering;
mod suppressed;

pub use asked::Asked;
pub use kind::{Kind, Weakening};

use lexed::Source;

/// Largest file that is read, in bytes: no test that a person wrote is larger.
pub const FILE_BYTES: usize = 1_000_000;

/// Weakenings that are listed; whoever has more starts with these.
pub const WEAKENINGS: usize = 100;

/// Bytes in which a NUL makes a file binary, as git has it.
const BINARY_BYTES: usize = 8_000;

/// Stands for a content that was not read: no text.
pub const UNREAD: &[u8] = b"\0";

/// One file that differs between base and head. A rename is two of them.
#[derive(Clone, Copy, Debug)]
pub struct Compared<'a> {
    /// Path from the root of the repository.
    pub path: &'a str,
    /// Its content at the base; `None` where it was not there.
    pub before: Option<&'a [u8]>,
    /// Its content at the head; `None` where it is gone.
    pub after: Option<&'a [u8]>,
}

/// The same, read as text.
struct Pair<'a> {
    path: &'a str,
    before: Option<Source>,
    after: Option<Source>,
}

impl Pair<'_> {
    /// Both sides as they stand, nothing where there is nothing.
    fn raw(&self) -> (&str, &str) {
        (
            self.before.as_ref().map_or("", |source| &source.raw),
            self.after.as_ref().map_or("", |source| &source.raw),
        )
    }
}

/// What `files` take away from tests and checks, by path and line, at most [`WEAKENINGS`] and
/// one that counts the rest.
#[must_use]
pub fn weakenings(files: &[Compared<'_>]) -> Vec<Weakening> {
    let mut found = snapshots::find(files);
    let pairs: Vec<Pair<'_>> = files
        .iter()
        .filter_map(|file| match read(file) {
            Ok(pair) => Some(pair),
            Err(()) => {
                if is_of_interest(file.path) {
                    let what = format!("not text, or more than {FILE_BYTES} bytes");
                    found.push(Weakening::new(Kind::Unread, file.path, None, &what));
                }
                None
            }
        })
        .collect();
    let pairs = ecosystem::paired(pairs);
    found.extend(compare::tests(&pairs));
    for pair in &pairs {
        ci::find(pair, &mut found);
        coverage::find(pair, &mut found);
        ignored::find(pair, &mut found);
        suppressed::find(pair, &mut found);
    }
    bounded(found)
}

/// Whether a file at `path` may weaken anything at all: others need not be read.
#[must_use]
pub fn concerns(path: &str) -> bool {
    is_of_interest(path)
        || steering::names_tests(path)
        || ignored::concerns(path)
        || suppressed::is_config(path)
        || snapshots::is_snapshot(path)
}

fn is_of_interest(path: &str) -> bool {
    ecosystem::of(path).is_some() || steering::is_ci(path) || coverage::is_config(path)
}

/// `Err` where a side is no text of a size that is read.
fn read<'a>(file: &Compared<'a>) -> Result<Pair<'a>, ()> {
    let source = |side: Option<&[u8]>| {
        side.map(|bytes| {
            let start = bytes.get(..BINARY_BYTES).unwrap_or(bytes);
            if bytes.len() > FILE_BYTES || start.contains(&0) {
                return Err(());
            }
            Ok(source::of(file.path, &String::from_utf8_lossy(bytes)))
        })
        .transpose()
    };
    Ok(Pair {
        path: file.path,
        before: source(file.before)?,
        after: source(file.after)?,
    })
}

fn bounded(mut found: Vec<Weakening>) -> Vec<Weakening> {
    found.sort();
    found.dedup();
    let more = found.len().saturating_sub(WEAKENINGS);
    if more > 0 {
        found.truncate(WEAKENINGS);
        found.push(Weakening::new(
            Kind::More,
            "",
            None,
            &format!("{more} more"),
        ));
    }
    found
}
