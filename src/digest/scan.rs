//! The one pass over a log: which lines are kept, for which cause, in which step. What is kept is
//! bounded, whatever the log holds.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{self, Read};

use super::baseline::Baseline;
use super::clean::{clean, head};
use super::fingerprint::exact;
use super::found::Class;
use super::named::Named;
use super::needles::Needles;
use super::read::Reader;
use super::rules::{After, Seen, Sign};
use super::step::Mark;

/// Causes that are kept at most; then the weaker half goes.
const CAUSES: usize = 4000;
/// Bytes of lines that are kept at most; then the weaker half of the causes goes.
const KEPT: usize = 6 * 1024 * 1024;
/// Bytes of a kept line, more than what is ever shown of it.
const TEXT: usize = 600;
/// Lines in front of a failed step's end that are kept, whatever they say.
const TAIL: usize = 60;
/// Steps that are told apart; what comes later counts to the last.
const STEPS: usize = 1000;
/// First lines of causes that are remembered to fold repeats.
const REMEMBERED: usize = 50_000;

/// A line that may be shown.
pub(super) struct Kept {
    pub(super) text: Box<str>,
    /// How much it tells, from 0 to 100.
    pub(super) value: f32,
    /// The cause to which it belongs, or [`NONE`].
    pub(super) cause: u32,
    /// Whether the passing log does not hold it; of no meaning without one.
    pub(super) new: bool,
}

/// Of no cause: kept for where it stands.
pub(super) const NONE: u32 = u32::MAX;

/// One thing that went wrong, as a rule saw it.
pub(super) struct Cause {
    pub(super) rule: &'static str,
    pub(super) weight: u8,
    pub(super) aside: bool,
    /// Its next line is its first one.
    lead: bool,
    pub(super) class: Option<Class>,
    /// The number of its first line.
    pub(super) line: u64,
    /// The text of that line.
    pub(super) text: Box<str>,
    pub(super) step: usize,
    /// How often it was said.
    pub(super) times: u32,
}

/// A step of the job.
#[derive(Default)]
pub(super) struct Step {
    pub(super) name: String,
    pub(super) command: Option<String>,
    pub(super) code: Option<i32>,
    pub(super) failed: bool,
    /// The job went on with its next command.
    pub(super) goes_on: bool,
    /// The number of the line that says so.
    pub(super) end: u64,
}

/// What a cause still takes.
struct Open {
    cause: u32,
    weight: u8,
    rule: &'static str,
    reach: Reach,
    /// What a weaker sign within it takes beyond.
    inner: Option<Reach>,
    lines: Vec<u64>,
    taken: f32,
}

struct Reach {
    after: After,
    left: u16,
}

impl Reach {
    fn new(after: After) -> Self {
        let left = match after {
            After::Lines(most) | After::Blank(most) | After::While(most, _) | After::Until(most, _) | After::Before(most, _) => most,
        };
        Self { after, left }
    }

    /// Whether the next line still belongs to it.
    fn takes(&mut self, text: &str) -> bool {
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        let takes = match self.after {
            After::Lines(_) => true,
            After::Blank(_) => !text.is_empty(),
            After::While(_, so) => so(text),
            After::Before(_, so) => !so(text),
            After::Until(_, so) => {
                if so(text) {
                    self.left = 0;
                }
                true
            }
        };
        if !takes {
            self.left = 0;
        }
        takes
    }
}

/// What the pass found.
pub(super) struct Scan<'b> {
    pub(super) kept: BTreeMap<u64, Kept>,
    pub(super) causes: HashMap<u32, Cause>,
    pub(super) steps: Vec<Step>,
    pub(super) job: Option<String>,
    pub(super) named: Named,
    pub(super) lines: u64,
    pub(super) bytes: u64,
    next: u32,
    open: Option<Open>,
    in_script: bool,
    size: usize,
    seen: HashMap<u64, u32>,
    baseline: Option<&'b Baseline>,
}

