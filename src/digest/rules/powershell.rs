//! PowerShell and Pester.

use super::{After, Rule, Seen, Sign};
use crate::digest::found::Class;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "powershell",
        needles: &[
            " char:",
            "+ categoryinfo",
            "+ fullyqualifiederrorid",
            "parentcontainserrorrecordexception",
        ],
        read: record,
    },
    Rule {
        name: "pester",
        needles: &["[-] "],
        read: pester,
    },
];

fn record(seen: &Seen<'_>) -> Option<Sign> {
    let text = seen.text.trim_start();
    if text.starts_with("At ") {
        return Some(
            Sign::new(84)
                .class(Class::RuntimeError)
                .before(2)
                .after(After::While(8, |text| {
                    text.trim_start().starts_with('+') || text.is_empty()
                })),
        );
    }
    text.starts_with('+')
        .then(|| Sign::new(74).aside().before(4))
}

fn pester(seen: &Seen<'_>) -> Option<Sign> {
    let name = seen.text.trim_start().strip_prefix("[-] ")?;
    Some(
        Sign::new(92)
            .class(Class::TestAssertion)
            .test("pester", name.split(" -> ").next().unwrap_or(name))
            .after(After::Before(20, |text| {
                text.trim_start().starts_with('[') || text.is_empty()
            })),
    )
}

#[cfg(test)]
mod tests {
    use super::super::examples;

    #[test]
    fn what_powershell_says_is_known() {
        examples(&[
            ("At /b/build.psm1:2038 char:17", "powershell", 84),
            (
                "    + CategoryInfo          : OperationStopped: (x:String) [], RuntimeException",
                "powershell",
                70,
            ),
            ("[-] adds two numbers 12ms", "pester", 92),
        ]);
    }
}
