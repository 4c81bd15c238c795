//! A budget in people's words: `3 attempts`, `minutes: 45`, `turns = 10`, one a line or with commas.

use std::sync::LazyLock;

use regex::Regex;

use super::{Budget, Problem};
use crate::domain::request::policy::BudgetPolicy;
use crate::domain::text::{self, pattern::pattern};

/// How a budget is written, for remedies.
pub(super) const REMEDY: &str =
    "write one a line, as in `attempts: 3`, `minutes: 30`, `turns: 20` or `tokens: 2000000`";

static NUMBER_FIRST: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)^(\d{1,12})\s*([a-z]+)(?:\s+(?:per|an?|each)\s+attempt)?$"));
static NAME_FIRST: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)^([a-z]+)\s*[:=]?\s*(\d{1,12})$"));

/// Reads `entries` over what the policy gives.
///
/// Each entry that is not understood is a problem; each that asks for more than the policy's
/// maximum is capped and named in the second list, once a field: the last entry counts.
pub(super) fn read(
    entries: &[(u32, String)],
    policy: &BudgetPolicy,
    problems: &mut Vec<Problem>,
) -> (Budget, Vec<String>) {
    let mut budget = policy.usual();
    let mut capped = [const { None }; Name::COUNT];
    for (line, entry) in entries {
        for part in entry
            .split([',', ';'])
            .map(|part| part.trim().trim_end_matches('.'))
        {
            if part.is_empty() {
                continue;
            }
            let Some((name, number)) = name_and_number(part).filter(|(_, number)| *number > 0)
            else {
                problems.push(Problem {
                    line: *line,
                    message: format!(
                        "the budget `{}` is not understood",
                        text::line(part, 80).replace('`', "'")
                    ),
                    remedy: REMEDY.to_owned(),
                });
                continue;
            };
            let most = name.most(policy);
            capped[name as usize] = (number > most).then(|| {
                let words = name.words();
                format!("The issue asks for {number} {words}; the policy allows {most}.")
            });
            name.set(&mut budget, number.min(most));
        }
    }
    (budget, capped.into_iter().flatten().collect())
}

#[derive(Clone, Copy)]
enum Name {
    Attempts,
    Minutes,
    Turns,
    Calls,
    Tokens,
    Cents,
}

impl Name {
    const COUNT: usize = 6;

    const fn words(self) -> &'static str {
        match self {
            Self::Attempts => "attempts",
            Self::Minutes => "minutes",
            Self::Turns => "turns",
            Self::Calls => "calls",
            Self::Tokens => "tokens",
            Self::Cents => "cents",
        }
    }

    fn most(self, policy: &BudgetPolicy) -> u64 {
        let maximum = &policy.maximum;
        match self {
            Self::Attempts => maximum.attempts.into(),
            Self::Minutes => maximum.minutes.into(),
            Self::Turns => maximum.turns.into(),
            Self::Calls => maximum.calls.into(),
            Self::Tokens => maximum.tokens,
            Self::Cents => maximum.cents.unwrap_or(u32::MAX).into(),
        }
    }

    /// `number` is at most [`Name::most`].
    fn set(self, budget: &mut Budget, number: u64) {
        let small = u32::try_from(number).unwrap_or(u32::MAX);
        match self {
            Self::Attempts => budget.attempts = small,
            Self::Minutes => budget.minutes = small,
            Self::Turns => budget.turns = small,
            Self::Calls => budget.calls = small,
            Self::Tokens => budget.tokens = number,
            Self::Cents => budget.cents = Some(small),
        }
    }
}

fn name_and_number(part: &str) -> Option<(Name, u64)> {
    let (number, name) = match NUMBER_FIRST.captures(part) {
        Some(found) => (found.get(1)?, found.get(2)?),
        None => {
            let found = NAME_FIRST.captures(part)?;
            (found.get(2)?, found.get(1)?)
        }
    };
    let number: u64 = number.as_str().parse().ok()?;
    match name.as_str().to_ascii_lowercase().as_str() {
        "attempt" | "attempts" | "tries" => Some((Name::Attempts, number)),
        "minute" | "minutes" | "min" | "mins" => Some((Name::Minutes, number)),
        "hour" | "hours" | "h" => Some((Name::Minutes, number.saturating_mul(60))),
        "turn" | "turns" | "prompts" => Some((Name::Turns, number)),
        "call" | "calls" => Some((Name::Calls, number)),
        "token" | "tokens" => Some((Name::Tokens, number)),
        "cent" | "cents" => Some((Name::Cents, number)),
        _ => None,
    }
}
