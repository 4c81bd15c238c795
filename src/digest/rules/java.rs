//! javac, Maven with Surefire, Gradle, JUnit, and stack traces of the JVM.

use std::sync::LazyLock;

use regex::Regex;

use super::sign::pattern;
use super::{After, Place, Rule, Seen, Sign, frame};
use crate::digest::found::Class;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "javac",
        needles: &[".java:", ".kt:", ".kts:", ".groovy:"],
        read: compiler,
    },
    Rule {
        name: "maven",
        needles: &["[error]", "build failure", "<<< fail", "<<< err", "[fatal]"],
        read: maven,
    },
    Rule {
        name: "gradle",
        needles: &[
            " failed",
            "went wrong",
            "build failed",
            "execution failed for task",
        ],
        read: gradle,
    },
    Rule {
        name: "java",
        needles: &["exception", "error", "caused by: "],
        read: thrown,
    },
];

static THROWN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?:Caused by: |Exception in thread .* )?(?:[a-z]\w*\.)+[A-Z][\w$]*(?:Exception|Error|Failure)\b(?:: (.*))?",
    )
});
static SUREFIRE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?:\[ERROR\] +)?([\w.$]+(?:\([\w.$]+\))?)(?:\[\d+\])?\S*\s+(?:-- )?Time elapsed:.*<<< (?:FAILURE|ERROR)!",
    )
});
static LISTED: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^\[ERROR\] +([\w$]+\.[\w$]+):(\d+)(?:->\S+)? (.*)"));

fn compiler(seen: &Seen<'_>) -> Option<Sign> {
    let text = behind_task(seen.text);
    let text = text.strip_prefix("[ERROR] ").unwrap_or(text).trim_start();
    let text = text.strip_prefix("e: ").unwrap_or(text);
    if text.starts_with("at ")
        || text.contains(": warning:")
        || seen.text.starts_with("[WARN")
        || seen.text.starts_with("[INFO")
    {
        return None;
    }
    let marked = seen.text.starts_with("[ERROR]") || seen.text.starts_with("e: ");
    let message = match text.split_once(": error: ") {
        Some((_, message)) => message,
        None if marked => text
            .split_once("] ")
            .or_else(|| text.split_once(") "))
            .or_else(|| text.rsplit_once(": "))
            .map(|(_, message)| message)?,
        None => return None,
    };
    let place = Place::of(text)?;
    Some(
        Sign::new(92)
            .class(Class::CompileError)
            .diagnostic("javac", Some(place), None, message)
            .after(After::While(6, |text| {
                text.starts_with("  ") || text.starts_with("[ERROR]   ")
            })),
    )
}

fn maven(seen: &Seen<'_>) -> Option<Sign> {
    let text = seen.text;
    if let Some(found) = SUREFIRE.captures(text) {
        return Some(
            Sign::new(93)
                .class(Class::TestAssertion)
                .test("junit", &found[1])
                .after(After::Blank(40)),
        );
    }
    if text.contains("<<< FAIL") || text.contains("<<< ERR") {
        let sign = Sign::new(80)
            .class(Class::TestAssertion)
            .after(After::While(3, |text| !text.is_empty()));
        // The class's line; its tests follow.
        let sums = text.contains("Tests run:");
        return Some(if sums { sign.aside() } else { sign });
    }
    if let Some(found) = LISTED.captures(text) {
        return Some(
            Sign::new(86)
                .class(Class::TestAssertion)
                .test("junit", &found[1])
                .test_at(listed_place(&found[1], &found[2]), &found[3]),
        );
    }
    if text.contains("BUILD FAILURE") {
        return Some(Sign::new(52).aside());
    }
    let said = text
        .trim_start()
        .strip_prefix("[ERROR]")
        .or_else(|| text.trim_start().strip_prefix("[FATAL]"))?;
    Some(marked(said.trim_start()))
}

/// What Maven says behind its mark of an error.
fn marked(said: &str) -> Sign {
    if said.is_empty()
        || said.starts_with("To see the full stack")
        || said.starts_with("Re-run Maven")
        || said.starts_with("For more information")
        || said.starts_with("-> [Help")
        || said.starts_with("[Help")
        || said.starts_with("After correcting")
        || said.starts_with("mvn <")
    {
        return Sign::new(22).aside();
    }
    if said.starts_with("Failed to execute goal") {
        let class =
            if said.contains("resolve dependencies") || said.contains("could not be resolved") {
                Class::DependencyInstall
            } else if said.contains("compile") {
                Class::CompileError
            } else if said.contains("checkstyle")
                || said.contains("spotless")
                || said.contains("formatter")
            {
                Class::LintError
            } else {
                Class::Unknown
            };
        let sign = Sign::new(84).after(After::While(14, |text| text.starts_with("[ERROR]")));
        return if class == Class::Unknown {
            sign
        } else {
            sign.class(class)
        };
    }
    if said.starts_with("Tests run:") {
        return Sign::new(72).class(Class::TestAssertion).aside();
    }
    if said.starts_with("COMPILATION ERROR") {
        return Sign::new(60).class(Class::CompileError).aside();
    }
    if said.starts_with("Failures:") || said.starts_with("Errors:") {
        return Sign::new(60)
            .aside()
            .after(After::While(20, |text| text.starts_with("[ERROR]")));
    }
    Sign::new(77).after(After::While(20, |text| text.starts_with("[ERROR]")))
}

