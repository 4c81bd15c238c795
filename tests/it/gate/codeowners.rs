//! CODEOWNERS as GitHub documents it, example by example.

use castellan::domain::gate::codeowners::{CodeOwners, FILE_BYTES};
use proptest::prelude::*;

fn owners(text: &str, path: &str) -> Option<Vec<String>> {
    let owners = CodeOwners::read(text.as_bytes()).unwrap();
    owners
        .of(path)
        .map(|rule| rule.owners.iter().map(ToString::to_string).collect())
}

/// The example of GitHub's documentation, in our own words.
const EXAMPLE: &str = "\
# Everything has an owner, unless a later line says otherwise.
*       @one @two

*.js    @js #This comment begins behind the owner.
*.go docs@example.com
*.txt @octo-org/octocats
/build/logs/ @logs
docs/*  docs@example.org
apps/ @apps
/docs/ @docs
/scripts/ @s @t
**/traces @traces
/gone/ @gone
/gone/github
";

#[test]
fn the_last_rule_that_matches_owns_a_path() {
    for (path, expected) in [
        ("README", Some("@one @two")),
        ("src/deep/main.rs", Some("@one @two")),
        ("src/a.js", Some("@js")),
        ("a.go", Some("docs@example.com")),
        ("x/y.txt", Some("@octo-org/octocats")),
        ("build/logs/a", Some("@logs")),
        ("build/logs/a/b/c", Some("@logs")),
        ("x/build/logs/a", Some("@one @two")),
        ("apps/a", Some("@apps")),
        ("x/y/apps/z/a", Some("@apps")),
        ("docs/a/b", Some("@docs")),
        ("scripts/x", Some("@s @t")),
        ("build/traces", Some("@traces")),
        ("deeply/nested/traces/x", Some("@traces")),
        ("traces/x", Some("@traces")),
        ("gone/a", Some("@gone")),
        ("gone/github", Some("")),
        ("gone/github/a", Some("")),
    ] {
        let found = owners(EXAMPLE, path).map(|owners| owners.join(" "));
        assert_eq!(found.as_deref(), expected, "{path}");
    }
}

#[test]
fn a_star_at_the_end_does_not_reach_into_folders() {
    assert!(owners("docs/* @a", "docs/getting-started.md").is_some());
    assert!(owners("docs/* @a", "docs/build-app/troubleshooting.md").is_none());
    assert!(owners("docs/* @a", "x/docs/a").is_none());
    assert!(owners("docs/** @a", "docs/x/y").is_some());
    assert!(owners("docs/** @a", "docs").is_none());
    assert!(owners("/a/**/z @a", "a/z").is_some());
    assert!(owners("/a/**/z @a", "a/b/c/z").is_some());
    assert!(owners("/* @a", "README").is_some());
    assert!(owners("/* @a", "src/a").is_none());
    assert!(owners("** @a", "src/a").is_some());
}

#[test]
fn a_folder_is_not_a_file_and_case_counts() {
    assert!(owners("apps/ @a", "apps").is_none());
    assert!(owners("/apps @a", "apps").is_some());
    assert!(owners("/apps @a", "apps/x").is_some());
    assert!(owners("/apps @a", "Apps/x").is_none());
    assert!(owners("/apps @a", "apps2/x").is_none());
    assert!(owners("src/*.rs @a", "src/a.rs").is_some());
    assert!(owners("src/*.rs @a", "src/x/a.rs").is_none());
    assert!(owners("a?c @a", "x/abc").is_some());
    assert!(owners("a?c @a", "ac").is_none());
}

#[test]
fn what_github_does_not_take_is_skipped_and_named() {
    let text = "* @all\n!src/ @a\nsrc/[ab].rs @a\n\\#x @a\nsrc/ not-an-owner\n[Section] @a\n^[Optional][2] @a\na/***/b @a\n/ @a\nx/ @-a\n";
    let read = CodeOwners::read(text.as_bytes()).unwrap();
    assert_eq!(read.skipped(), [2, 3, 4, 5, 6, 7, 8, 9, 10]);
    assert_eq!(read.of("src/a.rs").map(|rule| rule.line), Some(1));
}

#[test]
fn spaces_are_escaped_and_a_byte_order_mark_is_no_pattern() {
    assert!(owners("\u{feff}/a @a", "a").is_some());
    assert!(owners("/my\\ file.txt @a", "my file.txt").is_some());
    assert!(owners("/a\r\n/b @b\r\n", "b").is_some());
    assert_eq!(owners("# only\n\n", "a"), None);
}

#[test]
fn each_touched_rule_is_named_once_with_a_file() {
    let read = CodeOwners::read(EXAMPLE.as_bytes()).unwrap();
    let touched = read.touched(&["src/a.js", "src/b.js", "apps/x", "gone/github/x"]);
    let touched: Vec<_> = touched
        .iter()
        .map(|one| (one.rule.line, one.path))
        .collect();
    assert_eq!(
        touched,
        [(4, "src/a.js"), (9, "apps/x"), (14, "gone/github/x")]
    );
}

#[test]
fn a_file_that_github_would_not_read_is_an_error() {
    let error = CodeOwners::read(&vec![b'#'; FILE_BYTES + 1]).unwrap_err();
    assert!(error.to_string().contains("shorten it"), "{error}");
    let error = CodeOwners::read(b"* @a\xff").unwrap_err();
    assert!(error.to_string().contains("UTF-8"), "{error}");
}

#[test]
fn a_pattern_of_stars_takes_no_time() {
    let pattern = format!("/{}b @a", "*a/**/".repeat(300));
    let path = "aaaaaaaaaa/".repeat(300);
    assert!(owners(&pattern, &path).is_none());
}

proptest! {
    #[test]
    fn no_text_and_no_path_makes_it_panic(text in ".{0,200}", path in ".{0,80}") {
        let read = CodeOwners::read(text.as_bytes()).unwrap();
        let _ = read.of(&path);
    }

    #[test]
    fn a_plain_path_owns_itself_and_what_is_below(parts in prop::collection::vec("[a-z]{1,4}", 1..5)) {
        let path = parts.join("/");
        let text = format!("/{path} @a\n");
        prop_assert!(owners(&text, &path).is_some());
        let below = format!("{path}/x");
        prop_assert!(owners(&text, &below).is_some());
        let beside = format!("x{path}");
        prop_assert!(owners(&text, &beside).is_none());
    }
}
