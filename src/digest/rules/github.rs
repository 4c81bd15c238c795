//! What the runner of GitHub Actions writes itself, and what its infrastructure says.

use super::{Rule, Seen, Sign};
use crate::digest::found::Class;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "github-actions",
        needles: &["##[error]", "::error"],
        read: annotation,
    },
    Rule {
        name: "github-actions",
        needles: &[
            "runner has received a shutdown signal",
            "lost communication with the server",
            "hosted runner",
            "operation was canceled",
            "maximum execution time",
            "internal error occurred",
            "action_required",
        ],
        read: runner,
    },
    Rule {
        name: "github-api",
        needles: &[
            "resource not accessible",
            "bad credentials",
            "http 403",
            "http 401",
            "api rate limit",
            "secondary rate limit",
        ],
        read: api,
    },
];

fn annotation(seen: &Seen<'_>) -> Option<Sign> {
    let text = seen.text.trim_start();
    let said = text
        .strip_prefix("##[error]")
        .or_else(|| text.strip_prefix("::error"))?;
    let lower = said.to_ascii_lowercase();
    if lower.starts_with("process completed with exit code") || lower.starts_with("the process '") {
        return Some(Sign::new(66).aside());
    }
    if lower.contains("operation was canceled") || lower.contains("maximum execution time") {
        return Some(Sign::new(84).class(Class::Timeout));
    }
    let class = if lower.contains("unable to resolve action")
        || lower.contains("can't find 'action.yml'")
        || lower.contains("input required and not supplied")
    {
        Some(Class::Configuration)
    } else if lower.contains("no space left") {
        Some(Class::OutOfMemory)
    } else {
        None
    };
    let sign = Sign::new(82)
        .before(2)
        .after(super::After::While(20, |text| {
            !text.starts_with("##[") && !text.is_empty() && !text.starts_with("Post job")
        }));
    Some(match class {
        Some(class) => sign.class(class),
        None => sign,
    })
}

fn runner(seen: &Seen<'_>) -> Option<Sign> {
    let lower = seen.text.to_ascii_lowercase();
    if lower.contains("maximum execution time") || lower.contains("operation was canceled") {
        return Some(Sign::new(80).class(Class::Timeout));
    }
    let lost = lower.contains("shutdown signal")
        || lower.contains("lost communication")
        || lower.contains("internal error occurred");
    lost.then(|| Sign::new(90).class(Class::Infrastructure))
}

fn api(seen: &Seen<'_>) -> Option<Sign> {
    let lower = seen.text.to_ascii_lowercase();
    let class = if lower.contains("rate limit") {
        Class::NetworkOrFlaky
    } else {
        Class::PermissionOrSecret
    };
    Some(Sign::new(88).class(class).before(2))
}

#[cfg(test)]
mod tests {
    use super::super::examples;

    #[test]
    fn what_the_runner_says_is_known() {
        examples(&[
            (
                "##[error]Process completed with exit code 1.",
                "github-actions",
                60,
            ),
            (
                "##[error]Unable to resolve action `a/b@v9`, unable to find version `v9`",
                "github-actions",
                80,
            ),
            (
                "The hosted runner lost communication with the server.",
                "github-actions",
                90,
            ),
            (
                "gh: Resource not accessible by integration (HTTP 403)",
                "github-api",
                88,
            ),
        ]);
    }
}
