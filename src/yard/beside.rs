//! What is known of a pull request beside its branches: whose fork its head is in, and what a
//! merge that was tried said.

/// Whose fork a head is in.
#[derive(Clone, Debug)]
pub(super) struct Fork {
    pub(super) owner: String,
    pub(super) repository: i64,
}

/// What a merge that was tried said, and of which two commits.
#[derive(Clone, Debug)]
pub(super) struct Mergeability {
    pub(super) head: String,
    pub(super) base: String,
    pub(super) clean: bool,
}
