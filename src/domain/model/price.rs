//! Tokens to money, in whole millionths and always rounded up.

use super::Tokens;

/// Tokens that a price is for.
const PER: u128 = 1_000_000;

/// What a model costs: millionths of the settings' unit for a million tokens of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prices {
    /// Tokens that it reads.
    pub input: u64,
    /// Tokens that it reads from the provider's cache.
    pub cache_read: u64,
    /// Tokens that it reads and that are written to the cache.
    pub cache_write: u64,
    /// Tokens that it writes.
    pub output: u64,
}

impl Prices {
    /// What these tokens cost, in millionths.
    #[must_use]
    pub fn cost(&self, tokens: &Tokens) -> u64 {
        whole(
            times(tokens.input, self.input)
                .saturating_add(times(tokens.cache_read, self.cache_read))
                .saturating_add(times(tokens.cache_write, self.cache_write))
                .saturating_add(times(tokens.output, self.output)),
        )
    }

    /// The most that so many tokens can cost, whatever of the input the cache has.
    #[must_use]
    pub fn cost_max(&self, input: u64, output: u64) -> u64 {
        whole(times(input, self.dearest_input()).saturating_add(times(output, self.output)))
    }

    /// Most tokens that can be written for `micros`, after `input` at its dearest; `None` where
    /// the input alone costs more.
    #[must_use]
    pub fn output_for(&self, micros: u64, input: u64) -> Option<u64> {
        let all = u128::from(micros).saturating_mul(PER);
        let left = all.checked_sub(times(input, self.dearest_input()))?;
        match self.output {
            0 => Some(u64::MAX),
            price => Some(u64::try_from(left / u128::from(price)).unwrap_or(u64::MAX)),
        }
    }

    fn dearest_input(&self) -> u64 {
        self.input.max(self.cache_read).max(self.cache_write)
    }
}

fn times(tokens: u64, price: u64) -> u128 {
    u128::from(tokens).saturating_mul(u128::from(price))
}

fn whole(sum: u128) -> u64 {
    u64::try_from(sum.div_ceil(PER)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 3 and 15 for a million, 0.3 from the cache, 3.75 into it.
    const PRICES: Prices = Prices {
        input: 3_000_000,
        cache_read: 300_000,
        cache_write: 3_750_000,
        output: 15_000_000,
    };

    #[test]
    fn each_kind_has_its_price_and_the_sum_is_rounded_up() {
        let tokens = Tokens {
            input: 1_000,
            cache_read: 100_000,
            cache_write: 2_000,
            output: 500,
        };
        assert_eq!(PRICES.cost(&tokens), 3_000 + 30_000 + 7_500 + 7_500);
        let one = Tokens {
            cache_read: 1,
            ..Tokens::default()
        };
        assert_eq!(PRICES.cost(&one), 1);
        assert_eq!(Prices::default().cost(&tokens), 0);
    }

    #[test]
    fn what_can_be_written_for_some_money_costs_no_more() {
        let output = PRICES.output_for(10_000, 1_000).unwrap();
        assert_eq!(output, (10_000 - 3_750) / 15);
        assert!(PRICES.cost_max(1_000, output) <= 10_000);
        assert!(PRICES.cost_max(1_000, output + 1) > 10_000);
        assert_eq!(PRICES.output_for(1, 1_000), None);
        assert_eq!(Prices::default().output_for(0, 9), Some(u64::MAX));
    }

    #[test]
    fn absurd_numbers_saturate() {
        let most = Prices {
            input: u64::MAX,
            cache_read: u64::MAX,
            cache_write: u64::MAX,
            output: u64::MAX,
        };
        assert_eq!(most.cost_max(u64::MAX, u64::MAX), u64::MAX);
    }
}
