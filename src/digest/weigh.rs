//! What the whole log says about its parts: in which step the job failed, which cause was first,
//! of which kind the failure is, and what each kept line is worth then.

use std::collections::BTreeMap;

use super::found::Class;
use super::scan::{Cause, Kept, NONE, Scan, Step};

/// A log of which all is known.
pub(super) struct Weighed {
    pub(super) failed: bool,
    pub(super) class: Class,
    pub(super) confidence: u8,
    /// The step that failed.
    pub(super) step: Option<usize>,
    /// The cause that came first.
    pub(super) primary: Option<u32>,
    /// What each kept line is worth.
    pub(super) values: BTreeMap<u64, f32>,
}

/// Below this weight a cause is no sign of a failure by itself.
const SURE: u8 = 70;
/// How much less a cause is worth than the strongest to be taken as the first one.
const NEAR: u8 = 8;

/// Weighs what a pass found.
pub(super) fn weigh(scan: &Scan<'_>, has_baseline: bool) -> Weighed {
    let step = failing_step(&scan.steps);
    let near = |cause: &Cause| step.is_none_or(|step| cause.step == step);
    let old = |cause: &Cause| has_baseline && scan.kept.get(&cause.line).is_some_and(|kept| !kept.new);
    let mut causes: Vec<(&u32, &Cause)> = scan.causes.iter().collect();
    causes.sort_unstable_by_key(|(_, cause)| cause.line);
    let failed = step.is_some() || causes.iter().any(|(_, cause)| cause.weight >= SURE && !old(cause));
    let strength = |cause: &Cause| {
        let weight = if cause.aside { cause.weight / 2 } else { cause.weight };
        let weight = if near(cause) { weight } else { weight / 2 };
        if old(cause) { weight / 3 } else { weight }
    };
    let most = causes.iter().map(|(_, cause)| strength(cause)).max().unwrap_or(0);
    let primary = causes.iter().find(|(_, cause)| strength(cause) + NEAR >= most).map(|(id, _)| **id);
    let (class, confidence) = classify(&causes, primary, &strength);
    let values = scan.kept.iter().map(|(number, kept)| (*number, value(kept, *number, scan, &near, has_baseline))).collect();
    Weighed { failed, class: if failed { class } else { Class::Passed }, confidence: if failed { confidence } else { 90 }, step, primary, values }
}

/// The last step that failed with an exit code, or else that failed.
fn failing_step(steps: &[Step]) -> Option<usize> {
    steps.iter().rposition(|step| step.failed && step.code.is_some_and(|code| code != 0)).or_else(|| steps.iter().rposition(|step| step.failed))
}

fn value(kept: &Kept, number: u64, scan: &Scan<'_>, near: &impl Fn(&Cause) -> bool, has_baseline: bool) -> f32 {
    let mut value = kept.value;
    if let Some(cause) = scan.causes.get(&kept.cause) {
        if !near(cause) {
            value *= 0.45;
        }
        if cause.aside {
            value *= 0.9;
        }
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
fn classify(causes: &[(&u32, &Cause)], primary: Option<u32>, strength: &impl Fn(&Cause) -> u8) -> (Class, u8) {
    let mut votes: BTreeMap<Class, f32> = BTreeMap::new();
    for (id, cause) in causes {
        let Some(class) = cause.class else { continue };
        let strength = f32::from(strength(cause));
        let first = if Some(**id) == primary { 4.0 } else { 1.0 };
        // A hundred failing tests are no more certain than three.
        let vote = votes.entry(class).or_default();
        *vote = (*vote + first * strength * strength / 100.0).min(700.0);
    }
    let total: f32 = votes.values().sum();
    let best = votes.into_iter().max_by(|one, other| one.1.total_cmp(&other.1));
    let Some((class, vote)) = best else { return (Class::Unknown, 20) };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 20 and 99")]
    let confidence = (20.0 + 79.0 * vote / total.max(1.0) * (vote / 90.0).min(1.0)) as u8;
    (class, confidence)
}
