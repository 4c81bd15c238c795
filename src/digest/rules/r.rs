//! R CMD check and testthat.

use super::{After, Rule, Seen, Sign};
use crate::digest::found::Class;

pub(super) const RULES: &[Rule] = &[Rule {
    name: "r",
    needles: &[
        "error",
        "failed",
        "── ",
        "execution halted",
        "last 13 lines",
    ],
    read: check,
}];

fn check(seen: &Seen<'_>) -> Option<Sign> {
    let text = seen.text.trim();
    if text == "ERROR" || (text.starts_with("* checking") && text.ends_with("ERROR")) {
        return Some(Sign::new(82).before(2).after(After::Lines(18)));
    }
    if text.starts_with("Running the tests in") && text.ends_with("failed.") {
        return Some(
            Sign::new(84)
                .class(Class::TestAssertion)
                .before(2)
                .after(After::Lines(16)),
        );
    }
    if text.starts_with("── ") && (text.contains("Failure") || text.contains("Error")) {
        return Some(
            Sign::new(90)
                .class(Class::TestAssertion)
                .test("testthat", text.trim_matches(['─', ' ']))
                .after(After::Before(16, |text| text.contains("── "))),
        );
    }
    if text.starts_with("Execution halted") {
        return Some(Sign::new(60).aside().before(3));
    }
    (text.starts_with("Error in ") || text.starts_with("ERROR: "))
        .then(|| Sign::new(78).after(After::While(5, |text| text.starts_with("  "))))
}

#[cfg(test)]
mod tests {
    use super::super::examples;

    #[test]
    fn what_r_says_is_known() {
        examples(&[
            ("Running the tests in ‘tests/test-all.R’ failed.", "r", 84),
            ("── 1. Failure: adds (@test-a.R#3) ──", "r", 90),
            ("* checking tests ... ERROR", "r", 82),
        ]);
    }
}
