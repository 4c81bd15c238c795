//! Who we are: the App's own JWT, and installation tokens narrowed to one repository and to
//! the permissions of the call.
//!
//! Tokens live for an hour; they are kept in memory only and never written anywhere.

use std::collections::BTreeMap;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::{Deserialize, Serialize};

use crate::domain::ids::{InstallationId, RepositoryId};
use crate::domain::time::Timestamp;

/// The App's identity.
#[derive(Clone)]
pub struct AppKey {
    app_id: i64,
    key: EncodingKey,
}

/// The private key is not an RSA key in PEM.
#[derive(Debug, thiserror::Error)]
#[error(
    "the App's private key is not an RSA key in PEM; generate one on the App's settings page and pass the file that it gives you"
)]
pub struct NotAKey(#[source] jsonwebtoken::errors::Error);

/// What the App says of itself.
#[derive(Serialize)]
struct Claims {
    iat: i64,
    exp: i64,
    iss: String,
}

/// GitHub refuses a token that is issued in its future: our clock may be this far ahead (A7).
const SKEW_S: i64 = 60;
/// GitHub takes ten minutes at most, from `iat`.
const LIFE_S: i64 = 540;

impl AppKey {
    /// The App `app_id` with its private key in PEM.
    ///
    /// # Errors
    /// The text is not an RSA key.
    pub fn new(app_id: i64, pem: &str) -> Result<Self, NotAKey> {
        let key = EncodingKey::from_rsa_pem(pem.as_bytes()).map_err(NotAKey)?;
        Ok(Self { app_id, key })
    }

    /// The App's number.
    #[must_use]
    pub const fn app_id(&self) -> i64 {
        self.app_id
    }

    /// A fresh JWT, good for a few minutes from `now`.
    ///
    /// # Errors
    /// The key cannot sign.
    pub fn jwt(&self, now: Timestamp) -> Result<String, jsonwebtoken::errors::Error> {
        let seconds = now.0 / 1000;
        let claims = Claims {
            iat: seconds - SKEW_S,
            exp: seconds - SKEW_S + LIFE_S,
            iss: self.app_id.to_string(),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &self.key)
    }
}

/// What a call needs, and all that its token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Reads code, issues, pull requests and runs.
    Observe,
    /// Reads what CI reports, checks, statuses, runs and logs, and pull requests with it.
    Reports,
    /// Writes comments and reactions on issues and pull requests.
    Talk,
    /// Starts and cancels runs.
    Run,
    /// Writes blobs, trees, commits and refs.
    Push,
    /// Opens a pull request.
    Propose,
    /// Publishes check runs of our own.
    Publish,
    /// Reads who is in a team.
    Teams,
    /// Reads merge queues.
    Queues,
    /// Marks a pull request as ready: to GitHub that is a write to contents, too.
    Ready,
}

impl Scope {
    /// The permissions of `app-manifest.yml` that the token is narrowed to.
    #[must_use]
    pub fn permissions(self) -> BTreeMap<&'static str, &'static str> {
        let pairs: &[(&str, &str)] = match self {
            Self::Observe => &[
                ("actions", "read"),
                ("contents", "read"),
                ("issues", "read"),
                ("metadata", "read"),
                ("pull_requests", "read"),
            ],
            Self::Reports => &[
                ("actions", "read"),
                ("checks", "read"),
                // GraphQL shows a commit only to those who may read it.
                ("contents", "read"),
                ("metadata", "read"),
                ("pull_requests", "read"),
                ("statuses", "read"),
            ],
            Self::Queues => &[
                ("contents", "read"),
                ("merge_queues", "read"),
                ("metadata", "read"),
                ("pull_requests", "read"),
            ],
            Self::Talk => &[
                ("issues", "write"),
                ("metadata", "read"),
                ("pull_requests", "write"),
            ],
            Self::Run => &[("actions", "write"), ("metadata", "read")],
            Self::Push => &[("contents", "write"), ("metadata", "read")],
            Self::Propose => &[
                ("contents", "read"),
                ("metadata", "read"),
                ("pull_requests", "write"),
            ],
            Self::Teams => &[("members", "read"), ("metadata", "read")],
            Self::Publish => &[("checks", "write"), ("metadata", "read")],
            Self::Ready => &[
                ("contents", "write"),
                ("metadata", "read"),
                ("pull_requests", "write"),
            ],
        };
        pairs.iter().copied().collect()
    }
}

/// Body of `POST /app/installations/{id}/access_tokens`.
#[derive(Serialize)]
pub(super) struct TokenRequest {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) repository_ids: Option<[i64; 1]>,
    pub(super) permissions: BTreeMap<&'static str, &'static str>,
}

/// Its answer, as far as we need it.
#[derive(Deserialize)]
pub(super) struct TokenAnswer {
    pub(super) token: String,
    pub(super) expires_at: String,
}

/// Which token is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct TokenKey {
    pub(super) installation: InstallationId,
    /// `None`: every repository of the installation, for listing them.
    pub(super) repository: Option<RepositoryId>,
    pub(super) scope: Scope,
}

/// A token in memory.
#[derive(Clone)]
pub(super) struct Token {
    pub(super) secret: String,
    pub(super) expires_at: Timestamp,
}

impl Token {
    /// A token is renewed this long before it ends, so that no call meets its end.
    const MARGIN_S: i64 = 300;

    pub(super) fn is_good(&self, now: Timestamp) -> bool {
        now.plus_s(Self::MARGIN_S) < self.expires_at
    }
}
