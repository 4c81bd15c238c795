//! Which run of Actions signs in: a token of GitHub's OpenID Connect issuer, verified.
//!
//! Here it is shown that the token is GitHub's, meant for this server, and of now (X17 to X19).
//! Whether its run is one that we dispatched is decided elsewhere. Follows «OpenID Connect
//! reference» of GitHub's documentation, RFC 7519 and RFC 7517.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use jsonwebtoken::jwk::{Jwk, JwkSet, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use tokio::sync::Mutex;
use url::Url;

use crate::clock::Clock;
use crate::domain::ids::{RepositoryId, RunId, UserId};
use crate::domain::task::attempt::{Machine, RunIdentity};
use crate::domain::task::sign_in::Identity;
use crate::domain::time::Timestamp;

/// Longest token that is looked at, in bytes; GitHub's have about two thousand.
const TOKEN_BYTES_MAX: usize = 16 * 1024;
/// Largest key set that is read, in bytes.
const KEYS_BYTES_MAX: usize = 256 * 1024;
/// Longest wait for the key set.
const KEYS_WAIT_MAX: Duration = Duration::from_secs(5);
/// A key that is not known is asked for no more often than this: strangers name keys, too (A18).
const KEYS_ASKED_EVERY_S: i64 = 60;
/// Longest name of a key that is looked for; GitHub's have 36 or 43 characters.
const KEY_NAME_MAX: usize = 100;
/// After a failure they are asked for again sooner, in seconds.
const KEYS_FAILED_PAUSE_S: i64 = 2;
/// A key set is fetched anew after this time, so that one that was withdrawn is forgotten.
const KEYS_KEPT_S: i64 = 3600;
/// How far GitHub's clock and ours may differ.
const SKEW_S: i64 = 60;
/// Longest life of a token that is believed, from `iat` to `exp`.
const LIFE_MAX_S: i64 = 3600;

/// Why a token proves nothing.
#[derive(Debug, thiserror::Error)]
pub enum NotProven {
    /// It is no token, of another issuer, for another audience, or not signed by GitHub.
    #[error("the token is not GitHub's, or not meant for this server: {0}")]
    Token(String),
    /// Its time is not now.
    #[error("the token's time is not now ({0}); are the clocks right?")]
    Time(&'static str),
    /// GitHub's keys could not be had; trying again may help.
    #[error("the keys of {issuer} could not be had: {said}")]
    Keys {
        /// Whose.
        issuer: String,
        /// What failed.
        said: String,
    },
}

/// GitHub's issuer of identities, with its keys.
#[derive(Clone)]
pub struct Issuer {
    shared: Arc<Shared>,
}

struct Shared {
    issuer: String,
    audience: String,
    http: reqwest::Client,
    clock: Clock,
    keys: std::sync::Mutex<Keys>,
    /// When they were last asked for; held while somebody asks.
    asked_at: Mutex<Option<Timestamp>>,
}

#[derive(Default)]
struct Keys {
    set: Option<JwkSet>,
    /// When it was fetched.
    fetched_at: Timestamp,
}

/// What GitHub says of a job; numbers come as text.
#[derive(Deserialize)]
struct Claims {
    jti: String,
    iat: i64,
    nbf: i64,
    exp: i64,
    repository: String,
    repository_id: String,
    repository_owner_id: String,
    workflow_ref: String,
    event_name: String,
    #[serde(rename = "ref")]
    git_ref: String,
    run_id: String,
    run_attempt: String,
    /// Older Enterprise Servers do not say it.
    runner_environment: Option<String>,
}

impl Issuer {
    /// The issuer at `issuer` (`https://token.actions.githubusercontent.com`, or
    /// `https://HOST/_services/token` of an Enterprise Server); tokens must be for `audience`.
    ///
    /// # Errors
    /// The HTTP client cannot be made.
    pub fn new(issuer: &Url, audience: &str, clock: Clock) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .timeout(KEYS_WAIT_MAX)
            // The keys are where GitHub says in its documentation, and nowhere else (X30).
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self {
            shared: Arc::new(Shared {
                issuer: issuer.as_str().trim_end_matches('/').to_owned(),
                audience: audience.to_owned(),
                http,
                clock,
                keys: std::sync::Mutex::default(),
                asked_at: Mutex::default(),
            }),
        })
    }

    /// Who presents this token.
    ///
    /// # Errors
    /// See [`NotProven`]; only [`NotProven::Keys`] may pass by itself.
    pub async fn verify(&self, token: &str) -> Result<Identity, NotProven> {
        let not_a_token = |said: &dyn std::fmt::Display| NotProven::Token(said.to_string());
        if token.len() > TOKEN_BYTES_MAX {
            return Err(not_a_token(&"it is too long"));
        }
        let header = jsonwebtoken::decode_header(token).map_err(|error| not_a_token(&error))?;
        if header.alg != Algorithm::RS256 {
            return Err(not_a_token(&"it is not signed by RS256"));
        }
        let is_name = |kid: &String| {
            let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
            (1..=KEY_NAME_MAX).contains(&kid.len()) && kid.bytes().all(plain)
        };
        let kid = header.kid.filter(is_name);
        let kid = kid.ok_or_else(|| not_a_token(&"it names no key"))?;
        let key = self.key(&kid).await?;
        let mut rules = Validation::new(Algorithm::RS256);
        rules.set_issuer(&[&self.shared.issuer]);
        rules.set_audience(&[&self.shared.audience]);
        rules.set_required_spec_claims(&["iss", "aud", "exp"]);
        // The time is compared with our own clock below.
        rules.validate_exp = false;
        let claims = jsonwebtoken::decode::<Claims>(token, &key, &rules)
            .map_err(|error| not_a_token(&error))?
            .claims;
        is_of_now(&claims, self.shared.clock.now())?;
        identity(claims).ok_or_else(|| not_a_token(&"a number in it is none"))
    }

    /// The key of that name, from the set that we have or a fresh one.
    async fn key(&self, kid: &str) -> Result<DecodingKey, NotProven> {
        if let Some(key) = self.kept_key(kid)? {
            return Ok(key);
        }
        // One asks for all; who needs a key that is known is not held up by that.
        let mut asked = self.shared.asked_at.lock().await;
        if let Some(key) = self.kept_key(kid)? {
            return Ok(key);
        }
        let now = self.shared.clock.now();
        if let Some(before) = *asked
            && now < before.plus_s(KEYS_ASKED_EVERY_S)
        {
            // It may be newer than the set that we have: who comes again finds out.
            let said = if self.keys().fetched_at == before {
                "they were asked for a moment ago, without this one; try again in a minute"
            } else {
                "the last try failed; try again in a moment"
            };
            return Err(self.no_keys(said.to_owned()));
        }
        *asked = Some(now);
        let set = match self.fetch().await {
            Ok(set) => set,
            Err(error) => {
                // What failed may be tried again sooner than what was answered.
                *asked = Some(now.plus_s(KEYS_FAILED_PAUSE_S - KEYS_ASKED_EVERY_S));
                return Err(error);
            }
        };
        *self.keys() = Keys {
            set: Some(set),
            fetched_at: now,
        };
        self.kept_key(kid)?
            .ok_or_else(|| NotProven::Token("it names no key of the issuer's".to_owned()))
    }

    fn keys(&self) -> std::sync::MutexGuard<'_, Keys> {
        let keys = self.shared.keys.lock();
        keys.unwrap_or_else(PoisonError::into_inner)
    }

    /// The key of that name, from a set that is not too old.
    fn kept_key(&self, kid: &str) -> Result<Option<DecodingKey>, NotProven> {
        let keys = self.keys();
        if keys.fetched_at.plus_s(KEYS_KEPT_S) <= self.shared.clock.now() {
            return Ok(None);
        }
        let found = keys.find(kid).map(DecodingKey::from_jwk).transpose();
        found.map_err(|error| NotProven::Token(error.to_string()))
    }

    fn no_keys(&self, said: String) -> NotProven {
        NotProven::Keys {
            issuer: self.shared.issuer.clone(),
            said,
        }
    }

    async fn fetch(&self) -> Result<JwkSet, NotProven> {
        let failed = |said: String| self.no_keys(said);
        let url = format!("{}/.well-known/jwks", self.shared.issuer);
        let mut answer = (self.shared.http.get(url).send().await)
            .and_then(reqwest::Response::error_for_status)
            .map_err(|error| failed(error.to_string()))?;
        let mut text = Vec::new();
        while let Some(piece) = (answer.chunk().await).map_err(|error| failed(error.to_string()))? {
            if text.len() + piece.len() > KEYS_BYTES_MAX {
                return Err(failed("the answer is too large".to_owned()));
            }
            text.extend_from_slice(&piece);
        }
        serde_json::from_slice(&text).map_err(|error| failed(error.to_string()))
    }
}

