//! Vim's own tests, vimscript and Emacs Lisp.

use super::{After, Rule, Seen, Sign};
use crate::digest::found::Class;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "vim",
        needles: &["found errors in ", "caught exception in "],
        read: vim,
    },
    Rule {
        name: "emacs",
        needles: &[
            "debugger entered",
            "signal(",
            "symbol's ",
            "cannot open load file",
        ],
        read: emacs,
    },
];

fn vim(seen: &Seen<'_>) -> Option<Sign> {
    let text = seen.text.trim_start();
    if let Some(name) = text.strip_prefix("Found errors in ") {
        return Some(
            Sign::new(92)
                .class(Class::TestAssertion)
                .before(1)
                .test("vim", name.trim_end_matches(':'))
                .after(After::Blank(14)),
        );
    }
    Some(Sign::new(84))
}

fn emacs(seen: &Seen<'_>) -> Option<Sign> {
    let text = seen.text.trim_start();
    if text.starts_with("Debugger entered") {
        return Some(
            Sign::new(88)
                .class(Class::RuntimeError)
                .lead()
                .after(After::While(41, |text| text.starts_with("  "))),
        );
    }
    if text.starts_with("signal(") {
        return Some(
            Sign::new(88)
                .class(Class::RuntimeError)
                .before(1)
                .after(After::While(40, |text| text.starts_with("  "))),
        );
    }
    (text.starts_with("Symbol") || text.starts_with("Cannot open load file"))
        .then(|| Sign::new(80).class(Class::RuntimeError))
}

#[cfg(test)]
mod tests {
    use super::super::examples;

    #[test]
    fn what_editors_say_is_known() {
        examples(&[
            ("Found errors in Test_adds():", "vim", 92),
            (
                "  signal(error (\"Could not create connection\"))",
                "emacs",
                88,
            ),
        ]);
    }
}
