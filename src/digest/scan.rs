//! The one pass over a log: which lines are kept, for which cause, in which step. What is kept is
//! bounded, whatever the log holds.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Read};
use std::ops::Range;

use super::around::Around;
use super::baseline::Baseline;
use super::clean::{clean, head};
use super::kept::{Cause, Kept, NONE, Step};
use super::named::Named;
use super::needles::Needles;
use super::reach::{Open, Reach, absorbs};
use super::read::Reader;
use super::rules::{Seen, Sign};
use super::step::Mark;

/// Causes that are kept at most; then the weaker half goes.
const CAUSES: usize = 4000;
/// Bytes of lines that are kept at most; then the weaker half of the causes goes.
const KEPT: usize = 6 * 1024 * 1024;
/// Bytes of a kept line, more than what is ever shown of it.
const TEXT: usize = 600;
/// Lines in front of a failed step's end that are kept, whatever they say.
pub(super) const TAIL: usize = 60;
/// Steps that are told apart; what comes later counts to the last.
const STEPS: usize = 1000;

/// What the pass found.
pub(super) struct Scan<'b> {
    pub(super) kept: BTreeMap<u64, Kept>,
    pub(super) causes: HashMap<u32, Cause>,
    pub(super) steps: Vec<Step>,
    pub(super) job: Option<String>,
    pub(super) named: Named,
    /// The line with which cleaning up began.
    pub(super) post: Option<u64>,
    /// Whether the log says that the job came to its end.
    pub(super) ended: bool,
    pub(super) lines: u64,
    pub(super) bytes: u64,
    pub(super) next: u32,
    pub(super) open: Option<Open>,
    in_script: bool,
    pub(super) size: usize,
    pub(super) seen: HashMap<u64, u32>,
    baseline: Option<&'b Baseline>,
}

impl<'b> Scan<'b> {
    /// Reads a log to its end.
    pub(super) fn of(log: impl Read, baseline: Option<&'b Baseline>) -> io::Result<Self> {
        let mut scan = Self {
            kept: BTreeMap::new(),
            causes: HashMap::new(),
            steps: vec![Step::default()],
            job: None,
            named: Named::default(),
            post: None,
            ended: false,
            lines: 0,
            bytes: 0,
            next: 0,
            open: None,
            in_script: false,
            size: 0,
            seen: HashMap::new(),
            baseline,
        };
        let mut reader = Reader::new(log);
        while let Some(batch) = reader.batch()? {
            scan.batch(reader.bytes(), reader.floor(), batch);
        }
        scan.close();
        if !scan.steps.iter().any(|step| step.failed) {
            let end = reader.bytes().len();
            let around = Around {
                bytes: reader.bytes(),
                floor: reader.floor(),
                at: end,
                stop: end,
            };
            scan.lines += 1;
            scan.keep_tail(&around, 22.0);
            scan.lines -= 1;
        }
        scan.bytes = reader.total;
        Ok(scan)
    }

    /// Reads whole lines: as long as nothing is open, the next one that holds a literal.
    fn batch(&mut self, bytes: &[u8], floor: usize, batch: Range<usize>) {
        let touched = Needles::get().touched(bytes, batch.clone());
        let mut hits = touched.into_iter().peekable();
        let mut at = batch.start;
        while at < batch.end {
            let every = self.open.is_some() || self.baseline.is_some();
            if !every {
                let hit = hits.peek().copied();
                let next = hit.map_or(batch.end, |hit| {
                    memchr::memrchr(b'\n', &bytes[at..hit]).map_or(at, |feed| at + feed + 1)
                });
                let passed = &bytes[at..next];
                self.lines += memchr::memchr_iter(b'\n', passed).count() as u64;
                if hit.is_none() {
                    // The last line of a log may have no line feed.
                    self.lines += u64::from(passed.last().is_some_and(|last| *last != b'\n'));
                    return;
                }
                at = next;
            }
            let length = memchr::memchr(b'\n', &bytes[at..batch.end]);
            let stop = length.map_or(batch.end, |length| at + length + 1);
            let touched = hits.next_if(|hit| *hit < stop).is_some();
            self.lines += 1;
            self.line(
                &Around {
                    bytes,
                    floor,
                    at,
                    stop,
                },
                touched,
            );
            at = stop;
        }
    }

    fn line(&mut self, around: &Around<'_>, touched: bool) {
        let raw = &around.bytes[around.at..around.stop];
        let text = clean(raw);
        if touched && let Some(mark) = Mark::of(raw, &text) {
            self.mark(mark, around);
        }
        let new = self.baseline.is_none_or(|baseline| !baseline.holds(&text));
        let sign = (touched && !self.in_script)
            .then(|| {
                Needles::get().read(&Seen {
                    text: &text,
                    before: &|back| around.back(back),
                })
            })
            .flatten();
        let goes_on = self.open.as_mut().is_some_and(|open| {
            let inner = open.inner.as_mut().is_some_and(|reach| reach.takes(&text));
            open.reach.takes(&text) || inner
        });
        match sign {
            Some(sign) => {
                self.named.learn(&sign);
                let within = goes_on && self.open.as_ref().is_some_and(|open| absorbs(open, &sign));
                if within {
                    self.absorb(sign, &text, new)
                } else {
                    self.begin(&sign, &text, around, new)
                }
            }
            None if goes_on => self.take(&text, 0.0, new),
            None => {
                self.close();
                if self.baseline.is_some() && new && !text.is_empty() && !self.in_script {
                    self.keep(self.lines, &text, 38.0, NONE, true);
                }
            }
        }
        if self.causes.len() > CAUSES || self.size > KEPT {
            self.forget();
        }
    }

