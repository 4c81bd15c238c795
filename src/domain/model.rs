//! Language models, as far as decisions need them: how one speaks with them, and what that costs.
//!
//! - [`budget`]: whether a call is let through, and what it counts for.
//! - [`catalogue`]: which models a repository may use.
//! - [`price`]: tokens to money.

pub mod budget;
pub mod catalogue;
pub mod price;

use serde::{Deserialize, Serialize};

/// How a provider's API is spoken with. The gateway passes it on and translates nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wire {
    /// Anthropic's Messages API.
    Anthropic,
    /// OpenAI's Responses and Chat Completions APIs, and whatever imitates them.
    Openai,
    /// Google's Gemini API.
    Gemini,
}

impl Wire {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Anthropic, Self::Openai, Self::Gemini];

    /// Its name in settings and in addresses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Anthropic => "anthropic",
            Self::Openai => "openai",
            Self::Gemini => "gemini",
        }
    }

    /// The wire of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|wire| wire.as_str() == name)
    }
}

/// Tokens of one call or of many, by kind; no token is counted twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tokens {
    /// Read by the model, and not from a cache.
    pub input: u64,
    /// Read from the provider's cache.
    pub cache_read: u64,
    /// Read, and written to the provider's cache.
    pub cache_write: u64,
    /// Written by the model, its thoughts among them.
    pub output: u64,
}

impl Tokens {
    /// All kinds together, as the budget counts them.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.input
            .saturating_add(self.cache_read)
            .saturating_add(self.cache_write)
            .saturating_add(self.output)
    }

    /// Both together.
    #[must_use]
    pub const fn plus(&self, other: &Self) -> Self {
        Self {
            input: self.input.saturating_add(other.input),
            cache_read: self.cache_read.saturating_add(other.cache_read),
            cache_write: self.cache_write.saturating_add(other.cache_write),
            output: self.output.saturating_add(other.output),
        }
    }
}

/// What was spent on models.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spent {
    /// Calls of a model that were let through.
    pub calls: u32,
    /// Their tokens.
    pub tokens: Tokens,
    /// Money, in millionths of the unit in which the settings give prices; 0 without a price.
    pub micros: u64,
}
