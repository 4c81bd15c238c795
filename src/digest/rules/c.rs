//! gcc, clang, linkers, make, ninja, configure, and the sanitizers.

use std::sync::LazyLock;

use regex::Regex;

use super::sign::pattern;
use super::{After, Place, Rule, Seen, Sign};
use crate::digest::found::Class;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "cc",
        needles: &[": error:", "fatal error:", "error #"],
        read: compiler,
    },
    Rule {
        name: "cc",
        needles: &[
            "errors generated",
            "error generated",
            "in function",
            "in file included",
        ],
        read: around,
    },
    Rule {
        name: "ld",
        needles: &[
            "undefined reference",
            "undefined symbol",
            "ld returned",
            "linker command failed",
            "cannot find -l",
            "duplicate symbol",
            "multiple definition",
            "symbol(s) not found",
        ],
        read: linker,
    },
    Rule {
        name: "make",
        needles: &[
            "make: ***",
            "make[",
            "mingw32-make",
            "gmake",
            "ninja: ",
            "failed: ",
        ],
        read: make,
    },
    Rule {
        name: "configure",
        needles: &[
            "configure: error",
            "configure: warning: unrecognized",
            "error: in `",
        ],
        read: configure,
    },
    Rule {
        name: "sanitizer",
        needles: &["sanitizer:", "runtime error:"],
        read: sanitizer,
    },
];

static ERROR: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?:In file included from )?((?:[A-Za-z]:)?[^\s:(][^:(]*)[:(](\d+)(?:[:,](\d+))?\)?: (?:fatal )?error: (.*)$",
    )
});

fn compiler(seen: &Seen<'_>) -> Option<Sign> {
    if let Some(found) = ERROR.captures(seen.text.trim_start()) {
        let message = &found[4];
        if message.starts_with("-[") {
            return None;
        }
        let (message, code) = message
            .rsplit_once(" [-W")
            .map_or((message, None), |(text, code)| {
                (text, Some(code.trim_end_matches(']')))
            });
        let place = Place {
            file: found[1].to_owned(),
            line: found[2].parse().ok()?,
            column: found.get(3).and_then(|column| column.as_str().parse().ok()),
        };
        return Some(
            Sign::new(92)
                .class(Class::CompileError)
                .before(1)
                .diagnostic("cc", Some(place), code, message)
                .after(After::While(8, body)),
        );
    }
    // A program or a file without a line: `clang: error: …`, `ld.lld: error: …`.
    let (head, message) = seen
        .text
        .trim_start()
        .split_once(": error: ")
        .or_else(|| seen.text.trim_start().split_once(": fatal error: "))?;
    let follows =
        message.starts_with("ld returned") || message.starts_with("linker command failed");
    (!head.contains(' ') && !follows).then(|| {
        Sign::new(84)
            .class(Class::CompileError)
            .diagnostic("cc", None, None, message)
            .after(After::While(6, body))
    })
}

/// What a compiler shows below an error: the source, a marker, notes.
fn body(text: &str) -> bool {
    text.starts_with(' ')
        || text.starts_with('\t')
        || text.contains(": note:")
        || text.trim_start().starts_with(['^', '~'])
        || (text.starts_with('#') && text.contains("include"))
}

fn around(seen: &Seen<'_>) -> Option<Sign> {
    let text = seen.text.trim_end();
    (text.ends_with(" generated.")).then(|| Sign::new(62).aside())
}

fn linker(seen: &Seen<'_>) -> Option<Sign> {
    let text = seen.text;
    if text.contains("ld returned") || text.contains("linker command failed") {
        return Some(Sign::new(66).class(Class::CompileError).aside());
    }
    Some(
        Sign::new(88)
            .class(Class::CompileError)
            .before(1)
            .diagnostic(
                "ld",
                Place::of(text),
                None,
                text.rsplit_once(": ").map_or(text, |(_, message)| message),
            ),
    )
}

fn make(seen: &Seen<'_>) -> Option<Sign> {
    let text = seen.text.trim_start();
    if text.starts_with("ninja: build stopped") || text.starts_with("ninja: error") {
        return Some(Sign::new(66).aside());
    }
    if let Some(target) = text.strip_prefix("FAILED: ") {
        return (!target.contains("::")).then(|| Sign::new(76).after(After::Lines(1)));
    }
    let (head, said) = text.split_once("*** ")?;
    if !head.contains("make") || said.contains("(ignored)") {
        return None;
    }
    if said.starts_with("No rule to make target") || said.contains("missing separator") {
        return Some(Sign::new(90).class(Class::Configuration));
    }
    Some(
        Sign::new(if said.starts_with("Waiting") { 20 } else { 64 })
            .aside()
            .before(2),
    )
}

fn configure(seen: &Seen<'_>) -> Option<Sign> {
    let text = seen.text;
    (text.contains("configure: error") || text.contains("error: in `")).then(|| {
        Sign::new(90)
            .class(Class::Configuration)
            .before(1)
            .after(After::Lines(2))
    })
}

fn sanitizer(seen: &Seen<'_>) -> Option<Sign> {
    let text = seen.text;
    if text.contains("Sanitizer: ") && text.contains("ERROR")
        || text.contains("WARNING: ThreadSanitizer")
    {
        return Some(
            Sign::new(92)
                .class(Class::RuntimeError)
                .after(After::Blank(30)),
        );
    }
    text.contains(": runtime error: ")
        .then(|| Sign::new(88).class(Class::RuntimeError))
}

#[cfg(test)]
mod tests {
    use super::super::{examples, said};

    #[test]
    fn what_compilers_of_c_say_is_known() {
        examples(&[
            ("src/a.c:3:5: error: expected ';' before 'return'", "cc", 92),
            (
                "../v/s.go.h:12:10: fatal error: 'libproc.h' file not found",
                "cc",
                92,
            ),
            ("clang: error: no such file or directory: 'x'", "cc", 84),
            (
                "main.c:(.text+0x5): undefined reference to `adds'",
                "ld",
                88,
            ),
            ("collect2: error: ld returned 1 exit status", "ld", 60),
            ("make: *** [Makefile:3: all] Error 1", "make", 60),
            (
                "make[1]: *** No rule to make target 'x'.  Stop.",
                "make",
                90,
            ),
            ("ninja: build stopped: subcommand failed.", "make", 60),
            (
                "configure: error: C compiler cannot create executables",
                "configure",
                90,
            ),
            (
                "==7==ERROR: AddressSanitizer: heap-use-after-free on address 0x1",
                "sanitizer",
                92,
            ),
        ]);
        let found = said("a.c:3:5: error: unused variable 'x' [-Werror=unused-variable]")
            .unwrap()
            .diagnostic
            .unwrap();
        assert_eq!(
            (found.code.as_deref(), found.message.as_str()),
            (Some("error=unused-variable"), "unused variable 'x'")
        );
    }
}
