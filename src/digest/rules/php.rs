//! PHP itself, PHPUnit, PHPStan and Composer.

use super::{After, Place, Rule, Seen, Sign};
use crate::digest::found::Class;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "php",
        needles: &[
            "php fatal error",
            "php parse error",
            "fatal error:",
            "parse error:",
        ],
        read: php,
    },
    Rule {
        name: "phpunit",
        needles: &[
            "there was 1 ",
            "there were ",
            "failures!",
            "errors!",
            "tests: ",
            "failed asserting",
        ],
        read: phpunit,
    },
    Rule {
        name: "phpstan",
        needles: &[" errors", "line   "],
        read: phpstan,
    },
    Rule {
        name: "composer",
        needles: &[
            "requirements could not be resolved",
            "[runtimeexception]",
            "could not be found in any version",
        ],
        read: composer,
    },
];

fn php(seen: &Seen<'_>) -> Option<Sign> {
    let text = seen.text.trim_start().trim_start_matches("PHP ");
    let message = text
        .strip_prefix("Fatal error:")
        .or_else(|| text.strip_prefix("Parse error:"))?;
    if !message.contains(" in ") && !message.contains("Uncaught") {
        return None;
    }
    let place = message
        .rsplit_once(" in ")
        .and_then(|(_, place)| Place::of(&place.replace(" on line ", ":")));
    Some(
        Sign::new(91)
            .class(Class::RuntimeError)
            .diagnostic("php", place, None, message)
            .after(After::While(12, |text| {
                text.starts_with('#') || text.starts_with("Stack trace") || text.starts_with("  ")
            })),
    )
}

fn phpunit(seen: &Seen<'_>) -> Option<Sign> {
    let text = seen.text.trim();
    if text.starts_with("There w") && (text.contains(" failure") || text.contains(" error")) {
        return Some(Sign::new(66).class(Class::TestAssertion).aside());
    }
    if text == "FAILURES!" || text == "ERRORS!" {
        return Some(Sign::new(58).aside());
    }
    if text.starts_with("Tests: ") && text.contains("Assertions: ") {
        let bad = text.contains("Failures: ") || text.contains("Errors: ");
        return bad.then(|| Sign::new(74).class(Class::TestAssertion).aside());
    }
    text.starts_with("Failed asserting").then(|| {
        Sign::new(84)
            .before(1)
            .message(text)
            .after(After::Blank(12))
    })
}

fn phpstan(seen: &Seen<'_>) -> Option<Sign> {
    let text = seen.text.trim_start();
    if text.starts_with("[ERROR] Found ") {
        return Some(Sign::new(74).class(Class::TypeError).aside());
    }
    let file = text.strip_prefix("Line   ")?.trim();
    file.ends_with(".php")
        .then(|| Sign::new(84).class(Class::TypeError).after(After::Lines(8)))
}

fn composer(_: &Seen<'_>) -> Option<Sign> {
    Some(
        Sign::new(87)
            .class(Class::DependencyInstall)
            .after(After::Lines(14)),
    )
}

#[cfg(test)]
mod tests {
    use super::super::examples;

    #[test]
    fn what_php_says_is_known() {
        examples(&[
            (
                "PHP Fatal error:  Uncaught Error: Call to undefined function x() in /b/a.php:3",
                "php",
                90,
            ),
            ("There was 1 failure:", "phpunit", 60),
            ("Tests: 3, Assertions: 3, Failures: 1.", "phpunit", 70),
            ("Failed asserting that 3 matches expected 4.", "phpunit", 84),
            ("  Line   src/A.php", "phpstan", 84),
            (
                "Your requirements could not be resolved to an installable set of packages.",
                "composer",
                87,
            ),
        ]);
    }
}
