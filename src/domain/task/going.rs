//! How the attempt that is under way goes, and what was spent until now, in words for the status
//! comment and the pages.
//!
//! What the runner said last is foreign: it comes out as code, or escaped by a template, and
//! never with what looks like a secret (X38 to X40). Minutes are whole ones, so that nothing is
//! written where nothing is new.

use super::Task;
use super::attempt::Going;
use super::shown::without_secrets;
use super::stage::Stage;
use crate::domain::model::Spent;
use crate::domain::text;
use crate::domain::time::Timestamp;

/// Longest note, in characters.
const NOTE_MAX: usize = 200;

/// How an attempt goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnderWay {
    /// What its runner does.
    pub phase: &'static str,
    /// Whole minutes since the runner entered.
    pub minutes: i64,
    /// The last tool or command; foreign, one line, without what looks like a secret.
    pub note: Option<String>,
}

impl UnderWay {
    /// The phase and how long the attempt has taken; the first minute is not counted out.
    #[must_use]
    pub fn phase_and_time(&self) -> String {
        match self.minutes {
            0 => self.phase.to_owned(),
            1 => format!("{}, 1 minute in", self.phase),
            minutes => format!("{}, {minutes} minutes in", self.phase),
        }
    }

    /// All of it as Markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        let told = self.phase_and_time();
        match &self.note {
            Some(note) => format!("{told}; last: {}", text::inline_code(note, NOTE_MAX)),
            None => told,
        }
    }
}

/// How the attempt goes that a runner works on at `now`; `None` where none does.
#[must_use]
pub fn under_way(task: &Task, now: Timestamp) -> Option<UnderWay> {
    let Stage::Working { attempt, phase, .. } = &task.stage else {
        return None;
    };
    let attempt = task.attempt(*attempt)?;
    let entered = attempt.entered.as_ref()?;
    let note = attempt
        .going
        .as_ref()
        .and_then(|going| going.note.as_deref());
    Some(UnderWay {
        phase: phase.words(),
        minutes: now.since_ms(entered.at).max(0) / 60_000,
        note: note.map(|note| text::line(&without_secrets(note), NOTE_MAX)),
    })
}

/// When the phase of the attempt began that a runner works on; `None` where none does.
#[must_use]
pub fn phase_since(task: &Task) -> Option<Timestamp> {
    let Stage::Working { attempt, .. } = &task.stage else {
        return None;
    };
    let attempt = task.attempt(*attempt)?;
    let entered = attempt.entered.as_ref().map(|entered| entered.at);
    let since = |going: &Going| going.since;
    attempt.going.as_ref().map(since).or(entered)
}

/// What was spent on models, as one sentence's part; `None` where none was called.
#[must_use]
pub fn spent_words(spent: &Spent) -> Option<String> {
    let calls = match spent.calls {
        0 => return None,
        1 => "1 call".to_owned(),
        calls => format!("{calls} calls"),
    };
    let tokens = grouped(spent.tokens.total());
    let money = match spent.micros {
        0 => String::new(),
        1..10_000 => ", less than 0.01 of money".to_owned(),
        micros => format!(
            ", {}.{:02} of money",
            micros / 1_000_000,
            micros % 1_000_000 / 10_000
        ),
    };
    Some(format!("{tokens} tokens in {calls}{money}"))
}

/// A number with its thousands apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() * 2);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::model::Tokens;

    #[test]
    fn what_was_spent_is_said_in_words() {
        let spent = |calls, input, micros| Spent {
            calls,
            tokens: Tokens {
                input,
                ..Tokens::default()
            },
            micros,
        };
        let said = |spent: Spent| spent_words(&spent).unwrap_or_default();
        assert_eq!(spent_words(&spent(0, 0, 0)), None);
        assert_eq!(said(spent(1, 999, 0)), "999 tokens in 1 call");
        assert_eq!(
            said(spent(2, 1_234_567, 9)),
            "1,234,567 tokens in 2 calls, less than 0.01 of money"
        );
        assert_eq!(
            said(spent(3, 1_000, 12_345_678)),
            "1,000 tokens in 3 calls, 12.34 of money"
        );
    }
}
