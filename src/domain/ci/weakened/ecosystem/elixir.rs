//! Elixir: ExUnit.

use std::sync::LazyLock;

use regex::Regex;

use crate::domain::ci::weakened::language::{Body, Ecosystem, Strength, is_constant};
use crate::domain::ci::weakened::lexed::{Quote, Syntax};
use crate::domain::text::pattern::pattern;

pub(super) static ELIXIR: Ecosystem = Ecosystem {
    extensions: &["exs", "ex"],
    syntax: Syntax {
        line: &["#"],
        blocks: &[],
        strings: &[Quote::lines("\"\"\""), Quote::line("\""), Quote::line("'")],
    },
    collects: |path| path.ends_with("_test.exs"),
    item: &ITEM,
    is_test: |head| head.name.starts_with('"'),
    body: Body::Indent,
    skips: &SKIPS,
    assertion: &ASSERTION,
    weigh,
    tables: None,
    is_whole: |_| false,
    registers: None,
};

static ITEM: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r#"(?m)^[ \t]*(?:test|property|feature|defp?)[ \t]*\(?(?P<name>"[^"\n]*"|\w+[?!]?)"#)
});
static SKIPS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"@(?:tag|moduletag|describetag)\s+\[?:?(?:skip|pending|exclude)\b|\bExUnit\.(?:configure|start)\([^)\n]*\bexclude:|\bif\s+false\b|\bSystem\.halt\(\s*0",
    )
});
static ASSERTION: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?m)^[ \t]*(?:assert|refute)\w*[ (]|\bflunk\b"));

fn weigh(head: &str, arguments: &str) -> Strength {
    let compares = arguments.contains(" == ")
        || arguments.contains(" === ")
        || arguments.contains(" = ")
        || arguments.contains("match?");
    if is_constant(arguments) {
        Strength::Empty
    } else if head.starts_with("refute") || (head.trim_end_matches('(') == "assert" && !compares) {
        Strength::Loose
    } else {
        Strength::Exact
    }
}
