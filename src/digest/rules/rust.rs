//! cargo, rustc, clippy, rustfmt, the test harness and nextest.

use super::{After, Place, Rule, Seen, Sign};
use crate::digest::found::Class;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "rustc",
        needles: &["error: ", "error["],
        read: compiler,
    },
    Rule {
        name: "rustc",
        needles: &["--> "],
        read: place,
    },
    Rule {
        name: "rust-test",
        needles: &["panicked at"],
        read: panic,
    },
    Rule {
        name: "rust-test",
        needles: &[
            "... failed",
            " stdout ----",
            "test result: failed",
            "failures:",
        ],
        read: test,
    },
    Rule {
        name: "nextest",
        needles: &["fail [", "timeout [", "sigabrt ["],
        read: nextest,
    },
    Rule {
        name: "rustfmt",
        needles: &["diff in "],
        read: format,
    },
];

fn compiler(seen: &Seen<'_>) -> Option<Sign> {
    let rest = seen.text.strip_prefix("error")?;
    let (code, message) = match rest.strip_prefix('[') {
        Some(rest) => rest
            .split_once("]: ")
            .map(|(code, message)| (Some(code), message))?,
        None => (None, rest.strip_prefix(": ")?),
    };
    let follows = [
        "could not compile",
        "aborting due to",
        "test failed, to rerun",
        "doctest failed",
        "build failed",
        "process didn't exit",
        "Recipe `",
        "script \"",
        "failed to run custom build command",
    ];
    if code.is_none() && follows.iter().any(|head| message.starts_with(head)) {
        let sign = Sign::new(58).aside().after(After::Blank(6));
        return Some(if message.contains("compile") {
            sign.class(Class::CompileError)
        } else {
            sign
        });
    }
    let class = if code.is_some_and(|code| code.starts_with("E0308") || code.starts_with('E'))
        || code.is_none()
    {
        Class::CompileError
    } else {
        Class::LintError
    };
    let lint = message.contains("clippy") || code.is_some_and(|code| code.starts_with("clippy"));
    let sign = Sign::new(if code.is_some() { 93 } else { 84 })
        .diagnostic("rustc", None, code, message)
        .after(After::Blank(40));
    if code.is_none() && !rustc_like(message) {
        return Some(sign);
    }
    Some(sign.class(if lint { Class::LintError } else { class }))
}

/// Whether an error without a code is the compiler's own: its messages are lower case and no
/// sentence.
fn rustc_like(message: &str) -> bool {
    message.contains('`')
        || message.starts_with("expected")
        || message.starts_with("unused")
        || message.starts_with("linking with")
}

fn place(seen: &Seen<'_>) -> Option<Sign> {
    let rest = seen.text.trim_start().strip_prefix("--> ")?;
    Some(Sign::new(60).aside().place(Place::of(rest)))
}

fn panic(seen: &Seen<'_>) -> Option<Sign> {
    let rest = seen.text.strip_prefix("thread '")?;
    let at = rest.split_once("panicked at ").map_or("", |(_, at)| at);
    Some(
        Sign::new(90)
            .class(Class::TestAssertion)
            .place(Place::of(at))
            .after(After::Blank(45)),
    )
}

fn test(seen: &Seen<'_>) -> Option<Sign> {
    let text = seen.text;
    if let Some(name) = text
        .strip_prefix("test ")
        .and_then(|rest| rest.strip_suffix(" ... FAILED"))
    {
        return Some(Sign::new(80).class(Class::TestAssertion).test("rust", name));
    }
    if let Some(name) = text
        .strip_prefix("---- ")
        .and_then(|rest| rest.strip_suffix(" stdout ----"))
    {
        return Some(
            Sign::new(94)
                .class(Class::TestAssertion)
                .test("rust", name)
                .after(After::Blank(60)),
        );
    }
    if text.starts_with("test result: FAILED") {
        return Some(Sign::new(76).class(Class::TestAssertion).aside());
    }
    (text == "failures:").then(|| Sign::new(55).aside().after(After::Blank(30)))
}

fn nextest(seen: &Seen<'_>) -> Option<Sign> {
    let text = seen.text.trim_start();
    let rest = ["FAIL [", "TIMEOUT [", "SIGABRT ["]
        .iter()
        .find_map(|head| text.strip_prefix(head))?;
    let (_, name) = rest.split_once(']')?;
    let name = name.trim().split_once(") ").map_or(name, |(_, name)| name);
    Some(
        Sign::new(85)
            .class(Class::TestAssertion)
            .test("nextest", name),
    )
}

fn format(seen: &Seen<'_>) -> Option<Sign> {
    let rest = seen.text.strip_prefix("Diff in ")?;
    let place = Place::of(rest);
    Some(
        Sign::new(90)
            .class(Class::LintError)
            .diagnostic("rustfmt", place, None, "not formatted")
            .after(After::Lines(20)),
    )
}

#[cfg(test)]
mod tests {
    use super::super::{examples, said};

    #[test]
    fn what_cargo_says_is_known() {
        examples(&[
            ("error[E0308]: mismatched types", "rustc", 90),
            (
                "error: could not compile `a` (lib) due to 1 previous error",
                "rustc",
                50,
            ),
            (
                "thread 'a::b' (7) panicked at src/lib.rs:3:9:",
                "rust-test",
                90,
            ),
            ("test a::b ... FAILED", "rust-test", 80),
            ("---- a::b stdout ----", "rust-test", 94),
            ("        FAIL [   0.005s] (1/2) a::t b::c", "nextest", 85),
            ("Diff in src/lib.rs:1:", "rustfmt", 90),
        ]);
        let place = said("   --> src/lib.rs:4:12").unwrap().place.unwrap();
        assert_eq!(
            (place.file.as_str(), place.line, place.column),
            ("src/lib.rs", 4, Some(12))
        );
        assert_eq!(
            said("error[E0308]: mismatched types")
                .unwrap()
                .diagnostic
                .unwrap()
                .code
                .as_deref(),
            Some("E0308")
        );
    }
}
