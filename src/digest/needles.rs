//! The literal prefilter: one automaton of every rule's literals, so that a line which holds none
//! costs a few nanoseconds, and a rule is asked only about lines that it may know.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::dfa::DFA;
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::lanes;
use super::rules::{ALL, GENERIC, Rule, Seen, Sign};
use super::step;

/// The automatons and, for each literal, the rules that asked for it.
pub(super) struct Needles {
    /// Of the literals that hold no other one: whoever has the longer has the shorter, too. Small,
    /// so that it stays in the processor's cache while a log runs through it.
    shortest: Option<DFA>,
    /// Of all literals.
    automaton: Option<AhoCorasick>,
    rules: Vec<&'static Rule>,
    /// For each literal a mask of rules.
    wanted: Vec<u128>,
}

static NEEDLES: LazyLock<Needles> = LazyLock::new(Needles::build);

impl Needles {
    pub(super) fn get() -> &'static Self {
        &NEEDLES
    }

    fn build() -> Self {
        let rules: Vec<&'static Rule> = ALL.iter().flat_map(|some| some.iter()).collect();
        let mut literals: Vec<&'static str> = Vec::new();
        let mut wanted: Vec<u128> = Vec::new();
        let asked = rules.iter().enumerate().flat_map(|(at, rule)| {
            rule.needles
                .iter()
                .map(move |needle| (*needle, 1_u128 << at))
        });
        for (needle, mask) in asked.chain(step::NEEDLES.iter().map(|needle| (*needle, 0))) {
            if let Some(at) = literals.iter().position(|literal| *literal == needle) {
                wanted[at] |= mask;
            } else {
                literals.push(needle);
                wanted.push(mask);
            }
        }
        let holds_other = |literal: &str| {
            literals
                .iter()
                .any(|other| *other != literal && literal.contains(other))
        };
        let shortest: Vec<&str> = literals
            .iter()
            .copied()
            .filter(|literal| !holds_other(literal))
            .collect();
        let shortest = DFA::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .prefilter(false)
            .build(&shortest)
            .ok();
        let automaton = automaton(&literals);
        Self {
            shortest,
            automaton,
            rules,
            wanted,
        }
    }

    /// A place within each line of a part of `bytes` that holds a literal, in their order.
    pub(super) fn touched(&self, bytes: &[u8], part: Range<usize>) -> Vec<usize> {
        let Some(shortest) = &self.shortest else {
            return Vec::new();
        };
        lanes::touched(shortest, bytes, part)
    }

    /// What the rules say of a line: the sign with the greatest weight, the earliest rule's of
    /// equals.
    pub(super) fn read(&self, seen: &Seen<'_>) -> Option<Sign> {
        if calm(seen.text) {
            return None;
        }
        let mut asked = self
            .automaton
            .iter()
            .flat_map(|automaton| automaton.find_overlapping_iter(seen.text))
            .fold(0, |mask, hit| mask | self.wanted[hit.pattern().as_usize()]);
        let mut best: Option<Sign> = None;
        while asked != 0 {
            let rule = self.rules[asked.trailing_zeros() as usize];
            asked &= asked - 1;
            if rule.name == GENERIC && best.is_some() {
                break;
            }
            let Some(mut sign) = (rule.read)(seen) else {
                continue;
            };
            sign.rule = rule.name;
            match &mut best {
                None => best = Some(sign),
                Some(best) if sign.weight > best.weight => *best = merged(sign, best),
                Some(best) => *best = merged(best.clone(), &sign),
            }
        }
        best
    }
}

fn automaton(literals: &[&str]) -> Option<AhoCorasick> {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::Standard)
        .kind(Some(AhoCorasickKind::DFA))
        .build(literals)
        .ok()
}

/// Whether a line says by its form that all is well, whatever words it holds: a test that passed,
/// progress, an echoed command.
fn calm(text: &str) -> bool {
    let line = text.trim_start();
    let form = [
        "✓",
        "✔",
        "√",
        "ok ",
        "PASS",
        "[INFO]",
        "[INFO ",
        "$ ",
        "> npm run",
        "go: downloading",
        "Downloading ",
        "Downloaded ",
        "Sending build context",
        "  adding: ",
    ];
    if form.iter().any(|form| line.starts_with(form)) {
        return true;
    }
    if ["PASSED", "XFAIL", "SKIPPED", "XPASS"]
        .iter()
        .any(|word| line.contains(word))
        && !line.contains("FAILED")
    {
        return true;
    }
    let head = line.split(' ').next().unwrap_or("");
    (head.contains(".py::") && !line.contains("FAILED") && !line.contains("ERROR"))
        || line.ends_with(" ... ok")
        || line.contains(" ... ignored")
        || (line.starts_with("[info] ") && !line.contains("*** FAILED"))
}

/// The first sign, with what only the second one knows.
fn merged(mut sign: Sign, other: &Sign) -> Sign {
    if sign.class.is_none() && other.weight >= 50 {
        sign.class = other.class;
    }
    sign.test = sign.test.or_else(|| other.test.clone());
    if sign.diagnostic.is_none() && sign.test.is_none() && sign.place.is_none() {
        sign.diagnostic.clone_from(&other.diagnostic);
    }
    sign.place = sign.place.or_else(|| other.place.clone());
    sign.message = sign.message.or_else(|| other.message.clone());
    sign.before = sign.before.max(other.before);
    sign
}
