//! cmake, ctest, meson and bazel.

use super::{After, Place, Rule, Seen, Sign};
use crate::digest::found::Class;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "cmake",
        needles: &["cmake error", "errors occurred!"],
        read: cmake,
    },
    Rule {
        name: "ctest",
        needles: &[
            "***failed",
            "***exception",
            "***timeout",
            "tests failed",
            "(failed)",
            "following tests failed",
            "not run)",
            "(timeout)",
        ],
        read: ctest,
    },
    Rule {
        name: "meson",
        needles: &["error: "],
        read: meson,
    },
    Rule {
        name: "bazel",
        needles: &["error: ", "failed: //", "fail: //"],
        read: bazel,
    },
];

fn cmake(seen: &Seen<'_>) -> Option<Sign> {
    if seen.text.contains("errors occurred!") {
        return Some(Sign::new(62).class(Class::Configuration).aside());
    }
    let rest = seen.text.strip_prefix("CMake Error")?;
    Some(
        Sign::new(91)
            .class(Class::Configuration)
            .diagnostic("cmake", Place::of(rest), None, rest.trim_start_matches(':'))
            .after(After::While(16, |text| {
                text.is_empty() || text.starts_with(' ')
            })),
    )
}

fn ctest(seen: &Seen<'_>) -> Option<Sign> {
    let text = seen.text;
    if text.contains("***") && text.contains("Test ") {
        let name = text
            .split(": ")
            .nth(1)
            .unwrap_or(text)
            .split([' ', '.'])
            .next()
            .unwrap_or("");
        return Some(
            Sign::new(88)
                .class(Class::TestAssertion)
                .test("ctest", name)
                .after(After::Blank(30)),
        );
    }
    if text.contains("tests passed")
        && text.contains("tests failed")
        && !text.contains(" 0 tests failed")
    {
        return Some(Sign::new(74).class(Class::TestAssertion).aside());
    }
    if text.starts_with("The following tests FAILED") {
        return Some(Sign::new(72).aside().after(After::While(30, |text| {
            text.starts_with('\t') || text.starts_with("  ")
        })));
    }
    let named = text
        .trim()
        .split_once(" - ")
        .filter(|(number, _)| number.parse::<u32>().is_ok());
    named
        .filter(|_| text.trim_end().ends_with(')'))
        .map(|(_, name)| {
            Sign::new(78).class(Class::TestAssertion).test(
                "ctest",
                name.rsplit_once(" (").map_or(name, |(name, _)| name),
            )
        })
}

fn meson(seen: &Seen<'_>) -> Option<Sign> {
    let (head, message) = seen.text.split_once(": ERROR: ")?;
    head.contains("meson.build:").then(|| {
        Sign::new(90).class(Class::Configuration).diagnostic(
            "meson",
            Place::of(head),
            None,
            message,
        )
    })
}

fn bazel(seen: &Seen<'_>) -> Option<Sign> {
    let text = seen.text;
    if let Some(rest) = text.strip_prefix("ERROR: ") {
        let place = rest.contains("BUILD") || rest.contains("WORKSPACE") || rest.contains("//");
        return place.then(|| {
            Sign::new(88)
                .class(Class::CompileError)
                .after(After::While(10, |text| {
                    !text.starts_with("INFO") && !text.is_empty()
                }))
        });
    }
    let rest = text
        .strip_prefix("FAIL: ")
        .or_else(|| text.strip_prefix("FAILED: "))?;
    rest.starts_with("//").then(|| {
        Sign::new(88)
            .class(Class::TestAssertion)
            .test("bazel", rest.split(' ').next().unwrap_or(rest))
    })
}

#[cfg(test)]
mod tests {
    use super::super::examples;

    #[test]
    fn what_cmake_says_is_known() {
        examples(&[
            (
                "CMake Error at CMakeLists.txt:4 (find_package):",
                "cmake",
                91,
            ),
            ("-- Configuring incomplete, errors occurred!", "cmake", 60),
            (
                "1/2 Test #1: adds .............................***Failed    0.00 sec",
                "ctest",
                88,
            ),
            ("50% tests passed, 1 tests failed out of 2", "ctest", 70),
            ("\t  1 - adds (Failed)", "ctest", 70),
            (
                "meson.build:3:0: ERROR: Dependency \"x\" not found",
                "meson",
                90,
            ),
            ("ERROR: /b/BUILD:3:1: no such target '//a:b'", "bazel", 88),
        ]);
    }
}