impl<'b> Scan<'b> {
    /// Reads a log to its end.
    pub(super) fn of(log: impl Read, baseline: Option<&'b Baseline>) -> io::Result<Self> {
        let mut scan = Self { kept: BTreeMap::new(), causes: HashMap::new(), steps: vec![Step::default()], job: None, named: Named::default(), lines: 0, bytes: 0, next: 0, open: None, in_script: false, size: 0, seen: HashMap::new(), baseline };
        let mut reader = Reader::new(log);
        let needles = Needles::get();
        while let Some(batch) = reader.batch()? {
            let bytes = reader.bytes();
            let (offset, end) = (batch.start, batch.end);
            let mut hits = needles.hits(&bytes[batch]).map(|at| offset + at);
            let mut hit = hits.next();
            let mut at = offset;
            while at < end {
                let stop = memchr::memchr(b'\n', &bytes[at..end]).map_or(end, |length| at + length + 1);
                let mut touched = false;
                while hit.is_some_and(|hit| hit < stop) {
                    touched = true;
                    hit = hits.next();
                }
                scan.lines += 1;
                if touched || scan.open.is_some() || scan.baseline.is_some() {
                    scan.line(&Around { bytes, floor: reader.floor(), at, stop }, touched);
                }
                at = stop;
            }
        }
        scan.close();
        if !scan.steps.iter().any(|step| step.failed) {
            let end = reader.bytes().len();
            let around = Around { bytes: reader.bytes(), floor: reader.floor(), at: end, stop: end };
            scan.lines += 1;
            scan.keep_tail(&around, 22.0);
            scan.lines -= 1;
        }
        scan.bytes = reader.total;
        Ok(scan)
    }

    fn line(&mut self, around: &Around<'_>, touched: bool) {
        let raw = &around.bytes[around.at..around.stop];
        let text = clean(raw);
        if touched && let Some(mark) = Mark::of(raw, &text) {
            self.mark(mark, around);
        }
        let new = self.baseline.is_none_or(|baseline| !baseline.holds(&text));
        let sign = (touched && !self.in_script).then(|| Needles::get().read(&Seen { text: &text, before: &|back| around.back(back) })).flatten();
        let goes_on = self.open.as_mut().is_some_and(|open| {
            let inner = open.inner.as_mut().is_some_and(|reach| reach.takes(&text));
            open.reach.takes(&text) || inner
        });
        match sign {
            Some(sign) => {
                self.named.learn(&sign);
                let within = goes_on && self.open.as_ref().is_some_and(|open| absorbs(open, &sign));
                if within { self.absorb(sign, &text, new) } else { self.begin(&sign, &text, around, new) }
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
            Mark::Begin { name, command, script } => {
                self.close();
                if self.steps.len() < STEPS {
                    self.steps.push(Step { name: head(&name, 300).to_owned(), command: command.map(|command| head(&command, TEXT).to_owned()), ..Step::default() });
                }
                self.in_script = script;
            }
            Mark::Shown => self.in_script = false,
            Mark::Job(name) => self.job = Some(head(&name, TEXT).to_owned()),
            Mark::Passed => {}
            Mark::Failed { code, command, goes_on } => {
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
                self.close();
                if self.steps.len() < STEPS {
                    self.steps.push(Step { name: "post".to_owned(), ..Step::default() });
                }
            }
        }
    }

    /// Keeps the lines in front of a place, the nearer the better.
    fn keep_tail(&mut self, around: &Around<'_>, value: f32) {
        let mut value = value;
        for back in 1..=TAIL {
            let Some(text) = around.back(back) else { break };
            let Some(number) = self.lines.checked_sub(back as u64).filter(|number| *number > 0) else { break };
            if text.starts_with("##[endgroup]") {
                break;
            }
            let new = self.baseline.is_none_or(|baseline| !baseline.holds(&text));
            let dull = text.starts_with("npm ERR!") || text.starts_with("travis_") || text.len() < 3;
            self.keep(number, &text, if dull { value * 0.5 } else { value }, NONE, new);
            value *= 0.965;
        }
    }

    fn begin(&mut self, sign: &Sign, text: &str, around: &Around<'_>, new: bool) {
        self.close();
        let id = self.next;
        self.next += 1;
        self.causes.insert(id, Cause { rule: sign.rule, weight: sign.weight, aside: sign.aside, lead: sign.lead, class: sign.class, line: self.lines, text: head(text, TEXT).into(), step: self.steps.len() - 1, times: 1 });
        let weight = f32::from(sign.weight);
        for back in 1..=usize::from(sign.before) {
            let Some(before) = around.back(back) else { break };
            let number = self.lines.saturating_sub(back as u64);
            if number == 0 || self.kept.get(&number).is_some_and(|kept| kept.value > weight * 0.5) {
                break;
            }
            self.keep(number, &before, weight * 0.62, id, true);
        }
        self.keep(self.lines, text, weight, id, new);
        self.open = Some(Open { cause: id, weight: sign.weight, rule: sign.rule, reach: Reach::new(sign.after), inner: None, lines: vec![self.lines], taken: 0.0 });
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
        if let Some(cause) = self.causes.get_mut(&open.cause).filter(|cause| cause.lead && !text.trim().is_empty()) {
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
                self.kept.insert(number, Kept { text, value, cause, new });
            }
        }
    }

