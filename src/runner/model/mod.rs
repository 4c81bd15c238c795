//! The model as sandboxed programs see it: an address on loopback, a key that is worth nothing,
//! and behind it the server's gateway, called with our lease.
//!
//! What is said is the gateway's business; here it is only passed on, both ways.

mod pass;
mod said;

use std::collections::BTreeMap;

pub(super) use pass::Way;
pub(super) use said::Heard;

use crate::domain::model::Wire;
use crate::domain::request::policy::MODEL_PORT;

/// Stands where programs insist on a key. Whatever they send is dropped.
pub(super) const NO_KEY: &str = "castellan-no-key";

/// The address under which programs inside reach the model; the provider's own path, version and
/// all, comes behind it.
pub(super) fn base_url(wire: Wire) -> String {
    format!("http://127.0.0.1:{MODEL_PORT}/{}", wire.as_str())
}

/// What programs that we do not know look for in their environment.
pub(super) fn environment(model: &str) -> BTreeMap<String, String> {
    [
        ("ANTHROPIC_BASE_URL", base_url(Wire::Anthropic)),
        // Its programs expect the version there.
        ("OPENAI_BASE_URL", format!("{}/v1", base_url(Wire::Openai))),
        ("GOOGLE_GEMINI_BASE_URL", base_url(Wire::Gemini)),
        ("ANTHROPIC_API_KEY", NO_KEY.to_owned()),
        ("OPENAI_API_KEY", NO_KEY.to_owned()),
        ("GEMINI_API_KEY", NO_KEY.to_owned()),
        ("CASTELLAN_MODEL", model.to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}
