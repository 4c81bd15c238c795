//! `castellan risk` on real repositories: what it says, and what it does where it cannot see.

use std::path::Path;
use std::process::Command;

use crate::cli::{castellan, said};

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args([
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@example.com",
            "-c",
            "init.defaultBranch=main",
        ])
        .args(arguments)
        .current_dir(folder)
        .env_remove("GIT_DIR")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn commit(folder: &Path, message: &str) {
    git(folder, &["add", "-A"]);
    git(folder, &["commit", "-q", "-m", message]);
}

/// A repository with a branch `work` that holds what `change` does.
fn repository(change: impl Fn(&Path)) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    git(path, &["init", "-q"]);
    write(path, "README.md", "one\n");
    write(path, "src/lib.rs", "fn a() {}\n");
    write(
        path,
        "tests/a.rs",
        "#[test]\nfn a() {\n    assert_eq!(1, 1);\n}\n",
    );
    commit(path, "start");
    git(path, &["checkout", "-q", "-b", "work"]);
    change(path);
    commit(path, "work");
    folder
}

fn risk(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut all = vec!["risk", "--base", "main", "--head", "work"];
    all.extend(arguments);
    said(&castellan(folder).args(all).output().unwrap())
}

#[test]
fn the_tier_is_told_with_the_rules_and_the_files() {
    let folder = repository(|path| {
        write(path, "README.md", "one\ntwo\n");
        write(path, "src/lib.rs", "fn a() { b() }\n");
    });
    let (code, out, error) = risk(folder.path(), &[]);
    assert_eq!((code, error.as_str()), (Some(0), ""), "{out}");
    assert_eq!(
        out,
        "T1 (low)\n  T1 no rule names it: `src/lib.rs`\n  T0 documentation: `README.md`\n"
    );
    let below = folder.path().join("src");
    let (_, again, _) = risk(&below, &[]);
    assert_eq!(again, out);
    let (_, json, _) = risk(folder.path(), &["--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["tier"], "T1");
}

#[test]
fn a_rename_is_no_excuse() {
    let folder = repository(|path| {
        write(path, "docs/old.md", "x\n");
        git(path, &["mv", "tests/a.rs", "docs/a.md"]);
    });
    let (_, out, _) = risk(folder.path(), &[]);
    assert!(
        out.starts_with("T3 (high)\n  T3 deleted tests: `tests/a.rs`\n"),
        "{out}"
    );
    assert!(
        out.contains("Lines and contents were not looked at"),
        "{out}"
    );
}

#[test]
fn a_test_that_checks_less_is_found_in_the_contents() {
    let folder = repository(|path| {
        write(
            path,
            "tests/a.rs",
            "#[test]\n#[ignore]\nfn a() {\n    assert_eq!(1, 1);\n}\n",
        );
    });
    let (_, out, _) = risk(folder.path(), &[]);
    assert!(
        out.starts_with(
            "T3 (high)\n  T3 weakened tests or checks: a test no longer runs: `tests/a.rs`\n"
        ),
        "{out}"
    );
}

#[test]
fn modes_and_binaries_count() {
    let folder = repository(|path| {
        std::os::unix::fs::symlink("README.md", path.join("link.md")).unwrap();
    });
    let (_, out, _) = risk(folder.path(), &[]);
    assert!(out.contains("T3 a link or a submodule: `link.md`"), "{out}");
    let folder = repository(|path| {
        std::fs::write(path.join("data.md"), b"a\0b").unwrap();
    });
    let (_, out, _) = risk(folder.path(), &[]);
    assert!(
        out.starts_with("T3 (high)\n  T3 binary content: `data.md`"),
        "{out}"
    );
}

#[test]
fn what_the_base_did_meanwhile_is_not_the_change_s() {
    let folder = repository(|path| write(path, "README.md", "two\n"));
    let path = folder.path();
    git(path, &["checkout", "-q", "main"]);
    write(path, "Cargo.toml", "[package]\n");
    commit(path, "meanwhile");
    let (_, out, _) = risk(path, &[]);
    assert!(out.starts_with("T0 (trivial)\n"), "{out}");
}

#[test]
fn x77_the_policy_is_the_base_s_and_never_the_change_s() {
    let folder = repository(|path| {
        write(
            path,
            ".github/castellan.yml",
            "risk:\n  classes: {dependencies: T0}\n",
        );
        write(path, "Cargo.toml", "[package]\n");
    });
    let path = folder.path();
    let (_, out, _) = risk(path, &[]);
    assert!(out.contains("T3 dependencies: `Cargo.toml`"), "{out}");
    let (_, out, _) = risk(path, &["--policy", ".github/castellan.yml"]);
    assert!(out.contains("T0 dependencies: `Cargo.toml`"), "{out}");
    git(path, &["checkout", "-q", "main"]);
    write(path, ".github/castellan.yml", "risk: 1\n");
    commit(path, "a bad policy");
    let (code, out, error) = risk(path, &[]);
    assert_eq!((code, out.as_str()), (Some(2), ""), "{error}");
    assert!(error.contains(".github/castellan.yml:1:"), "{error}");
}

#[test]
fn what_cannot_be_read_is_2_and_never_a_lower_tier() {
    let folder = repository(|path| write(path, "README.md", "two\n"));
    let path = folder.path();
    let run = |arguments: &[&str]| {
        said(
            &castellan(path)
                .arg("risk")
                .args(arguments)
                .output()
                .unwrap(),
        )
    };
    let (code, _, error) = run(&["--base", "main", "--head", "nowhere"]);
    assert_eq!(code, Some(2));
    assert!(
        error.contains("`nowhere` is no branch or commit here; fetch it first"),
        "{error}"
    );
    git(path, &["checkout", "-q", "--orphan", "alone"]);
    commit(path, "alone");
    let (code, _, error) = run(&["--base", "main", "--head", "alone"]);
    assert_eq!(code, Some(2));
    assert!(error.contains("no commit in common"), "{error}");
    // A content that is gone: what was not read counts as the worst.
    let blob = git(path, &["rev-parse", "work:README.md"]);
    std::fs::remove_file(path.join(format!(".git/objects/{}/{}", &blob[..2], &blob[2..]))).unwrap();
    let (code, out, error) = run(&["--base", "main", "--head", "work"]);
    assert_eq!((code, out.as_str()), (Some(2), ""), "{error}");
    let nowhere = tempfile::tempdir().unwrap();
    let (code, _, error) = said(
        &castellan(nowhere.path())
            .args(["risk", "--base", "a"])
            .output()
            .unwrap(),
    );
    assert_eq!(code, Some(2), "{error}");
}

/// A repository's own configuration and objects that stand for others change nothing.
#[test]
fn a_repository_cannot_make_its_own_change_smaller() {
    let folder = repository(|path| write(path, "Cargo.toml", "[package]\n"));
    let path = folder.path();
    git(path, &["config", "diff.renames", "copies"]);
    git(path, &["config", "diff.external", "true"]);
    git(path, &["config", "diff.relative", "true"]);
    git(path, &["config", "core.fsmonitor", "touch fired"]);
    let (work, main) = (
        git(path, &["rev-parse", "work"]),
        git(path, &["rev-parse", "main"]),
    );
    git(path, &["replace", &work, &main]);
    let (_, out, error) = risk(path, &[]);
    assert!(
        out.contains("T3 dependencies: `Cargo.toml`"),
        "{out}{error}"
    );
    assert!(!path.join("fired").exists());
}

#[test]
fn what_the_server_asks_of_all_repositories_can_be_tried() {
    let folder = repository(|path| {
        write(path, "README.md", "one\ntwo\n");
        write(path, "billing/pay.rs", "fn pay() {}\n");
        // Of the branch, which is not asked; and it could lower nothing anyway.
        let own = "risk:\n  rules:\n    - {tier: T0, paths: ['**']}\n";
        write(path, ".github/castellan.yml", own);
    });
    let floor = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/policies/floor.yml");
    let (code, out, error) = risk(folder.path(), &["--risk-floor", floor]);
    assert_eq!((code, error.as_str()), (Some(0), ""), "{out}");
    assert!(
        out.contains("T3 money moves here: `billing/pay.rs`"),
        "{out}"
    );
    let lowest = repository(|path| write(path, "README.md", "one\ntwo\n"));
    let (_, out, _) = risk(lowest.path(), &["--least-tier", "T2"]);
    assert!(out.starts_with("T2 (medium)"), "{out}");
    let (code, _, error) = risk(lowest.path(), &["--risk-floor", "none.yml"]);
    assert_eq!(code, Some(2));
    assert!(error.contains("risk-floor: none.yml"), "{error}");
}
