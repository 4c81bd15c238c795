//! Linters and type checkers that are told to look away, in code and in their configuration.

use std::sync::LazyLock;

use regex::Regex;

use super::Pair;
use super::ecosystem;
use super::kind::{Kind, Weakening};
use super::place::name_of;
use crate::domain::text::pattern::pattern;

/// What stands in comments.
static COMMENTS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"#\s*type:\s*ignore|#\s*(?:flake8:\s*)?noqa\b|#\s*pylint:\s*disable|#\s*mypy:\s*(?:ignore|disable)|#\s*pyright:\s*(?:ignore|basic)|#\s*pyre-\w+|#\s*ruff:\s*noqa|#\s*nosec\b|@ts-(?:ignore|nocheck|expect-error)|\b(?:eslint|tslint|stylelint|oxlint|jshint)[-:]\s?(?:disable|ignore)|biome-ignore|deno-lint-ignore|prettier-ignore|@flow-?ignore|\$FlowFixMe|//\s*nolint\b|#nosec\b|NOSONAR|CHECKSTYLE:OFF|rubocop:(?:disable|todo)|@phpstan-ignore|@psalm-suppress|phpcs:(?:ignore|disable)|\bNOLINT(?:NEXTLINE|BEGIN)?\b|cppcheck-suppress|clang-format off|ReSharper disable|shellcheck\s+disable|credo:disable|semgrep:\s*ignore|codeql\[",
    )
});

/// What stands in code.
static CODE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"#!?\[\s*(?:allow|expect)\s*\(|#!?\[cfg_attr\([^\]]*\ballow\(|@Suppress(?:Warnings|Lint)?\b|#pragma\s+warning\s+disable|#pragma\s+(?:GCC|clang)\s+diagnostic\s+ignored|\[(?:assembly:\s*)?SuppressMessage\b|@dialyzer\b|@no_type_check\b|#nullable\s+disable",
    )
});

/// Configuration of linters and type checkers.
const CONFIGS: &[&str] = &[
    "mypy.ini",
    ".mypy.ini",
    "pyrightconfig.json",
    "ruff.toml",
    ".ruff.toml",
    ".flake8",
    ".pylintrc",
    "pylintrc",
    "clippy.toml",
    ".clippy.toml",
    "biome.json",
    ".eslintignore",
    ".golangci.yml",
    ".golangci.yaml",
    ".rubocop.yml",
    ".rubocop_todo.yml",
    "phpstan.neon",
    "phpstan.neon.dist",
    "phpstan-baseline.neon",
    "psalm.xml",
    "detekt.yml",
    ".credo.exs",
    ".shellcheckrc",
    "pyproject.toml",
    "setup.cfg",
    "Cargo.toml",
    "package.json",
    ".editorconfig",
];

/// What in configuration makes a check look away.
static SETTINGS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?i)["']?[\w@/-]+["']?\s*:\s*(?:\[\s*)?["']?off\b|["'][\w@/-]+["']\s*:\s*(?:\[\s*)?0\s*[,}\]]|["'](?:strict\w*|noImplicit\w*|noUnused\w*|noUnchecked\w*|noFallthrough\w*)["']\s*:\s*false|["']skipLibCheck["']\s*:\s*true|\b(?:ignore_errors|ignore_missing_imports)\s*=\s*true|\b(?:strict|disallow_\w+|check_untyped_defs|warn_\w+)\s*=\s*false|\b(?:extend-)?ignore\s*=|\bper-file-ignores\b|\bdisable(?:_error_code|-rules)?\s*[=:]|\bignoreErrors\b|\bexclude(?:-rules|-dirs|-files)?\s*[=:]|^\w[\w:-]*\s*=\s*["']allow["']|\bEnabled\s*:\s*false|level\s*=\s*["']allow|\bignorePatterns\b|\btypeCheckingMode["']?\s*[:=]\s*["']?(?:off|basic)"#,
    )
});

/// Whether a path is configuration of linters or type checkers.
pub(super) fn is_config(path: &str) -> bool {
    let name = name_of(path);
    let begins = ["tsconfig", ".eslintrc", "eslint.config."];
    CONFIGS.contains(&name) || begins.iter().any(|begin| name.starts_with(begin))
}

/// What is new of it.
pub(super) fn find(pair: &Pair<'_>, found: &mut Vec<Weakening>) {
    let Some(after) = &pair.after else {
        return;
    };
    let is_code = ecosystem::of(pair.path).is_some();
    let is_config = is_config(pair.path) && pair.before.is_some();
    if !is_code && !is_config {
        return;
    }
    let known = pair
        .before
        .as_ref()
        .map_or("", |before| before.raw.as_str());
    let old = (
        COMMENTS.find_iter(known).count(),
        CODE.find_iter(known).count(),
    );
    let new = (
        COMMENTS.find_iter(&after.raw).count(),
        CODE.find_iter(&after.raw).count(),
    );
    let starts = pair.added();
    for (line, text) in starts {
        let at = after.start_of(line);
        let offset = |found: regex::Match<'_>| at + after.indent_of(line) + found.start();
        let says = COMMENTS
            .find(text)
            .is_some_and(|found| after.is_comment(offset(found)));
        let marks = CODE.find(text).is_some_and(|found| {
            let offset = offset(found);
            !after.is_string(offset) && !after.is_comment(offset)
        });
        let sets = is_config && SETTINGS.is_match(text) && !text.starts_with('#');
        // A line that only changed beside its mark is no new mark.
        let is_new = (says && new.0 > old.0) || (marks && new.1 > old.1);
        if (is_code && is_new) || sets {
            found.push(Weakening::new(
                Kind::CheckSuppressed,
                pair.path,
                Some(line),
                text,
            ));
        }
    }
}
