//! pytest, unittest, tracebacks, mypy.

use std::sync::LazyLock;

use regex::Regex;

use super::sign::pattern;
use super::{After, Place, Rule, Seen, Sign};
use crate::digest::found::Class;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "pytest",
        needles: &["===="],
        read: section,
    },
    Rule {
        name: "pytest",
        needles: &["____ ", "_ _ _"],
        read: heading,
    },
    Rule {
        name: "pytest",
        needles: &["e   "],
        read: reason,
    },
    Rule {
        name: "pytest",
        needles: &["failed ", "error "],
        read: summary,
    },
    Rule {
        name: "pytest",
        needles: &[".py:"],
        read: place,
    },
    Rule {
        name: "unittest",
        needles: &["fail: ", "error: ", "failed ("],
        read: unittest,
    },
    Rule {
        name: "python",
        needles: &[
            "traceback (most recent call last)",
            "syntaxerror:",
            "modulenotfounderror",
            "importerror",
        ],
        read: traceback,
    },
    Rule {
        name: "mypy",
        needles: &[".py:", ".pyi:", "found "],
        read: mypy,
    },
];

static COUNTS: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^=+ .*\b\d+ (?:failed|errors?)\b.* in [\d.]+"));
static HEADING: LazyLock<Regex> = LazyLock::new(|| pattern(r"^_{3,} (.*\S) _{3,}$"));
static MYPY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"^([^\s:][^:]*\.pyi?):(\d+)(?::(\d+))?: error: (.*?)(?:\s+\[([a-z-]+)\])?$")
});

fn section(seen: &Seen<'_>) -> Option<Sign> {
    if COUNTS.is_match(seen.text) {
        return Some(Sign::new(78).class(Class::TestAssertion).aside());
    }
    let word = seen.text.trim_matches('=').trim();
    match word {
        "FAILURES" | "ERRORS" => Some(Sign::new(58).aside()),
        "short test summary info" => Some(Sign::new(40).aside()),
        _ => None,
    }
}

fn heading(seen: &Seen<'_>) -> Option<Sign> {
    let name = HEADING.captures(seen.text)?.get(1)?.as_str();
    let sign = Sign::new(90)
        .class(Class::TestAssertion)
        .after(After::Before(200, |text| {
            text.starts_with("=====") || HEADING.is_match(text)
        }));
    Some(if name.starts_with("ERROR ") || name.contains(' ') {
        sign
    } else {
        sign.test("pytest", name)
    })
}

fn reason(seen: &Seen<'_>) -> Option<Sign> {
    let rest = seen.text.strip_prefix("E   ")?;
    let begins = rest.starts_with(|char: char| !char.is_whitespace());
    Some(
        if begins {
            Sign::new(88).message(rest)
        } else {
            Sign::new(70).aside()
        }
        .after(After::While(4, |text| text.starts_with("E   "))),
    )
}

fn summary(seen: &Seen<'_>) -> Option<Sign> {
    let rest = seen
        .text
        .strip_prefix("FAILED ")
        .or_else(|| seen.text.strip_prefix("ERROR "))?;
    let (name, message) = rest.split_once(" - ").unwrap_or((rest, ""));
    let file = name.split("::").next()?;
    if !(name.contains("::") || file.ends_with(".py")) || name.contains(": ") {
        return None;
    }
    let class = if message.contains("snapshot") {
        Class::SnapshotDiff
    } else {
        Class::TestAssertion
    };
    let place = Place {
        file: file.trim().to_owned(),
        line: 0,
        column: None,
    };
    Some(
        Sign::new(86)
            .class(class)
            .test("pytest", name)
            .test_at(Some(place), message),
    )
}

/// `tests/test_a.py:12: AssertionError`, the last line of a failure.
fn place(seen: &Seen<'_>) -> Option<Sign> {
    let (head, what) = seen.text.rsplit_once(": ")?;
    let plain = !head.contains(' ')
        && head.contains(".py:")
        && (what.ends_with("Error")
            || what.ends_with("Exception")
            || what.ends_with("Warning")
            || what == "Failed"
            || what == "DocTestFailure");
    plain.then(|| Sign::new(84).place(Place::of(head)))
}

fn unittest(seen: &Seen<'_>) -> Option<Sign> {
    if seen.text.starts_with("FAILED (") {
        return Some(Sign::new(76).class(Class::TestAssertion).aside());
    }
    let rest = seen
        .text
        .strip_prefix("FAIL: ")
        .or_else(|| seen.text.strip_prefix("ERROR: "))?;
    let (name, of) = rest.split_once(" (")?;
    let named = of.trim_end().ends_with(')') && !name.contains(' ');
    named.then(|| {
        Sign::new(94)
            .class(Class::TestAssertion)
            .test("unittest", rest)
            .after(After::Before(70, |text| {
                text.starts_with("=====") || text.starts_with("Ran ")
            }))
    })
}

fn traceback(seen: &Seen<'_>) -> Option<Sign> {
    let text = seen.text;
    if text.contains("Traceback (most recent call last)") {
        return Some(
            Sign::new(80)
                .class(Class::RuntimeError)
                .after(After::Until(60, |text| {
                    !text.starts_with(' ') && !text.is_empty() && !text.starts_with('\t')
                })),
        );
    }
    let class = if text.contains("SyntaxError:") {
        Class::CompileError
    } else {
        Class::RuntimeError
    };
    Some(Sign::new(82).class(class).before(3))
}

fn mypy(seen: &Seen<'_>) -> Option<Sign> {
    if seen.text.starts_with("Found ")
        && seen.text.contains(" error")
        && (seen.text.contains("checked ") || seen.text.contains("source file"))
    {
        return Some(Sign::new(76).class(Class::TypeError).aside());
    }
    let found = MYPY.captures(seen.text)?;
    Some(
        Sign::new(92)
            .class(Class::TypeError)
            .diagnostic(
                "mypy",
                Place::of(seen.text),
                found.get(5).map(|code| code.as_str()),
                &found[4],
            )
            .after(After::While(3, |text| text.contains(": note: "))),
    )
}

#[cfg(test)]
mod tests {
    use super::super::{examples, said};

    #[test]
    fn what_python_says_is_known() {
        examples(&[
            (
                "=========== 1 failed, 2 passed in 0.12s ===========",
                "pytest",
                70,
            ),
            (
                "_________________ test_adds _________________",
                "pytest",
                90,
            ),
            ("E       assert 3 == 4", "pytest", 70),
            (
                "FAILED tests/test_a.py::test_adds - assert 3 == 4",
                "pytest",
                86,
            ),
            ("tests/test_a.py:12: AssertionError", "pytest", 84),
            ("FAIL: test_adds (tests.test_a.Adds)", "unittest", 94),
            ("FAILED (failures=1)", "unittest", 70),
            ("Traceback (most recent call last):", "python", 80),
            (
                "a/b.py:3: error: Incompatible return value type (got \"int\", expected \"str\")  [return-value]",
                "mypy",
                92,
            ),
            (
                "Found 1 error in 1 file (checked 2 source files)",
                "mypy",
                70,
            ),
        ]);
        let test = said("FAILED tests/test_a.py::test_adds - assert 3 == 4")
            .unwrap()
            .test
            .unwrap();
        assert_eq!(
            (test.id.as_str(), test.message.as_str()),
            ("tests/test_a.py::test_adds", "assert 3 == 4")
        );
        assert_eq!(
            said("a/b.py:3: error: Bad  [x-y]")
                .unwrap()
                .diagnostic
                .unwrap()
                .line,
            Some(3)
        );
    }
}
