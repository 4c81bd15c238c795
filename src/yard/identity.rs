//! The issuer of identities: OpenID Connect tokens for the jobs of runs, as an Enterprise Server
//! serves them below `/_services/token`.
//!
//! Follows GitHub's «OpenID Connect reference». Knows which run asks; which of its jobs may is
//! not known here, because act does not know either (FIDELITY.md).

use std::sync::OnceLock;

use axum::http::StatusCode;
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::jobs::HeldRun;
use super::model::{Repository, Run};
use super::tokens::{AppKey, make_key};
use super::world::World;

/// Where the issuer is, below the yard's address.
pub(super) const ISSUER_PATH: &str = "/_services/token";
/// How long a token lives.
const LIFE_S: i64 = 300;
/// How long before it was made it begins to be good, as GitHub has it.
const BEFORE_S: i64 = 600;
/// The name of the issuer's one key.
const KEY_NAME: &str = "yard-1";

/// The issuer's key of this program's yards; made once, because that takes a while.
fn issuer_key() -> Option<&'static AppKey> {
    static KEY: OnceLock<Option<AppKey>> = OnceLock::new();
    KEY.get_or_init(make_key).as_ref()
}

/// Answers a request below [`ISSUER_PATH`].
pub(super) fn answer(
    world: &World,
    path: &str,
    query: &str,
    authorization: Option<&str>,
) -> (StatusCode, Value) {
    let issuer = world.issuer();
    let found = match path {
        "/.well-known/openid-configuration" => Some(json!({
            "issuer": issuer,
            "jwks_uri": format!("{issuer}/.well-known/jwks"),
            "subject_types_supported": ["public", "pairwise"],
            "response_types_supported": ["id_token"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid"],
        })),
        "/.well-known/jwks" => keys(),
        "/request" => {
            let asked = url::form_urlencoded::parse(query.as_bytes());
            let audience = asked
                .into_owned()
                .find_map(|(name, value)| (name == "audience").then_some(value));
            return match world.run_of_request(authorization) {
                Some((repo, run)) => {
                    let token = world.identity_of(repo, run, audience.as_deref(), &json!({}));
                    (StatusCode::OK, json!({"count": 1, "value": token}))
                }
                None => (
                    StatusCode::UNAUTHORIZED,
                    json!({"message": "Not authorized"}),
                ),
            };
        }
        _ => None,
    };
    match found {
        Some(found) => (StatusCode::OK, found),
        None => (StatusCode::NOT_FOUND, json!({"message": "Not Found"})),
    }
}

fn keys() -> Option<Value> {
    let key = EncodingKey::from_rsa_pem(issuer_key()?.private_pem.as_bytes()).ok()?;
    let mut jwk = Jwk::from_encoding_key(&key, Algorithm::RS256).ok()?;
    jwk.common.key_id = Some(KEY_NAME.to_owned());
    jwk.common.public_key_use = Some(PublicKeyUse::Signature);
    serde_json::to_value(JwkSet { keys: vec![jwk] }).ok()
}

impl World {
    /// The issuer's address, as tokens name it.
    pub(super) fn issuer(&self) -> String {
        format!("{}{ISSUER_PATH}", self.base_url)
    }

    /// The run whose job asks, by the token that jobs with `id-token: write` have for that.
    fn run_of_request(&self, authorization: Option<&str>) -> Option<(&Repository, &Run)> {
        let (scheme, token) = authorization?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        self.repos.values().find_map(|repo| {
            let mut runs = repo.runs.values();
            let run = runs.find(|run| run.id_token_request == token.trim())?;
            (run.status != "completed").then_some((repo, run))
        })
    }

    /// A token of the issuer's; `instead` replaces what it says.
    fn identity_of(
        &self,
        repo: &Repository,
        run: &Run,
        audience: Option<&str>,
        instead: &Value,
    ) -> Option<String> {
        let now = self.clock.now().0 / 1000;
        let owner = self.accounts.get(&repo.owner)?;
        let actor = self.accounts.get(&run.actor).map_or(0, |actor| actor.id);
        let (full, branch) = (repo.full_name(), format!("refs/heads/{}", run.branch));
        let workflow = format!("{full}/.github/workflows/{}@{branch}", run.workflow);
        let mut claims = json!({
            "jti": format!("{:032x}", rand::random::<u128>()),
            "sub": format!("repo:{}@{}/{}@{}:ref:{branch}", repo.owner, owner.id, repo.name, repo.id),
            "aud": audience.map_or_else(|| format!("{}/{}", self.base_url, repo.owner), str::to_owned),
            "iss": self.issuer(), "iat": now, "nbf": now - BEFORE_S, "exp": now + LIFE_S,
            "ref": branch, "ref_type": "branch", "sha": run.head,
            "repository": full, "repository_id": repo.id.to_string(),
            "repository_owner": repo.owner, "repository_owner_id": owner.id.to_string(),
            "repository_visibility": if repo.private { "private" } else { "public" },
            "actor": run.actor, "actor_id": actor.to_string(),
            "workflow": run.name, "workflow_ref": workflow, "workflow_sha": run.head,
            "job_workflow_ref": workflow, "job_workflow_sha": run.head,
            "event_name": run.event, "head_ref": "", "base_ref": "",
            "run_id": run.id.to_string(), "run_number": run.number.to_string(),
            "run_attempt": run.attempt.to_string(), "runner_environment": "github-hosted",
        });
        for (name, value) in instead.as_object().into_iter().flatten() {
            claims[name] = value.clone();
        }
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some(KEY_NAME.to_owned());
        let key = EncodingKey::from_rsa_pem(issuer_key()?.private_pem.as_bytes()).ok()?;
        jsonwebtoken::encode(&header, &claims, &key).ok()
    }
}

impl HeldRun {
    /// What the run's job `enter` gets from the issuer for `audience`; what stands in `instead`
    /// replaces what it says, for identities that a run of ours does not have.
    #[must_use]
    pub fn identity(&self, audience: &str, instead: &Value) -> Option<String> {
        self.shared.look(|world| {
            let repo = world.repos.get(&self.repo)?;
            let run = repo.runs.get(&self.run_id.0)?;
            world.identity_of(repo, run, Some(audience), instead)
        })
    }
}
