//! Ruby: RSpec and Minitest.

use std::sync::LazyLock;

use regex::Regex;

use crate::domain::ci::weakened::language::{Body, Ecosystem, Head, Strength, is_constant};
use crate::domain::ci::weakened::lexed::{Quote, Syntax};
use crate::domain::ci::weakened::place::name_of;
use crate::domain::text::pattern::pattern;

pub(super) static RUBY: Ecosystem = Ecosystem {
    extensions: &["rb"],
    syntax: Syntax {
        line: &["#"],
        blocks: &[("\n=begin", "\n=end")],
        strings: &[Quote::line("\""), Quote::line("'")],
    },
    collects: |path| {
        let name = name_of(path);
        name.ends_with("_spec.rb") || name.ends_with("_test.rb") || name.starts_with("test_")
    },
    item: &ITEM,
    is_test,
    body: Body::Indent,
    skips: &SKIPS,
    assertion: &ASSERTION,
    weigh,
    tables: None,
    is_whole: |_| false,
    registers: None,
};

static ITEM: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?m)^[ \t]*(?:def[ \t]+|[xf]?(?:it|specify|scenario|example|test|should)[ \t]*\(?[ \t]*)(?P<name>"[^"\n]*"|'[^'\n]*'|\{[^\n]*\}|\w+[?!]?)"#,
    )
});
static SKIPS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?m)\b[xf](?:it|describe|context|specify|scenario|example)\b|^[ \t]*(?:skip|pending)\b|\b(?:skip|focus|pending):\s*(?:true|['\x22])|,\s*:(?:skip|focus|pending)\b|\bif\s+false\b|\bunless\s+true\b|^__END__|\b(?:do|\w)\n\s*return\s*\n|\bexit!?\(?\s*0",
    )
});
static ASSERTION: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\bexpect\s*\(\s*true\s*\)\.to\b[^\n]*|\.(?:to|not_to|to_not)\b[ \t(]*\w*|\b(?:assert|refute)\w*\b|\.(?:must|wont)_\w+|\.should(?:_not)?\b[ \t]*\w*|\bflunk\b",
    )
});
static EXACT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?:^\.to|^\.should)[ \t(]+(?:eq|eql|equal|match_array|contain_exactly|raise_error|be_nil|be_within|be_empty|change|have_received|have_attributes|be|be_a|be_an)$|^assert_(?:equal|nil|same|raises|empty|in_delta|in_epsilon|difference|output|response|redirected_to|enqueued\w*)$|must_(?:equal|be_nil|raise|be_same_as|be_empty)",
    )
});

fn is_test(head: &Head<'_>) -> bool {
    !head.declaration.starts_with("def") || head.name.starts_with("test_")
}

fn weigh(head: &str, arguments: &str) -> Strength {
    if head.starts_with("expect") || (head == "assert" && is_constant(arguments)) {
        Strength::Empty
    } else if EXACT.is_match(head) || (head == "assert" && arguments.contains("==")) {
        Strength::Exact
    } else {
        Strength::Loose
    }
}
