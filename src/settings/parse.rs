//! From what was given to values: files, keys, lists, addresses. No error repeats a secret.

use std::path::Path;

use url::Url;

use super::{Given, Secret, SettingsError};
use crate::domain::model::Wire;
use crate::protocol::brief::Preset;

pub(super) fn read_file(path: &Path) -> Result<Given, SettingsError> {
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|source| SettingsError::File {
        path: shown.clone(),
        source,
    })?;
    toml::from_str(&text).map_err(|error| SettingsError::Toml {
        path: shown,
        said: place_of(&text, &error),
    })
}

/// Line, column and message: never the line itself, which may hold a secret.
fn place_of(text: &str, error: &toml::de::Error) -> String {
    let start = error.span().map_or(0, |span| span.start);
    let before = text.get(..start).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count()
        + 1;
    format!("line {line}, column {column}: {}", error.message())
}

/// A path, or the PEM itself as variables hold it, with `\n` for its line ends.
pub(super) fn read_key(given: &str) -> Result<Secret, SettingsError> {
    if given.trim_start().starts_with("-----BEGIN") {
        return Ok(Secret(given.replace("\\n", "\n")));
    }
    let text = std::fs::read_to_string(given).map_err(|error| {
        // What is not a file may be the key in some other form (base64 has no dot): it is not
        // repeated then.
        let path = Path::new(given);
        let shown = path.extension().map_or("this", |_| given);
        SettingsError::Setting {
            setting: "private-key",
            said: format!(
                "{shown}: {error}; pass the path of the .pem file, or the PEM itself (not base64)"
            ),
        }
    })?;
    Ok(Secret(text))
}

pub(super) fn split(secrets: &str) -> Vec<Secret> {
    secrets
        .split(',')
        .map(str::trim)
        .filter(|secret| !secret.is_empty())
        .map(|secret| Secret(secret.to_owned()))
        .collect()
}

/// A command line in words, by the quoting rules of a POSIX shell.
pub(super) fn words(setting: &'static str, text: &str) -> Result<Vec<String>, SettingsError> {
    shlex::split(text).ok_or_else(|| SettingsError::Setting {
        setting,
        said: "a quote is not closed; write it as you would for a shell".to_owned(),
    })
}

/// The agent that we know by this one word.
pub(super) fn preset_of(agent: &str) -> Option<Preset> {
    let word = agent.trim();
    Preset::ALL
        .into_iter()
        .find(|preset| preset.as_str() == word)
}

/// How a provider is spoken with, by its name.
pub(super) fn wire(name: &str) -> Result<Wire, String> {
    Wire::named(name).ok_or_else(|| "write anthropic, openai or gemini".to_owned())
}

pub(super) fn default_api() -> Result<Url, SettingsError> {
    parse_url("github-api-url", "https://api.github.com")
}

/// `https://api.github.com` → `https://github.com`; `https://HOST/api/v3` → `https://HOST`.
pub(super) fn web_of(api: &Url) -> Result<Url, SettingsError> {
    let host = api.host_str().unwrap_or_default();
    let mut web = api.clone();
    web.set_path("");
    if let Some(host) = host.strip_prefix("api.") {
        let text = web.as_str().replacen(&format!("api.{host}"), host, 1);
        return parse_url("github-api-url", &text);
    }
    Ok(web)
}

/// Where GitHub's documentation says that its issuer is: of github.com, of a `ghe.com` subdomain,
/// of an Enterprise Server.
pub(super) fn issuer_of(api: &Url) -> Result<Url, SettingsError> {
    let text = match api.host_str().unwrap_or_default() {
        "api.github.com" => "https://token.actions.githubusercontent.com".to_owned(),
        host if host.starts_with("api.") && host.ends_with(".ghe.com") => {
            host.replacen("api.", "https://token.actions.", 1)
        }
        _ => format!("{}_services/token", web_of(api)?),
    };
    parse_url("oidc-issuer", &text)
}

fn parse_url(setting: &'static str, text: &str) -> Result<Url, SettingsError> {
    Url::parse(text).map_err(|error| SettingsError::Setting {
        setting,
        said: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_web_address_follows_from_the_api() {
        for (api, web) in [
            ("https://api.github.com", "https://github.com/"),
            ("https://api.octo.ghe.com/", "https://octo.ghe.com/"),
            ("https://git.example/api/v3", "https://git.example/"),
            ("http://127.0.0.1:81/api/v3", "http://127.0.0.1:81/"),
        ] {
            assert_eq!(web_of(&Url::parse(api).unwrap()).unwrap().as_str(), web);
        }
        for (api, issuer) in [
            (
                "https://api.github.com",
                "https://token.actions.githubusercontent.com/",
            ),
            (
                "https://api.octo.ghe.com/",
                "https://token.actions.octo.ghe.com/",
            ),
            (
                "https://git.example/api/v3",
                "https://git.example/_services/token",
            ),
        ] {
            assert_eq!(
                issuer_of(&Url::parse(api).unwrap()).unwrap().as_str(),
                issuer
            );
        }
    }

    #[test]
    fn errors_name_the_place_and_repeat_no_secret() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("castellan.toml");
        std::fs::write(&path, "log = \"info\"\nwebhook-secrets = [\"wurzel\"]\n").unwrap();
        let said = read_file(&path).err().unwrap().to_string();
        assert!(said.contains("line 2, column 19"), "{said}");
        assert!(!said.contains("wurzel"), "{said}");
        let said = read_key("cGZlZmZlcg==").err().unwrap().to_string();
        assert!(said.contains("base64") && !said.contains("cGZl"), "{said}");
    }
}
