//! Providers of models: tables of the settings' file, or the four settings of a single one.
//!
//! Checked here, so that a typing error is heard at the start. No error repeats a key.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::Deserialize;
use url::Url;

use super::{Secret, SettingsError};
use crate::domain::change::glob::PathGlobs;
use crate::domain::model::Wire;
use crate::domain::model::catalogue::{Catalogue, Model, OUTPUT_USUAL, Offer};
use crate::domain::model::price::Prices;
use crate::domain::request::policy::is_model;

/// A provider whose models this server passes on.
#[derive(Clone, Debug)]
pub struct Provider {
    /// Where its API begins.
    pub url: Url,
    /// What it knows this server by.
    pub key: Option<Secret>,
    /// What it is used for.
    pub offer: Offer,
}

/// What the providers of the settings offer.
#[must_use]
pub fn catalogue(providers: &[Provider]) -> Catalogue {
    let offers = providers.iter().map(|provider| provider.offer.clone());
    Catalogue {
        offers: offers.collect(),
    }
}

/// A table `[[providers]]`.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct ProviderGiven {
    name: String,
    wire: Wire,
    url: Option<Url>,
    key: Option<String>,
    key_file: Option<PathBuf>,
    repositories: Option<Vec<String>>,
    models: Vec<ModelGiven>,
}

/// One of its models. Prices are for a million tokens, in whatever unit the owner counts.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct ModelGiven {
    name: String,
    input: Option<f64>,
    output: Option<f64>,
    cache_read: Option<f64>,
    cache_write: Option<f64>,
    max_output: Option<u64>,
}

/// The settings `model-…` of a single provider.
#[derive(Clone, Default)]
pub(super) struct Single {
    pub(super) wire: Option<Wire>,
    pub(super) url: Option<Url>,
    pub(super) key: Option<String>,
    pub(super) model: Option<String>,
}

impl Single {
    /// What is still missing of a provider that is begun.
    pub(super) fn missing(&self) -> Option<&'static str> {
        let Self {
            wire,
            url,
            key,
            model,
        } = self;
        if wire.is_none() && url.is_none() && key.is_none() && model.is_none() {
            None
        } else if wire.is_none() {
            Some(
                "model-wire: how the provider of models is spoken with: anthropic, openai (and whatever imitates it) or gemini.",
            )
        } else if model.is_none() {
            Some("model: the provider's name of the model that agents work with.")
        } else if key.is_none() && url.is_none() {
            Some(
                "model-key: the key that the provider of models gave you. It stays on this server.",
            )
        } else {
            None
        }
    }

    fn given(&self) -> Option<ProviderGiven> {
        let key = self.key.clone();
        let is_file = key.as_ref().is_some_and(|key| key.starts_with('/'));
        let (key, key_file) = match key {
            Some(path) if is_file => (None, Some(path.into())),
            key => (key, None),
        };
        Some(ProviderGiven {
            name: "model".to_owned(),
            wire: self.wire?,
            url: self.url.clone(),
            key,
            key_file,
            repositories: None,
            models: vec![ModelGiven {
                name: self.model.clone()?,
                input: None,
                output: None,
                cache_read: None,
                cache_write: None,
                max_output: None,
            }],
        })
    }
}

/// All providers, the single one first.
pub(super) fn read(
    single: &Single,
    tables: Vec<ProviderGiven>,
) -> Result<Vec<Provider>, SettingsError> {
    let given = match single.missing() {
        None => single.given(),
        Some(_) => None,
    };
    let mut names = BTreeSet::new();
    let mut providers = Vec::new();
    for given in given.into_iter().chain(tables) {
        if !names.insert(given.name.clone()) {
            return Err(wrong(
                &given.name,
                "there are two of this name; name each differently",
            ));
        }
        providers.push(given.check()?);
    }
    Ok(providers)
}

fn wrong(name: &str, said: &str) -> SettingsError {
    SettingsError::Setting {
        setting: "providers",
        said: format!("{}: {said}", crate::domain::text::line(name, 80)),
    }
}

