//! Weakened checks outside of tests: CI, coverage, ignored failures, snapshots, suppressions.
#![expect(
    clippy::too_many_lines,
    reason = "tables of cases, which read best in one piece"
)]

use castellan::domain::ci::weakened::Kind::{
    CheckSuppressed, CiChanged, CoverageChanged, FailureIgnored, SnapshotRewritten, TestSkipped,
};

use super::holds;

#[test]
fn x61_ci_and_failures_that_no_longer_count() {
    let ci = "on: push\njobs:\n  test:\n    steps:\n      - run: cargo test\n";
    let make = "test:\n\tpytest -q\n\nclean:\n\trm -rf x\n";
    let package =
        "{\n  \"scripts\": {\n    \"test\": \"jest\",\n    \"start\": \"node .\"\n  }\n}\n";
    let workflow = ".github/workflows/ci.yml";
    holds(&[
        ("workflow deleted", vec![(workflow, ci, "")], &[CiChanged]),
        (
            "workflow changed",
            vec![(workflow, ci, &ci.replace("cargo test", "cargo build"))],
            &[CiChanged],
        ),
        (
            "workflow comment",
            vec![(workflow, ci, &format!("# CI\n{ci}"))],
            &[],
        ),
        ("workflow new", vec![(workflow, "", ci)], &[]),
        (
            "|| true",
            vec![(
                workflow,
                ci,
                &ci.replace("cargo test", "cargo test || true"),
            )],
            &[CiChanged, FailureIgnored],
        ),
        (
            "continue-on-error",
            vec![(
                workflow,
                ci,
                &format!("{ci}        continue-on-error: true\n"),
            )],
            &[CiChanged, FailureIgnored],
        ),
        (
            "gitlab",
            vec![(
                ".gitlab-ci.yml",
                "test:\n  script: make test\n",
                "test:\n  script: make test\n  allow_failure: true\n",
            )],
            &[CiChanged, FailureIgnored],
        ),
        (
            "circle",
            vec![(".circleci/config.yml", "a: 1\n", "a: 2\n")],
            &[CiChanged],
        ),
        (
            "azure",
            vec![(
                "azure-pipelines.yml",
                "steps:\n- script: test\n",
                "steps:\n- script: test\n  continueOnError: true\n",
            )],
            &[CiChanged, FailureIgnored],
        ),
        (
            "jenkins",
            vec![(
                "Jenkinsfile",
                "sh 'make test'\n",
                "sh 'make test || true'\n",
            )],
            &[CiChanged, FailureIgnored],
        ),
        (
            "make || true",
            vec![(
                "Makefile",
                make,
                &make.replace("pytest -q", "pytest -q || true"),
            )],
            &[CiChanged, FailureIgnored],
        ),
        (
            "make dash",
            vec![("Makefile", make, &make.replace("\tpytest", "\t-pytest"))],
            &[CiChanged, FailureIgnored],
        ),
        (
            "make test gone",
            vec![("Makefile", make, &make.replace("pytest -q", "echo"))],
            &[CiChanged],
        ),
        (
            "make other",
            vec![("Makefile", make, &make.replace("rm -rf x", "rm -rf y"))],
            &[],
        ),
        (
            "npm echo",
            vec![(
                "package.json",
                package,
                &package.replace("\"jest\"", "\"echo ok\""),
            )],
            &[CiChanged, FailureIgnored],
        ),
        (
            "npm no tests",
            vec![(
                "package.json",
                package,
                &package.replace("\"jest\"", "\"jest --passWithNoTests\""),
            )],
            &[CiChanged, FailureIgnored],
        ),
        (
            "npm other",
            vec![(
                "package.json",
                package,
                &package.replace("node .", "node a"),
            )],
            &[],
        ),
        (
            "pytest deselects",
            vec![(
                "pytest.ini",
                "[pytest]\naddopts = -q\n",
                "[pytest]\naddopts = -q --deselect tests/test_a.py\n",
            )],
            &[CiChanged, FailureIgnored],
        ),
        (
            "tox",
            vec![(
                "tox.ini",
                "[testenv]\ncommands = pytest\n",
                "[testenv]\ncommands = pytest\nignore_outcome = true\n",
            )],
            &[],
        ),
        (
            "maven",
            vec![(
                "pom.xml",
                "<a>\n</a>\n",
                "<a>\n<skipTests>true</skipTests>\n</a>\n",
            )],
            &[FailureIgnored],
        ),
        (
            "cmake",
            vec![(
                "CMakeLists.txt",
                "add_test(NAME a COMMAND a)\nadd_library(b)\n",
                "add_library(b)\n",
            )],
            &[CiChanged],
        ),
        (
            "cargo harness",
            vec![(
                "Cargo.toml",
                "[lib]\nname = \"a\"\ntest = true\n",
                "[lib]\nname = \"a\"\ntest = false\n",
            )],
            &[CiChanged],
        ),
        (
            "set +e",
            vec![("scripts/ci.sh", "set -e\npytest\n", "set +e\npytest\n")],
            &[FailureIgnored],
        ),
        (
            "exit 0",
            vec![("scripts/test.sh", "pytest\n", "pytest\nexit 0\n")],
            &[TestSkipped, FailureIgnored],
        ),
        (
            "a script of its own",
            vec![("install.sh", "rm a\n", "rm a || true\n")],
            &[],
        ),
    ]);
}

