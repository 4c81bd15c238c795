//! Who is calling: the App by its JWT, an installation, a person or a run by a token.
//!
//! Says who it is and until when; what they may do is asked by the routes.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::Value;

use super::model::{Bearer, Token};
use super::permissions::Grants;
use super::world::World;
use crate::domain::ids::Sha256Hex;

/// How long an installation token lives.
const TOKEN_LIFE_S: i64 = 3600;
/// How far ahead a JWT's `exp` may lie.
const JWT_LIFE_S: i64 = 600;
/// How far ahead a JWT's `iat` may lie, for clocks that differ.
const IAT_SKEW_S: i64 = 60;

/// The App's key: private as PEM, public as PKCS#1 DER.
#[derive(Clone)]
pub(super) struct AppKey {
    pub(super) private_pem: String,
    pub(super) public_der: Vec<u8>,
}

/// A key could not be made.
#[derive(Debug, thiserror::Error)]
#[error("making the App's key failed")]
pub struct NoKey;

/// The key of the yards of this program; made once, because that takes a while.
pub(super) fn app_key() -> Result<AppKey, NoKey> {
    static KEY: OnceLock<Option<AppKey>> = OnceLock::new();
    KEY.get_or_init(make_key).clone().ok_or(NoKey)
}

/// A new RSA key.
pub(super) fn make_key() -> Option<AppKey> {
    let pair = KeyPair::generate(KeySize::Rsa2048).ok()?;
    let der: Pkcs8V1Der<'_> = pair.as_der().ok()?;
    let text = BASE64_STANDARD.encode(der.as_ref());
    let mut private_pem = String::from("-----BEGIN PRIVATE KEY-----\n");
    for line in text.as_bytes().chunks(64) {
        private_pem.push_str(&String::from_utf8_lossy(line));
        private_pem.push('\n');
    }
    private_pem.push_str("-----END PRIVATE KEY-----\n");
    Some(AppKey {
        private_pem,
        public_der: pair.public_key().as_ref().to_vec(),
    })
}

/// Who calls.
#[derive(Clone, Debug)]
pub(super) enum Caller {
    /// Nobody said who.
    Anonymous,
    /// The App itself.
    App,
    /// A token's bearer.
    Token(Token),
    /// Something was said that is not so; the sentence that GitHub answers.
    Refused(&'static str),
}

/// Whose call this is, by its `Authorization` header.
pub(super) fn caller(world: &World, header: Option<&str>) -> Caller {
    let Some(header) = header else {
        return Caller::Anonymous;
    };
    let (scheme, secret) = header.split_once(' ').unwrap_or(("", header));
    let secret = secret.trim();
    let secret = if scheme.eq_ignore_ascii_case("basic") {
        let decoded = BASE64_STANDARD.decode(secret).unwrap_or_default();
        let text = String::from_utf8_lossy(&decoded).into_owned();
        text.split_once(':')
            .map_or(String::new(), |(_, password)| password.to_owned())
    } else {
        secret.to_owned()
    };
    if let Some(token) = world.tokens.get(&secret) {
        let alive = token.expires_at > world.clock.now();
        return if alive {
            Caller::Token(token.clone())
        } else {
            Caller::Refused("Bad credentials")
        };
    }
    if secret.split('.').count() == 3 && !secret.starts_with("ghs_") {
        return match check_jwt(world, &secret) {
            Ok(()) => Caller::App,
            Err(said) => Caller::Refused(said),
        };
    }
    Caller::Refused("Bad credentials")
}

fn check_jwt(world: &World, jwt: &str) -> Result<(), &'static str> {
    let mut rules = Validation::new(Algorithm::RS256);
    rules.required_spec_claims.clear();
    rules.validate_exp = false;
    rules.validate_aud = false;
    let key = DecodingKey::from_rsa_der(&world.app.public_key_der);
    let claims = jsonwebtoken::decode::<Value>(jwt, &key, &rules)
        .map_err(|_| "A JSON web token could not be decoded")?
        .claims;
    let issuer = claims.get("iss");
    let ours = issuer.and_then(Value::as_i64) == Some(world.app.id)
        || issuer.and_then(Value::as_str) == Some(world.app.id.to_string().as_str());
    if !ours {
        return Err("Integration not found");
    }
    let now_s = world.clock.now().0.div_euclid(1000);
    let number = |name: &str| claims.get(name).and_then(Value::as_i64);
    match number("exp") {
        None => return Err("Missing 'expiration' claim ('exp') in assertion"),
        Some(exp) if exp <= now_s => {
            return Err(
                "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
            );
        }
        Some(exp) if exp > now_s + JWT_LIFE_S => {
            return Err("'Expiration time' claim ('exp') is too far in the future");
        }
        Some(_) => {}
    }
    match number("iat") {
        Some(iat) if iat <= now_s + IAT_SKEW_S => Ok(()),
        _ => Err(
            "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
        ),
    }
}

impl World {
    /// A text that nobody can guess, different for each `what`.
    pub(super) fn secret(&mut self, what: &str) -> String {
        let count = self.next("secret");
        Sha256Hex::of(format!("{}/{what}/{count}", self.seed)).into()
    }

    /// Gives out a token of an installation, in the long form of 2026.
    pub(super) fn mint(
        &mut self,
        installation: i64,
        repos: Option<BTreeSet<i64>>,
        permissions: Grants,
    ) -> (String, Token) {
        let token = Token {
            bearer: Bearer::Installation(installation),
            repos,
            permissions,
            expires_at: self.clock.now().plus_s(TOKEN_LIFE_S),
        };
        let text = self.app_token_text();
        self.tokens.insert(text.clone(), token.clone());
        (text, token)
    }

    /// The token of a workflow run: reads the contents of its repository.
    pub(super) fn mint_for_run(&mut self, repo: i64, permissions: Grants, life_s: i64) -> String {
        let token = Token {
            bearer: Bearer::Run,
            repos: Some(BTreeSet::from([repo])),
            permissions,
            expires_at: self.clock.now().plus_s(life_s),
        };
        let text = self.app_token_text();
        self.tokens.insert(text.clone(), token);
        text
    }

    fn app_token_text(&mut self) -> String {
        let head = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","typ":"JWT"}"#);
        let middle: String = (0..3)
            .map(|part| self.secret(&format!("token{part}")))
            .collect();
        let body = BASE64_URL_SAFE_NO_PAD.encode(middle);
        let sign = BASE64_URL_SAFE_NO_PAD.encode(self.secret("signature"));
        format!("ghs_{}_{head}.{body}.{sign}", self.app.id)
    }
}
