//! # The digest: what one failed job said
//!
//! A log comes in as a stream of bytes; out comes what an agent needs to mend the failure, in a
//! few thousand tokens: the failing step, the kind of failure, the failing tests, the
//! diagnostics, and the lines themselves. It knows tools, not projects; it needs no training,
//! no network and no model.
//!
//! 1. `read` cuts the stream into lines, in bounded memory.
//! 2. `needles` finds in one pass the lines that hold a literal of any rule.
//! 3. `rules` say what such a line means and how far it reaches; one file a tool.
//! 4. `scan` keeps lines and causes, folds repeats, follows the steps (`step`).
//! 5. `weigh` decides what the whole says: failing step, first cause, class.
//! 6. `select` spends the budget on the most telling lines; `render` writes them down.
//!
//! The text of a log is foreign: it is cleaned (`clean`), masked (`mask`), bounded and
//! fenced, and never read as an instruction.

mod annotations;
mod around;
mod baseline;
mod clean;
mod fingerprint;
mod fold;
mod found;
mod junit;
mod kept;
mod lanes;
mod mask;
mod named;
mod needles;
mod pack;
mod page;
mod reach;
mod read;
mod render;
mod rules;
mod scan;
mod select;
mod step;
mod step_list;
mod weigh;

use std::collections::BTreeSet;
use std::io::{self, Read};

pub use annotations::Annotations;
pub use baseline::Baseline;
pub use found::{Class, Diagnostic, Digest, Excerpt, FailedStep, Fingerprint, LogLine, Test};
pub use junit::failed_tests;
pub use pack::{Packed, pack};
pub use page::{Ask, CHARS, CONTEXT, HITS, PAGE_LINES, Page, page};
pub use step_list::failed_step;

use kept::NONE;
use scan::Scan;
use weigh::Weighed;

/// Tests that a digest names.
pub const TESTS: usize = 50;
/// Diagnostics that a digest names.
pub const DIAGNOSTICS: usize = 50;
/// Tokens of a digest, where nothing else is asked for.
pub const TOKENS: usize = 2000;

/// Lines in front of a cause that may tell its place.
const IN_FRONT: u64 = 5;
/// Bytes of a job's name.
const JOB: usize = 300;
/// Causes of one strength beyond which a fingerprint takes of each its first line only.
const MANY: usize = 200;
/// Lines of each of the first causes that a fingerprint is made of.
const PRINTED: u64 = 40;

/// What is asked of a digest.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// The most tokens that the markdown may take; a token is four characters.
    pub tokens: usize,
    /// The same job's last passing log.
    pub baseline: Option<&'a Baseline>,
    /// The name of the step that failed, from [`failed_step`].
    pub step: Option<&'a str>,
    /// The tests that failed, from [`failed_tests`].
    pub tests: &'a [Test],
    /// What was marked as failed in the check run.
    pub annotations: Option<&'a Annotations>,
    /// The job's name, for a log that does not say it.
    pub job: Option<&'a str>,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self {
            tokens: TOKENS,
            baseline: None,
            step: None,
            tests: &[],
            annotations: None,
            job: None,
        }
    }
}

/// Reads the log of one job and says what failed in it.
///
/// # Errors
///
/// When reading fails.
pub fn digest(log: impl Read, options: Options<'_>) -> io::Result<Digest> {
    let mut scan = Scan::of(log, options.baseline)?;
    for test in options.tests {
        scan.named.test(test);
    }
    let annotations = options.annotations.filter(|found| !found.is_empty());
    for found in annotations.into_iter().flat_map(|some| &some.found) {
        scan.named.annotation(found);
    }
    scan.job = scan.job.take().or_else(|| options.job.map(job_name));
    let weighed = weigh::weigh(
        &scan,
        options.baseline.is_some(),
        options.step.is_some() || !options.tests.is_empty() || annotations.is_some(),
    );
    let mut digest = named(&scan, &weighed, annotations);
    if let Some(annotations) = annotations {
        annotated(&mut digest, &scan, &weighed, annotations);
    }
    if let Some(name) = options.step.filter(|_| digest.failed) {
        let step = digest.step.get_or_insert_default();
        step.command = step
            .command
            .take()
            .or_else(|| Some(std::mem::take(&mut step.name)).filter(|name| !name.is_empty()));
        name.clone_into(&mut step.name);
    }
    let budget = options.tokens * render::TOKEN;
    let heading = render::heading(&digest, budget);
    if digest.failed {
        shorten(&mut digest, &scan, &weighed, options, &heading);
    } else {
        digest.markdown = heading.chars().take(budget).collect();
    }
    Ok(digest)
}