#[test]
fn x61_coverage() {
    let codecov = "coverage:\n  status:\n    project:\n      default:\n        target: 90%\n        threshold: 1%\n";
    let jest =
        "module.exports = {\n  coverageThreshold: {\n    global: { branches: 90 },\n  },\n};\n";
    let pyproject = "[tool.coverage.report]\nfail_under = 90\n";
    holds(&[
        (
            "codecov lowered",
            vec![("codecov.yml", codecov, &codecov.replace("90%", "50%"))],
            &[CoverageChanged],
        ),
        (
            "codecov loss grown",
            vec![("codecov.yml", codecov, &codecov.replace("1%", "20%"))],
            &[CoverageChanged],
        ),
        (
            "codecov raised",
            vec![("codecov.yml", codecov, &codecov.replace("90%", "95%"))],
            &[],
        ),
        (
            "codecov deleted",
            vec![("codecov.yml", codecov, "")],
            &[CoverageChanged],
        ),
        (
            "omit",
            vec![(
                ".coveragerc",
                "[run]\nbranch = true\n",
                "[run]\nbranch = true\nomit = src/*\n",
            )],
            &[CoverageChanged],
        ),
        (
            "jest lowered",
            vec![("jest.config.js", jest, &jest.replace("90", "10"))],
            &[CoverageChanged],
        ),
        (
            "jest gone",
            vec![("jest.config.js", jest, "module.exports = {\n};\n")],
            &[CoverageChanged],
        ),
        (
            "pyproject lowered",
            vec![("pyproject.toml", pyproject, &pyproject.replace("90", "9"))],
            &[CoverageChanged],
        ),
        (
            "pyproject raised",
            vec![("pyproject.toml", pyproject, &pyproject.replace("90", "99"))],
            &[],
        ),
        (
            "marks",
            vec![(
                "a.py",
                "def f():\n    pass\n",
                "def f():  # pragma: no cover\n    pass\n",
            )],
            &[CoverageChanged],
        ),
        (
            "istanbul",
            vec![("a.ts", "f();\n", "/* istanbul ignore next */\nf();\n")],
            &[CoverageChanged],
        ),
        (
            "tarpaulin",
            vec![("tarpaulin.toml", "fail-under = 80\n", "fail-under = 8\n")],
            &[CoverageChanged],
        ),
    ]);
}

