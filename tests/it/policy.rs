//! Policies good and bad: each bad one with its whole message (X87), and the schema for editors.

use std::fmt::Write as _;
use std::path::Path;

use castellan::domain::request::policy::{POLICY_BYTES, Policy, ToolKind, parse, schema};

fn files(folder: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/policies")
        .join(folder);
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            (
                path.file_name().unwrap().to_string_lossy().into_owned(),
                std::fs::read(&path).unwrap(),
            )
        })
        .collect();
    files.sort();
    files
}

#[test]
fn good_policies_are_read() {
    for (name, text) in files("good") {
        let policy = parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let again: Policy = serde_json::from_str(&serde_json::to_string(&policy).unwrap()).unwrap();
        assert_eq!(again, policy, "{name}");
        if name == "full.yml" {
            assert_eq!(
                policy.allow,
                [
                    ToolKind::Read,
                    ToolKind::Edit,
                    ToolKind::Search,
                    ToolKind::Execute
                ]
            );
            assert_eq!(policy.budget.usual().minutes, 20);
        }
        if ["empty.yml", "comment.yml", "nulls.yml"].contains(&name.as_str()) {
            assert_eq!(policy, Policy::default(), "{name}");
        }
    }
}

#[test]
fn x87_each_bad_policy_is_refused_with_place_and_remedy() {
    let mut shown = String::new();
    for (name, text) in files("bad") {
        let error = parse(&text)
            .map(|policy| panic!("{name} was read: {policy:?}"))
            .unwrap_err();
        assert!(
            error.line > 0 && error.column > 0,
            "{name}: no place in {error}"
        );
        assert!(
            !error.remedy.is_empty() && !error.to_string().contains('\n'),
            "{name}: {error}"
        );
        writeln!(shown, "{name}\n  {error}").unwrap();
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn x87_a_policy_that_is_too_large_is_not_parsed() {
    let error = parse(&vec![b'#'; POLICY_BYTES + 1]).unwrap_err();
    assert_eq!(error.line, 0);
    assert!(error.to_string().contains("shorten it"), "{error}");
}

#[test]
fn the_default_is_what_an_empty_file_says() {
    assert_eq!(parse(b"").unwrap(), Policy::default());
    assert_eq!(parse(b"{}").unwrap(), Policy::default());
    assert!(
        !Policy::default()
            .tool_kinds()
            .contains(&String::from("fetch"))
    );
}

#[test]
fn the_schema_in_deploy_is_the_code_s() {
    let wanted = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/castellan.schema.json");
    if std::env::var_os("CASTELLAN_REWRITE").is_some() {
        std::fs::write(&path, &wanted).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        found, wanted,
        "run the tests with CASTELLAN_REWRITE=1 to write it anew"
    );
}
