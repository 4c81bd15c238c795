//! Node, jest, vitest, karma, and the scripts of npm, yarn and pnpm.

use super::{After, Place, Rule, Seen, Sign, frame};
use crate::digest::found::Class;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "jest",
        needles: &["● "],
        read: jest,
    },
    Rule {
        name: "jest",
        needles: &[
            "fail ",
            "tests:",
            "test suites:",
            "snapshots:",
            "snapshots ",
            "no tests found",
        ],
        read: suite,
    },
    Rule {
        name: "vitest",
        needles: &[" fail ", "⎯⎯", "❯ "],
        read: vitest,
    },
    Rule {
        name: "node",
        needles: &["error: "],
        read: thrown,
    },
    Rule {
        name: "node",
        needles: &[
            "cannot find module",
            "unhandledpromiserejection",
            "err_module_not_found",
        ],
        read: module,
    },
    Rule {
        name: "npm",
        needles: &[
            "npm err!",
            "npm error",
            "command failed with exit code",
            "err_pnpm",
            "elifecycle",
            "command failed.",
        ],
        read: script,
    },
    Rule {
        name: "jest",
        needles: &[
            "expected:",
            "received:",
            "expected ",
            "- snapshot",
            "obsolete",
            "snapshot",
        ],
        read: expectation,
    },
    Rule {
        name: "qunit",
        needles: &["module failed:", "test failed:"],
        read: qunit,
    },
    Rule {
        name: "karma",
        needles: &[" failed", ") error", "executed "],
        read: karma,
    },
];

fn jest(seen: &Seen<'_>) -> Option<Sign> {
    let name = seen.text.trim_start().strip_prefix("● ")?;
    if name.starts_with("Console") || name.starts_with("Cannot log") {
        return Some(Sign::new(20));
    }
    let sign = Sign::new(94)
        .class(Class::TestAssertion)
        .after(After::Before(60, |text| {
            text.trim_start().starts_with("● ")
                || text.starts_with("Test Suites:")
                || text.starts_with("PASS ")
                || text.starts_with("FAIL ")
        }));
    Some(if name.contains(" › ") || !name.contains("suite failed") {
        sign.test("jest", name)
    } else {
        sign
    })
}

fn suite(seen: &Seen<'_>) -> Option<Sign> {
    let text = seen.text.trim_start();
    if let Some(rest) = text.strip_prefix("FAIL ") {
        let file = rest.split_whitespace().find(|word| word.contains('.'))?;
        let script = [".js", ".ts", ".jsx", ".tsx", ".mjs", ".cjs", ".vue"]
            .iter()
            .any(|end| file.ends_with(end));
        return script.then(|| Sign::new(76).class(Class::TestAssertion));
    }
    let counts = (text.starts_with("Tests:")
        || text.starts_with("Test Suites:")
        || text.starts_with("Snapshots"))
        && text.contains("fail");
    if counts {
        let class = if text.starts_with("Snapshots") {
            Class::SnapshotDiff
        } else {
            Class::TestAssertion
        };
        return Some(Sign::new(74).class(class).aside());
    }
    text.starts_with("No tests found").then(|| {
        Sign::new(86)
            .class(Class::Configuration)
            .after(After::Lines(6))
    })
}

fn vitest(seen: &Seen<'_>) -> Option<Sign> {
    let text = seen.text.trim_start();
    if let Some(rest) = text.strip_prefix("FAIL  ") {
        let name = rest.trim();
        return name.contains(" > ").then(|| {
            Sign::new(94)
                .class(Class::TestAssertion)
                .test("vitest", name)
                .test_at(Place::of(name), "")
                .after(After::Before(45, |text| {
                    text.trim_start().starts_with("FAIL  ") || text.starts_with("⎯⎯")
                }))
        });
    }
    if let Some(rest) = text.strip_prefix("❯ ") {
        return Place::of(rest).map(|place| Sign::new(62).aside().place(Some(place)));
    }
    (text.contains("Failed Tests") || text.contains("Failed Suites")).then(|| Sign::new(60).aside())
}

/// An error with its class in front, and its stack behind.
fn thrown(seen: &Seen<'_>) -> Option<Sign> {
    let text = seen.text.trim_start();
    let (class, message) = text.split_once("Error: ")?;
    let class = class
        .trim_start_matches("Uncaught ")
        .trim_start_matches("[");
    if class.contains(|char: char| {
        !(char.is_alphanumeric() || matches!(char, '.' | '_' | '$' | ':' | '#'))
    }) {
        return None;
    }
    let weight = if class.is_empty() { 78 } else { 81 };
    let kind = if class.ends_with("Assertion") {
        Class::TestAssertion
    } else {
        Class::RuntimeError
    };
    Some(
        Sign::new(weight)
            .class(kind)
            .before(if class == "Syntax" { 4 } else { 1 })
            .message(message)
            .after(After::While(30, |text| {
                frame(text) || text.starts_with("    ")
            })),
    )
}

