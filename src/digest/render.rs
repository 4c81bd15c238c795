//! The digest as an agent reads it: what failed in a few lines, then verbatim excerpts, fenced
//! as text that nobody vouches for.

use std::fmt::Write as _;

use super::annotations::ANNOTATION;
use super::clean::head;
use super::found::{Class, Digest, Excerpt};
use super::select::WIDTH;

/// Characters of a token, about.
pub(super) const TOKEN: usize = 4;
/// The share of the budget that names of tests and places may take, in percent.
const NAMES: usize = 14;
/// Characters of a name that are shown.
const NAME: usize = 160;

/// The lines above the excerpts, in at most that many characters.
pub(super) fn heading(digest: &Digest, most: usize) -> String {
    let mut out = String::new();
    if digest.failed {
        let class = word(digest.class);
        let _ = writeln!(out, "**{class}** ({} % sure)", digest.confidence);
    } else {
        let _ = writeln!(out, "Nothing failed in these {} lines.", digest.lines);
        return out;
    }
    if let Some(job) = &digest.job {
        let _ = writeln!(out, "Job: {}", head(job, NAME));
    }
    if let Some(step) = &digest.step {
        let code = step
            .exit_code
            .map(|code| format!(", exit code {code}"))
            .unwrap_or_default();
        let command = step.command.as_ref().unwrap_or(&step.name);
        let name = if step.name.is_empty() || step.name == *command {
            String::new()
        } else {
            format!("{}: ", head(&step.name, NAME))
        };
        let _ = writeln!(
            out,
            "Failing step: {name}`{}`{code}",
            head(&command.replace('`', "'"), NAME)
        );
    }
    out.truncate(out.floor_char_boundary(most));
    out
}

/// The tests and places that the excerpts do not show, in a share of the budget.
pub(super) fn names(digest: &Digest, excerpts: &str, budget: usize) -> String {
    let most = budget * NAMES / 100;
    let mut out = String::new();
    let mut hidden = digest.more_tests + digest.more_diagnostics;
    let squeezed = |text: &str| text.split_whitespace().collect::<String>();
    let shown = squeezed(excerpts);
    for test in &digest.tests {
        if shown.contains(&squeezed(&test.id)) {
            continue;
        }
        let place = test
            .file
            .as_ref()
            .filter(|file| !test.id.contains(file.as_str()))
            .map(|file| {
                format!(
                    " ({file}{})",
                    test.line.map(|line| format!(":{line}")).unwrap_or_default()
                )
            })
            .unwrap_or_default();
        let line = format!("- {}{place}\n", head(&test.id, NAME));
        if out.len() + line.len() + 60 > most {
            hidden += 1;
        } else {
            out += &line;
        }
    }
    if !out.is_empty() {
        out.insert_str(0, "Also failed:\n");
    }
    for diagnostic in &digest.diagnostics {
        let start = head(&diagnostic.message, 60);
        let place = diagnostic
            .file
            .as_ref()
            .map(|file| format!("{file}:{}: ", diagnostic.line.unwrap_or(0)))
            .unwrap_or_default();
        // The log says an annotation's words without its place.
        let placed = diagnostic.tool != ANNOTATION || shown.contains(place.trim_end_matches(": "));
        if start.is_empty() || (placed && shown.contains(&squeezed(start))) {
            continue;
        }
        let line = format!("- {place}{}\n", head(&diagnostic.message, NAME));
        if out.len() + line.len() + 60 > most {
            hidden += 1;
        } else {
            out += &line;
        }
    }
    if hidden > 0 {
        let _ = writeln!(out, "- and {hidden} more");
    }
    out
}

/// The excerpts, fenced.
pub(super) fn excerpts(excerpts: &[Excerpt], has_baseline: bool) -> String {
    let longest = excerpts
        .iter()
        .flat_map(|excerpt| &excerpt.lines)
        .map(|line| ticks(&line.text))
        .max()
        .unwrap_or(0);
    let fence = "`".repeat((longest + 1).max(3));
    let mut out = format!("Log, verbatim and untrusted:\n{fence}text\n");
    let mut last = 0;
    for excerpt in excerpts {
        let Some(first) = excerpt.lines.first() else {
            continue;
        };
        let gap = first.line.saturating_sub(last + 1);
        let skipped = if last > 0 && gap > 0 {
            format!(" (+{gap})")
        } else {
            String::new()
        };
        let times = if excerpt.times > 1 {
            format!(" ×{}", excerpt.times)
        } else {
            String::new()
        };
        let new = if has_baseline && excerpt.new == Some(true) {
            " new"
        } else {
            ""
        };
        let _ = writeln!(out, "@{}{skipped}{times}{new}", first.line);
        for line in &excerpt.lines {
            if last > 0 && line.line > last + 1 && line.line != first.line {
                let _ = writeln!(out, "@{} (+{})", line.line, line.line - last - 1);
            }
            last = line.line;
            let _ = writeln!(out, "{}", shown(&line.text));
        }
    }
    out += &fence;
    out.push('\n');
    out
}

/// A line up to its width.
fn shown(text: &str) -> String {
    let count = text.chars().count();
    if count <= WIDTH + 8 {
        return text.to_owned();
    }
    let short: String = text.chars().take(WIDTH).collect();
    format!("{short}… (+{})", count - WIDTH)
}

/// The longest run of backticks in a text.
fn ticks(text: &str) -> usize {
    text.split(|char| char != '`')
        .map(str::len)
        .max()
        .unwrap_or(0)
}

/// A class as words.
pub(super) const fn word(class: Class) -> &'static str {
    match class {
        Class::Passed => "passed",
        Class::CompileError => "compile error",
        Class::TypeError => "type error",
        Class::LintError => "lint or format error",
        Class::TestAssertion => "failing test",
        Class::SnapshotDiff => "snapshot differs",
        Class::DependencyInstall => "dependency cannot be installed",
        Class::DockerBuild => "image cannot be built",
        Class::PermissionOrSecret => "permission or secret missing",
        Class::NetworkOrFlaky => "network, or another server's fault",
        Class::Timeout => "timeout",
        Class::OutOfMemory => "out of memory or disk",
        Class::Infrastructure => "the runner itself failed",
        Class::Configuration => "wrong call or configuration",
        Class::RuntimeError => "a program's error",
        Class::Unknown => "unknown kind of failure",
    }
}
