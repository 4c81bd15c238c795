//! What a contract asks for by name: a test that its scope names may be weakened, and is shown.

use super::kind::Weakening;
use crate::domain::change::glob::PathGlobs;
use crate::domain::request::contract::Contract;

/// Words by which a pattern names tests, or what checks them.
const WORDS: [&str; 8] = [
    "test", "spec", "snap", "coverage", "codecov", "golden", "fixture", "e2e",
];

/// Patterns of a contract that name tests.
#[derive(Clone, Debug)]
pub struct Asked(Option<PathGlobs>);

impl Asked {
    /// The patterns of `contract`'s own scope that name tests. A pattern that is none names
    /// nothing.
    #[must_use]
    pub fn of(contract: &Contract) -> Self {
        let named: Vec<&String> = contract
            .scope
            .iter()
            .filter(|pattern| names_tests(pattern))
            .collect();
        Self(PathGlobs::new(&named).ok())
    }

    /// Whether the contract names the file in which something is weaker.
    #[must_use]
    pub fn names(&self, weakening: &Weakening) -> bool {
        self.0
            .as_ref()
            .is_some_and(|globs| globs.matches(&weakening.path))
    }
}

fn names_tests(pattern: &str) -> bool {
    let plain = pattern.to_lowercase();
    let mut words = plain.split(|c: char| !c.is_alphanumeric());
    words.any(|word| {
        WORDS
            .iter()
            .any(|known| word == *known || word == format!("{known}s"))
    }) || plain.contains("test")
        || plain.contains("spec")
}
