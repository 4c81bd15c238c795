//! Budgets at their edges, and the property that they are never exceeded.

use proptest::prelude::*;

use super::*;

const PRICES: Prices = Prices {
    input: 3_000_000,
    cache_read: 300_000,
    cache_write: 3_750_000,
    output: 15_000_000,
};

fn budget(calls: u32, tokens: u64, cents: Option<u32>) -> Budget {
    Budget {
        attempts: 3,
        minutes: 10,
        turns: 1,
        calls,
        tokens,
        cents,
    }
}

fn ask(input: u64, output: u64) -> Ask {
    Ask {
        input,
        output: Some(output),
        output_max: 8_000,
    }
}

fn spent(calls: u32, input: u64, micros: u64) -> Spent {
    Spent {
        calls,
        tokens: Tokens {
            input,
            ..Tokens::default()
        },
        micros,
    }
}

#[test]
fn what_may_be_written_is_clamped_to_what_is_left() {
    let budget = budget(100, 10_000, None);
    let granted = admit(&budget, &spent(1, 4_000, 0), &ask(5_000, 4_000), None).unwrap();
    assert_eq!(granted.tokens.output, 1_000);
    let granted = admit(&budget, &spent(1, 0, 0), &ask(100, 100_000), None).unwrap();
    assert_eq!(
        granted.tokens.output, 8_000,
        "no more than the model writes"
    );
    let refused = admit(&budget, &spent(1, 4_000, 0), &ask(5_900, 4_000), None);
    assert_eq!(refused, Err(UsedUp::Tokens));
    // Who wants little is served with little.
    let granted = admit(&budget, &spent(1, 4_000, 0), &ask(5_900, 1), None).unwrap();
    assert_eq!(granted.tokens.output, 1);
}

#[test]
fn calls_and_money_end_too() {
    let budget = budget(10, 1_000_000, Some(10));
    let asked = ask(1_000, 1_000);
    let refused = admit(&budget, &spent(10, 0, 0), &asked, Some(&PRICES));
    assert_eq!(refused, Err(UsedUp::Calls));
    let refused = admit(&budget, &spent(1, 0, 99_000), &asked, Some(&PRICES));
    assert_eq!(refused, Err(UsedUp::Money));
    let granted = admit(&budget, &spent(1, 0, 90_000), &asked, Some(&PRICES)).unwrap();
    assert_eq!(granted.tokens.output, (10_000 - 3_750) / 15);
    // Nobody knows what it costs: the tokens alone count.
    let granted = admit(&budget, &spent(1, 0, u64::MAX), &asked, None).unwrap();
    assert_eq!((granted.tokens.output, granted.micros), (1_000, 0));
}

#[test]
fn the_agent_is_told_before_the_end() {
    let budget = budget(100, 100_000, None);
    let told = |spent: Spent, asked: Ask| admit(&budget, &spent, &asked, None).unwrap().wrap_up;
    assert!(!told(spent(10, 10_000, 0), ask(1_000, 1_000)));
    assert!(told(spent(84, 10_000, 0), ask(1_000, 1_000)), "calls");
    assert!(told(spent(10, 83_500, 0), ask(1_000, 1_000)), "tokens");
    assert!(
        told(spent(10, 50_000, 0), ask(20_000, 8_000)),
        "no second one of this size"
    );
}

#[test]
fn the_agent_is_told_before_its_money_ends() {
    let budget = budget(100, 10_000_000, Some(100));
    let told = |micros: u64| {
        let granted = admit(&budget, &spent(1, 1, micros), &ask(100, 100), Some(&PRICES));
        granted.unwrap().wrap_up
    };
    assert!(!told(500_000) && told(880_000));
}

#[test]
fn what_is_not_known_at_the_end_counts_in_full() {
    let reserved = admit(
        &budget(9, 99_999, None),
        &spent(0, 0, 0),
        &ask(5_000, 700),
        None,
    )
    .unwrap();
    let seen = Tokens {
        input: 40,
        cache_read: 10,
        cache_write: 0,
        output: 7,
    };
    let count = |tokens, whole| settle(&reserved, &Usage { tokens, whole }, Some(&PRICES));
    assert_eq!(count(Some(seen), true), (seen, PRICES.cost(&seen)));
    let cut = Tokens {
        output: 700,
        ..seen
    };
    assert_eq!(count(Some(seen), false), (cut, PRICES.cost(&cut)));
    assert_eq!(count(None, false).0, reserved.tokens);
    let only_output = Tokens {
        output: 900,
        ..Tokens::default()
    };
    assert_eq!(count(Some(only_output), false).0.total(), 5_000 + 900);
}

/// A call of the property: its bounds, how much of them it uses in the end, and when it ends.
type Step = (u64, u64, u8, u8, bool);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (
        0..40_000_u64,
        1..9_000_u64,
        0..=100_u8,
        0..4_u8,
        any::<bool>(),
    );
    prop::collection::vec(step, 1..60)
}

proptest! {
    /// I10: whatever is asked, in whatever order calls end, and whatever is never heard of again.
    #[test]
    fn i10_the_budget_is_never_exceeded(
        steps in steps(),
        calls in 1..40_u32,
        tokens in 1..400_000_u64,
        cents in prop::option::of(1..200_u32),
    ) {
        let budget = budget(calls, tokens, cents);
        let mut counted: Vec<(Reservation, Option<Usage>)> = Vec::new();
        for (input, output, used, kind, whole) in steps {
            let mut spent = Spent::default();
            for (reserved, usage) in &counted {
                let (tokens, micros) = match usage {
                    Some(usage) => settle(reserved, usage, Some(&PRICES)),
                    None => (reserved.tokens, reserved.micros),
                };
                spent.calls += 1;
                spent.tokens = spent.tokens.plus(&tokens);
                spent.micros += micros;
            }
            prop_assert!(spent.calls <= calls);
            prop_assert!(spent.tokens.total() <= tokens);
            prop_assert!(cents.is_none_or(|cents| spent.micros <= micros_of(cents)));
            if let Ok(reserved) = admit(&budget, &spent, &ask(input, output), Some(&PRICES)) {
                let part = |most: u64| most * u64::from(used) / 100;
                let read = part(input);
                let seen = match kind {
                    0 => Tokens { input: read, output: part(reserved.tokens.output), ..Tokens::default() },
                    1 => Tokens { cache_write: read, output: part(reserved.tokens.output), ..Tokens::default() },
                    _ => Tokens { cache_read: read, output: part(reserved.tokens.output), ..Tokens::default() },
                };
                let usage = Usage { tokens: Some(seen), whole };
                counted.push((reserved, (kind < 3).then_some(usage)));
            }
        }
    }
}
