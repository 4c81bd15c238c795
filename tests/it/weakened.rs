//! What a branch takes away from tests and checks (X61): good and bad cases for each ecosystem,
//! what must not alarm, bounds, and what it costs.

mod configuration;
mod harmless;
mod languages;

use std::time::{Duration, Instant};

use castellan::domain::ci::weakened::{
    Asked, Compared, FILE_BYTES, Kind, WEAKENINGS, Weakening, weakenings,
};
use proptest::prelude::*;

use crate::transitions::sample::task;

/// A file: path, content at the base, content at the head. An empty content is no file.
type File<'a> = (&'a str, &'a str, &'a str);

fn found(files: &[File<'_>]) -> Vec<Weakening> {
    fn side(text: &str) -> Option<&[u8]> {
        (!text.is_empty()).then_some(text.as_bytes())
    }
    let compared: Vec<Compared<'_>> = files
        .iter()
        .map(|(path, before, after)| Compared {
            path,
            before: side(before),
            after: side(after),
        })
        .collect();
    weakenings(&compared)
}

/// Each case finds exactly these kinds; `tests` of a table fail together, so that one run shows
/// all that is wrong.
fn holds(cases: &[(&str, Vec<File<'_>>, &[Kind])]) {
    let mut wrong = Vec::new();
    for (name, files, expected) in cases {
        let found = found(files);
        let mut kinds: Vec<Kind> = found.iter().map(|one| one.kind).collect();
        kinds.sort();
        kinds.dedup();
        if kinds != *expected {
            wrong.push(format!("{name}: {found:?} and not {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn x61_a_sentence_names_place_what_and_remedy_and_shows_foreign_text_as_code() {
    let before = "def test_a():\n    assert add(1) == 2\n";
    let after = "import pytest\n\n@pytest.mark.skip(reason='`@everyone`\u{202e}')\ndef test_a():\n    assert add(1) == 2\n";
    let found = found(&[("tests/test_a.py", before, after)]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        found[0].sentence(),
        "In `tests/test_a.py:3` a test no longer runs (`` @pytest.mark.skip(reason='`@everyone`') ``); let the test run and make the code pass it."
    );
    let stored = serde_json::to_string(&found).unwrap();
    let read: Vec<Weakening> = serde_json::from_str(&stored).unwrap();
    assert_eq!(read, found);
}

#[test]
fn x61_what_is_too_large_or_no_text_is_said_and_what_is_more_is_counted() {
    let large = format!("#{}\n", "x".repeat(FILE_BYTES));
    let cases = found(&[
        ("tests/test_a.py", "def test_a():\n    assert a\n", &large),
        ("tests/test_b.py", "def test_b():\n    assert b\n", "a\0b"),
        ("logo.png", "a\0b", "a\0c"),
    ]);
    let kinds: Vec<(Kind, &str)> = cases.iter().map(|w| (w.kind, w.path.as_str())).collect();
    let expected = [
        (Kind::Unread, "tests/test_a.py"),
        (Kind::Unread, "tests/test_b.py"),
    ];
    assert_eq!(kinds, expected);

    let many: String = (0..WEAKENINGS + 7)
        .map(|at| format!("def test_{at}():\n    assert f{at}() == {at}\n\n"))
        .collect();
    let all = found(&[("test_a.py", &many, "X = 1\n")]);
    assert_eq!(all.len(), WEAKENINGS + 1);
    let last = all.last().unwrap();
    assert_eq!((last.kind, last.what.as_str()), (Kind::More, "7 more"));
}

#[test]
fn x61_what_the_contract_s_own_scope_names_as_a_test_is_asked_for() {
    let weakening = |path: &str| found(&[(path, "def test_a():\n    assert a == 1\n", "\n")]);
    let cases = [
        ("tests/test_a.py", "tests/**", true),
        ("tests/test_a.py", "tests/test_a.py", true),
        ("tests/test_a.py", "tests/test_b.py", false),
        ("tests/test_a.py", "**", false),
        ("src/test_a.py", "src/**", false),
        ("src/test_a.py", "src/*test*.py", true),
    ];
    for (path, scope, is_asked) in cases {
        let mut contract = task(1).contract;
        contract.scope = vec![scope.to_owned()];
        let found = weakening(path);
        assert!(!found.is_empty());
        let asked = Asked::of(&contract);
        assert_eq!(asked.names(&found[0]), is_asked, "{path} in {scope}");
    }
    let mut contract = task(1).contract;
    contract.scope = Vec::new();
    assert!(!Asked::of(&contract).names(&weakening("tests/test_a.py")[0]));
}

/// Paths of every ecosystem and kind of configuration.
const PATHS: [&str; 18] = [
    "src/a.rs",
    "test_a.py",
    "a.test.ts",
    "a_test.go",
    "ATest.java",
    "a_spec.rb",
    "ATest.php",
    "a.cpp",
    "A.cs",
    "a_test.exs",
    "a.bats",
    "test.sh",
    ".github/workflows/ci.yml",
    "Makefile",
    "package.json",
    "codecov.yml",
    "a.snap",
    "pyproject.toml",
];

/// Words of all of them, so that chance builds something.
const WORDS: [&str; 30] = [
    "#[test]\n",
    "fn a() {",
    "}\n",
    "def test_a():\n",
    "  assert x == 1\n",
    "it('",
    "', () => {",
    "})",
    "/*",
    "*/",
    "\"\"\"",
    "\"",
    "'",
    "`",
    "(",
    ")",
    "{",
    "[",
    "]",
    "\\",
    "@Test void a() {",
    "|| true",
    "\n",
    "ü",
    "\u{202e}",
    "// ",
    "# ",
    "end\n",
    "parametrize(\"a\", [",
    "\r\n",
];

proptest! {
    #[test]
    fn any_bytes_are_compared_without_a_panic(
        before in proptest::collection::vec(any::<u8>(), 0..400),
        after in proptest::collection::vec(any::<u8>(), 0..400),
        at in 0..PATHS.len(),
    ) {
        let one = Compared { path: PATHS[at], before: Some(&before), after: Some(&after) };
        prop_assert!(weakenings(&[one]).len() <= WEAKENINGS + 1);
    }

    #[test]
    fn any_words_are_compared_without_a_panic(
        before in proptest::collection::vec(0..WORDS.len(), 0..60),
        after in proptest::collection::vec(0..WORDS.len(), 0..60),
        at in 0..PATHS.len(),
        to in 0..PATHS.len(),
    ) {
        let text = |words: &[usize]| words.iter().map(|at| WORDS[*at]).collect::<String>();
        let (before, after) = (text(&before), text(&after));
        let moved = [
            Compared { path: PATHS[at], before: Some(before.as_bytes()), after: None },
            Compared { path: PATHS[to], before: None, after: Some(after.as_bytes()) },
        ];
        for one in weakenings(&moved) {
            prop_assert!(!one.sentence().contains('\n'));
        }
        let same = Compared {
            path: PATHS[at],
            before: Some(before.as_bytes()),
            after: Some(before.as_bytes()),
        };
        prop_assert_eq!(weakenings(&[same]), vec![]);
    }
}

#[test]
fn two_hundred_files_are_compared_in_seconds_even_without_optimisation() {
    let text = |file: usize, offset: usize| -> String {
        let test = |at: usize| {
            let value = at + offset;
            format!(
                "def test_{file}_{at}(client):\n    got = client.get({at}, timeout=5)\n    assert got.status == {value}\n    assert got.body is not None\n\n\n"
            )
        };
        (0..40).map(test).collect()
    };
    let files: Vec<(String, String, String)> = (0..200)
        .map(|at| (format!("tests/test_{at}.py"), text(at, 0), text(at, 1)))
        .collect();
    let compared: Vec<Compared<'_>> = files
        .iter()
        .map(|(path, before, after)| Compared {
            path,
            before: Some(before.as_bytes()),
            after: Some(after.as_bytes()),
        })
        .collect();
    let start = Instant::now();
    let found = weakenings(&compared);
    let took = start.elapsed();
    eprintln!("200 files with 8,000 tests: {took:?}");
    assert_eq!(found, []);
    assert!(took < Duration::from_secs(30), "{took:?}");
}
