//! What the whole log says about its parts: in which step the job failed, which cause was first,
//! of which kind the failure is, and what each kept line is worth then.

use std::collections::{BTreeMap, HashMap};

use super::found::Class;
use super::kept::{Cause, Kept, NONE, Step};
use super::scan::Scan;

/// A log of which all is known.
pub(super) struct Weighed {
    pub(super) failed: bool,
    pub(super) class: Class,
    pub(super) confidence: u8,
    /// The step that failed.
    pub(super) step: Option<usize>,
    /// The line that tells the first cause.
    pub(super) primary: Option<u64>,
    /// The causes that are as strong as the first one, in the order of the log.
    pub(super) strong: Vec<u32>,
    /// What each kept line is worth.
    pub(super) values: BTreeMap<u64, f32>,
}

/// Below this weight a cause is no sign of a failure by itself.
const SURE: u8 = 70;
/// Lines in front of cleaning up in which a failure is the job's last word.
const LAST: u64 = 12;
/// From this weight on a summary is one.
const ENDED: u8 = 64;
/// Below this strength no cause is believed to be the first one.
const WEAK: u8 = 52;
/// How much less a cause is worth than the strongest to be taken as the first one.
const NEAR: u8 = 8;

/// How much weaker than the strongest a cause may be to speak for a class.
const FAR: u8 = 45;
/// From this strength on a summary's word of snapshots that differ is believed.
const SUMMED: u8 = 30;
/// The most that all causes but the first can say for a class.
const OTHERS: f32 = 180.0;

/// Weighs what a pass found; `reported` says that something besides the log tells of a failure.
pub(super) fn weigh(scan: &Scan<'_>, has_baseline: bool, reported: bool) -> Weighed {
    let step = failing_step(&scan.steps);
    let near = |cause: &Cause| {
        step.is_none_or(|step| {
            cause.step == step || scan.steps.get(cause.step).is_some_and(|step| step.goes_on)
        })
    };
    let old =
        |cause: &Cause| has_baseline && scan.kept.get(&cause.line).is_some_and(|kept| !kept.new);
    let mut causes: Vec<(&u32, &Cause)> = scan.causes.iter().collect();
    causes.sort_unstable_by_key(|(_, cause)| cause.line);
    // Where a job says that it ended, a step that failed would have said so, too: what else reads
    // like a failure was dealt with.
    let told = causes.iter().any(|(_, cause)| {
        (cause.weight >= SURE || (cause.aside && cause.weight >= ENDED)) && !old(cause)
    });
    // But a container that is a step ends without a word of the runner's.
    let last = causes.iter().any(|(_, cause)| {
        let ends = |post: u64| (cause.line..=cause.line + LAST).contains(&post);
        cause.weight >= SURE + 10 && !cause.aside && !old(cause) && scan.post.is_some_and(ends)
    });
    let failed = step.is_some() || reported || (told && !scan.ended) || last;
    let strength = |cause: &Cause| {
        let weight = if cause.aside {
            cause.weight / 2
        } else {
            cause.weight
        };
        let weight = if near(cause) { weight } else { weight / 2 };
        if old(cause) { weight / 3 } else { weight }
    };
    let most = causes
        .iter()
        .map(|(_, cause)| strength(cause))
        .max()
        .unwrap_or(0);
    let strong: Vec<u32> = causes
        .iter()
        .filter(|(_, cause)| strength(cause) + NEAR >= most && strength(cause) >= WEAK)
        .map(|(id, _)| **id)
        .collect();
    let first = strong.first().copied();
    let primary = first
        .and_then(|id| scan.causes.get(&id))
        .map(|cause| cause.line)
        .or_else(|| last_word(scan, step));
    let (class, confidence) = classify(&causes, first, &strength);
    let factors = factors(&causes, first, &near);
    let values = scan
        .kept
        .iter()
        .map(|(number, kept)| (*number, value(kept, *number, scan, &factors, has_baseline)))
        .collect();
    Weighed {
        failed,
        class: if failed { class } else { Class::Passed },
        confidence: if failed { confidence } else { 90 },
        step,
        primary,
        strong,
        values,
    }
}

/// The last line in front of a failed step's end, for a tool that no rule knows.
fn last_word(scan: &Scan<'_>, step: Option<usize>) -> Option<u64> {
    let end = step
        .and_then(|at| scan.steps.get(at))
        .map_or(scan.lines + 1, |step| step.end);
    scan.kept
        .range(..end)
        .rev()
        .find(|(_, kept)| kept.text.trim().len() > 2 && !says_end(&kept.text))
        .map(|(number, _)| *number)
}

/// Whether a line says only that a command ended.
fn says_end(text: &str) -> bool {
    ["travis_", "##[", "The command \"", "\" exited with"]
        .iter()
        .any(|head| text.starts_with(head))
}

