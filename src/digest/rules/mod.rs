//! What tools write when something fails: one file a tool or a family of tools.
//!
//! A rule knows a tool, never a project. It names literals without which it has nothing to say;
//! only a line that holds one is given to it. To add an ecosystem, add a file here and its rules
//! to [`ALL`]. Its examples are its unit tests.

mod c;
mod cmake;
mod docker;
mod dotnet;
mod elixir;
mod generic;
mod git;
mod github;
mod go;
mod haskell;
mod java;
mod javascript;
mod links;
mod lint;
mod mocha;
mod packages;
mod perl;
mod php;
mod powershell;
mod python;
mod r;
mod ruby;
mod rust;
mod scala;
mod shell;
mod sign;
mod swift;
mod system;
mod typescript;
mod vim;

pub(super) use sign::{After, Place, Seen, Sign, frame, pattern};

/// The rule for what no tool's rule knows.
pub(super) const GENERIC: &str = "words";

/// One thing that a tool writes.
pub(super) struct Rule {
    /// The tool.
    pub(super) name: &'static str,
    /// Lower-case literals of which a line must hold one, in any case.
    pub(super) needles: &'static [&'static str],
    /// What the line means, if anything.
    pub(super) read: fn(&Seen<'_>) -> Option<Sign>,
}

/// The rules of every tool. The first that knows a line's meaning with the greatest weight wins.
pub(super) const ALL: &[&[Rule]] = &[
    github::RULES,
    rust::RULES,
    python::RULES,
    go::RULES,
    javascript::RULES,
    mocha::RULES,
    typescript::RULES,
    java::RULES,
    scala::RULES,
    c::RULES,
    cmake::RULES,
    ruby::RULES,
    php::RULES,
    dotnet::RULES,
    elixir::RULES,
    haskell::RULES,
    swift::RULES,
    r::RULES,
    perl::RULES,
    powershell::RULES,
    vim::RULES,
    docker::RULES,
    git::RULES,
    lint::RULES,
    links::RULES,
    packages::RULES,
    shell::RULES,
    system::RULES,
    generic::RULES,
];

/// What the rules say of a line outside of any log, for their examples.
#[cfg(test)]
fn said(text: &str) -> Option<Sign> {
    super::needles::Needles::get().read(&Seen::alone(text))
}

/// Checks a rule's examples: each line, and what finds it with at least which weight.
#[cfg(test)]
fn examples(lines: &[(&str, &str, u8)]) {
    for (text, rule, weight) in lines {
        let sign = said(text).unwrap_or_else(|| panic!("no rule knows {text:?}"));
        assert_eq!(
            (sign.rule, sign.weight >= *weight),
            (*rule, true),
            "{text:?}: {}",
            sign.weight
        );
    }
}
