//! The compiler of TypeScript.

use std::sync::LazyLock;

use regex::Regex;

use super::sign::pattern;
use super::{After, Place, Rule, Seen, Sign};
use crate::digest::found::Class;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "tsc",
        needles: &["error ts", "- error"],
        read: compiler,
    },
    Rule {
        name: "tsc",
        needles: &["found "],
        read: counts,
    },
];

static ERROR: LazyLock<Regex> = LazyLock::new(|| pattern(r"error (TS\d+): (.*)$"));

fn compiler(seen: &Seen<'_>) -> Option<Sign> {
    let found = ERROR.captures(seen.text)?;
    Some(
        Sign::new(92)
            .class(Class::TypeError)
            .diagnostic(
                "tsc",
                Place::of(&seen.text[..found.get(0)?.start()]),
                Some(&found[1]),
                &found[2],
            )
            .after(After::While(8, |text| {
                text.is_empty()
                    || text.starts_with("  ")
                    || text.starts_with(|char: char| char.is_ascii_digit())
            })),
    )
}

fn counts(seen: &Seen<'_>) -> Option<Sign> {
    let rest = seen.text.strip_prefix("Found ")?;
    (rest.contains(" error") && !rest.starts_with("0 ")).then(|| Sign::new(72).aside())
}

#[cfg(test)]
mod tests {
    use super::super::{examples, said};

    #[test]
    fn what_tsc_says_is_known() {
        examples(&[
            (
                "src/a.ts(3,7): error TS2322: Type 'string' is not assignable to type 'number'.",
                "tsc",
                92,
            ),
            (
                "src/a.ts:3:7 - error TS2322: Type 'string' is not assignable to type 'number'.",
                "tsc",
                92,
            ),
            ("Found 3 errors in 2 files.", "tsc", 70),
        ]);
        let found = said("src/a.ts(3,7): error TS2322: Bad.")
            .unwrap()
            .diagnostic
            .unwrap();
        assert_eq!(
            (found.file.as_deref(), found.line, found.column),
            (Some("src/a.ts"), Some(3), Some(7))
        );
    }
}