    fn mark(&mut self, mark: Mark, around: &Around<'_>) {
        match mark {
            Mark::Begin {
                name,
                command,
                script,
            } => {
                self.close();
                if self.steps.len() < STEPS {
                    self.steps.push(Step {
                        name: head(&name, 300).to_owned(),
                        command: command.map(|command| head(&command, TEXT).to_owned()),
                        ..Step::default()
                    });
                }
                self.in_script = script;
            }
            Mark::Shown => self.in_script = false,
            Mark::Job(name) => self.job = Some(head(&name, TEXT).to_owned()),
            Mark::Ended => self.ended = true,
            Mark::Passed => {}
            Mark::Failed {
                code,
                command,
                goes_on,
            } => {
                self.in_script = false;
                if let Some(step) = self.steps.last_mut() {
                    step.failed = true;
                    step.goes_on = goes_on;
                    step.end = self.lines;
                    step.code = code.or(step.code);
                    step.command = step.command.take().or(command);
                }
                self.keep_tail(around, 34.0);
            }
            Mark::Post => {
                self.post.get_or_insert(self.lines);
                self.close();
                if self.steps.len() < STEPS {
                    self.steps.push(Step {
                        name: "post".to_owned(),
                        ..Step::default()
                    });
                }
            }
        }
    }

    /// Keeps the lines in front of a place, the nearer the better.
    fn keep_tail(&mut self, around: &Around<'_>, value: f32) {
        let mut value = value;
        for back in 1..=TAIL {
            let Some(text) = around.back(back) else { break };
            let Some(number) = self
                .lines
                .checked_sub(back as u64)
                .filter(|number| *number > 0)
            else {
                break;
            };
            if text.starts_with("##[endgroup]") {
                break;
            }
            let new = self.baseline.is_none_or(|baseline| !baseline.holds(&text));
            let dull =
                text.starts_with("npm ERR!") || text.starts_with("travis_") || text.len() < 3;
            self.keep(
                number,
                &text,
                if dull { value * 0.5 } else { value },
                NONE,
                new,
            );
            value *= 0.965;
        }
    }

    fn begin(&mut self, sign: &Sign, text: &str, around: &Around<'_>, new: bool) {
        self.close();
        let id = self.next;
        self.next += 1;
        self.causes.insert(
            id,
            Cause {
                rule: sign.rule,
                weight: sign.weight,
                aside: sign.aside,
                lead: sign.lead,
                class: sign.class,
                line: self.lines,
                text: head(text, TEXT).into(),
                step: self.steps.len() - 1,
                times: 1,
            },
        );
        if sign.above
            && let Some((above, cause)) = around.back(1).zip(self.causes.get_mut(&id))
        {
            cause.line = self.lines - 1;
            cause.text = head(&above, TEXT).into();
        }
        let weight = f32::from(sign.weight);
        for back in 1..=usize::from(sign.before) {
            let Some(before) = around.back(back) else {
                break;
            };
            let number = self.lines.saturating_sub(back as u64);
            if number == 0
                || self
                    .kept
                    .get(&number)
                    .is_some_and(|kept| kept.value > weight * 0.5)
            {
                break;
            }
            self.keep(number, &before, weight * 0.62, id, true);
        }
        self.keep(self.lines, text, weight, id, new);
        self.open = Some(Open {
            cause: id,
            weight: sign.weight,
            rule: sign.rule,
            reach: Reach::new(sign.after),
            inner: None,
            lines: vec![self.lines],
            taken: 0.0,
        });
    }

    /// A weaker sign within an open cause.
    fn absorb(&mut self, sign: Sign, text: &str, new: bool) {
        self.take(text, f32::from(sign.weight), new);
        if let Some(open) = &mut self.open {
            open.inner = Some(Reach::new(sign.after));
            if let Some(cause) = self.causes.get_mut(&open.cause) {
                cause.class = cause.class.or(sign.class);
            }
        }
    }

    /// A line of the open cause.
    fn take(&mut self, text: &str, least: f32, new: bool) {
        let Some(open) = &mut self.open else { return };
        open.taken += 1.0;
        if let Some(cause) = self
            .causes
            .get_mut(&open.cause)
            .filter(|cause| cause.lead && !text.trim().is_empty())
        {
            cause.lead = false;
            cause.line = self.lines;
            cause.text = head(text, TEXT).into();
        }
        let decay = (1.0 - open.taken * 0.016).max(0.35);
        let value = (f32::from(open.weight) * decay * 0.97).max(least * 0.95);
        open.lines.push(self.lines);
        let cause = open.cause;
        self.keep(self.lines, text, value, cause, new);
    }

    fn keep(&mut self, number: u64, text: &str, value: f32, cause: u32, new: bool) {
        match self.kept.get_mut(&number) {
            Some(kept) if kept.value >= value => {}
            Some(kept) => {
                kept.value = value;
                if cause != NONE {
                    kept.cause = cause;
                }
            }
            None => {
                let text: Box<str> = head(text, TEXT).into();
                self.size += text.len() + 80;
                self.kept.insert(
                    number,
                    Kept {
                        text,
                        value,
                        cause,
                        new,
                    },
                );
            }
        }
    }
}
