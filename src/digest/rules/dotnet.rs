//! dotnet, MSBuild, NuGet, xUnit and NUnit.

use std::sync::LazyLock;

use regex::Regex;

use super::sign::pattern;
use super::{After, Place, Rule, Seen, Sign};
use crate::digest::found::Class;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "msbuild",
        needles: &[
            "error cs",
            "error fs",
            "error msb",
            "error nu",
            "error nets",
            "error ca",
            "error vb",
            "error bc",
            "error ide",
            "error sa",
        ],
        read: compiler,
    },
    Rule {
        name: "dotnet-test",
        needles: &[
            "[fail]",
            "  failed ",
            "failed!  -",
            "error message:",
            "test run failed",
        ],
        read: test,
    },
];

static ERROR: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(.*?)\s*: error ((?:CS|FS|MSB|NU|NETSDK|CA|VBC?|BC|IDE|SA)\d+): +(.*?)(?: \[[^\]]*\])?$",
    )
});

fn compiler(seen: &Seen<'_>) -> Option<Sign> {
    let found = ERROR.captures(seen.text)?;
    let code = &found[2];
    let class = if code.starts_with("NU") || code.starts_with("NETSDK") {
        Class::DependencyInstall
    } else if code.starts_with("CA") || code.starts_with("IDE") || code.starts_with("SA") {
        Class::LintError
    } else {
        Class::CompileError
    };
    Some(Sign::new(91).class(class).diagnostic(
        "msbuild",
        Place::of(&found[1]),
        Some(code),
        &found[3],
    ))
}

fn test(seen: &Seen<'_>) -> Option<Sign> {
    let text = seen.text.trim_end();
    if let Some(name) = text.strip_suffix("[FAIL]") {
        let name = name.rsplit_once(']').map_or(name, |(_, name)| name);
        return Some(
            Sign::new(90)
                .class(Class::TestAssertion)
                .test("xunit", name)
                .after(After::While(14, |text| {
                    text.starts_with("      ") || text.starts_with("[xUnit")
                })),
        );
    }
    if text.starts_with("Failed!  - ") || text.starts_with("Test Run Failed") {
        return Some(Sign::new(74).class(Class::TestAssertion).aside());
    }
    if let Some(rest) = text
        .trim_start()
        .strip_prefix("Failed ")
        .filter(|_| text.starts_with(' '))
    {
        let (name, _) = rest.rsplit_once(" [")?;
        return Some(
            Sign::new(92)
                .class(Class::TestAssertion)
                .test("dotnet", name)
                .after(After::While(16, |text| text.starts_with("  "))),
        );
    }
    text.trim_start()
        .starts_with("Error Message:")
        .then(|| Sign::new(70).aside().after(After::Lines(4)))
}

#[cfg(test)]
mod tests {
    use super::super::examples;

    #[test]
    fn what_dotnet_says_is_known() {
        examples(&[
            (
                "/b/A.cs(3,7): error CS1002: ; expected [/b/A.csproj]",
                "msbuild",
                91,
            ),
            (
                "/b/A.csproj : error NU1605: Detected package downgrade: X",
                "msbuild",
                91,
            ),
            ("  Failed Adds.Tests.Two [12 ms]", "dotnet-test", 92),
            (
                "[xUnit.net 00:00:00.50]     Adds.Tests.Two [FAIL]",
                "dotnet-test",
                90,
            ),
        ]);
    }
}
