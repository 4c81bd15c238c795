//! Failures that are listed with numbers, as mocha, RSpec, PHPUnit and ExUnit do; and TAP.

use super::{After, Rule, Seen, Sign};
use crate::digest::found::Class;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "numbered",
        needles: &[
            "0) ", "1) ", "2) ", "3) ", "4) ", "5) ", "6) ", "7) ", "8) ", "9) ",
        ],
        read: numbered,
    },
    Rule {
        name: "mocha",
        needles: &[" failing"],
        read: counts,
    },
    Rule {
        name: "tap",
        needles: &["not ok ", "# fail"],
        read: tap,
    },
];

fn numbered(seen: &Seen<'_>) -> Option<Sign> {
    let text = seen.text.trim_start();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let name = text[digits..].strip_prefix(") ")?;
    let indent = seen.text.len() - text.len();
    if digits == 0 || digits > 4 || indent > 4 || name.trim().is_empty() {
        return None;
    }
    let elixir = name.starts_with("test ") && name.ends_with(')');
    let php = name.contains("::test") || name.contains("::");
    // In a list of failures mocha's names end so; in the run they do not.
    let weight = if elixir || php {
        93
    } else if name.ends_with(':') {
        88
    } else if indent <= 2 {
        80
    } else {
        66
    };
    let sign = Sign::new(weight)
        .class(Class::TestAssertion)
        .after(After::Before(36, ends));
    let framework = if elixir {
        "exunit"
    } else if php {
        "phpunit"
    } else {
        "mocha"
    };
    Some(if elixir || php || !name.ends_with(':') || indent > 0 {
        sign.test(framework, name.trim_end_matches(':'))
    } else {
        sign
    })
}

/// What follows a list of failures.
fn ends(text: &str) -> bool {
    let line = text.trim_start();
    line.starts_with("Finished in")
        || line.starts_with("FAILURES!")
        || line.starts_with("npm ")
        || line.starts_with("Failed examples:")
        || line.starts_with("ERRORS!")
        || line.starts_with("--\n")
        || line.starts_with("Randomized with seed")
        || line.starts_with("The command ")
        || line.starts_with("travis_")
        || line.starts_with("##[")
}

fn counts(seen: &Seen<'_>) -> Option<Sign> {
    let (number, _) = seen.text.trim().split_once(" failing")?;
    number
        .parse::<u32>()
        .is_ok()
        .then(|| Sign::new(70).class(Class::TestAssertion).aside())
}

fn tap(seen: &Seen<'_>) -> Option<Sign> {
    let text = seen.text.trim_start();
    if let Some(rest) = text.strip_prefix("not ok ") {
        let lower = rest.to_ascii_lowercase();
        if lower.contains("# todo") || lower.contains("# skip") {
            return None;
        }
        let name = rest
            .trim_start_matches(|char: char| char.is_ascii_digit())
            .trim_start_matches([' ', '-']);
        return Some(
            Sign::new(91)
                .class(Class::TestAssertion)
                .test("tap", name)
                .after(After::While(25, |text| {
                    text.starts_with("  ") || text.starts_with('#')
                })),
        );
    }
    let failed = text.strip_prefix("# fail")?.trim();
    (failed.parse::<u32>().is_ok_and(|count| count > 0)).then(|| Sign::new(60).aside())
}

#[cfg(test)]
mod tests {
    use super::super::examples;

    #[test]
    fn numbered_failures_are_known() {
        examples(&[
            ("  1) Adder adds two numbers:", "numbered", 70),
            ("1) AdderTest::testAdds", "numbered", 90),
            ("  1) test adds (AdderTest)", "numbered", 90),
            ("  2 failing", "mocha", 70),
            ("not ok 3 - adds two numbers", "tap", 90),
        ]);
    }
}
