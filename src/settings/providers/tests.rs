//! Providers as people write them, and as they mistype them.

use super::*;

fn tables(text: &str) -> Result<Vec<Provider>, SettingsError> {
    #[derive(Deserialize)]
    struct File {
        providers: Vec<ProviderGiven>,
    }
    let file: File = toml::from_str(text).unwrap();
    read(&Single::default(), file.providers)
}

#[test]
fn a_provider_has_an_address_a_key_repositories_and_prices() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    std::fs::write(&path, "sk-kept\n").unwrap();
    let text = format!(
        "[[providers]]\nname = \"main\"\nwire = \"anthropic\"\nkey-file = \"{}\"\n\
         repositories = [\"Octo/*\"]\n\
         models = [{{name = \"usual\", input = 3, output = 15.0, cache-read = 0.3}}, {{name = \"a/b\", max-output = 9}}]\n\
         [[providers]]\nname = \"here\"\nwire = \"openai\"\nurl = \"http://127.0.0.1:4000/v1\"\nmodels = [{{name = \"x\"}}]\n",
        path.display()
    );
    let providers = tables(&text).unwrap();
    let (main, here) = (&providers[0], &providers[1]);
    assert_eq!(main.url.as_str(), "https://api.anthropic.com/");
    assert_eq!(main.key.as_ref().unwrap().expose(), "sk-kept");
    assert!(!format!("{providers:?}").contains("sk-kept"));
    let prices = Prices {
        input: 3_000_000,
        cache_read: 300_000,
        cache_write: 3_000_000,
        output: 15_000_000,
    };
    assert_eq!(main.offer.models[0].prices, Some(prices));
    assert_eq!(main.offer.models[0].output_max, OUTPUT_USUAL);
    assert_eq!(
        (main.offer.models[1].prices, main.offer.models[1].output_max),
        (None, 9)
    );
    assert!(here.key.is_none());
    let catalogue = catalogue(&providers);
    let wires: Vec<Wire> = catalogue.wires(&"octo/x".parse().unwrap()).collect();
    assert_eq!(wires, [Wire::Anthropic, Wire::Openai]);
    let wires: Vec<Wire> = catalogue.wires(&"cat/x".parse().unwrap()).collect();
    assert_eq!(wires, [Wire::Openai]);
}

#[test]
fn what_is_wrong_is_named_with_its_provider_and_no_key() {
    let head = "[[providers]]\nname = \"main\"\nwire = \"openai\"\n";
    for (rest, said) in [
        ("models = [{name = \"x\"}]", "wants a key"),
        (
            "key = \"sk hidden\"\nmodels = [{name = \"x\"}]",
            "the key is empty, or",
        ),
        (
            "key = \"sk-hidden\"\nkey-file = \"k\"\nmodels = [{name = \"x\"}]",
            "not both",
        ),
        (
            "key-file = \"/nonexistent\"\nmodels = [{name = \"x\"}]",
            "key-file: /nonexistent",
        ),
        ("key = \"sk-hidden\"\nmodels = []", "at least one"),
        (
            "key = \"sk-hidden\"\nmodels = [{name = \"x y\"}]",
            "not one of a model",
        ),
        (
            "key = \"sk-hidden\"\nmodels = [{name = \"x\", input = 1.0}]",
            "x: write both prices",
        ),
        (
            "key = \"sk-hidden\"\nmodels = [{name = \"x\", input = -1, output = 1}]",
            "x: a price",
        ),
        (
            "key = \"sk-hidden\"\nmodels = [{name = \"x\", max-output = 0}]",
            "x: max-output",
        ),
        (
            "url = \"ftp://x/\"\nmodels = [{name = \"x\"}]",
            "url: write an address",
        ),
        (
            "url = \"https://me:sk-hidden@x/\"\nmodels = [{name = \"x\"}]",
            "no key belongs there",
        ),
        (
            "key = \"sk-hidden\"\nrepositories = [\"../x\"]\nmodels = [{name = \"x\"}]",
            "repositories: ",
        ),
    ] {
        let error = tables(&format!("{head}{rest}\n")).unwrap_err().to_string();
        assert!(
            error.contains(said) && error.starts_with("providers: main: "),
            "{error}"
        );
        assert!(!error.contains("hidden"), "{error}");
    }
    let twice = format!(
        "{0}{1}{0}{1}",
        head, "key = \"k\"\nmodels = [{name = \"x\"}]\n"
    );
    let error = tables(&twice).unwrap_err().to_string();
    assert!(error.contains("two of this name"), "{error}");
}

#[test]
fn a_single_provider_needs_no_file() {
    let mut single = Single::default();
    assert_eq!(single.missing(), None);
    single.key = Some("sk-hidden".to_owned());
    assert!(single.missing().unwrap().starts_with("model-wire: "));
    single.wire = Some(Wire::Gemini);
    assert!(single.missing().unwrap().starts_with("model: "));
    single.model = Some("small".to_owned());
    assert_eq!(single.missing(), None);
    let providers = read(&single, Vec::new()).unwrap();
    assert_eq!(providers[0].offer.models[0].name, "small");
    single.key = None;
    assert!(single.missing().unwrap().starts_with("model-key: "));
    single.key = Some("/nonexistent/key".to_owned());
    let error = read(&single, Vec::new()).unwrap_err().to_string();
    assert!(error.contains("key-file: /nonexistent/key"), "{error}");
}
