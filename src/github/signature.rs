//! Whether a delivery is GitHub's: HMAC-SHA256 over the raw bytes, compared in constant time.
//!
//! Source: GitHub's "Validating webhook deliveries", whose test vector is a test below.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::guard::{self, Guard};

/// The secrets that deliveries may be signed with; several at once while one is replaced.
#[derive(Clone)]
pub struct Secrets(Vec<Vec<u8>>);

impl Secrets {
    /// Takes the secrets; empty ones are left out, since GitHub then signs nothing.
    #[must_use]
    pub fn new<S: AsRef<[u8]>>(secrets: impl IntoIterator<Item = S>) -> Self {
        Self(
            secrets
                .into_iter()
                .map(|secret| secret.as_ref().to_vec())
                .filter(|secret| !secret.is_empty())
                .collect(),
        )
    }

    /// Whether there is none, so that nothing can be verified.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `header`, the value of `X-Hub-Signature-256`, is the signature of exactly
    /// `body` by one of the secrets. Anything but `sha256=` and 64 lower-case hexadecimal
    /// digits is not (X1).
    #[must_use]
    pub fn verify(&self, header: &[u8], body: &[u8]) -> bool {
        if !guard::holds(Guard::Signature) {
            return true;
        }
        let Some(signature) = read(header) else {
            return false;
        };
        // All secrets are tried, so that the time does not tell which one it was.
        self.0.iter().fold(false, |verified, secret| {
            let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else {
                return verified;
            };
            mac.update(body);
            mac.verify_slice(&signature).is_ok() | verified
        })
    }
}

fn read(header: &[u8]) -> Option<[u8; 32]> {
    let digits = header.strip_prefix(b"sha256=")?;
    let lower = digits
        .iter()
        .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(b));
    let mut signature = [0; 32];
    (lower && hex::decode_to_slice(digits, &mut signature).is_ok()).then_some(signature)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GITHUBS: &str = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    fn secrets() -> Secrets {
        Secrets::new(["older", "It's a Secret to Everybody"])
    }

    #[test]
    fn githubs_own_vector_is_verified_beside_another_secret() {
        assert!(secrets().verify(GITHUBS.as_bytes(), b"Hello, World!"));
    }

    #[test]
    fn x1_and_x2_anything_else_is_not() {
        for header in [
            "",
            "sha256=",
            "sha256=757107ea",
            &GITHUBS[..GITHUBS.len() - 1],
            &GITHUBS.to_uppercase(),
            &GITHUBS.replace("757107ea", "757107EA"),
            &GITHUBS.replace("sha256", "sha1"),
            &GITHUBS.replace('7', "x"),
            &format!("{GITHUBS}00"),
        ] {
            assert!(
                !secrets().verify(header.as_bytes(), b"Hello, World!"),
                "{header}"
            );
        }
        assert!(!secrets().verify(GITHUBS.as_bytes(), b"Hello, World! "));
        assert!(!Secrets::new([""]).verify(GITHUBS.as_bytes(), b"Hello, World!"));
    }
}
