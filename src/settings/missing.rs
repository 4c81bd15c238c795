//! What is not set and needed to work: one sentence each, with the way to get it.

use url::Url;

use super::parse::{preset_of, split};
use super::providers::Provider;
use super::{Given, is_loopback};

/// The sentences for what was given; `providers` are those that can be used.
pub(super) fn missing(given: &Given, providers: &[Provider]) -> Vec<String> {
    let mut missing = Vec::new();
    let mut need = |absent: bool, sentence: &str| {
        if absent {
            missing.push(sentence.to_owned());
        }
    };
    need(
        given.app_id.is_none(),
        "app-id: the number of your GitHub App. Register one from app-manifest.yml (the README says how); its settings page shows the number as «App ID».",
    );
    need(
        given.private_key.is_none(),
        "private-key: the App's private key. Press «Generate a private key» on the App's settings page and pass the path of the file that you get.",
    );
    need(
        split(given.webhook_secrets.as_deref().unwrap_or_default()).is_empty(),
        "webhook-secrets: the secret that GitHub signs deliveries with. Make one (openssl rand -hex 32), set it on the App's settings page, and pass it here.",
    );
    let github_is_here = given
        .github_api_url
        .as_ref()
        .and_then(Url::host_str)
        .is_some_and(is_loopback);
    need(
        given.public_url.is_none() && !github_is_here,
        "public-url: the address under which GitHub, runners and people reach this server, as in https://castellan.example. Put a proxy that speaks HTTPS in front of it.",
    );
    let agent = given.agent.as_deref().unwrap_or_default().trim();
    need(
        agent.is_empty(),
        "agent: the coding agent that runners start: opencode, claude, codex or gemini, or the command of another one that speaks the Agent Client Protocol.",
    );
    let single = given.single().missing();
    need(single.is_some(), single.unwrap_or_default());
    let Some(preset) = preset_of(agent) else {
        return missing;
    };
    let wire = preset.wire();
    let speaks = |provider: &Provider| provider.offer.wire == wire;
    if single.is_none() && !providers.iter().any(speaks) {
        let (agent, wire) = (preset.as_str(), wire.as_str());
        missing.push(format!(
            "model-wire: the agent {agent} needs a model that is spoken with as {wire}. Set model-wire = \"{wire}\", model and model-key, or write a table [[providers]] in the settings' file.",
        ));
    }
    missing
}