#[test]
fn x61_snapshots() {
    let jest = "exports[`a 1`] = `1`;\n";
    let insta = "---\nsource: a.rs\n---\none\n";
    holds(&[
        (
            "jest rewritten",
            vec![(
                "__snapshots__/a.test.js.snap",
                jest,
                "exports[`a 1`] = `2`;\n",
            )],
            &[SnapshotRewritten],
        ),
        (
            "jest added",
            vec![(
                "__snapshots__/a.test.js.snap",
                jest,
                &format!("{jest}\nexports[`b 1`] = `2`;\n"),
            )],
            &[],
        ),
        ("new", vec![("a.snap", "", jest)], &[]),
        (
            "insta rewritten",
            vec![("snapshots/a.snap", insta, &insta.replace("one", "two"))],
            &[SnapshotRewritten],
        ),
        (
            "insta metadata",
            vec![("snapshots/a.snap", insta, &insta.replace("a.rs", "b.rs"))],
            &[],
        ),
        (
            "moved",
            vec![("a/a.snap", insta, ""), ("b/b.snap", "", insta)],
            &[],
        ),
        (
            "deleted",
            vec![("a/a.snap", insta, "")],
            &[SnapshotRewritten],
        ),
        (
            "syrupy",
            vec![("__snapshots__/a.ambr", "a\n", "b\n")],
            &[SnapshotRewritten],
        ),
        (
            "approvals",
            vec![("A.approved.txt", "a\n", "b\n")],
            &[SnapshotRewritten],
        ),
        (
            "an image",
            vec![("a.spec.ts-snapshots/a.png", "\u{0}a", "\u{0}b")],
            &[SnapshotRewritten],
        ),
    ]);
}

#[test]
fn x61_suppressions() {
    holds(&[
        (
            "type ignore",
            vec![("a.py", "x = f()\n", "x = f()  # type: ignore\n")],
            &[CheckSuppressed],
        ),
        (
            "noqa",
            vec![("a.py", "x = f()\n", "x = f()  # noqa: E501\n")],
            &[CheckSuppressed],
        ),
        (
            "noqa in a string",
            vec![("a.py", "x = f()\n", "x = f('a  # noqa')\n")],
            &[],
        ),
        (
            "ts-ignore",
            vec![("a.ts", "f();\n", "// @ts-ignore\nf();\n")],
            &[CheckSuppressed],
        ),
        (
            "eslint",
            vec![("a.ts", "f();\n", "f(); // eslint-disable-line no-x\n")],
            &[CheckSuppressed],
        ),
        (
            "allow",
            vec![(
                "src/a.rs",
                "fn a() {}\n",
                "#[allow(dead_code)]\nfn a() {}\n",
            )],
            &[CheckSuppressed],
        ),
        (
            "allow in a comment",
            vec![(
                "src/a.rs",
                "fn a() {}\n",
                "/// Never `#[allow(dead_code)]`.\nfn a() {}\n",
            )],
            &[],
        ),
        (
            "nolint",
            vec![("a.go", "f()\n", "f() //nolint:errcheck\n")],
            &[CheckSuppressed],
        ),
        (
            "java",
            vec![("A.java", "f();\n", "@SuppressWarnings(\"all\")\nf();\n")],
            &[CheckSuppressed],
        ),
        (
            "edited beside",
            vec![("a.py", "x = f()  # noqa\n", "x = g()  # noqa\n")],
            &[],
        ),
        (
            "strict off",
            vec![(
                "tsconfig.json",
                "{\n\"strict\": true\n}\n",
                "{\n\"strict\": false\n}\n",
            )],
            &[CheckSuppressed],
        ),
        (
            "rule off",
            vec![(".eslintrc.json", "{\n}\n", "{\n\"no-x\": \"off\"\n}\n")],
            &[CheckSuppressed],
        ),
        (
            "mypy",
            vec![("mypy.ini", "[mypy]\n", "[mypy]\nignore_errors = True\n")],
            &[CheckSuppressed],
        ),
    ]);
}