/// Behind a task's name: Gradle ends that line only when the task is done, and a compiler's first
/// words come before.
fn behind_task(text: &str) -> &str {
    let end = text
        .strip_prefix(':')
        .and_then(|task| task.find(|char: char| !(char.is_alphanumeric() || char == ':')));
    match end.map(|end| &text[end + 1..]) {
        Some(rest) if rest.starts_with('/') => rest,
        _ => text,
    }
}

/// `AdderTest.adds` and 12 are `AdderTest.java:12`, whichever folder it stands in.
fn listed_place(name: &str, line: &str) -> Option<Place> {
    let class = name.split('.').next()?;
    Some(Place {
        file: format!("{class}.java"),
        line: line.parse().ok()?,
        column: None,
    })
}

fn gradle(seen: &Seen<'_>) -> Option<Sign> {
    let text = seen.text.trim_end();
    if text.starts_with("* What went wrong") {
        return Some(
            Sign::new(88)
                .lead()
                .after(After::Before(25, |text| text.starts_with("* Try"))),
        );
    }
    if text.starts_with("Execution failed for task") {
        let class = if text.contains(":check")
            || text.contains("Format")
            || text.contains("lint")
            || text.contains("spotless")
        {
            Class::LintError
        } else if text.contains("compile") {
            Class::CompileError
        } else if text.to_ascii_lowercase().contains("test'") {
            Class::TestAssertion
        } else {
            Class::Unknown
        };
        let sign = Sign::new(88).after(After::Blank(20));
        return Some(if class == Class::Unknown {
            sign
        } else {
            sign.class(class)
        });
    }
    if text.starts_with("BUILD FAILED") || text.starts_with("FAILURE: Build failed") {
        return Some(Sign::new(62).aside());
    }
    let head = text.strip_suffix(" FAILED")?;
    if let Some(task) = head.trim_start_matches("> Task ").strip_prefix(':') {
        return Some(
            Sign::new(74)
                .after(After::While(4, |text| !text.is_empty()))
                .message(task),
        );
    }
    head.contains(" > ").then(|| {
        Sign::new(94)
            .class(Class::TestAssertion)
            .test("junit", head)
            .after(After::While(30, |text| {
                text.starts_with("    ") || text.starts_with('\t')
            }))
    })
}

/// What a test threw, and where, as Gradle lists it below the test.
fn listed(text: &str) -> Option<Sign> {
    let (thrown, place) = text.strip_prefix("    ")?.split_once(" at ")?;
    let class = thrown.contains('.') && !thrown.contains(' ');
    let place = Place::of(place).filter(|_| class)?;
    let sign = Sign::new(73).message(thrown).place(Some(place));
    Some(sign.class(Class::TestAssertion))
}

fn thrown(seen: &Seen<'_>) -> Option<Sign> {
    if let Some(sign) = listed(seen.text) {
        return Some(sign);
    }
    let text = seen.text.trim_start_matches("[ERROR]").trim_start();
    // The pattern is costly, and every line with an error comes here.
    let named = text
        .split([':', ' '])
        .next()
        .is_some_and(|head| head.contains('.'));
    if !named && !text.starts_with("Caused by: ") && !text.starts_with("Exception in thread") {
        return None;
    }
    let found = THROWN.captures(text)?;
    let message = found.get(1).map_or("", |message| message.as_str());
    let weight = if text.starts_with("Caused by") {
        70
    } else if text.starts_with("Exception in thread") {
        82
    } else {
        73
    };
    let assertion = text.contains("Assertion") || text.contains("ComparisonFailure");
    let sign = Sign::new(weight)
        .message(message)
        .before(1)
        .after(After::While(40, |text| {
            frame(text) || text.starts_with("Caused by")
        }));
    Some(if assertion {
        sign.class(Class::TestAssertion)
    } else {
        sign.class(Class::RuntimeError)
    })
}

#[cfg(test)]
mod tests {
    use super::super::{examples, said};

    #[test]
    fn what_the_jvm_says_is_known() {
        examples(&[
            (
                "[ERROR] /b/src/main/java/A.java:[4,26] cannot find symbol",
                "javac",
                92,
            ),
            ("src/A.java:3: error: ';' expected", "javac", 92),
            (
                "e: file:///b/src/A.kt:3:5 Unresolved reference: x",
                "javac",
                92,
            ),
            (
                "[ERROR] Failed to execute goal org.apache.maven.plugins:maven-compiler-plugin:3.1:compile (default-compile) on project a: Compilation failure",
                "maven",
                84,
            ),
            (
                "[ERROR] adds(AdderTest)  Time elapsed: 0.01 s  <<< FAILURE!",
                "maven",
                93,
            ),
            (
                "[ERROR]   AdderTest.adds:12 expected: <4> but was: <3>",
                "maven",
                86,
            ),
            ("AdderTest > adds FAILED", "gradle", 94),
            ("* What went wrong:", "gradle", 88),
            ("java.lang.IllegalStateException: no", "java", 73),
        ]);
        let test = said("[ERROR] AdderTest.adds  Time elapsed: 0.01 s  <<< FAILURE!")
            .unwrap()
            .test
            .unwrap();
        assert_eq!(test.id, "AdderTest.adds");
    }
}