/// A job's name from outside of the log, in one line.
fn job_name(name: &str) -> String {
    let line = name.replace(['\n', '\r'], " ");
    clean::head(&clean::clean(line.as_bytes()), JOB).to_owned()
}

/// Adds what annotations know of a failure as a whole: the exit code, and the kind, where they
/// tell it more surely than the log.
fn annotated(digest: &mut Digest, scan: &Scan<'_>, weighed: &Weighed, annotations: &Annotations) {
    if let Some(code) = annotations.exit_code {
        let step = digest.step.get_or_insert_default();
        step.exit_code = step.exit_code.or(Some(code));
    }
    let first = weighed.strong.first().and_then(|id| scan.causes.get(id));
    let sure = first.map_or(0, |cause| cause.weight);
    if let Some((class, weight)) = annotations.class()
        && (digest.class == Class::Unknown || weight > sure)
    {
        (digest.class, digest.confidence) = (class, weight);
    }
}

/// All of a digest but its text.
fn named(scan: &Scan<'_>, weighed: &Weighed, annotations: Option<&Annotations>) -> Digest {
    let mut masked = 0;
    let mut clean = |text: &str| mask::mask(text, &mut masked);
    let step = weighed
        .step
        .and_then(|at| scan.steps.get(at))
        .filter(|_| weighed.failed)
        .map(|step| FailedStep {
            name: clean(&step.name),
            command: step.command.as_deref().map(&mut clean),
            exit_code: step.code,
        });
    let primary = weighed.primary.filter(|_| weighed.failed).and_then(|line| {
        scan.kept.get(&line).map(|kept| LogLine {
            line,
            text: clean(&kept.text),
        })
    });
    let tests = masked_tests(scan, weighed, &mut clean);
    let diagnostics = masked_diagnostics(scan, weighed, &mut clean);
    let more = |all: usize, shown: usize, more: u64| {
        if weighed.failed {
            (all - shown) as u64 + more
        } else {
            0
        }
    };
    Digest {
        failed: weighed.failed,
        class: weighed.class,
        confidence: weighed.confidence,
        fingerprint: weighed
            .failed
            .then(|| print_of(scan, weighed, &tests, annotations)),
        job: scan.job.as_deref().map(&mut clean),
        step,
        primary,
        more_tests: more(scan.named.tests.len(), tests.len(), scan.named.more_tests),
        more_diagnostics: more(
            scan.named.diagnostics.len(),
            diagnostics.len(),
            scan.named.more_diagnostics,
        ),
        tests,
        diagnostics,
        causes_left_out: 0,
        excerpts: Vec::new(),
        lines: scan.lines,
        bytes: scan.bytes,
        masked,
        markdown: String::new(),
    }
}

fn masked_tests(
    scan: &Scan<'_>,
    weighed: &Weighed,
    clean: &mut impl FnMut(&str) -> String,
) -> Vec<Test> {
    let tests = scan.named.tests.iter().filter(|_| weighed.failed);
    let masked = tests.take(TESTS).map(|test| Test {
        id: clean(&test.id),
        message: clean(&test.message),
        file: test.file.as_deref().map(&mut *clean),
        ..test.clone()
    });
    masked.collect()
}

fn masked_diagnostics(
    scan: &Scan<'_>,
    weighed: &Weighed,
    clean: &mut impl FnMut(&str) -> String,
) -> Vec<Diagnostic> {
    let found = scan.named.diagnostics.iter().filter(|_| weighed.failed);
    let masked = found.take(DIAGNOSTICS).map(|found| Diagnostic {
        message: clean(&found.message),
        file: found.file.as_deref().map(&mut *clean),
        code: found.code.as_deref().map(&mut *clean),
        ..found.clone()
    });
    masked.collect()
}

