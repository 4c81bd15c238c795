//! sbt, scalac, ScalaTest, and Leiningen.

use super::{After, Place, Rule, Seen, Sign};
use crate::digest::found::Class;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "sbt",
        needles: &["[error] ", "*** failed ***"],
        read: sbt,
    },
    Rule {
        name: "partest",
        needles: &["!! "],
        read: partest,
    },
];

fn sbt(seen: &Seen<'_>) -> Option<Sign> {
    let text = seen.text;
    if let Some((name, _)) = text.split_once(" *** FAILED ***") {
        let name = name
            .trim_start_matches("[info]")
            .trim()
            .trim_start_matches("- ");
        return Some(
            Sign::new(92)
                .class(Class::TestAssertion)
                .test("scalatest", name)
                .after(After::While(8, |text| text.starts_with("[info]   "))),
        );
    }
    let said = text.strip_prefix("[error] ")?;
    if said.contains(".scala:") && said.contains(": ") && said.starts_with(['/', 'C', '.']) {
        let message = said.splitn(4, ':').nth(3).unwrap_or(said);
        return Some(
            Sign::new(91)
                .class(Class::CompileError)
                .diagnostic("scalac", Place::of(said), None, message)
                .after(After::While(12, |text| text.starts_with("[error]  "))),
        );
    }
    if said.starts_with("Total time:") || said.trim().is_empty() {
        return Some(Sign::new(30).aside());
    }
    if said.starts_with("Failed tests:")
        || said.starts_with("(")
        || said.starts_with("Error during tests")
    {
        return Some(Sign::new(76).after(After::While(20, |text| text.starts_with("[error]"))));
    }
    Some(Sign::new(78).after(After::While(30, |text| text.starts_with("[error] "))))
}

fn partest(seen: &Seen<'_>) -> Option<Sign> {
    let rest = seen.text.trim_start().strip_prefix("!! ")?;
    let (number, name) = rest.trim_start().split_once(" - ")?;
    number.parse::<u32>().ok()?;
    let name = name.split('[').next().unwrap_or(name);
    Some(
        Sign::new(92)
            .class(Class::TestAssertion)
            .test("partest", name)
            .after(After::Before(30, |text| {
                text.starts_with("ok ") || text.starts_with("!! ")
            })),
    )
}

#[cfg(test)]
mod tests {
    use super::super::examples;

    #[test]
    fn what_sbt_says_is_known() {
        examples(&[
            ("[error] /b/src/A.scala:10:8: not found: value x", "sbt", 91),
            ("[info] - adds two numbers *** FAILED ***", "sbt", 92),
            (
                "[error] (root/test) sbt.TestsFailedException: Tests unsuccessful",
                "sbt",
                70,
            ),
            (
                "!!  753 - neg/t742.scala [compilation failed]",
                "partest",
                92,
            ),
        ]);
    }
}
