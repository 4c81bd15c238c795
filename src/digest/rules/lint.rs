//! Linters and formatters: eslint, flake8, ruff, prettier, black, golangci-lint, shellcheck,
//! pre-commit, and whatever writes `file:line:column: CODE message`.

use std::sync::LazyLock;

use regex::Regex;

use super::sign::pattern;
use super::{After, Place, Rule, Seen, Sign};
use crate::digest::found::Class;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "eslint",
        needles: &["  error  ", "problems (", "problem ("],
        read: eslint,
    },
    Rule {
        name: "lint",
        needles: &[
            ".py:", ".pyi:", ".rb:", ".js:", ".ts:", ".tsx:", ".jsx:", ".sh:", ".yml:", ".yaml:",
            ".md:", ".css:", ".scss:", ".tf:", ".php:", ".cs:", ".cpp:", ".c:", ".h:", ".kt:",
            ".sql:", ".lua:", ".ex:", ".vim:", ".el:", ".erl:", ".hrl:", ".xml:", ".html:",
            ".json:", ".toml:", ".swift:", ".m:", ".coffee:", ".tex:", ".txt:", ".rst:", ".cfg:",
            ".proto:", ".dart:", ".vue:", ".ml:", ".clj:",
        ],
        read: coded,
    },
    Rule {
        name: "format",
        needles: &[
            "would reformat",
            "would be reformatted",
            "code style issues",
            "not formatted",
            "run `format`",
            "formatting violations",
            "reformatted",
            "please rebuild",
            "forgot to run prettier",
        ],
        read: format,
    },
    Rule {
        name: "pre-commit",
        needles: &["failed", "- hook id", "- exit code"],
        read: hook,
    },
    Rule {
        name: "ruff",
        needles: &[" errors.", "fixable with", "--> "],
        read: ruff,
    },
];

static ESLINT: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^\s+(\d+):(\d+)\s+error\s+(.*?)(?:\s{2,}(\S+))?$"));
static CODED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^((?:[A-Za-z]:)?[^\s:]+\.\w+):(\d+)(?::(\d+))?:? \[?([A-Z]{1,5}\d{2,5})\]?[: ] ?(.*)$",
    )
});
static PLAIN: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^(?:[A-Za-z]:)?[^\s:(]+\.\w{1,8}:\d+(?::\d+)?:? ?([A-Za-z].{5,})$"));
static RUFF: LazyLock<Regex> = LazyLock::new(|| pattern(r"^([A-Z]{1,4}\d{3,4}) (?:\[\*\] )?(.*)$"));

fn eslint(seen: &Seen<'_>) -> Option<Sign> {
    let text = seen.text;
    if text.trim_start().starts_with(['✖', '✗']) && text.contains("problem") {
        return Some(Sign::new(74).class(Class::LintError).aside());
    }
    let found = ESLINT.captures(text)?;
    // The file's name stands above its first finding.
    let file = (1..60)
        .map_while(seen.before)
        .find(|line| !line.starts_with(' ') && !line.is_empty());
    let place = file.map(|file| Place {
        file,
        line: found[1].parse().unwrap_or(0),
        column: found[2].parse().ok(),
    });
    Some(Sign::new(89).class(Class::LintError).before(1).diagnostic(
        "eslint",
        place,
        found.get(4).map(|code| code.as_str()),
        &found[3],
    ))
}

fn coded(seen: &Seen<'_>) -> Option<Sign> {
    let Some(found) = CODED.captures(seen.text) else {
        return plain(seen.text);
    };
    Some(
        Sign::new(86)
            .class(Class::LintError)
            .diagnostic("lint", Place::of(seen.text), Some(&found[4]), &found[5])
            .after(After::While(3, |text| text.starts_with("    "))),
    )
}

/// `file:line: message` of a tool without codes.
fn plain(text: &str) -> Option<Sign> {
    let found = PLAIN.captures(text)?;
    let lower = text.to_ascii_lowercase();
    let calm = ["warning", "note:", "info", "debug", "deprecat", "hint:"]
        .iter()
        .any(|word| lower.contains(word));
    (!calm).then(|| {
        Sign::new(62)
            .diagnostic("lint", Place::of(text), None, &found[1])
            .after(After::While(3, |text| text.starts_with("    ")))
    })
}

fn format(seen: &Seen<'_>) -> Option<Sign> {
    let text = seen.text;
    if text.starts_with("$ ") || text.contains("--list-different") {
        return None;
    }
    let lower = text.to_ascii_lowercase();
    if lower.contains("would be reformatted")
        || lower.starts_with("oh no!")
        || lower.contains("list-different")
    {
        return Some(Sign::new(70).class(Class::LintError).aside());
    }
    Some(
        Sign::new(84)
            .class(Class::LintError)
            .before(3)
            .after(After::Lines(3)),
    )
}

fn hook(seen: &Seen<'_>) -> Option<Sign> {
    let text = seen.text.trim_end();
    if text.starts_with("- hook id:") || text.starts_with("- exit code") {
        return Some(Sign::new(78).aside().before(1).after(After::Lines(4)));
    }
    let name = text.strip_suffix("Failed")?;
    let lower = name.to_ascii_lowercase();
    let types = ["mypy", "pyright", "tsc", "type check"]
        .iter()
        .any(|tool| lower.contains(tool));
    let class = if types {
        Class::TypeError
    } else {
        Class::LintError
    };
    let sign = Sign::new(88).class(class);
    name.contains(".....")
        .then(|| sign.after(After::Before(30, |text| text.contains("....."))))
}

fn ruff(seen: &Seen<'_>) -> Option<Sign> {
    let text = seen.text;
    if text.starts_with("Found ") && text.contains(" error") {
        return Some(Sign::new(72).class(Class::LintError).aside());
    }
    let rest = text.trim_start().strip_prefix("--> ")?;
    let above = (seen.before)(1)?;
    let found = RUFF.captures(&above)?;
    Some(
        Sign::new(89)
            .class(Class::LintError)
            .above()
            .diagnostic("ruff", Place::of(rest), Some(&found[1]), &found[2])
            .after(After::Blank(10)),
    )
}

#[cfg(test)]
mod tests {
    use super::super::{Seen, examples};
    use crate::digest::needles::Needles;

    #[test]
    fn what_linters_say_is_known() {
        examples(&[
            (
                "  3:8  error  'x' is defined but never used  no-unused-vars",
                "eslint",
                89,
            ),
            ("✖ 2 problems (2 errors, 0 warnings)", "eslint", 70),
            (
                "a/b.py:3:80: E501 line too long (90 > 79 characters)",
                "lint",
                86,
            ),
            ("would reformat a/b.py", "format", 80),
            (
                "Check for typos..........................................Failed",
                "pre-commit",
                88,
            ),
        ]);
    }

    #[test]
    fn a_finding_of_eslint_has_the_file_that_stands_above() {
        let above = ["  1:1  error  a  b".to_owned(), "/b/src/a.js".to_owned()];
        let seen = Seen {
            text: "  3:8  error  'x' is unused  no-unused-vars",
            before: &|back| above.get(back - 1).cloned(),
        };
        let found = Needles::get().read(&seen).unwrap().diagnostic.unwrap();
        assert_eq!(
            (found.file.as_deref(), found.line, found.code.as_deref()),
            (Some("/b/src/a.js"), Some(3), Some("no-unused-vars"))
        );
    }
}
