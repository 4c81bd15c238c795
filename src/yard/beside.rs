//! What is known of a pull request beside its branches: whose fork its head is in, and what a
//! merge that was tried said; who is asked to review it.

use std::collections::BTreeSet;

/// Whose fork a head is in.
#[derive(Clone, Debug)]
pub(super) struct Fork {
    pub(super) owner: String,
    pub(super) repository: i64,
}

/// Who is asked for a review and has not given one since.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    pub(super) people: BTreeSet<String>,
    /// By slug.
    pub(super) teams: BTreeSet<String>,
}

/// What a merge that was tried said, and of which two commits.
#[derive(Clone, Debug)]
pub(super) struct Mergeability {
    pub(super) head: String,
    pub(super) base: String,
    /// What came of it, where it has no conflicts.
    pub(super) merge: Option<String>,
}
