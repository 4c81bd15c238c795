//! Which models a repository may use, as the server's owner has set it. Knows no key.

use super::Wire;
use super::price::Prices;
use crate::domain::change::glob::PathGlobs;
use crate::domain::ids::FullName;

/// Most tokens that a model is let write in one call where nothing is set for it.
pub const OUTPUT_USUAL: u64 = 32_768;

/// All that can be had, in the order of the settings: the first that fits is taken.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// One a provider.
    pub offers: Vec<Offer>,
}

/// What one provider is used for.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The provider's name.
    pub provider: String,
    /// How it is spoken with.
    pub wire: Wire,
    /// Globs of the repositories (`owner/name`) that may use it, in lower case; `None`: all.
    pub repositories: Option<PathGlobs>,
    /// Its models; the first is taken where the policy names none.
    pub models: Vec<Model>,
}

/// One model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// The provider's name for it.
    pub name: String,
    /// What it costs; `None`: not known, and no money is counted.
    pub prices: Option<Prices>,
    /// Most tokens that it is let write in one call.
    pub output_max: u64,
}

/// A model that a task may use, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The provider's name.
    pub provider: String,
    /// The model.
    pub model: Model,
}

/// Why there is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoGrant {
    /// No provider of this wire is for this repository.
    #[error(
        "this server has no provider of models for {repository} that is spoken with as {}; its owner adds one to the settings (`[[providers]]`)",
        wire.as_str()
    )]
    NoProvider {
        /// How it would be spoken with.
        wire: Wire,
        /// Whose task it is.
        repository: FullName,
    },
    /// The policy names one that is not allowed.
    #[error(
        "the policy names the model {wanted}, which this server does not allow here; write one of {allowed} in .github/castellan.yml, or leave it out"
    )]
    NotAllowed {
        /// What the policy names.
        wanted: String,
        /// What it could name.
        allowed: String,
    },
}

impl Catalogue {
    /// The model for a repository whose policy names `wanted`.
    ///
    /// # Errors
    /// See [`NoGrant`].
    pub fn grant(
        &self,
        wire: Wire,
        repository: &FullName,
        wanted: Option<&str>,
    ) -> Result<Grant, NoGrant> {
        let mut models = self.models(wire, repository).peekable();
        if models.peek().is_none() {
            let repository = repository.clone();
            return Err(NoGrant::NoProvider { wire, repository });
        }
        let found = models.find(|(_, model)| wanted.is_none_or(|wanted| model.name == wanted));
        let (offer, model) = found.ok_or_else(|| {
            let all = self.models(wire, repository);
            let names: Vec<&str> = all.map(|(_, model)| model.name.as_str()).collect();
            NoGrant::NotAllowed {
                wanted: wanted.unwrap_or_default().to_owned(),
                allowed: names.join(", "),
            }
        })?;
        Ok(Grant {
            provider: offer.provider.clone(),
            model: model.clone(),
        })
    }

    /// The wires that a repository can use, in the order of the settings.
    pub fn wires<'a>(&'a self, repository: &'a FullName) -> impl Iterator<Item = Wire> + 'a {
        let offers = self.offers.iter();
        offers
            .filter(move |offer| offer.is_for(repository))
            .map(|offer| offer.wire)
    }

    fn models<'a>(
        &'a self,
        wire: Wire,
        repository: &'a FullName,
    ) -> impl Iterator<Item = (&'a Offer, &'a Model)> + 'a {
        let offers = self.offers.iter();
        offers
            .filter(move |offer| offer.wire == wire && offer.is_for(repository))
            .flat_map(|offer| offer.models.iter().map(move |model| (offer, model)))
    }
}

impl Offer {
    /// Names of repositories know no upper and lower case on GitHub.
    fn is_for(&self, repository: &FullName) -> bool {
        let globs = self.repositories.as_ref();
        globs.is_none_or(|globs| globs.matches(&repository.to_string().to_lowercase()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(provider: &str, wire: Wire, repositories: Option<&[&str]>, models: &[&str]) -> Offer {
        let model = |name: &&str| Model {
            name: (*name).to_owned(),
            prices: None,
            output_max: OUTPUT_USUAL,
        };
        Offer {
            provider: provider.to_owned(),
            wire,
            repositories: repositories.map(|globs| PathGlobs::new(globs).unwrap()),
            models: models.iter().map(model).collect(),
        }
    }

    fn granted(wire: Wire, repository: &str, wanted: Option<&str>) -> Result<String, String> {
        let catalogue = Catalogue {
            offers: vec![
                offer("special", Wire::Openai, Some(&["octo/special"]), &["large"]),
                offer("octo", Wire::Openai, Some(&["octo/*"]), &["usual", "small"]),
                offer("all", Wire::Anthropic, None, &["other"]),
            ],
        };
        let grant = catalogue.grant(wire, &repository.parse().unwrap(), wanted);
        grant
            .map(|grant| format!("{}: {}", grant.provider, grant.model.name))
            .map_err(|none| none.to_string())
    }

    #[test]
    fn the_first_provider_of_a_repository_answers_unless_the_policy_names_another_model() {
        let openai = |repository, wanted| granted(Wire::Openai, repository, wanted);
        assert_eq!(openai("octo/special", None).unwrap(), "special: large");
        assert_eq!(
            openai("Octo/Special", Some("small")).unwrap(),
            "octo: small"
        );
        assert_eq!(openai("octo/sample", None).unwrap(), "octo: usual");
        let refused = openai("octo/sample", Some("large")).unwrap_err();
        assert!(refused.contains("one of usual, small"), "{refused}");
        let refused = openai("cat/sample", None).unwrap_err();
        assert!(
            refused.contains("cat/sample") && refused.contains("openai"),
            "{refused}"
        );
        assert_eq!(
            granted(Wire::Anthropic, "cat/x", None).unwrap(),
            "all: other"
        );
    }
}
