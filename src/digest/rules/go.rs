//! go build, go vet and go test.

use super::{After, Place, Rule, Seen, Sign};
use crate::digest::found::Class;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "go-test",
        needles: &["--- fail: ", "fail\t", "fail "],
        read: test,
    },
    Rule {
        name: "go",
        needles: &[".go:"],
        read: compiler,
    },
    Rule {
        name: "go",
        needles: &["panic: ", "data race", "fatal error: all goroutines"],
        read: panic,
    },
    Rule {
        name: "go-mod",
        needles: &["go: "],
        read: module,
    },
];

fn test(seen: &Seen<'_>) -> Option<Sign> {
    if let Some(rest) = seen.text.trim_start().strip_prefix("--- FAIL: ") {
        let name = rest.split_once(" (").map_or(rest, |(name, _)| name);
        return Some(
            Sign::new(94)
                .class(Class::TestAssertion)
                .test("go", name)
                .after(After::While(40, |text| {
                    text.starts_with("    ") || text.starts_with('\t')
                })),
        );
    }
    let rest = seen.text.strip_prefix("FAIL\t")?;
    Some(
        Sign::new(
            if rest.contains("[build failed]") || rest.contains("[setup failed]") {
                64
            } else {
                66
            },
        )
        .aside(),
    )
}

fn compiler(seen: &Seen<'_>) -> Option<Sign> {
    let at = seen.text.find(".go:")?;
    let file = seen.text[..at].trim_start().trim_start_matches("vet: ");
    if file.contains(' ') || file.contains('(') {
        return None;
    }
    let message = seen.text[at + 4..].split_once(": ")?.1;
    // A test's own log lines have the same form, indented.
    if seen.text.starts_with("    ") || seen.text.starts_with('\t') {
        return Some(Sign::new(80).message(message).place(Place::of(seen.text)));
    }
    Some(
        Sign::new(90)
            .class(Class::CompileError)
            .before(1)
            .diagnostic("go", Place::of(seen.text), None, message)
            .after(After::While(6, |text| text.starts_with('\t'))),
    )
}

fn panic(seen: &Seen<'_>) -> Option<Sign> {
    let text = seen.text.trim_start();
    let class = if text.starts_with("panic: test timed out after") {
        Class::Timeout
    } else {
        Class::RuntimeError
    };
    (text.starts_with("panic: ")
        || text.starts_with("fatal error: ")
        || text.contains("WARNING: DATA RACE"))
    .then(|| Sign::new(91).class(class).after(After::Lines(25)))
}

fn module(seen: &Seen<'_>) -> Option<Sign> {
    let rest = seen.text.strip_prefix("go: ")?;
    let bad = [
        "missing",
        "cannot",
        "invalid",
        "unknown",
        "errors",
        "not found",
        "no such",
        "updates to go.mod",
    ]
    .iter()
    .any(|word| rest.contains(word));
    bad.then(|| {
        Sign::new(86)
            .class(Class::DependencyInstall)
            .after(After::While(4, |text| text.starts_with('\t')))
    })
}

#[cfg(test)]
mod tests {
    use super::super::examples;

    #[test]
    fn what_go_says_is_known() {
        examples(&[
            ("--- FAIL: TestAdds (0.00s)", "go-test", 94),
            ("FAIL\texample.test/adds\t0.002s", "go-test", 60),
            ("./adds.go:4:9: undefined: x", "go", 90),
            ("    adds_test.go:7: got 3, want 4", "go", 80),
            (
                "panic: runtime error: index out of range [3] with length 2",
                "go",
                90,
            ),
            ("go: missing go.sum entry for module", "go-mod", 86),
        ]);
    }
}
