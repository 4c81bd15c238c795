//! The ecosystems that are known. One file each: a new one is added to [`ALL`].

mod cpp;
mod csharp;
mod elixir;
mod go;
mod javascript;
mod jvm;
mod php;
mod python;
mod ruby;
mod rust;
mod shell;

use super::Pair;
use super::language::Ecosystem;
use super::place::name_of;

/// All that are known.
static ALL: [&Ecosystem; 11] = [
    &rust::RUST,
    &python::PYTHON,
    &javascript::JAVASCRIPT,
    &go::GO,
    &jvm::JVM,
    &ruby::RUBY,
    &php::PHP,
    &cpp::CPP,
    &csharp::CSHARP,
    &elixir::ELIXIR,
    &shell::SHELL,
];

/// The ecosystem of a path.
pub(super) fn of(path: &str) -> Option<&'static Ecosystem> {
    let (_, extension) = name_of(path).rsplit_once('.')?;
    ALL.iter()
        .find(|one| one.extensions.contains(&extension))
        .copied()
}

/// The same, where a file that is gone and one that is new are one file that moved: they have
/// the same name, and no other has it.
pub(super) fn paired(pairs: Vec<Pair<'_>>) -> Vec<Pair<'_>> {
    let alone = |pair: &Pair<'_>, before: bool| {
        pair.before.is_some() == before && pair.after.is_some() != before
    };
    let count = |name: &str, before: bool| {
        let named = pairs.iter().filter(|pair| name_of(pair.path) == name);
        named.filter(|pair| alone(pair, before)).count()
    };
    let moved: Vec<bool> = pairs
        .iter()
        .map(|pair| {
            let name = name_of(pair.path);
            (alone(pair, true) || alone(pair, false))
                && (count(name, true), count(name, false)) == (1, 1)
                && of(pair.path).is_none()
        })
        .collect();
    let mut kept: Vec<Pair<'_>> = Vec::with_capacity(pairs.len());
    let mut gone = Vec::new();
    for (pair, moved) in pairs.into_iter().zip(moved) {
        if moved && pair.after.is_none() {
            gone.push(pair);
        } else {
            kept.push(pair);
        }
    }
    for old in gone {
        let name = name_of(old.path);
        let new = kept
            .iter_mut()
            .find(|pair| pair.before.is_none() && name_of(pair.path) == name);
        match new {
            Some(new) if !super::steering::is_ci(old.path) => new.before = old.before,
            _ => kept.push(old),
        }
    }
    kept
}
