//! mix, ExUnit, rebar and the Erlang virtual machine.

use super::{After, Place, Rule, Seen, Sign};
use crate::digest::found::Class;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "mix",
        needles: &["** (", "== compilation error", "compilation error in file"],
        read: mix,
    },
    Rule {
        name: "erlang",
        needles: &[
            "{badmatch",
            "init terminating",
            "crash dump",
            "error in process",
            "undef",
            "system process",
            "{error,",
            "failed on line",
        ],
        read: erlang,
    },
];

fn mix(seen: &Seen<'_>) -> Option<Sign> {
    let text = seen.text.trim_start();
    if text.contains("ompilation error in file") {
        return Some(
            Sign::new(92)
                .class(Class::CompileError)
                .lead()
                .diagnostic("elixir", Place::of(text), None, text)
                .after(After::Blank(12)),
        );
    }
    let (class, message) = text.strip_prefix("** (")?.split_once(')')?;
    let compile = class.ends_with("CompileError")
        || class.ends_with("SyntaxError")
        || class.ends_with("TokenMissingError");
    Some(
        Sign::new(86)
            .class(if compile {
                Class::CompileError
            } else {
                Class::RuntimeError
            })
            .before(2)
            .message(message)
            .after(After::Blank(20)),
    )
}

fn erlang(seen: &Seen<'_>) -> Option<Sign> {
    let text = seen.text;
    let strong = [
        "init terminating",
        "Crash dump",
        "Error in process",
        "System process",
        "{badmatch",
        "{undef,",
        " failed on line ",
    ]
    .iter()
    .any(|word| text.contains(word));
    strong.then(|| Sign::new(84).class(Class::RuntimeError))
}

#[cfg(test)]
mod tests {
    use super::super::examples;

    #[test]
    fn what_the_beam_says_is_known() {
        examples(&[
            (
                "** (MatchError) no match of right hand side value: 3",
                "mix",
                86,
            ),
            ("== Compilation error in file lib/a.ex ==", "mix", 92),
            (
                "{\"init terminating in do_boot\",{badmatch,error}}",
                "erlang",
                84,
            ),
        ]);
    }
}
