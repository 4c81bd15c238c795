//! What one change may do, made of the policy and the contract.
//!
//! It knows limits and scopes, not trees or contents.

use super::glob::{BadGlob, PathGlobs, check_glob};
use super::path::folded;
use super::place::{Place, place};
use crate::domain::request::contract::Contract;
use crate::domain::request::policy::{ChangePolicy, Policy};

/// What one change may do.
#[derive(Clone, Debug)]
pub struct ChangeRules {
    contract: PathGlobs,
    allow: PathGlobs,
    deny: Guarded,
    protected: Guarded,
    binaries: PathGlobs,
    pub(super) limits: ChangePolicy,
}

impl ChangeRules {
    /// The rules of a task under `contract` that started under `policy`.
    ///
    /// # Errors
    /// A glob that neither a policy nor a contract of ours would have let pass.
    pub fn new(policy: &Policy, contract: &Contract) -> Result<Self, BadGlob> {
        Ok(Self {
            contract: PathGlobs::new(&contract.scope)?,
            allow: PathGlobs::new(&policy.scope.allow)?,
            deny: Guarded::new(&policy.scope.deny)?,
            protected: Guarded::new(&policy.protected)?,
            binaries: PathGlobs::new(&policy.change.binaries)?,
            limits: policy.change.clone(),
        })
    }

    pub(super) fn in_scope(&self, path: &str) -> bool {
        let within = |globs: &PathGlobs| globs.is_empty() || globs.matches(path);
        within(&self.contract) && within(&self.allow) && !self.deny.matches(path)
    }

    pub(super) fn protects(&self, path: &str) -> bool {
        self.protected.matches(path)
    }

    pub(super) fn may_be_binary(&self, path: &str) -> bool {
        self.binaries.matches(path)
    }

    /// Whether policy or contract names `path`, not merely matches it: the pattern without its
    /// wildcards already names the place.
    pub(super) fn names(&self, path: &str, what: Place) -> bool {
        let named = |globs: &PathGlobs| {
            globs.patterns().iter().any(|pattern| {
                let literal = pattern.split(['*', '?', '[', '{']).next().unwrap_or("");
                let stem = if literal.len() == pattern.len() {
                    literal
                } else {
                    // Up to the last whole part before the first wildcard.
                    literal.rsplit_once('/').map_or("", |(dir, _)| dir)
                };
                !stem.is_empty()
                    && place(stem) == Some(what)
                    && PathGlobs::new(&[pattern]).is_ok_and(|one| one.matches(path))
            })
        };
        named(&self.allow) || (!what.needs_policy() && named(&self.contract))
    }
}

/// Patterns that keep files from being changed: they hold for every spelling that some system
/// takes for the same.
#[derive(Clone, Debug)]
struct Guarded {
    plain: PathGlobs,
    /// As systems compare names that ignore case and the form of Unicode.
    folded: PathGlobs,
}

impl Guarded {
    fn new(patterns: &[String]) -> Result<Self, BadGlob> {
        Ok(Self {
            plain: PathGlobs::new(patterns)?,
            folded: PathGlobs::new(&fold_all(patterns))?,
        })
    }

    fn matches(&self, path: &str) -> bool {
        self.plain.matches(path) || self.folded.matches(&folded(path))
    }
}

/// Patterns as folded paths match them; what folding spoils is covered by its plain form.
fn fold_all(patterns: &[String]) -> Vec<String> {
    patterns
        .iter()
        .map(|pattern| folded(pattern))
        .filter(|pattern| check_glob(pattern).is_ok())
        .collect()
}