impl Keys {
    /// The RSA key for signatures of that name.
    fn find(&self, kid: &str) -> Option<&Jwk> {
        let key = self.set.as_ref()?.find(kid)?;
        let signs = !matches!(key.common.public_key_use, Some(PublicKeyUse::Encryption));
        let by_rs256 = matches!(key.common.key_algorithm, None | Some(KeyAlgorithm::RS256));
        let is_rsa = matches!(
            key.algorithm,
            jsonwebtoken::jwk::AlgorithmParameters::RSA(_)
        );
        (signs && by_rs256 && is_rsa).then_some(key)
    }
}

fn is_of_now(claims: &Claims, now: Timestamp) -> Result<(), NotProven> {
    let now = now.0 / 1000;
    if claims.exp + SKEW_S <= now {
        return Err(NotProven::Time("it has expired"));
    }
    if claims.nbf > now + SKEW_S || claims.iat > now + SKEW_S {
        return Err(NotProven::Time("it is of the future"));
    }
    if claims.exp.saturating_sub(claims.iat) > LIFE_MAX_S {
        return Err(NotProven::Time("it lives too long"));
    }
    Ok(())
}

fn identity(claims: Claims) -> Option<Identity> {
    Some(Identity {
        token: claims.jti,
        expires_at: Timestamp(claims.exp.checked_add(SKEW_S)?.checked_mul(1000)?),
        repository: RepositoryId(claims.repository_id.parse().ok()?),
        owner: UserId(claims.repository_owner_id.parse().ok()?),
        repository_name: claims.repository,
        workflow: claims.workflow_ref,
        event: claims.event_name,
        git_ref: claims.git_ref,
        run: RunIdentity {
            run_id: RunId(claims.run_id.parse().ok()?),
            run_attempt: claims.run_attempt.parse().ok()?,
        },
        machine: match claims.runner_environment.as_deref() {
            Some("github-hosted") => Some(Machine::GithubHosted),
            Some("self-hosted") => Some(Machine::SelfHosted),
            _ => None,
        },
    })
}
