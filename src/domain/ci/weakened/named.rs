//! The tests of one file, by name, each with what it asserts.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::language::{Ecosystem, Head, Strength, arguments, elements};
use super::lexed::Source;
use crate::domain::text::pattern::pattern;

/// Items of one file that are read: a file with more is generated.
const ITEMS: usize = 4_000;
/// Lines above an item that may belong to it.
const ATTRIBUTE_LINES: usize = 60;

/// A test, or a function that might have been one.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) name: String,
    pub(super) line: u32,
    /// Whether its runner runs it.
    pub(super) is_test: bool,
    /// From its first attribute to its end.
    pub(super) span: Range<usize>,
    /// What keeps it from running: line and text.
    pub(super) skips: Vec<(u32, String)>,
    /// Its assertions, each with its line and text.
    pub(super) assertions: Vec<(Strength, u32, String)>,
    /// Numbers that bound how exactly or how long it checks, with what they bound.
    pub(super) bounds: Vec<Bound>,
    /// Places where it swallows what fails.
    pub(super) swallows: Vec<u32>,
    /// Its words without its name, sorted, to tell whether two are alike.
    pub(super) words: Vec<u64>,
}

/// A number that bounds a check.
#[derive(Debug)]
pub(super) struct Bound {
    pub(super) label: String,
    pub(super) value: f64,
    pub(super) line: u32,
}

/// Where `except: pass` and its kin stand.
static SWALLOWS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"#\[should_panic|\bmark\.xfail\b|\bexpectedFailure\b|\.(?:fails|failing)\s*\(|except(?:\s+(?:\w+\.)?\w+)?(?:\s+as\s+\w+)?\s*:\s*(?:pass|return|\.\.\.)|contextlib\.suppress\(|catch\s*(?:\([^)]*\))?\s*\{\s*\}|rescue(?:\s+\w+)?(?:\s*=>\s*\w+)?\s*\n\s*(?:nil\s*\n\s*)?end|\.catch\(\s*\(\s*\w*\s*\)\s*=>\s*\{\s*\}\s*\)|\|\|\s*(?:true|:)\s*$",
    )
});

/// Numbers that bound how exactly or how long is checked.
static BOUNDS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)\b((?:set|test)?_?-?time_?out\w*|delta|tolerance|eps(?:ilon)?|[ar]tol|abs|rel|within|margin|max_?(?:diff|relative)\w*|be_within|retr(?:y|ies)\w*|reruns|flaky|places|decimal|precision|msec|abs_error)\b(?:\(\))?\s*[(=:<,]+\s*(\d[\d_]*(?:\.\d+)?(?:e-?\d+)?)|toBeCloseTo\([^,()]*,\s*(\d+)|(?:InDelta|EXPECT_NEAR|ASSERT_NEAR|isCloseTo|assertAlmostEquals?)\([^;]*,\s*(\d[\d_.]*(?:e-?\d+)?)\s*\)",
    )
});

/// Whether a larger number is the more exact one.
pub(super) fn is_precision(label: &str) -> bool {
    matches!(label, "places" | "decimal" | "precision" | "tobecloseto")
}

/// The tests of a file, and the functions that might have been.
pub(super) fn items(path: &str, source: &Source, of: &Ecosystem) -> Vec<Item> {
    let collected = (of.collects)(path);
    let mut items: Vec<Item> = Vec::new();
    for found in of.item.captures_iter(&source.bare).take(ITEMS) {
        let (Some(whole), Some(name)) = (found.get(0), found.name("name")) else {
            continue;
        };
        let start = whole.start() + whole.as_str().len() - whole.as_str().trim_start().len();
        let Some(text) = source.code.get(name.range()) else {
            continue;
        };
        let body = of.body.span(&source.bare, start);
        let above = attributes(source, start);
        let declared = source.raw.get(start..).unwrap_or("");
        let head = Head {
            name: text,
            attributes: source.code.get(above..start).unwrap_or(""),
            comments: source.raw.get(above..start).unwrap_or(""),
            declaration: declared.lines().next().unwrap_or(""),
        };
        let is_test = collected && (of.is_test)(&head);
        let span = above..body.end.min(source.bare.len());
        let place = Place { source, of, start };
        items.push(item(&place, is_test, text, name.range(), span));
    }
    if collected && (of.is_whole)(path) && !items.iter().any(|item| item.is_test) {
        let place = Place {
            source,
            of,
            start: 0,
        };
        let name = super::place::name_of(path);
        items.push(item(&place, true, name, 0..0, 0..source.bare.len()));
    }
    items
}

/// Where an item stands.
struct Place<'a> {
    source: &'a Source,
    of: &'a Ecosystem,
    start: usize,
}

