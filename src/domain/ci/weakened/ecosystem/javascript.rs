//! JavaScript and TypeScript: jest, vitest, mocha with chai, node:test, playwright, ava.

use std::sync::LazyLock;

use regex::Regex;

use crate::domain::ci::weakened::language::{Body, Ecosystem, Strength, is_constant};
use crate::domain::ci::weakened::lexed::{Quote, Syntax};
use crate::domain::ci::weakened::place::{is_below, name_of};
use crate::domain::text::pattern::pattern;

pub(super) static JAVASCRIPT: Ecosystem = Ecosystem {
    extensions: &[
        "js", "jsx", "ts", "tsx", "mjs", "cjs", "mts", "cts", "vue", "svelte",
    ],
    syntax: Syntax {
        line: &["//"],
        blocks: &[("/*", "*/")],
        strings: &[Quote::line("\""), Quote::line("'"), Quote::lines("`")],
    },
    collects,
    item: &ITEM,
    is_test: |head| !head.declaration.contains(".describe"),
    body: Body::Parens,
    skips: &SKIPS,
    assertion: &ASSERTION,
    weigh,
    tables: Some(&TABLES),
    is_whole: |_| false,
    registers: None,
};

/// Folders in which runners look for tests, whatever their files are called.
const FOLDERS: &[&str] = &[
    "__tests__",
    "test",
    "tests",
    "e2e",
    "spec",
    "specs",
    "cypress",
];

fn collects(path: &str) -> bool {
    let name = name_of(path);
    [".test.", ".spec.", ".cy.", "-test.", "_test."]
        .iter()
        .any(|mark| name.contains(mark))
        || is_below(path, FOLDERS)
}

static ITEM: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?m)^[ \t]*(?:await[ \t]+)?(?:[xf]?it|[xf]?test|[xf]?specify|Deno\.test|t\.test)(?:\.\w+)*\s*(?:\([^()]*\)\s*|`[^`]*`\s*)?\(\s*(?P<name>"[^"\n]*"|'[^'\n]*'|`[^`\n]*`)"#,
    )
});
static SKIPS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:x(?:it|test|describe|context|specify)|f(?:it|describe|context))\s*\(|\b(?:it|test|describe|context|suite|specify)(?:\.\w+)*\.(?:skip|todo|fixme|skipIf|runIf|only)\b|\b(?:this|t|ctx|context|test)\.(?:skip|todo)\(|\bpending\(\s*\)|\{\s*return[ \t]*[;\n]|\bif\s*\(\s*(?:false|0)\s*\)|\bprocess\.exit\(\s*0?\s*\)|\b(?:skip|todo|only):\s*true",
    )
});
static ASSERTION: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\bexpect\(\s*(?:true|1|!0)\s*\)\.to[\w.]*\(?|(?:\.not)?\.to(?:Be|Equal|Strict|Match|Throw|Have|Contain|Satisfy|Return|Resolve)\w*\s*\(|\.(?:to|should)\.[\w.]+\(?|\bassert(?:\.\w+)*\s*\(|\bt\.(?:is|not|deepEqual|like|true|false|truthy|falsy|throws|throwsAsync|notThrows|snapshot|equal|strictEqual|same|ok|assert\.\w+)\s*\(|\b(?:assert|verify|check)[A-Z]\w*\s*\(",
    )
});
static TABLES: LazyLock<Regex> = LazyLock::new(|| pattern(r"\.each\(\s*\["));
static EXACT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^\.to(?:Be|Equal|StrictEqual|BeNull|BeUndefined|BeTrue|BeFalse|BeNaN|BeCloseTo|HaveLength|HaveCount|HaveText|HaveValue|HaveBeen(?:Nth|Last)?CalledWith|HaveBeenCalledTimes|HaveReturnedWith|Match(?:Inline)?Snapshot|HaveScreenshot|ThrowErrorMatching\w*|HaveProperty|HaveURL|HaveTitle)\s*\($|\.(?:eq|eql|equals?|eqls|deepEqual|strictEqual|deepStrictEqual|same|is|throws|rejects|throwsAsync|lengthOf|calledWith\w*|calledOnceWith\w*|snapshot|true|false|null|undefined|empty)\(?$|^(?:assert|verify|check)[A-Z]\w*\s*\($",
    )
});

fn weigh(head: &str, arguments: &str) -> Strength {
    let is_plain = head.starts_with("assert(") || head.ends_with(".ok(");
    if head.starts_with("expect(") || (head.contains("ssert") && is_constant(arguments)) {
        return Strength::Empty;
    }
    let is_exact = if head.contains("not") || head.contains("Not") {
        false
    } else if is_plain {
        arguments.contains("==")
    } else if head.starts_with(".toThrow") {
        !arguments.trim().is_empty()
    } else if head.starts_with(".to") && !head.starts_with(".to.") {
        EXACT.is_match(head)
    } else {
        EXACT.is_match(head) && !head.contains("include")
    };
    match is_exact {
        true => Strength::Exact,
        false => Strength::Loose,
    }
}