fn module(seen: &Seen<'_>) -> Option<Sign> {
    // A file of one's own is no dependency.
    let own = ["'./", "'../", "'/", "\"./", "\"../"]
        .iter()
        .any(|start| seen.text.contains(start));
    let class = if own {
        Class::RuntimeError
    } else {
        Class::DependencyInstall
    };
    Some(Sign::new(84).class(class).after(After::While(15, frame)))
}

fn script(seen: &Seen<'_>) -> Option<Sign> {
    let text = seen.text.trim_start();
    if text.starts_with("npm ERR!") || text.starts_with("npm error") {
        let said = text[8..].trim_start_matches("r").trim();
        if let Some(code) = said.strip_prefix("code ") {
            let own = code.starts_with("ELIFECYCLE") || code.parse::<i32>().is_ok();
            return Some(if own {
                Sign::new(30).aside()
            } else {
                let refused = ["ENEEDAUTH", "E401", "E403", "EOTP", "EACCES", "EPERM"];
                let unreached = ["ECONN", "ENOTFOUND", "EAI_AGAIN", "ETIMEDOUT", "ERR_SOCKET"];
                let is = |codes: &[&str]| codes.iter().any(|known| code.starts_with(known));
                let class = if is(&refused) {
                    Class::PermissionOrSecret
                } else if is(&unreached) || code.starts_with("E5") {
                    Class::NetworkOrFlaky
                } else {
                    Class::DependencyInstall
                };
                Sign::new(85)
                    .class(class)
                    .after(After::While(14, |text| text.starts_with("npm ")))
            });
        }
        return Some(
            Sign::new(
                if said.contains("Exit status") || said.contains("Failed at") {
                    34
                } else {
                    24
                },
            )
            .aside(),
        );
    }
    if text.contains("ERR_PNPM") && !text.contains("ELIFECYCLE") && !text.contains("RECURSIVE_RUN")
    {
        return Some(
            Sign::new(85)
                .class(Class::DependencyInstall)
                .after(After::Blank(15)),
        );
    }
    Some(Sign::new(52).aside())
}

fn expectation(seen: &Seen<'_>) -> Option<Sign> {
    let text = seen.text.trim_start();
    let mismatched = text.starts_with("Error: Snapshot `") && text.ends_with(" mismatched");
    if mismatched
        || text.contains("toMatchSnapshot")
        || text.contains("snapshot failed")
        || text.contains("snapshots failed")
    {
        return Some(Sign::new(72).class(Class::SnapshotDiff).aside());
    }
    (text.starts_with("Expected") || text.starts_with("Received") || text.starts_with("- Snapshot"))
        .then(|| Sign::new(66).aside())
}

fn qunit(seen: &Seen<'_>) -> Option<Sign> {
    let text = seen.text.trim_start();
    let name = text
        .strip_prefix("Module Failed: ")
        .or_else(|| text.strip_prefix("Test Failed: "))?;
    Some(
        Sign::new(91)
            .class(Class::TestAssertion)
            .test("qunit", name)
            .after(After::Lines(10)),
    )
}

fn karma(seen: &Seen<'_>) -> Option<Sign> {
    let text = seen.text.trim_end();
    let browser = [
        "Chrome",
        "Firefox",
        "Safari",
        "HeadlessChrome",
        "ChromeHeadless",
        "Edge",
        "IE ",
        "PhantomJS",
        "Electron",
        "jsdom",
    ]
    .iter()
    .any(|name| text.starts_with(name));
    if !browser {
        return None;
    }
    if text.ends_with(" FAILED") {
        return Some(
            Sign::new(91)
                .class(Class::TestAssertion)
                .test("karma", text.trim_end_matches(" FAILED"))
                .after(After::While(20, |text| text.starts_with([' ', '\t']))),
        );
    }
    (text.ends_with(" ERROR") || text.contains("DISCONNECTED") || text.contains("FAILED)"))
        .then(|| Sign::new(84).after(After::While(8, |text| text.starts_with([' ', '\t']))))
}

#[cfg(test)]
mod tests {
    use super::super::examples;

    #[test]
    fn what_javascript_says_is_known() {
        examples(&[
            ("  ● adds › two numbers", "jest", 94),
            ("FAIL src/adds.test.js", "jest", 70),
            ("Tests:       1 failed, 3 passed, 4 total", "jest", 70),
            (" FAIL  src/adds.test.ts > adds > two numbers", "vitest", 94),
            ("TypeError: Cannot read properties of undefined", "node", 80),
            ("Error: Cannot find module 'x'", "node", 80),
            ("npm ERR! code E404", "npm", 85),
            ("Chrome 75.0.3770 (Linux 0.0.0) adds FAILED", "karma", 91),
        ]);
    }
}