fn item(
    at: &Place<'_>,
    is_test: bool,
    name: &str,
    name_at: Range<usize>,
    span: Range<usize>,
) -> Item {
    let (source, of) = (at.source, at.of);
    let bare = source.bare.get(span.clone()).unwrap_or("");
    let code = source.code.get(span.clone()).unwrap_or("");
    let place = |at: usize| {
        let at = span.start + at;
        (source.line_at(at), source.text_at(at).to_owned())
    };
    let mut words = words(source.code.get(span.start..name_at.start).unwrap_or(""));
    words.extend(self::words(
        source.code.get(name_at.end..span.end).unwrap_or(""),
    ));
    words.sort_unstable();
    Item {
        name: name.trim().to_owned(),
        line: source.line_at(at.start),
        is_test,
        skips: of
            .skips
            .find_iter(bare)
            .map(|found| place(first(&found)))
            .collect(),
        assertions: assertions(bare, of)
            .into_iter()
            .map(|(strength, at)| {
                let (line, text) = place(at);
                (strength, line, text)
            })
            .collect(),
        bounds: bounds(code, &place),
        swallows: SWALLOWS
            .find_iter(bare)
            .map(|found| place(found.start()).0)
            .collect(),
        words,
        span,
    }
}

/// Where the text of a match begins, after the spaces and line ends before it.
pub(super) fn first(found: &regex::Match<'_>) -> usize {
    let text = found.as_str();
    found.start() + text.len() - text.trim_start().len()
}

fn assertions(bare: &str, of: &Ecosystem) -> Vec<(Strength, usize)> {
    let cases = of.tables.iter().flat_map(|tables| tables.find_iter(bare));
    let cases = cases.flat_map(|found| {
        let open = found.end().saturating_sub(1);
        let count = elements(bare.get(open..).unwrap_or(""));
        std::iter::repeat_n((Strength::Exact, first(&found)), count)
    });
    let mut assertions: Vec<(Strength, usize)> = of
        .assertion
        .find_iter(bare)
        .map(|found| {
            let opens = found.as_str().ends_with('(');
            let open = found.end() - usize::from(opens);
            let arguments = arguments(bare, open);
            ((of.weigh)(found.as_str().trim(), arguments), first(&found))
        })
        .filter(|(strength, _)| *strength != Strength::Empty)
        .collect();
    assertions.extend(cases);
    assertions
}

fn bounds(code: &str, place: &dyn Fn(usize) -> (u32, String)) -> Vec<Bound> {
    let read = |found: regex::Captures<'_>| {
        let whole = found.get(0)?;
        let number = found
            .get(2)
            .or_else(|| found.get(3))
            .or_else(|| found.get(4))?;
        let label = found.get(1).map_or_else(
            || whole.as_str().split('(').next().unwrap_or(""),
            |label| label.as_str(),
        );
        Some(Bound {
            label: label.to_lowercase(),
            value: number.as_str().replace('_', "").parse().ok()?,
            line: place(whole.start()).0,
        })
    };
    BOUNDS.captures_iter(code).filter_map(read).collect()
}

/// Where the lines above an item begin that belong to it: attributes, decorators, comments.
fn attributes(source: &Source, start: usize) -> usize {
    let mut at = source.line_start(start);
    let mut kept = at;
    let mut depth = 0_i32;
    for _ in 0..ATTRIBUTE_LINES {
        let Some(above) = at.checked_sub(1) else {
            break;
        };
        let begin = source.line_start(above);
        let line = source.raw.get(begin..above).unwrap_or("").trim();
        let code = source.bare.get(begin..above).unwrap_or("").trim();
        let is_mark = line.starts_with(['@', '#', '[', '/', '*']) || code.is_empty();
        let is_end = code.starts_with('}') || code.ends_with(['{', ';', ':']);
        if line.is_empty() || (depth == 0 && is_end && !is_mark) {
            break;
        }
        for char in code.chars() {
            match char {
                ')' | ']' | '}' => depth += 1,
                '(' | '[' | '{' => depth -= 1,
                _ => {}
            }
        }
        // Only what begins with a mark, and what stands in its brackets, belongs to the item.
        at = begin;
        if depth <= 0 && !is_mark {
            break;
        }
        if depth <= 0 {
            (kept, depth) = (at, 0);
        }
    }
    kept
}

/// The words and numbers of a text, hashed.
fn words(text: &str) -> Vec<u64> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
        .map(|word| {
            // FNV-1a: the same on every machine and in every run.
            word.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            })
        })
        .collect()
}

/// How alike two lists of words are, from 0 to 100.
pub(super) fn likeness(one: &[u64], other: &[u64]) -> usize {
    let longest = one.len().max(other.len());
    if longest == 0 {
        return 100;
    }
    let (mut at, mut of, mut same) = (0, 0, 0_usize);
    while let (Some(left), Some(right)) = (one.get(at), other.get(of)) {
        match left.cmp(right) {
            std::cmp::Ordering::Less => at += 1,
            std::cmp::Ordering::Greater => of += 1,
            std::cmp::Ordering::Equal => (at, of, same) = (at + 1, of + 1, same + 1),
        }
    }
    same * 100 / longest
}
