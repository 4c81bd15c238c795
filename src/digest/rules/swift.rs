//! xcodebuild, xcpretty, swift test and CocoaPods.

use super::{After, Place, Rule, Seen, Sign};
use crate::digest::found::Class;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "xcode",
        needles: &[
            "❌",
            "** test failed **",
            "** build failed **",
            "xctassert",
            "error: -[",
            "failing tests:",
        ],
        read: xcode,
    },
    Rule {
        name: "cocoapods",
        needles: &["[!] "],
        read: pods,
    },
];

fn xcode(seen: &Seen<'_>) -> Option<Sign> {
    let text = seen.text.trim_start();
    if text.starts_with("** TEST FAILED") || text.starts_with("** BUILD FAILED") {
        return Some(Sign::new(66).aside());
    }
    if text.starts_with("Failing tests:") {
        return Some(
            Sign::new(74)
                .class(Class::TestAssertion)
                .after(After::Blank(20)),
        );
    }
    if let Some(rest) = text.strip_prefix('❌') {
        return Some(
            Sign::new(90)
                .class(Class::CompileError)
                .diagnostic("swift", Place::of(rest), None, rest)
                .after(After::Lines(6)),
        );
    }
    if let Some((_, rest)) = text.split_once("error: -[") {
        let (name, message) = rest.split_once("] : ")?;
        return Some(
            Sign::new(92)
                .class(Class::TestAssertion)
                .test("xctest", name)
                .test_at(Place::of(text), message),
        );
    }
    let (name, _) = text.split_once(", XCTAssert")?;
    Some(
        Sign::new(92)
            .class(Class::TestAssertion)
            .before(2)
            .test("xctest", name.trim_start_matches(['✗', ' ']))
            .after(After::Lines(24)),
    )
}

fn pods(seen: &Seen<'_>) -> Option<Sign> {
    seen.text.starts_with("[!] ").then(|| {
        Sign::new(76)
            .class(Class::DependencyInstall)
            .after(After::Lines(4))
    })
}

#[cfg(test)]
mod tests {
    use super::super::examples;

    #[test]
    fn what_xcode_says_is_known() {
        examples(&[
            ("  testAdds, XCTAssertEqual failed", "xcode", 92),
            (
                "/b/Tests/A.swift:3: error: -[Tests.A testAdds] : XCTAssertEqual failed",
                "xcode",
                92,
            ),
            ("** TEST FAILED **", "xcode", 60),
            (
                "[!] Unable to find a specification for `X`",
                "cocoapods",
                70,
            ),
        ]);
    }
}
