//! What must not alarm: additions, moves, new names, another format, other values.
#![expect(
    clippy::too_many_lines,
    reason = "tables of cases, which read best in one piece"
)]

use super::{File, holds};

fn quiet(cases: &[(&str, Vec<File<'_>>)]) {
    let cases: Vec<_> = cases
        .iter()
        .map(|(name, files)| (*name, files.clone(), &[][..]))
        .collect();
    holds(&cases);
}

const PYTHON: &str = "import a\n\n\ndef test_add():\n    got = a.add(1, 2)\n    assert got == 3\n\n\n@pytest.mark.skip\ndef test_later():\n    assert a.later() == 1\n";
const RUST: &str = "#[cfg(test)]\nmod tests {\n    #[test]\n    fn adds() {\n        assert!(add(1, 2) == 3, \"sum\");\n        assert_eq!(add(0, 0), 0);\n    }\n}\n";
const SCRIPT: &str =
    "describe('sum', () => {\n  it('adds', () => {\n    expect(add(1, 2)).toBe(3);\n  });\n});\n";

#[test]
fn x61_additions_and_other_values_weaken_nothing() {
    quiet(&[
        (
            "a test added",
            vec![(
                "test_a.py",
                PYTHON,
                &format!("{PYTHON}\n\ndef test_new():\n    assert a.new()\n"),
            )],
        ),
        (
            "a skipped test added",
            vec![(
                "test_a.py",
                PYTHON,
                &format!("{PYTHON}\n\n@pytest.mark.skip\ndef test_new():\n    assert a.new()\n"),
            )],
        ),
        (
            "an assertion added",
            vec![(
                "test_a.py",
                PYTHON,
                &PYTHON.replace(
                    "    assert got == 3",
                    "    assert got == 3\n    assert got != 4",
                ),
            )],
        ),
        (
            "another value",
            vec![("test_a.py", PYTHON, &PYTHON.replace("== 3", "== 4"))],
        ),
        (
            "a skip taken away",
            vec![(
                "test_a.py",
                PYTHON,
                &PYTHON.replace("@pytest.mark.skip\n", ""),
            )],
        ),
        (
            "a timeout shrunk",
            vec![(
                "test_a.py",
                "def test_t():\n    assert w(timeout=9) == 1\n",
                "def test_t():\n    assert w(timeout=2) == 1\n",
            )],
        ),
        (
            "more exact",
            vec![(
                "a.test.js",
                &SCRIPT.replace("toBe(3)", "toBeDefined()"),
                SCRIPT,
            )],
        ),
        (
            "code beside it",
            vec![("src/a.rs", RUST, &format!("fn b() {{}}\n\n{RUST}"))],
        ),
        (
            "new code",
            vec![(
                "src/a.py",
                "def f():\n    return 1\n",
                "def f():\n    return 2\n",
            )],
        ),
        (
            "code deleted",
            vec![("src/a.py", "def f():\n    assert x\n", "")],
        ),
        (
            "a go test with a new case",
            vec![(
                "a_test.go",
                "func TestA(t *testing.T) {\n\tassert.Equal(t, 1, F())\n}\n",
                "func TestA(t *testing.T) {\n\tassert.Equal(t, 1, F())\n\tassert.Equal(t, 2, G())\n}\n",
            )],
        ),
        (
            "documents",
            vec![(
                "README.md",
                "Run tests with `make test || true`.\n",
                "Nothing.\n",
            )],
        ),
        (
            "a dependency",
            vec![(
                "package.json",
                "{\n\"a\": \"1\"\n}\n",
                "{\n\"a\": \"2\"\n}\n",
            )],
        ),
    ]);
}

#[test]
fn x61_moves_names_and_formats_weaken_nothing() {
    quiet(&[
        (
            "moved",
            vec![
                ("tests/test_a.py", PYTHON, ""),
                ("tests/unit/test_a.py", "", PYTHON),
            ],
        ),
        (
            "moved under another name",
            vec![
                ("tests/test_a.py", PYTHON, ""),
                ("tests/test_b.py", "", PYTHON),
            ],
        ),
        (
            "split in two",
            vec![
                (
                    "tests/test_a.py",
                    PYTHON,
                    "import a\n\n\ndef test_add():\n    got = a.add(1, 2)\n    assert got == 3\n",
                ),
                (
                    "tests/test_b.py",
                    "",
                    "@pytest.mark.skip\ndef test_later():\n    assert a.later() == 1\n",
                ),
            ],
        ),
        (
            "renamed",
            vec![(
                "test_a.py",
                PYTHON,
                &PYTHON.replace("test_add", "test_sum_of_two"),
            )],
        ),
        (
            "renamed in js",
            vec![(
                "a.test.js",
                SCRIPT,
                &SCRIPT.replace("'adds'", "'adds two numbers'"),
            )],
        ),
        (
            "renamed in rust",
            vec![("src/a.rs", RUST, &RUST.replace("fn adds", "fn sums"))],
        ),
        (
            "moved in rust",
            vec![
                ("src/a.rs", RUST, "fn a() {}\n"),
                (
                    "src/a/tests.rs",
                    "",
                    "#[test]\nfn adds() {\n    assert!(add(1, 2) == 3, \"sum\");\n    assert_eq!(add(0, 0), 0);\n}\n",
                ),
            ],
        ),
        (
            "in another order",
            vec![(
                "test_a.py",
                "def test_a():\n    assert f() == 1\n\n\ndef test_b():\n    assert g() == 2\n",
                "def test_b():\n    assert g() == 2\n\n\ndef test_a():\n    assert f() == 1\n",
            )],
        ),
        (
            "reformatted rust",
            vec![(
                "src/a.rs",
                RUST,
                &RUST.replace(
                    "assert!(add(1, 2) == 3, \"sum\");",
                    "assert!(\n            add(1, 2) == 3,\n            \"sum\"\n        );",
                ),
            )],
        ),
        (
            "reformatted python",
            vec![(
                "test_a.py",
                "def test_a():\n    assert f(1, 2) == [1, 2]\n",
                "def test_a():\n    assert (\n        f(1, 2)\n        == [1, 2]\n    )\n",
            )],
        ),
        (
            "reformatted table",
            vec![(
                "test_a.py",
                "@pytest.mark.parametrize('a', [1, 2])\ndef test_t(a):\n    assert f(a)\n",
                "@pytest.mark.parametrize(\n    'a',\n    [\n        1,\n        2,\n    ],\n)\ndef test_t(a):\n    assert f(a)\n",
            )],
        ),
        (
            "other quotes",
            vec![("a.test.js", SCRIPT, &SCRIPT.replace('\'', "\""))],
        ),
        (
            "line ends",
            vec![("a.test.js", SCRIPT, &SCRIPT.replace('\n', "\r\n"))],
        ),
        (
            "indented",
            vec![(
                "test_a.py",
                "def test_a():\n    assert f() == 1\n",
                "class TestA:\n    def test_a(self):\n        assert f() == 1\n",
            )],
        ),
        (
            "equal in other words",
            vec![(
                "src/a.rs",
                RUST,
                &RUST.replace(
                    "assert!(add(1, 2) == 3, \"sum\")",
                    "assert_eq!(add(1, 2), 3)",
                ),
            )],
        ),
        (
            "in a group",
            vec![(
                "a.test.js",
                "it('adds', () => {\n  expect(add(1, 2)).toBe(3);\n});\n",
                SCRIPT,
            )],
        ),
        (
            "a comment",
            vec![("a.test.js", SCRIPT, &format!("// it.skip('old')\n{SCRIPT}"))],
        ),
    ]);
}
