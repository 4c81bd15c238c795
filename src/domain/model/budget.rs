//! Whether a call of a model is let through, how much it may write, and what it counts for.
//!
//! A call is counted by what it may use at most before it is made, and by what it did use once
//! that is known. So the sum is never below the truth, and never above the budget (I10): whatever
//! is lost on the way stays counted.

use super::price::Prices;
use super::{Spent, Tokens};
use crate::domain::request::contract::Budget;
use crate::guard::{self, Guard};

/// Fewer tokens than these are no useful answer: the budget is used up then.
pub const OUTPUT_MIN: u64 = 256;
/// Hundredths of a budget after which the agent is told to come to an end.
pub const WRAP_UP_PERCENT: u128 = 85;
/// Millionths of the settings' unit in a hundredth of it.
const MICROS_PER_CENT: u64 = 10_000;

/// What an agent is told before its budget ends.
pub const WRAP_UP: &str = "[From the system that runs you, not from a person: the budget of this task is almost \
     used up. Finish now: leave the files in a working state, do not begin anything new, and end \
     your turn with a short account of what is done and what is not.]";

/// A call that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Most tokens that the model reads.
    pub input: u64,
    /// Most tokens that it may write, as the agent asks; `None`: as many as may be.
    pub output: Option<u64>,
    /// Most tokens that this model writes in one call; 0 for a call that only counts.
    pub output_max: u64,
}

/// What a call that is let through counts for until its usage is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// Most tokens that it uses; `output` is what the provider is told.
    pub tokens: Tokens,
    /// Most money.
    pub micros: u64,
    /// Whether the agent is to be told that its budget ends.
    pub wrap_up: bool,
}

/// Which part of the budget is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsedUp {
    /// Calls.
    Calls,
    /// Tokens.
    Tokens,
    /// Money.
    Money,
}

impl UsedUp {
    /// One sentence, with the remedy.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Calls => {
                "the task's budget of calls of the model is used up; raise `calls` in the issue's budget or in the policy"
            }
            Self::Tokens => {
                "the task's budget of tokens is used up, or what is left is less than this call may need; raise `tokens` in the issue's budget or in the policy"
            }
            Self::Money => {
                "the task's budget of money is used up, or what is left is less than this call may cost; raise `cents` in the issue's budget or in the policy"
            }
        }
    }
}

/// Whether a call may be made after what was spent, open calls counted by what they may use.
///
/// # Errors
/// The budget is used up.
pub fn admit(
    budget: &Budget,
    spent: &Spent,
    ask: &Ask,
    prices: Option<&Prices>,
) -> Result<Reservation, UsedUp> {
    let wanted = ask.output.unwrap_or(u64::MAX).min(ask.output_max);
    let least = wanted.min(OUTPUT_MIN);
    let holds = guard::holds(Guard::Budget);
    if spent.calls >= budget.calls && holds {
        return Err(UsedUp::Calls);
    }
    let left = budget.tokens.checked_sub(spent.tokens.total());
    let by_tokens = match left.and_then(|left| left.checked_sub(ask.input)) {
        Some(output) if output >= least => output,
        _ if holds => return Err(UsedUp::Tokens),
        _ => u64::MAX,
    };
    let money = budget.cents.zip(prices);
    let by_money = match money {
        None => u64::MAX,
        Some((cents, prices)) => {
            let left = micros_of(cents).checked_sub(spent.micros);
            match left.and_then(|left| prices.output_for(left, ask.input)) {
                Some(output) if output >= least => output,
                _ if holds => return Err(UsedUp::Money),
                _ => u64::MAX,
            }
        }
    };
    let output = wanted.min(by_tokens).min(by_money);
    let micros = prices.map_or(0, |prices| prices.cost_max(ask.input, output));
    let tokens = Tokens {
        input: ask.input,
        output,
        ..Tokens::default()
    };
    let ends = |used: u64, call: u64, all: u64| {
        is_near(used.saturating_add(call), all) || used.saturating_add(call.saturating_mul(2)) > all
    };
    let wrap_up = ends(spent.calls.into(), 1, budget.calls.into())
        || ends(spent.tokens.total(), tokens.total(), budget.tokens)
        || money.is_some_and(|(cents, _)| ends(spent.micros, micros, micros_of(cents)));
    Ok(Reservation {
        tokens,
        micros,
        wrap_up,
    })
}

/// What is known of a call's usage when it ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// What the provider said so far; `None`: nothing.
    pub tokens: Option<Tokens>,
    /// Whether it said all: the answer came to its own end.
    pub whole: bool,
}

/// What a call counts for in the end: what the provider said, and the most for what it did not.
#[must_use]
pub fn settle(reserved: &Reservation, usage: &Usage, prices: Option<&Prices>) -> (Tokens, u64) {
    let Some(seen) = usage.tokens else {
        return (reserved.tokens, reserved.micros);
    };
    if usage.whole {
        return (seen, prices.map_or(0, |prices| prices.cost(&seen)));
    }
    let output = seen.output.max(reserved.tokens.output);
    let input = Tokens { output: 0, ..seen };
    if input.total() == 0 {
        let tokens = Tokens {
            output,
            ..reserved.tokens
        };
        let cost = |prices: &Prices| prices.cost_max(tokens.input, output);
        return (tokens, prices.map_or(0, cost));
    }
    let tokens = Tokens { output, ..input };
    (tokens, prices.map_or(0, |prices| prices.cost(&tokens)))
}

const fn micros_of(cents: u32) -> u64 {
    (cents as u64).saturating_mul(MICROS_PER_CENT)
}

fn is_near(used: u64, all: u64) -> bool {
    u128::from(used) * 100 >= u128::from(all) * WRAP_UP_PERCENT
}

#[cfg(test)]
mod tests;