/// The fingerprints of what was found.
fn print_of(
    scan: &Scan<'_>,
    weighed: &Weighed,
    tests: &[Test],
    annotations: Option<&Annotations>,
) -> Fingerprint {
    let lines = |id: &u32| {
        let line = scan.causes.get(id).map_or(0, |cause| cause.line);
        // A place that stands in front of what was said about it, as node writes it, is of it.
        let of_it =
            |number: u64, text: &str| number >= line || rules::Place::of(text.trim()).is_some();
        scan.kept
            .range(line.saturating_sub(IN_FRONT)..line + PRINTED)
            .filter(|(number, kept)| {
                kept.cause == *id && !kept.text.trim().is_empty() && of_it(**number, &kept.text)
            })
            .map(|(_, kept)| kept.text.to_string())
            .collect::<Vec<_>>()
    };
    // All of them, for with the order of what ran another one would be cut off; of a great many
    // their first lines.
    let each = if weighed.strong.len() > MANY {
        1
    } else {
        PRINTED as usize
    };
    let strong = weighed.strong.iter();
    let mut primary: Vec<String> = strong
        .flat_map(|id| lines(id).into_iter().take(each))
        .collect();
    if primary.is_empty() {
        let marked = annotations.into_iter().flat_map(|some| &some.found);
        let text = |found: &Diagnostic| {
            let file = found.file.as_deref().unwrap_or("");
            format!("{file}: {}", found.message)
        };
        primary = marked.take(PRINTED as usize).map(text).collect();
    }
    if let Some(line) = weighed.primary.filter(|_| primary.is_empty()) {
        primary = scan
            .kept
            .range(..=line)
            .rev()
            .filter(|(_, kept)| kept.text.trim().len() > 2)
            .take(3)
            .map(|(_, kept)| kept.text.to_string())
            .collect();
    }
    let step = weighed.step.and_then(|at| scan.steps.get(at));
    let causes: Vec<String> = scan
        .causes
        .values()
        .filter(|cause| !cause.aside && cause.weight >= 70)
        .map(|cause| cause.text.to_string())
        .collect();
    fingerprint::fingerprint(&primary, &causes, tests, step.map_or("", |step| &step.name))
}

/// Fills in the excerpts and the text, within the budget: what does not fit is left out, the
/// least telling first.
fn shorten(
    digest: &mut Digest,
    scan: &Scan<'_>,
    weighed: &Weighed,
    options: Options<'_>,
    heading: &str,
) {
    let budget = options.tokens * render::TOKEN;
    let baseline = options.baseline.is_some();
    let mut room = budget.saturating_sub(heading.chars().count() + 50);
    loop {
        let shown = select::select(scan, &weighed.values, room);
        digest.excerpts = cut(scan, weighed, &shown, baseline, &mut digest.masked);
        let excerpts = if digest.excerpts.is_empty() {
            String::new()
        } else {
            render::excerpts(&digest.excerpts, baseline)
        };
        let names = render::names(digest, &excerpts, budget);
        digest.causes_left_out = scan
            .causes
            .values()
            .filter(|cause| cause.weight >= 70 && !shown.contains(&cause.line))
            .count() as u64;
        let text = format!("{heading}{names}{excerpts}");
        let size = text.chars().count();
        if size <= budget {
            digest.markdown = text;
            return;
        }
        if room == 0 {
            digest.markdown = heading.chars().take(budget).collect();
            return;
        }
        room = room.saturating_sub((size - budget).max(20));
    }
}

/// The shown lines as excerpts: one a run of lines of neighbouring causes.
fn cut(
    scan: &Scan<'_>,
    weighed: &Weighed,
    shown: &BTreeSet<u64>,
    baseline: bool,
    masked: &mut u32,
) -> Vec<Excerpt> {
    let mut excerpts: Vec<Excerpt> = Vec::new();
    let (mut last, mut cause) = (0, NONE);
    for number in shown {
        let Some(kept) = scan.kept.get(number) else {
            continue;
        };
        let found = scan.causes.get(&kept.cause);
        let line = LogLine {
            line: *number,
            text: mask::mask(&kept.text, masked),
        };
        let goes_on = *number == last + 1 || (kept.cause == cause && cause != NONE);
        match excerpts.last_mut().filter(|_| goes_on) {
            Some(excerpt) => excerpt.lines.push(line),
            None => excerpts.push(Excerpt {
                rule: found.map_or("tail", |cause| cause.rule),
                times: found.map_or(1, |cause| cause.times),
                new: baseline.then_some(kept.new),
                lines: vec![line],
            }),
        }
        (last, cause) = (*number, kept.cause);
    }
    debug_assert!(weighed.failed);
    excerpts
}
