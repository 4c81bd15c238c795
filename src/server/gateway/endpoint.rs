//! Which of a provider's calls may be made: those by which an agent talks with a model, and no other.

use http::Method;
use url::Url;

use crate::domain::model::Wire;

/// The form of requests and answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Anthropic's Messages.
    Messages,
    /// OpenAI's Responses.
    Responses,
    /// OpenAI's Chat Completions.
    Chat,
    /// Gemini's contents.
    Gemini,
}

/// A call that may be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    dialect: Dialect,
    /// The path below the provider's address and version; of Gemini what follows the model.
    rest: &'static str,
    /// Whether it only counts tokens.
    counts: bool,
    /// Whether Gemini's answer comes as events; the other wires say so in the body.
    events: bool,
}

impl Endpoint {
    /// The call that a path stands for.
    pub(super) fn of(wire: Wire, method: &Method, path: &str, query: Option<&str>) -> Option<Self> {
        if method != Method::POST {
            return None;
        }
        let (dialect, rest, counts) = match (wire, path) {
            (Wire::Anthropic, "v1/messages") => (Dialect::Messages, "messages", false),
            (Wire::Anthropic, "v1/messages/count_tokens") => {
                (Dialect::Messages, "messages/count_tokens", true)
            }
            (Wire::Openai, "v1/responses") => (Dialect::Responses, "responses", false),
            (Wire::Openai, "v1/chat/completions") => (Dialect::Chat, "chat/completions", false),
            (Wire::Gemini, path) => {
                let (_, action) = path.strip_prefix("v1beta/models/")?.rsplit_once(':')?;
                match action {
                    "generateContent" => (Dialect::Gemini, ":generateContent", false),
                    "streamGenerateContent" => (Dialect::Gemini, ":streamGenerateContent", false),
                    "countTokens" => (Dialect::Gemini, ":countTokens", true),
                    _ => return None,
                }
            }
            _ => return None,
        };
        let pairs = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        let is_events = |(key, value): (_, _)| key == "alt" && value == "sse";
        Some(Self {
            dialect,
            rest,
            counts,
            events: wire == Wire::Gemini && pairs.into_iter().any(is_events),
        })
    }

    pub(super) fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Whether the model answers; else tokens are only counted.
    pub(super) fn writes(&self) -> bool {
        !self.counts
    }

    /// Where the provider takes it. An address with a version is taken as it is, as people write
    /// it (`https://models.example/v1`); of OpenAI's wire any path is one, as imitations have them.
    pub(super) fn url(&self, base: &Url, model: &str) -> Url {
        let mut url = base.clone();
        let version = match self.dialect {
            Dialect::Messages => "v1",
            Dialect::Gemini => "v1beta",
            Dialect::Responses | Dialect::Chat if base.path().trim_matches('/').is_empty() => "v1",
            Dialect::Responses | Dialect::Chat => "",
        };
        let last = base.path().trim_end_matches('/').rsplit('/').next();
        let version = (last != Some(version) && !version.is_empty()).then_some(version);
        // An address with a host always has segments.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(version);
            match self.dialect {
                Dialect::Gemini => {
                    segments.extend(["models", &format!("{model}{}", self.rest)]);
                }
                _ => {
                    segments.extend(self.rest.split('/'));
                }
            }
        }
        if self.events {
            url.set_query(Some("alt=sse"));
        }
        url
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(wire: Wire, path: &str, base: &str) -> Option<String> {
        let (path, query) = path
            .split_once('?')
            .map_or((path, None), |(p, q)| (p, Some(q)));
        let endpoint = Endpoint::of(wire, &Method::POST, path, query)?;
        Some(endpoint.url(&base.parse().unwrap(), "granted").into())
    }

    #[test]
    fn addresses_are_taken_with_and_without_a_version() {
        for (wire, path, base, url) in [
            (
                Wire::Anthropic,
                "v1/messages?beta=true",
                "https://a.example",
                "https://a.example/v1/messages",
            ),
            (
                Wire::Anthropic,
                "v1/messages",
                "https://a.example/x/v1/",
                "https://a.example/x/v1/messages",
            ),
            (
                Wire::Anthropic,
                "v1/messages/count_tokens",
                "https://a.example/x",
                "https://a.example/x/v1/messages/count_tokens",
            ),
            (
                Wire::Openai,
                "v1/responses",
                "https://a.example/",
                "https://a.example/v1/responses",
            ),
            (
                Wire::Openai,
                "v1/chat/completions",
                "https://a.example/v1beta/openai/",
                "https://a.example/v1beta/openai/chat/completions",
            ),
            (
                Wire::Gemini,
                "v1beta/models/asked:generateContent?key=x",
                "https://a.example",
                "https://a.example/v1beta/models/granted:generateContent",
            ),
            (
                Wire::Gemini,
                "v1beta/models/asked:streamGenerateContent?alt=sse",
                "https://a.example/v1beta",
                "https://a.example/v1beta/models/granted:streamGenerateContent?alt=sse",
            ),
        ] {
            assert_eq!(to(wire, path, base).as_deref(), Some(url));
        }
    }

    #[test]
    fn no_other_call_is_made() {
        for (wire, path) in [
            (Wire::Anthropic, "v1/files"),
            (Wire::Anthropic, "v1/messages/batches"),
            (Wire::Anthropic, "v1/messages/"),
            (Wire::Openai, "v1/files"),
            (Wire::Openai, "v1/responses/resp_1"),
            (Wire::Openai, "v1/messages"),
            (Wire::Gemini, "v1beta/cachedContents"),
            (Wire::Gemini, "v1beta/models/x:batchGenerateContent"),
            (Wire::Gemini, "v1beta/models/x"),
            (Wire::Gemini, "upload/v1beta/files"),
        ] {
            assert_eq!(to(wire, path, "https://a.example"), None, "{path}");
        }
        let get = Endpoint::of(Wire::Anthropic, &Method::GET, "v1/messages", None);
        assert_eq!(get, None);
    }
}
