//! What shells say of commands, and how a continuous integration says that one failed.

use super::{After, Rule, Seen, Sign};
use crate::digest::found::Class;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "shell",
        needles: &[
            "command not found",
            ": not found",
            "no such file or directory",
            "permission denied",
            "syntax error near",
            "unbound variable",
            "is not recognized as",
        ],
        read: shell,
    },
    Rule {
        name: "ci",
        needles: &[
            "exited with ",
            "exit code",
            "exit status",
            "failed 3 times",
            "marked build as failure",
            "finished: failure",
            "job failed",
            "your build has been stopped",
            "returned exit code",
            "failed with error code",
        ],
        read: ci,
    },
];

fn shell(seen: &Seen<'_>) -> Option<Sign> {
    let text = seen.text.trim_start();
    let lower = text.to_ascii_lowercase();
    if lower.contains("permission denied") {
        return Some(Sign::new(74).class(Class::PermissionOrSecret).before(2));
    }
    // `name: line 3: x: command not found`, `sh: 1: x: not found`, `/bin/x: No such file …`
    let program = text
        .split(": ")
        .next()
        .is_some_and(|head| !head.contains(' ') || head.ends_with("bash") || head.ends_with("sh"));
    let lines = text.contains(": line ");
    Some(
        Sign::new(if program || lines { 80 } else { 62 })
            .class(Class::Configuration)
            .before(2),
    )
}

fn ci(seen: &Seen<'_>) -> Option<Sign> {
    let text = seen.text.trim_start();
    let lower = text.to_ascii_lowercase();
    if lower.contains("exited with 0")
        || lower.contains("exit code 0")
        || lower.contains("exit code: 0")
        || lower.contains("exit status 0")
        || lower.starts_with("allow_fail")
    {
        return None;
    }
    if lower.contains("build has been stopped") {
        return Some(Sign::new(60).aside().before(3));
    }
    if text.starts_with("The command \"") || text.starts_with("\" exited with") {
        // More than any rule would give the words of the command itself.
        return Some(Sign::new(95).aside());
    }
    if lower.contains("marked build as failure")
        || lower.starts_with("finished: failure")
        || lower.contains("your build exited with")
        || lower.contains("job failed")
    {
        return Some(Sign::new(58).aside());
    }
    Some(
        Sign::new(56)
            .aside()
            .before(1)
            .after(After::While(2, |text| text.starts_with("  "))),
    )
}

#[cfg(test)]
mod tests {
    use super::super::examples;

    #[test]
    fn what_shells_say_is_known() {
        examples(&[
            ("build.sh: line 3: foo: command not found", "shell", 80),
            ("/bin/sh: x: Permission denied", "shell", 70),
            ("The command \"make\" exited with 2.", "ci", 60),
            ("error: script returned exit code 1", "rustc", 60),
        ]);
    }
}
