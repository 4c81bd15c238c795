//! Python: pytest and unittest.

use std::sync::LazyLock;

use regex::Regex;

use crate::domain::ci::weakened::language::{Body, Ecosystem, Strength, is_constant};
use crate::domain::ci::weakened::lexed::{Quote, Syntax};
use crate::domain::ci::weakened::place::name_of;
use crate::domain::text::pattern::pattern;

pub(super) static PYTHON: Ecosystem = Ecosystem {
    extensions: &["py"],
    syntax: Syntax {
        line: &["#"],
        blocks: &[],
        strings: &[
            Quote::lines("\"\"\""),
            Quote::lines("'''"),
            Quote::line("\""),
            Quote::line("'"),
        ],
    },
    collects: |path| {
        let name = name_of(path);
        name.starts_with("test") || name.ends_with("_test.py")
    },
    item: &ITEM,
    is_test: |head| head.name.starts_with("test"),
    body: Body::Indent,
    skips: &SKIPS,
    assertion: &ASSERTION,
    weigh,
    tables: Some(&TABLES),
    is_whole: |_| false,
    registers: None,
};

static ITEM: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?m)^[ \t]*(?:async[ \t]+)?def[ \t]+(?P<name>\w+)"));
static SKIPS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\bmark\.skip(?:if)?\b|@(?:unittest\.)?skip(?:If|Unless)?\b|\bpytest\.(?:skip|importorskip|exit)\s*\(|\bskipTest\s*\(|\braise\s+(?:unittest\.)?SkipTest\b|:\s*return[ \t]*\n|\bif\s+(?:False|0)\s*:|\b__test__\s*=\s*False|\bcollect_ignore(?:_glob)?\b|\bdef\s+pytest_(?:collection_modifyitems|ignore_collect|pycollect_makeitem)\b|\b(?:sys|os)\.(?:_?exit)\(\s*0?\s*\)",
    )
});
static ASSERTION: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?m)^[ \t]*assert\b|\bself\.(?:assert\w+|fail)\s*\(|\b(?:assert|check|verify|expect)_\w+\s*\(|\bpytest\.(?:raises|warns|fail|param)\s*\(",
    )
});
static TABLES: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"\bparametrize\(\s*(?:argnames\s*=\s*)?(?:"[^"]*"|'[^']*'|\([^)]*\)|\[[^\]]*\])\s*,\s*(?:argvalues\s*=\s*)?[\[(]"#,
    )
});
static EXACT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"assert(?:\w*Equals?|\w*Equal|IsNone|Is|IsInstance|Raises\w*|NoLogs|Logs|Warns\w*|_not_called|_called_(?:once_)?with|_(?:any|has)_calls?|_called_once|_\w*equal\w*|_allclose|_almost\w*)\s*\($",
    )
});

fn weigh(head: &str, arguments: &str) -> Strength {
    let compares = arguments.contains("==")
        || (arguments.contains(" is ") && !arguments.contains(" is not "))
        || arguments.trim_start().starts_with("not ");
    if is_constant(arguments) {
        return Strength::Empty;
    }
    let is_exact = match head {
        "assert" => compares,
        _ if head.contains("Not") && !head.contains("not_called") => false,
        _ if head.contains("aises") || head.contains("warns") => {
            let of = arguments.split(',').next().unwrap_or("").trim();
            !matches!(of, "Exception" | "BaseException" | "Warning" | "")
        }
        _ if head.contains("assertTrue") || head.contains("assert_(") => compares,
        _ if head.contains("self.assert") || head.contains("assert_") => EXACT.is_match(head),
        _ => true,
    };
    match is_exact {
        true => Strength::Exact,
        false => Strength::Loose,
    }
}
