//! Checkers of links and of lists: awesome_bot, lychee, linkinator, markdownlint.

use super::{After, Rule, Seen, Sign};
use crate::digest::found::Class;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "awesome_bot",
        needles: &["issues :-("],
        read: |_| {
            Some(
                Sign::new(90)
                    .class(Class::LintError)
                    .lead()
                    .after(After::Blank(60)),
            )
        },
    },
    Rule {
        name: "links",
        needles: &[
            "[404]",
            "[500]",
            "[0]",
            "[err]",
            "[timeout]",
            "broken links",
            "dead link",
        ],
        read: links,
    },
];

fn links(seen: &Seen<'_>) -> Option<Sign> {
    let text = seen.text.trim_start();
    if text.starts_with('[') {
        // A status stands in front of an address; anything else in brackets is a count.
        let address = text
            .split_once("] ")
            .is_some_and(|(_, rest)| rest.trim_start().starts_with("http"));
        return address.then(|| Sign::new(84).class(Class::LintError));
    }
    (text.to_ascii_lowercase().contains("broken links") || text.contains("ead link"))
        .then(|| Sign::new(76).class(Class::LintError).before(3).aside())
}

#[cfg(test)]
mod tests {
    use super::super::examples;

    #[test]
    fn dead_links_are_known() {
        examples(&[
            ("Issues :-(", "awesome_bot", 90),
            ("  [404] http://localhost:5422", "links", 84),
        ]);
    }
}
