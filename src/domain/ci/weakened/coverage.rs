//! How coverage and mutants are measured and demanded: thresholds, exclusions, marks in code.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::Regex;

use super::Pair;
use super::ecosystem;
use super::kind::{Kind, Weakening};
use super::place::name_of;
use super::steering::{is_ci, names_tests};
use crate::domain::text::pattern::pattern;

/// Files that are about coverage and nothing else.
const FILES: &[&str] = &[
    "codecov.yml",
    ".codecov.yml",
    "codecov.yaml",
    ".codecov.yaml",
    ".coveragerc",
    ".nycrc",
    ".nycrc.json",
    ".nycrc.yml",
    "nyc.config.js",
    ".c8rc.json",
    ".coveralls.yml",
    "coveralls.json",
    ".simplecov",
    "tarpaulin.toml",
    ".tarpaulin.toml",
    "mutants.toml",
    "stryker.conf.json",
    "stryker.config.json",
    "stryker.conf.js",
    "infection.json",
    "infection.json5",
    "sonar-project.properties",
    ".lcovrc",
    "gcovr.cfg",
    "coverlet.runsettings",
];

/// Numbers of which more demands more.
static DEMANDS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?i)["']?\b(fail[_-]under|cov-fail-under|target|branches|functions|lines|statements|minimum(?:_coverage)?(?:_by_file)?|min_?coverage|refuse_coverage_drop|threshold|Threshold|high|low|break|minMsi|minCoveredMsi|check-coverage|fail-under-\w+)\b["']?\s*(?:[:=(]|\s)\s*["']?(\d+(?:\.\d+)?)"#,
    )
});
/// What leaves something out or demands nothing.
static LEAVES_OUT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?i)\b(?:omit|exclude\w*|exclude_lines|exclude-files|ignore|ignore_errors|coveragePathIgnorePatterns|coverage\.exclusions|add_filter|ExcludeByFile|examine_globs|skip_covered|skip_empty)\b|informational\s*:\s*true|"?check-coverage"?\s*[:=]\s*false|--no-cov\b|--no-coverage\b|"?collectCoverage"?\s*:\s*false"#,
    )
});
/// Words by which a line of another file is about coverage.
static ABOUT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)coverage|\bcov\b|--cov|fail[_-]under|jacoco|kover|nyc|\bc8\b|istanbul|tarpaulin|llvm-cov|grcov|simplecov|codecov|<minimum>|COVEREDRATIO",
    )
});
/// Marks in code.
static MARKS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)pragma:?\s*no\s*(?:cover|branch)|istanbul\s+ignore|c8\s+ignore|v8\s+ignore|LCOV_EXCL|GCOVR?_EXCL|:nocov:|@codeCoverageIgnore|coverage\(off\)|no_coverage|ExcludeFromCodeCoverage|mutants::skip|Stryker\s+disable|tarpaulin_include|coveralls-ignore|@infection-ignore",
    )
});

/// Whether a path is configuration of coverage and nothing else.
pub(super) fn is_config(path: &str) -> bool {
    FILES.contains(&name_of(path))
}

/// What demands less.
pub(super) fn find(pair: &Pair<'_>, found: &mut Vec<Weakening>) {
    marks(pair, found);
    let is_own = is_config(pair.path);
    if pair.before.is_none() || !(is_own || names_tests(pair.path)) || is_ci(pair.path) {
        return;
    }
    let Some(after) = &pair.after else {
        if is_own {
            let what = "the whole file is gone";
            found.push(Weakening::new(Kind::CoverageChanged, pair.path, None, what));
        }
        return;
    };
    let (added, removed) = (pair.added(), pair.removed());
    let numbers = demands(&removed);
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let mut explained = false;
    for (line, text) in &added {
        let mut less = false;
        for (label, value) in demanded(text) {
            let place = seen.entry(label).or_default();
            let old = numbers.get(label).and_then(|all| all.get(*place));
            *place += 1;
            // Codecov's threshold is what may be lost.
            let is_loss = label == "threshold" && name_of(pair.path).contains("codecov");
            less |= old.is_some_and(|old| if is_loss { value > *old } else { value < *old });
        }
        let is_near = is_own || is_about(after.raw.as_str(), *line);
        let leaves_out = is_near && LEAVES_OUT.is_match(text) && !is_comment(text);
        if (less && (is_own || is_near)) || leaves_out {
            explained = true;
            found.push(Weakening::new(
                Kind::CoverageChanged,
                pair.path,
                Some(*line),
                text,
            ));
        }
    }
    gone(pair, &added, &removed, explained, found);
}

/// Demands that are gone, and any other change of a file that is about nothing else.
fn gone(
    pair: &Pair<'_>,
    added: &[(u32, &str)],
    removed: &[(u32, &str)],
    explained: bool,
    found: &mut Vec<Weakening>,
) {
    let kept: Vec<&str> = added
        .iter()
        .flat_map(|(_, text)| demanded(text))
        .map(|(label, _)| label)
        .collect();
    let before = pair
        .before
        .as_ref()
        .map_or("", |before| before.raw.as_str());
    for (line, text) in removed {
        let demands: Vec<(&str, f64)> = demanded(text);
        let is_demand = demands.iter().any(|(label, _)| !kept.contains(label));
        let is_own = is_config(pair.path);
        let is_lost = is_demand && (is_own || is_about(before, *line));
        // A rise of a demand takes a line away, too.
        let is_other = is_own && !explained && demands.is_empty() && !is_comment(text);
        if is_lost || is_other {
            found.push(Weakening::new(
                Kind::CoverageChanged,
                pair.path,
                Some(*line),
                text,
            ));
        }
    }
}

fn is_comment(text: &str) -> bool {
    text.starts_with('#') || text.starts_with("//")
}

/// Lines above one that say what it is about.
const NEAR: usize = 12;

/// Whether a line, or one shortly above it, is about coverage.
fn is_about(text: &str, line: u32) -> bool {
    let line = usize::try_from(line).unwrap_or(0);
    let from = line.saturating_sub(NEAR);
    text.lines()
        .take(line)
        .skip(from)
        .any(|line| ABOUT.is_match(line))
}

fn demanded(text: &str) -> Vec<(&str, f64)> {
    let all = DEMANDS.captures_iter(text).filter_map(|found| {
        let value = found.get(2)?.as_str().parse().ok()?;
        Some((found.get(1)?.as_str(), value))
    });
    all.collect()
}

fn demands<'a>(lines: &[(u32, &'a str)]) -> HashMap<&'a str, Vec<f64>> {
    let mut all: HashMap<&str, Vec<f64>> = HashMap::new();
    for (label, value) in lines.iter().flat_map(|(_, text)| demanded(text)) {
        all.entry(label).or_default().push(value);
    }
    all
}

/// Marks in code by which it no longer counts.
fn marks(pair: &Pair<'_>, found: &mut Vec<Weakening>) {
    if ecosystem::of(pair.path).is_none() {
        return;
    }
    for (line, text) in pair.added() {
        if MARKS.is_match(text) {
            found.push(Weakening::new(
                Kind::CoverageChanged,
                pair.path,
                Some(line),
                text,
            ));
        }
    }
}