/// The step that failed with an exit code, or else that failed: the first where a job goes on
/// after it, the last where what failed before was allowed to.
fn failing_step(steps: &[Step]) -> Option<usize> {
    if let Some(first) = steps.iter().position(|step| step.failed && step.goes_on) {
        return Some(first);
    }
    steps
        .iter()
        .rposition(|step| step.failed && step.code.is_some_and(|code| code != 0))
        .or_else(|| steps.iter().rposition(|step| step.failed))
}

/// What each cause's lines are worth beside the others': those of another step little, the first
/// cause's most, and of many of one kind the later ones less, so that every kind is shown.
fn factors(
    causes: &[(&u32, &Cause)],
    first: Option<u32>,
    near: &impl Fn(&Cause) -> bool,
) -> HashMap<u32, f32> {
    let mut kinds: HashMap<(&str, String), i32> = HashMap::new();
    let mut rules: HashMap<&str, i32> = HashMap::new();
    let mut factors = HashMap::new();
    for (id, cause) in causes {
        let mut factor = if near(cause) { 1.0 } else { 0.45 };
        if Some(**id) == first {
            factor *= 1.25;
        } else if cause.aside && cause.weight >= SURE {
            factor *= 1.2;
        } else {
            let of_kind = kinds.entry((cause.rule, kind(&cause.text))).or_default();
            let of_rule = rules.entry(cause.rule).or_default();
            factor *= 0.93_f32.powi(*of_kind).max(0.55) * 0.99_f32.powi(*of_rule).max(0.8);
            *of_kind += 1;
            *of_rule += 1;
        }
        factors.insert(**id, factor);
    }
    factors
}

/// What a message is about, without what it names: two of one kind tell little more than one.
fn kind(text: &str) -> String {
    let mut quoted = false;
    let plain: String = text
        .chars()
        .filter(|char| {
            let quote = matches!(char, '"' | '`' | '\'');
            quoted ^= quote;
            !quote && !quoted && !char.is_ascii_digit()
        })
        .collect();
    plain
        .split_whitespace()
        .filter(|word| !word.contains(['/', '\\', '.']))
        .take(8)
        .collect::<Vec<_>>()
        .join(" ")
}

fn value(
    kept: &Kept,
    number: u64,
    scan: &Scan<'_>,
    factors: &HashMap<u32, f32>,
    has_baseline: bool,
) -> f32 {
    let mut value = kept.value;
    if let Some(factor) = factors.get(&kept.cause) {
        value *= factor;
    } else if kept.cause == NONE && kept.text.is_empty() {
        value *= 0.5;
    }
    if has_baseline {
        value *= if kept.new { 1.15 } else { 0.3 };
    }
    // Of equals, what comes late in the log is a little nearer to its end, which is red.
    #[expect(clippy::cast_precision_loss, reason = "a share of the log")]
    let late = number as f32 / scan.lines.max(1) as f32;
    value * (0.94 + 0.06 * late)
}

/// The kind for which the causes speak, and how clearly.
fn classify(
    causes: &[(&u32, &Cause)],
    primary: Option<u32>,
    strength: &impl Fn(&Cause) -> u8,
) -> (Class, u8) {
    let most = causes
        .iter()
        .map(|(_, cause)| strength(cause))
        .max()
        .unwrap_or(0);
    let mut votes: BTreeMap<Class, f32> = BTreeMap::new();
    for (id, cause) in causes {
        let Some(class) = cause.class else { continue };
        let strength_of = strength(cause);
        if strength_of + FAR < most {
            continue;
        }
        let vote = votes.entry(class).or_default();
        // The first cause speaks for itself; a hundred others are no more certain than a few.
        let share = f32::from(strength_of).powi(2) / 100.0;
        *vote = if Some(**id) == primary {
            *vote + 3.0 * share
        } else {
            (*vote + share).min(vote.max(OTHERS))
        };
    }
    let total: f32 = votes.values().sum();
    let snapshot = causes
        .iter()
        .any(|(_, cause)| cause.class == Some(Class::SnapshotDiff) && strength(cause) >= SUMMED);
    let best = votes
        .into_iter()
        .max_by(|one, other| one.1.total_cmp(&other.1));
    let Some((class, vote)) = best else {
        return (Class::Unknown, 20);
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 20 and 99"
    )]
    let confidence = (20.0 + 79.0 * vote / total.max(1.0) * (vote / 90.0).min(1.0)) as u8;
    // A snapshot that differs is told by a failing test, too.
    let class = if snapshot && class == Class::TestAssertion {
        Class::SnapshotDiff
    } else {
        class
    };
    (class, confidence)
}
