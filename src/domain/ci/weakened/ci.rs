//! What continuous integration runs: its own files, and where others name the tests.

use std::sync::LazyLock;

use regex::Regex;

use super::Pair;
use super::kind::{Kind, Weakening};
use super::lexed::{HASH, Source};
use super::steering::{is_ci, names_tests};
use crate::domain::text::pattern::pattern;

/// Lines that run tests or other checks.
static RUNS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?i)\b(?:pytest|unittest|cargo\s+(?:test|nextest|clippy)|go\s+(?:test|vet)|golangci-lint|jest|vitest|mocha|ava|playwright|cypress|karma|rspec|minitest|phpunit|pest|phpstan|ctest|gtest\w*|catch_discover_tests|add_test|dotnet\s+test|mix\s+test|(?:mvnw?|gradlew?)\b.*\b(?:test|verify|check)|bats|tox|nox|mypy|pyright|ruff|flake8|pylint|eslint|tsc|clippy|rubocop|credo|dialyzer|shellcheck|(?:npm|yarn|pnpm|bun)\s+(?:run\s+)?test|make\s+(?:test|check)|sh\s+\S*test\S*)\b|^\s*"?(?:pre|post)?(?:test|tests|check|lint|typecheck|coverage|ci|verify)(?::[\w:-]+)?"?\s*:"#,
    )
});

/// Keys that say which tests a runner looks for.
static SELECTS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?i)\b(?:addopts|testpaths|python_files|python_functions|python_classes|norecursedirs|collect_ignore|testMatch|testRegex|testPathIgnorePatterns|testIgnore|testDir|modulePathIgnorePatterns|filterwarnings|envlist|env_list|excludedGroups|excludedTests|excludeTags|includeTags|useJUnitPlatform|autotest|harness|default-filter)\b|^\s*(?:test|doctest)\s*=\s*(?:false|true)|^\s*"?(?:exclude|include)"?\s*[:=].*(?:test|spec)|<(?:exclude|testsuite|directory)\b.*(?:[Tt]est|spec)|\b(?:set_tests_properties|gtest_discover_tests|enable_testing)\b"#,
    )
});

/// Files of services: any other line. Others: lines that run tests, or choose them.
pub(super) fn find(pair: &Pair<'_>, found: &mut Vec<Weakening>) {
    let Some(before) = &pair.before else {
        return;
    };
    if is_ci(pair.path) {
        let Some(after) = &pair.after else {
            let what = "the whole file is gone";
            found.push(Weakening::new(Kind::CiChanged, pair.path, None, what));
            return;
        };
        if significant(before) != significant(after) {
            let (added, removed) = (pair.added(), pair.removed());
            let line = added.first().or(removed.first());
            let (line, text) = line.map_or(
                (None, "its lines stand in another order"),
                |(line, text)| (Some(*line), *text),
            );
            found.push(Weakening::new(Kind::CiChanged, pair.path, line, text));
        }
        return;
    }
    if !names_tests(pair.path) {
        return;
    }
    let kept = pair.after.as_ref().map_or("", |after| &after.raw);
    for (line, text) in pair.removed() {
        let names = RUNS.is_match(text) || SELECTS.is_match(text);
        if names && !is_comment(text) && !is_kept(text, kept) {
            found.push(Weakening::new(Kind::CiChanged, pair.path, Some(line), text));
        }
    }
}

/// What a file of YAML says, without comments and blank lines.
fn significant(source: &Source) -> Vec<String> {
    let source = match source.raw.is_empty() {
        true => return Vec::new(),
        false => Source::written(&source.raw, &HASH),
    };
    let lines = source.code.lines().map(str::trim_end);
    lines
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

fn is_comment(text: &str) -> bool {
    text.starts_with(['#', ';']) || text.starts_with("//") || text.starts_with("<!--")
}

/// Whether a line is still there, with more after it or a comma less.
fn is_kept(text: &str, after: &str) -> bool {
    let bare = text.trim_end_matches([',', '"', ']', '\'']).trim();
    let squeezed = |text: &str| -> String { text.split_whitespace().collect() };
    let bare = squeezed(bare);
    let weakens = |line: &str| super::ignored::ignores(line).is_some();
    after
        .lines()
        .any(|line| squeezed(line.trim()).starts_with(&bare) && !weakens(line))
}
