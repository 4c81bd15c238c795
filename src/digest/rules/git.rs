//! git: refusals, conflicts, and a difference that was not to be there.

use super::{After, Rule, Seen, Sign};
use crate::digest::found::Class;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "git",
        needles: &[
            "fatal: ",
            "conflict (",
            "[rejected]",
            "[remote rejected]",
            "error: failed to push",
            "remote: permission",
            "remote: error",
            "remote: invalid",
            "gh00",
            "automatic merge failed",
        ],
        read: git,
    },
    Rule {
        name: "git-diff",
        needles: &["diff --git "],
        read: diff,
    },
];

fn git(seen: &Seen<'_>) -> Option<Sign> {
    let text = seen.text.trim_start();
    if let Some((front, said)) = text.split_once("fatal: ") {
        let lower = said.to_ascii_lowercase();
        let class = if lower.contains("403")
            || lower.contains("permission")
            || lower.contains("authentication")
            || lower.contains("could not read username")
            || lower.contains("dubious ownership")
            || lower.contains("unsafe repository")
        {
            Class::PermissionOrSecret
        } else if lower.contains("resolve host")
            || lower.contains("timed out")
            || lower.contains("failed to connect")
            || lower.contains("connection refused")
            || lower.contains("connection reset")
            || lower.contains("could not connect")
            || lower.contains("couldn't connect")
            || lower.contains("early eof")
            || lower.contains("the remote end hung up")
            || lower.contains("error: 5")
        {
            Class::NetworkOrFlaky
        } else {
            Class::Configuration
        };
        if !front.is_empty() {
            return Some(Sign::new(60).class(class));
        }
        return Some(Sign::new(86).class(class).before(2).after(After::Lines(3)));
    }
    // Also where a tool prints git's words within its own.
    let denied = text.contains("remote: Permission to ") && text.contains(" denied to ");
    if denied || text.starts_with("remote: Permission") || text.contains("remote: Invalid") {
        return Some(
            Sign::new(90)
                .class(Class::PermissionOrSecret)
                .after(After::Lines(2)),
        );
    }
    (text.contains("CONFLICT (")
        || text.contains("rejected]")
        || text.starts_with("error: failed to push")
        || text.starts_with("remote: error")
        || text.starts_with("Automatic merge failed"))
    .then(|| {
        Sign::new(86)
            .class(Class::Configuration)
            .after(After::Lines(2))
    })
}

fn diff(seen: &Seen<'_>) -> Option<Sign> {
    seen.text.starts_with("diff --git ").then(|| {
        Sign::new(72).before(1).after(After::While(60, |text| {
            text.is_empty()
                || text.starts_with(['+', '-', ' ', '@', '\\'])
                || text.starts_with("index ")
                || text.starts_with("diff ")
        }))
    })
}

#[cfg(test)]
mod tests {
    use super::super::examples;

    #[test]
    fn what_git_says_is_known() {
        examples(&[
            (
                "fatal: Remote branch x not found in upstream origin",
                "git",
                86,
            ),
            ("remote: Permission to a/b.git denied to c.", "git", 90),
            (
                "  stderr: 'remote: Permission to a/b.git denied to c.\\n' +",
                "git",
                90,
            ),
            (
                "fatal: unable to access 'https://example.test/a.git/': Failed to connect to example.test port 443",
                "git",
                86,
            ),
            ("CONFLICT (content): Merge conflict in a", "git", 86),
            ("diff --git a/x b/x", "git-diff", 70),
        ]);
    }
}