impl ProviderGiven {
    fn check(self) -> Result<Provider, SettingsError> {
        let name = self.name.clone();
        let wrong = |said: &str| wrong(&name, said);
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
        if name.is_empty() || name.len() > 60 || !name.bytes().all(plain) {
            return Err(wrong("a name has letters, digits, - _ and . only"));
        }
        let is_known_place = self.url.is_none();
        let url = match self.url {
            Some(url) => url,
            None => Url::parse(usual_url(self.wire)).map_err(|error| wrong(&error.to_string()))?,
        };
        if !matches!(url.scheme(), "https" | "http") || url.host().is_none() {
            return Err(wrong(
                "url: write an address such as https://models.example/v1",
            ));
        }
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
            return Err(wrong(
                "url: no key belongs there; write it as key or key-file",
            ));
        }
        let key = match (self.key, self.key_file) {
            (Some(_), Some(_)) => return Err(wrong("write key or key-file, not both")),
            (Some(key), None) => Some(key),
            (None, Some(path)) => Some(std::fs::read_to_string(&path).map_err(|error| {
                let said = format!(
                    "key-file: {}: {error}; pass the path of a file that holds nothing but the key",
                    path.display()
                );
                wrong(&said)
            })?),
            (None, None) if is_known_place => {
                return Err(wrong(
                    "the provider wants a key; write it as key or key-file",
                ));
            }
            (None, None) => None,
        };
        let key = key.map(|key| key.trim().to_owned());
        let is_key = |key: &String| !key.is_empty() && key.bytes().all(|b| b.is_ascii_graphic());
        if !key.as_ref().is_none_or(is_key) {
            return Err(wrong(
                "the key is empty, or holds what no key holds (a space, a second line)",
            ));
        }
        let repositories = match self.repositories {
            Some(globs) => {
                let globs: Vec<String> = globs.iter().map(|glob| glob.to_lowercase()).collect();
                let globs = PathGlobs::new(&globs);
                Some(globs.map_err(|error| wrong(&format!("repositories: {error}")))?)
            }
            None => None,
        };
        if self.models.is_empty() {
            return Err(wrong("models: name at least one, as in [{name = \"…\"}]"));
        }
        let models = self.models.into_iter().map(|model| model.check(&name));
        Ok(Provider {
            url,
            key: key.map(Secret),
            offer: Offer {
                provider: name.clone(),
                wire: self.wire,
                repositories,
                models: models.collect::<Result<_, _>>()?,
            },
        })
    }
}

impl ModelGiven {
    fn check(self, provider: &str) -> Result<Model, SettingsError> {
        if !is_model(&self.name) {
            return Err(wrong(
                provider,
                "models: a name is not one of a model; write it as the provider does",
            ));
        }
        let wrong = |said: &str| wrong(provider, &format!("{}: {said}", self.name));
        let micros = |price: f64| {
            // Above, a million tokens cost more than anybody has.
            let is_price = (0.0..1e9).contains(&price);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "it is within the range by the line above"
            )]
            let micros = (price * 1e6).ceil() as u64;
            is_price
                .then_some(micros)
                .ok_or_else(|| wrong("a price is a number for a million tokens, as in input = 3.0"))
        };
        let prices = match (self.input, self.output) {
            (Some(input), Some(output)) => Some(Prices {
                input: micros(input)?,
                output: micros(output)?,
                // Never too little: what is not said costs as much as any other input.
                cache_read: micros(self.cache_read.unwrap_or(input))?,
                cache_write: micros(self.cache_write.unwrap_or(input))?,
            }),
            (None, None) if self.cache_read.is_none() && self.cache_write.is_none() => None,
            _ => return Err(wrong("write both prices, input and output, or none at all")),
        };
        let output_max = self.max_output.unwrap_or(OUTPUT_USUAL);
        if !(1..=10_000_000).contains(&output_max) {
            return Err(wrong("max-output: write a number of tokens, as in 32768"));
        }
        Ok(Model {
            name: self.name,
            prices,
            output_max,
        })
    }
}

/// Where the providers say in their documentation that their APIs are.
const fn usual_url(wire: Wire) -> &'static str {
    match wire {
        Wire::Anthropic => "https://api.anthropic.com",
        Wire::Openai => "https://api.openai.com/v1",
        Wire::Gemini => "https://generativelanguage.googleapis.com",
    }
}

#[cfg(test)]
mod tests;
