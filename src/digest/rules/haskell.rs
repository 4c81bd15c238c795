//! GHC, cabal, stack and hspec.

use super::{After, Place, Rule, Seen, Sign};
use crate::digest::found::Class;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "ghc",
        needles: &[".hs:", ".lhs:"],
        read: compiler,
    },
    Rule {
        name: "stack",
        needles: &[
            "process exited with code",
            "while building",
            "cabal: failed",
            "could not resolve dependencies",
            "access violation",
        ],
        read: stack,
    },
];

fn compiler(seen: &Seen<'_>) -> Option<Sign> {
    let text = seen.text.trim_start();
    let (place, message) = text.split_once(": error:")?;
    if !place.contains(".hs:") && !place.contains(".lhs:") {
        return None;
    }
    Some(
        Sign::new(92)
            .class(Class::CompileError)
            .diagnostic("ghc", Place::of(place), None, message)
            .after(After::Blank(20)),
    )
}

fn stack(seen: &Seen<'_>) -> Option<Sign> {
    let text = seen.text;
    if text.contains("ccess violation") {
        return Some(Sign::new(86).class(Class::RuntimeError));
    }
    Some(Sign::new(78).aside().after(After::Lines(4)))
}

#[cfg(test)]
mod tests {
    use super::super::examples;

    #[test]
    fn what_ghc_says_is_known() {
        examples(&[
            ("/b/src/A.hs:60:64: error:", "ghc", 92),
            ("    Process exited with code: ExitFailure 1", "stack", 70),
        ]);
    }
}