    /// Ends the open cause, and folds it into an earlier one that said the same.
    fn close(&mut self) {
        let Some(open) = self.open.take() else { return };
        let mut hash = DefaultHasher::new();
        open.rule.hash(&mut hash);
        let said = open.lines.iter().filter_map(|number| self.kept.get(number)).filter(|kept| !kept.text.trim().is_empty());
        for kept in said.take(4) {
            exact(&kept.text).hash(&mut hash);
        }
        let key = hash.finish();
        let earlier = self.seen.get(&key).copied().filter(|earlier| self.causes.contains_key(earlier));
        let Some(earlier) = earlier else {
            if self.seen.len() < REMEMBERED {
                self.seen.insert(key, open.cause);
            }
            return;
        };
        let step = self.causes.remove(&open.cause).map(|cause| cause.step);
        if let Some(cause) = self.causes.get_mut(&earlier) {
            cause.times += 1;
            cause.step = step.unwrap_or(cause.step);
        }
        for number in open.lines {
            self.drop_line(number, open.cause);
        }
    }

    fn drop_line(&mut self, number: u64, cause: u32) {
        if self.kept.get(&number).is_some_and(|kept| kept.cause == cause)
            && let Some(kept) = self.kept.remove(&number)
        {
            self.size -= kept.text.len() + 80;
        }
    }

    /// Lets the weaker half of the causes go; of equals those in the middle of the log.
    fn forget(&mut self) {
        self.close();
        let mut order: Vec<(u8, u64, u32)> = self.causes.iter().map(|(id, cause)| (cause.weight, cause.line.abs_diff(self.lines / 2), *id)).collect();
        order.sort_unstable();
        for (_, _, id) in &order[..order.len() / 2] {
            self.causes.remove(id);
        }
        let (causes, size) = (&self.causes, &mut self.size);
        let recent = self.lines.saturating_sub(TAIL as u64);
        self.kept.retain(|number, kept| {
            let stays = if kept.cause == NONE { *number >= recent } else { causes.contains_key(&kept.cause) };
            if !stays {
                *size -= kept.text.len() + 80;
            }
            stays
        });
    }
}

/// Whether a sign within an open cause belongs to it rather than begins another.
fn absorbs(open: &Open, sign: &Sign) -> bool {
    let more_of_it = sign.rule == open.rule && sign.weight == open.weight && sign.weight < 80;
    sign.weight < open.weight || sign.aside || more_of_it
}

/// A line, and the bytes around it.
struct Around<'a> {
    bytes: &'a [u8],
    floor: usize,
    at: usize,
    stop: usize,
}

impl Around<'_> {
    /// The line that many before, cleaned.
    fn back(&self, lines: usize) -> Option<String> {
        let mut end = self.at;
        for _ in 1..lines {
            end = self.start(end)?;
        }
        let start = self.start(end)?;
        Some(clean(&self.bytes[start..end]))
    }

    /// Where the line that ends there begins.
    fn start(&self, end: usize) -> Option<usize> {
        if end <= self.floor {
            return None;
        }
        Some(memchr::memrchr(b'\n', &self.bytes[self.floor..end - 1]).map_or(self.floor, |at| self.floor + at + 1))
    }
}
