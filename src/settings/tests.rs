//! Tests of what settings become.

use super::*;

#[test]
fn with_nothing_set_it_says_what_is_missing() {
    let settings = Given::default().check().unwrap();
    assert_eq!(settings.missing.len(), 5);
    assert!(settings.app.is_none());
}

#[test]
fn a_word_that_we_know_is_an_agent_that_we_know_and_needs_its_model() {
    let given = |agent: &str, wire: Option<Wire>| {
        let given = Given {
            agent: Some(agent.to_owned()),
            model_wire: wire,
            model_key: wire.map(|_| "wurzel".to_owned()),
            model: wire.map(|_| "small".to_owned()),
            ..Given::default()
        };
        given.check().unwrap()
    };
    let settings = given(" claude ", Some(Wire::Openai));
    assert_eq!(settings.preset, Some(Preset::Claude));
    let said = settings.missing.last().unwrap();
    assert!(said.contains("the agent claude needs a model that is spoken with as anthropic"));
    assert_eq!(given("claude", Some(Wire::Anthropic)).missing.len(), 4);
    let settings = given("claude --acp", None);
    assert_eq!((settings.preset, settings.missing.len()), (None, 4));
}

#[test]
fn secrets_do_not_print() {
    let given = Given {
        webhook_secrets: Some("wurzel, pfeffer,,".to_owned()),
        model_wire: Some(Wire::Openai),
        model: Some("small".to_owned()),
        model_key: Some("wurzelbrot".to_owned()),
        ..Given::default()
    };
    let settings = given.check().unwrap();
    assert_eq!(settings.webhook_secrets.len(), 2);
    let shown = format!("{settings:?}");
    assert!(
        !shown.contains("wurzel") && !shown.contains("pfeffer"),
        "{shown}"
    );
}

#[test]
fn pages_are_local_only_where_github_is() {
    let local = |listen: &str, api: &str, public: Option<&str>| {
        let given = Given {
            listen: Some(listen.to_owned()),
            github_api_url: Some(api.parse().unwrap()),
            public_url: public.map(|url| url.parse().unwrap()),
            ..Given::default()
        };
        given.check().unwrap().pages_are_local()
    };
    let (here, there) = ("http://127.0.0.1:81/api/v3", "https://api.github.com");
    assert!(local("127.0.0.1:8787", here, None));
    assert!(local("[::1]:8787", here, Some("http://localhost:8787")));
    assert!(!local("127.0.0.1:8787", there, None));
    assert!(!local("0.0.0.0:8787", here, None));
    assert!(!local(
        "127.0.0.1:8787",
        here,
        Some("https://castellan.example")
    ));
}
