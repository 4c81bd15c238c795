//! RSpec, minitest, rake, bundler and rubocop.

use std::sync::LazyLock;

use regex::Regex;

use super::sign::pattern;
use super::{After, Place, Rule, Seen, Sign, frame};
use crate::digest::found::Class;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "rspec",
        needles: &[
            "failure/error:",
            "rspec ./",
            "rspec '",
            "examples, ",
            "expected: ",
            "got: ",
        ],
        read: rspec,
    },
    Rule {
        name: "minitest",
        needles: &[
            "failure:",
            "error:",
            "assertions, ",
            "bin/rails test",
            "rails test ",
        ],
        read: minitest,
    },
    Rule {
        name: "rake",
        needles: &["rake aborted!", "tasks: top =>", "see full trace"],
        read: rake,
    },
    Rule {
        name: "ruby",
        needles: &[".rb:"],
        read: thrown,
    },
    Rule {
        name: "rubocop",
        needles: &[".rb:", "offenses detected"],
        read: rubocop,
    },
    Rule {
        name: "bundler",
        needles: &[
            "bundler could not",
            "could not find gem",
            "bundler::",
            "an error occurred while installing",
        ],
        read: bundler,
    },
];

static OFFENSE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^(\S+\.\w+):(\d+):(\d+): [CWEF]: (?:\[\w+\] )?([\w/]+): (.*)$"));
static THROWN: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^(\S+\.rb):(\d+):in [`'][^']*': (.*)$"));

fn rspec(seen: &Seen<'_>) -> Option<Sign> {
    let text = seen.text.trim_start();
    if text.starts_with("Failure/Error:") {
        return Some(
            Sign::new(86)
                .class(Class::TestAssertion)
                .before(1)
                .after(After::Before(30, |text| {
                    text.trim_start().starts_with("Finished in")
                        || text.starts_with("Failed examples")
                })),
        );
    }
    if let Some(rest) = text.strip_prefix("rspec ") {
        let (place, name) = rest.split_once(" # ")?;
        return Some(
            Sign::new(84)
                .class(Class::TestAssertion)
                .test("rspec", name)
                .test_at(Place::of(place), ""),
        );
    }
    if text.contains(" examples, ") && !text.contains(" 0 failures") {
        return Some(Sign::new(74).class(Class::TestAssertion).aside());
    }
    (text.starts_with("expected: ") || text.starts_with("got: ")).then(|| Sign::new(60).aside())
}

fn minitest(seen: &Seen<'_>) -> Option<Sign> {
    let text = seen.text.trim();
    if text == "Failure:" || text == "Error:" {
        return Some(
            Sign::new(93)
                .class(Class::TestAssertion)
                .after(After::Before(60, minitest_ends)),
        );
    }
    if text.contains(" assertions, ") && text.contains(" runs, ") {
        let bad = !(text.contains(" 0 failures") && text.contains(" 0 errors"));
        return bad.then(|| Sign::new(74).class(Class::TestAssertion).aside());
    }
    let place = text
        .strip_prefix("bin/rails test ")
        .or_else(|| text.strip_prefix("rails test "))?;
    Some(Sign::new(72).aside().place(Place::of(place)))
}

/// Dots of further tests, or the next failure.
fn minitest_ends(text: &str) -> bool {
    let text = text.trim();
    text == "Failure:"
        || text == "Error:"
        || text.starts_with("Finished in")
        || (text.len() > 12
            && text
                .chars()
                .all(|char| matches!(char, '.' | 'S' | 'F' | 'E')))
}

fn rake(seen: &Seen<'_>) -> Option<Sign> {
    if seen.text.starts_with("rake aborted!") {
        return Some(Sign::new(74).lead().after(After::Lines(14)));
    }
    Some(Sign::new(40).aside())
}

fn thrown(seen: &Seen<'_>) -> Option<Sign> {
    let found = THROWN.captures(seen.text.trim_start())?;
    Some(
        Sign::new(84)
            .class(Class::RuntimeError)
            .diagnostic("ruby", Place::of(seen.text), None, &found[3])
            .after(After::While(20, frame)),
    )
}

fn rubocop(seen: &Seen<'_>) -> Option<Sign> {
    if seen.text.contains("offenses detected") {
        return (!seen.text.contains("no offenses"))
            .then(|| Sign::new(72).class(Class::LintError).aside());
    }
    let found = OFFENSE.captures(seen.text)?;
    Some(
        Sign::new(89)
            .class(Class::LintError)
            .diagnostic("rubocop", Place::of(seen.text), Some(&found[4]), &found[5])
            .after(After::Lines(2)),
    )
}

fn bundler(_: &Seen<'_>) -> Option<Sign> {
    Some(
        Sign::new(88)
            .class(Class::DependencyInstall)
            .after(After::Lines(10)),
    )
}

#[cfg(test)]
mod tests {
    use super::super::examples;

    #[test]
    fn what_ruby_says_is_known() {
        examples(&[
            (
                "     Failure/Error: expect(adds(1, 2)).to eq(4)",
                "rspec",
                86,
            ),
            (
                "rspec ./spec/adds_spec.rb:5 # Adds two numbers",
                "rspec",
                84,
            ),
            ("Failure:", "minitest", 93),
            (
                "3 runs, 3 assertions, 1 failures, 0 errors, 0 skips",
                "minitest",
                70,
            ),
            ("rake aborted!", "rake", 74),
            (
                "a.rb:3:in `adds': undefined local variable (NameError)",
                "ruby",
                84,
            ),
            (
                "lib/a.rb:3:5: C: Style/StringLiterals: Prefer single-quoted strings",
                "rubocop",
                89,
            ),
            (
                "Could not find gem 'x' in locally installed gems.",
                "bundler",
                88,
            ),
        ]);
    }
}
