//! Perl, prove, and LaTeX with its helpers, which are told apart by their marks alone.

use super::{After, Place, Rule, Seen, Sign};
use crate::digest::found::Class;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "perl",
        needles: &[" line ", "can't locate ", "dubious, test returned"],
        read: perl,
    },
    Rule {
        name: "latex",
        needles: &[
            "! latex error",
            "! undefined control",
            "! package",
            "emergency stop",
            "! missing",
        ],
        read: latex,
    },
];

fn perl(seen: &Seen<'_>) -> Option<Sign> {
    let text = seen.text;
    if text.starts_with("Can't locate ") || text.contains("Dubious, test returned") {
        return Some(Sign::new(82).class(Class::RuntimeError));
    }
    let (message, place) = text.rsplit_once(" at ")?;
    let (file, line) = place.split_once(" line ")?;
    let line = line.trim_end_matches('.').parse().ok()?;
    let script = [".pl", ".pm", ".t"].iter().any(|end| file.ends_with(end));
    script.then(|| {
        Sign::new(74).diagnostic(
            "perl",
            Some(Place {
                file: file.to_owned(),
                line,
                column: None,
            }),
            None,
            message,
        )
    })
}

fn latex(seen: &Seen<'_>) -> Option<Sign> {
    seen.text.starts_with("! ").then(|| {
        Sign::new(88)
            .class(Class::CompileError)
            .before(1)
            .after(After::Lines(6))
    })
}

#[cfg(test)]
mod tests {
    use super::super::examples;

    #[test]
    fn what_perl_and_latex_say_is_known() {
        examples(&[
            ("Bareword \"x\" not allowed at t/a.t line 3.", "perl", 70),
            ("! LaTeX Error: File `x.sty' not found.", "latex", 88),
        ]);
    }
}
