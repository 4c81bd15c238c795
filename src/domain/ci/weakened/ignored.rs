//! `|| true` and its kin: a failure that no longer counts.
//!
//! It looks at files that run checks, not at every script: `rm file || true` is no weakening.

use std::sync::LazyLock;

use regex::Regex;

use super::Pair;
use super::kind::{Kind, Weakening};
use super::place::name_of;
use super::steering::{is_ci, names_tests};
use crate::domain::text::pattern::pattern;

/// What makes of a failure none, or of tests fewer.
static IGNORES: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?i)\|\|\s*(?:true\b|/bin/true|:(?:\s|$|["';])|exit\s+0|echo\b|printf\b|return\s+0|cd\s+\.)|;\s*(?:true|exit\s+0)\s*["']?,?$|\bset\s+\+(?:e\b|o\s+(?:errexit|pipefail))|\bcontinue-?on-?error\s*:\s*(?:true|["']?\$\{\{)|\ballow_failure\s*:\s*(?:true|$)|\ballow_failures\s*:|--pass-?with-?no-?tests|-Dskip(?:ITs|Tests)\b|-Dmaven\.test\.(?:skip|failure\.ignore)|<(?:skipTests|testFailureIgnore|maven\.test\.skip|skip)>\s*true|\bignoreFailures\s*=?\s*\(?\s*true|\b-x\s+test\b|\bgradlew?\b.*\s-x\s+\w*test|--exit-zero\b|--no-fail\b|--continue-on-error|\bignore_(?:outcome|errors|exit_code)\s*[=:]\s*true|\bcatchError\s*[({]|\breturnStatus\s*:\s*true|\bwhen\s*:\s*(?:manual|never)\b|\bif\s*:\s*["']?(?:\$\{\{\s*)?false\b|\bif\s*:\s*["']?(?:\$\{\{\s*)?(?:always|failure)\(\)\s*&&\s*false|--(?:deselect|ignore(?:-glob)?)[= ]|\s-(?:k|m)[= ]["'\\]*\s*not\b|(?:^|\s)-k\s|--(?:grep|testNamePattern|testPathPattern|testPathIgnorePatterns|shard)[= ]|\s--\s+--skip\s|--lf\b|--filter-expression|\bexit\s+0\b|\bsys\.exit\(\s*0?\s*\)|\bprocess\.exit\(\s*0?\s*\)|\bos\._exit\(\s*0|"failOnWarning"\s*:\s*false|-W\s*ignore|\|\s*tee\b|--no-verify\b|\bWILL_FAIL\b|\bbail\s*:\s*false|"?(?:pre|post)?(?:test|check|lint|typecheck|verify)(?::[\w:-]+)?"\s*:\s*"\s*(?:echo\b|true\b|:|exit\s+0|")"#,
    )
});

/// Words of a line that runs checks.
static CHECKS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)test|spec|check|lint|verify|clippy|mypy|pyright|ruff|flake8|tsc|jest|mocha|ctest|bats|tox|nox|cover|audit",
    )
});

/// Ignores a failure of a recipe's line.
static DASH: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\t@?-"));
/// Keeps a Go file from being built; it stands in a comment.
static BUILD_TAG: LazyLock<Regex> = LazyLock::new(|| pattern(r"^//\s*(?:go:build|\+build)\s"));

/// What in a line ignores a failure.
pub(super) fn ignores(line: &str) -> Option<&str> {
    IGNORES.find(line).map(|found| found.as_str())
}

/// Whether each line of a file runs checks, or stands near one that does.
fn runs_checks(path: &str) -> bool {
    let name = name_of(path);
    let is_script = name.ends_with(".sh")
        || name.ends_with(".bash")
        || name.ends_with(".ps1")
        || !name.contains('.');
    let is_of_checks = ["test", "check", "ci", "lint", "verify", "build"]
        .iter()
        .any(|word| path.split(['/', '.', '-', '_']).any(|part| part == *word));
    is_ci(path) || (is_script && is_of_checks && !path.ends_with(".bats"))
}

/// Whether a file at `path` may hold what ignores a failure.
pub(super) fn concerns(path: &str) -> bool {
    runs_checks(path) || sometimes_runs_checks(path) || path.ends_with("_test.go")
}

/// Whether single lines of it may run checks.
fn sometimes_runs_checks(path: &str) -> bool {
    let name = name_of(path);
    let is_script = name.ends_with(".sh") || name.ends_with(".bash") || name == "Dockerfile";
    names_tests(path) || is_script
}

/// What is new of it.
pub(super) fn find(pair: &Pair<'_>, found: &mut Vec<Weakening>) {
    let Some(after) = &pair.after else {
        return;
    };
    let name = name_of(pair.path);
    let always = runs_checks(pair.path);
    let is_go_test = pair.path.ends_with("_test.go");
    let is_make = matches!(name, "Makefile" | "makefile" | "GNUmakefile") || name.ends_with(".mk");
    if !concerns(pair.path) {
        return;
    }
    for (line, text) in pair.added() {
        let whole = usize::try_from(line)
            .ok()
            .and_then(|line| after.raw.lines().nth(line.saturating_sub(1)));
        if is_go_test && BUILD_TAG.is_match(text) && pair.before.is_some() {
            found.push(Weakening::new(
                Kind::TestSkipped,
                pair.path,
                Some(line),
                text,
            ));
        } else if text.starts_with('#') || text.starts_with("//") || is_go_test {
            continue;
        } else if (ignores(text).is_some()
            && ((always && pair.before.is_some()) || CHECKS.is_match(text)))
            || (is_make && whole.is_some_and(|whole| DASH.is_match(whole)) && CHECKS.is_match(text))
        {
            found.push(Weakening::new(
                Kind::FailureIgnored,
                pair.path,
                Some(line),
                text,
            ));
        }
    }
}
