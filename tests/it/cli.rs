//! The command line as a person meets it: the real binary, its settings, its exit codes.

pub(crate) mod serving;
pub(crate) mod settings;
pub(crate) mod work;

use std::path::Path;
use std::process::{Command, Output};

/// The binary, without this process's environment, in `folder`.
pub(crate) fn castellan(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_castellan"));
    command.env_clear().current_dir(folder);
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    castellan(folder).args(arguments).output().unwrap()
}

/// Exit code, standard output and standard error.
pub(crate) fn said(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

#[test]
fn each_bad_setting_is_named_with_its_place_and_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let cases: [(&str, &[&str], &[&str]); 8] = [
        (
            "listn = \"127.0.0.1:1\"",
            &[],
            &[
                "castellan.toml: ",
                "line 1",
                "listn",
                "castellan serve --help",
            ],
        ),
        (
            "\napp-id = \"ten\"",
            &[],
            &["castellan.toml: ", "line 2", "castellan serve --help"],
        ),
        ("app-id = ", &[], &["castellan.toml: ", "line 1"]),
        ("", &["--config", "no.toml"], &["no.toml: ", "--config"]),
        (
            "app-id = 1\nprivate-key = \"no.pem\"",
            &[],
            &["private-key: no.pem: ", "path of the .pem file"],
        ),
        (
            "agent = \"an 'agent\"",
            &[],
            &["agent: ", "quote is not closed"],
        ),
        ("log = \"castellan=loud\"", &[], &["log: "]),
        ("listen = \"nowhere\"", &[], &["listen: nowhere"]),
    ];
    for (file, arguments, expected) in cases {
        std::fs::write(folder.path().join("castellan.toml"), file).unwrap();
        let output = castellan(folder.path())
            .arg("serve")
            .args(arguments)
            .output();
        let (code, _, error) = said(&output.unwrap());
        assert_eq!(code, Some(1), "{file}: {error}");
        for part in expected {
            assert!(error.contains(part), "{file}: {part} is not in: {error}");
        }
    }
}

#[test]
fn a_flag_that_is_wrong_is_exit_code_2() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        &["serve", "--app-id", "ten"][..],
        &["serve", "--public-url", "no address"],
        &["serv"],
        &[],
    ] {
        let (code, _, error) = said(&run(folder.path(), arguments));
        assert_eq!(code, Some(2), "{arguments:?}: {error}");
        assert!(!error.is_empty());
    }
}

#[test]
fn check_policy_says_good_or_file_line_and_remedy() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/policies");
    for (kind, code, stream) in [("good", 0, "good"), ("bad", 1, "; ")] {
        for entry in std::fs::read_dir(folder.join(kind)).unwrap() {
            let name = format!("{kind}/{}", entry.unwrap().file_name().display());
            let (got, out, error) = said(&run(&folder, &["check-policy", &name]));
            assert_eq!(got, Some(code), "{name}: {out}{error}");
            let shown = if code == 0 { out } else { error };
            assert!(shown.contains(&format!("{name}:")), "{shown}");
            assert!(shown.contains(stream), "{shown}");
        }
    }
    let (code, _, error) = said(&run(&folder, &["check-policy", "none.yml"]));
    assert_eq!(code, Some(1));
    assert!(error.contains("none.yml: No such file"), "{error}");
}

#[test]
fn the_schema_for_editors_is_the_one_in_deploy() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (code, out, _) = said(&run(folder, &["check-policy", "--schema"]));
    assert_eq!(code, Some(0));
    let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    let file = std::fs::read_to_string(folder.join("deploy/castellan.schema.json")).unwrap();
    assert_eq!(json(&out), json(&file));
}

#[test]
fn contract_shows_what_is_understood() {
    let folder = tempfile::tempdir().unwrap();
    let issue = "It fails.\n\n### Acceptance commands\n\n- make check\n";
    std::fs::write(folder.path().join("issue.md"), issue).unwrap();
    let (code, out, error) = said(&run(folder.path(), &["contract", "issue.md"]));
    assert_eq!(code, Some(0), "{out}{error}");
    assert!(
        out.contains("make check") && out.contains("SHA-256"),
        "{out}"
    );

    let bad = "### Budget\n\nattempts: all of them\n";
    std::fs::write(folder.path().join("bad.md"), bad).unwrap();
    let (code, out, error) = said(&run(folder.path(), &["contract", "bad.md"]));
    assert_eq!(code, Some(1), "{out}{error}");
    assert!(out.to_lowercase().contains("attempts"), "{out}");

    std::fs::write(folder.path().join("p.yml"), "budgets: {}\n").unwrap();
    let given = ["contract", "issue.md", "--policy", "p.yml"];
    let (code, _, error) = said(&run(folder.path(), &given));
    assert_eq!(code, Some(1));
    assert!(error.contains("p.yml:1:1: "), "{error}");
}
