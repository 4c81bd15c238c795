//! Weakened tests of each ecosystem.
#![expect(
    clippy::too_many_lines,
    reason = "tables of cases, which read best in one piece"
)]

use castellan::domain::ci::weakened::Kind::{
    TestDeleted, TestLoosened, TestRenamedAway, TestSkipped,
};

use super::holds;

#[test]
fn x61_rust() {
    let one = "#[test]\nfn adds() {\n    assert_eq!(add(1, 2), 3);\n}\n";
    let two = "#[test]\nfn adds() {\n    assert_eq!(add(1, 2), 3);\n}\n\n#[test]\nfn takes() {\n    let left = take(5);\n    assert!(left == 2, \"left\");\n}\n";
    holds(&[
        ("deleted", vec![("src/a.rs", two, one)], &[TestDeleted]),
        (
            "file deleted",
            vec![("tests/a.rs", two, "")],
            &[TestDeleted],
        ),
        (
            "commented out",
            vec![(
                "src/a.rs",
                two,
                "#[test]\nfn adds() {\n    assert_eq!(add(1, 2), 3);\n}\n\n/* #[test]\nfn takes() {\n    assert!(take(5) == 2);\n} */\n",
            )],
            &[TestDeleted],
        ),
        (
            "in a string",
            vec![(
                "src/a.rs",
                one,
                "const A: &str = r#\"\n#[test]\nfn adds() {\n    assert_eq!(add(1, 2), 3);\n}\n\"#;\n",
            )],
            &[TestDeleted],
        ),
        (
            "ignored",
            vec![(
                "src/a.rs",
                one,
                "#[test]\n#[ignore = \"slow\"]\nfn adds() {\n    assert_eq!(add(1, 2), 3);\n}\n",
            )],
            &[TestSkipped],
        ),
        (
            "configured away",
            vec![(
                "src/a.rs",
                one,
                "#[cfg(any())]\n#[test]\nfn adds() {\n    assert_eq!(add(1, 2), 3);\n}\n",
            )],
            &[TestSkipped],
        ),
        (
            "returns",
            vec![(
                "src/a.rs",
                one,
                "#[test]\nfn adds() {\n    return;\n    assert_eq!(add(1, 2), 3);\n}\n",
            )],
            &[TestSkipped],
        ),
        (
            "attribute gone",
            vec![(
                "src/a.rs",
                one,
                "fn adds() {\n    assert_eq!(add(1, 2), 3);\n}\n",
            )],
            &[TestRenamedAway],
        ),
        (
            "attribute and name gone",
            vec![(
                "src/a.rs",
                one,
                "fn check_adds() {\n    assert_eq!(add(1, 2), 3);\n}\n",
            )],
            &[TestRenamedAway],
        ),
        (
            "true",
            vec![(
                "src/a.rs",
                one,
                "#[test]\nfn adds() {\n    assert!(true);\n}\n",
            )],
            &[TestLoosened],
        ),
        (
            "or true",
            vec![(
                "src/a.rs",
                one,
                "#[test]\nfn adds() {\n    assert!(add(1, 2) == 3 || true);\n}\n",
            )],
            &[TestLoosened],
        ),
        (
            "not equal",
            vec![(
                "src/a.rs",
                one,
                "#[test]\nfn adds() {\n    assert_ne!(add(1, 2), 4);\n}\n",
            )],
            &[TestLoosened],
        ),
        (
            "should panic",
            vec![(
                "src/a.rs",
                one,
                "#[test]\n#[should_panic]\nfn adds() {\n    assert_eq!(add(1, 2), 3);\n}\n",
            )],
            &[TestLoosened],
        ),
        (
            "a case gone",
            vec![(
                "src/a.rs",
                "#[rstest]\n#[case(1)]\n#[case(2)]\nfn a(#[case] x: u8) { assert_eq!(f(x), 1); }\n",
                "#[rstest]\n#[case(1)]\nfn a(#[case] x: u8) { assert_eq!(f(x), 1); }\n",
            )],
            &[TestLoosened],
        ),
        (
            "module unregistered",
            vec![("tests/it/main.rs", "mod a;\nmod tests_b;\n", "mod a;\n")],
            &[TestRenamedAway],
        ),
    ]);
}

#[test]
fn x61_python() {
    let one = "def test_add():\n    assert add(1, 2) == 3\n    assert add(0, 0) == 0\n";
    let unit = "class T(TestCase):\n    def test_add(self):\n        self.assertEqual(add(1), 2)\n";
    let near = "def test_near():\n    np.testing.assert_allclose(f(), 1.0, rtol=1e-7)\n";
    holds(&[
        (
            "deleted",
            vec![("tests/test_a.py", one, "X = 1\n")],
            &[TestDeleted],
        ),
        (
            "skipped",
            vec![("tests/test_a.py", one, &format!("@pytest.mark.skip\n{one}"))],
            &[TestSkipped],
        ),
        (
            "skipped as a module",
            vec![(
                "tests/test_a.py",
                one,
                &format!("pytestmark = pytest.mark.skip\n\n\n{one}"),
            )],
            &[TestSkipped],
        ),
        (
            "returns",
            vec![(
                "tests/test_a.py",
                one,
                "def test_add():\n    return\n    assert add(1, 2) == 3\n    assert add(0, 0) == 0\n",
            )],
            &[TestSkipped],
        ),
        (
            "if false",
            vec![(
                "tests/test_a.py",
                one,
                "def test_add():\n    if False:\n        assert add(1, 2) == 3\n        assert add(0, 0) == 0\n",
            )],
            &[TestSkipped],
        ),
        (
            "xfail",
            vec![(
                "tests/test_a.py",
                one,
                &format!("@pytest.mark.xfail\n{one}"),
            )],
            &[TestLoosened],
        ),
        (
            "not collected by name",
            vec![(
                "tests/test_a.py",
                one,
                &one.replace("test_add", "check_add"),
            )],
            &[TestRenamedAway],
        ),
        (
            "not collected by file",
            vec![("tests/test_a.py", one, ""), ("tests/checks_a.py", "", one)],
            &[TestRenamedAway],
        ),
        (
            "an assertion gone",
            vec![(
                "tests/test_a.py",
                one,
                "def test_add():\n    assert add(1, 2) == 3\n",
            )],
            &[TestLoosened],
        ),
        (
            "an assertion commented out",
            vec![(
                "tests/test_a.py",
                one,
                "def test_add():\n    assert add(1, 2) == 3\n    # assert add(0, 0) == 0\n",
            )],
            &[TestLoosened],
        ),
        (
            "is not None",
            vec![(
                "tests/test_a.py",
                one,
                "def test_add():\n    assert add(1, 2) is not None\n    assert add(0, 0) == 0\n",
            )],
            &[TestLoosened],
        ),
        (
            "in",
            vec![(
                "tests/test_a.py",
                one,
                "def test_add():\n    assert add(1, 2) in (3, 4)\n    assert add(0, 0) == 0\n",
            )],
            &[TestLoosened],
        ),
        (
            "or True",
            vec![(
                "tests/test_a.py",
                one,
                "def test_add():\n    assert add(1, 2) == 3 or True\n    assert add(0, 0) == 0\n",
            )],
            &[TestLoosened],
        ),
        (
            "assertTrue",
            vec![(
                "test_a.py",
                unit,
                &unit.replace("assertEqual(add(1), 2)", "assertTrue(add(1))"),
            )],
            &[TestLoosened],
        ),
        (
            "assertIsNotNone",
            vec![(
                "test_a.py",
                unit,
                &unit.replace("assertEqual(add(1), 2)", "assertIsNotNone(add(1))"),
            )],
            &[TestLoosened],
        ),
        (
            "a broad exception",
            vec![(
                "test_a.py",
                "def test_e():\n    with pytest.raises(ValueError):\n        f()\n",
                "def test_e():\n    with pytest.raises(Exception):\n        f()\n",
            )],
            &[TestLoosened],
        ),
        (
            "swallowed",
            vec![(
                "test_a.py",
                "def test_e():\n    f()\n    assert g() == 1\n",
                "def test_e():\n    f()\n    try:\n        assert g() == 1\n    except AssertionError:\n        pass\n",
            )],
            &[TestLoosened],
        ),
        (
            "a tolerance grown",
            vec![("test_a.py", near, &near.replace("1e-7", "1e-1"))],
            &[TestLoosened],
        ),
        (
            "a timeout grown",
            vec![(
                "test_a.py",
                "def test_t():\n    assert wait(timeout=5) == 1\n",
                "def test_t():\n    assert wait(timeout=500) == 1\n",
            )],
            &[TestLoosened],
        ),
        (
            "a case gone",
            vec![(
                "test_a.py",
                "@pytest.mark.parametrize('a', [1, 2, 3])\ndef test_t(a):\n    assert f(a) == 1\n",
                "@pytest.mark.parametrize('a', [1])\ndef test_t(a):\n    assert f(a) == 1\n",
            )],
            &[TestLoosened],
        ),
        (
            "conftest",
            vec![(
                "conftest.py",
                "import a\n",
                "import a\ncollect_ignore = ['test_a.py']\n",
            )],
            &[TestSkipped],
        ),
    ]);
}

#[test]
fn x61_javascript() {
    let one = "describe('sum', () => {\n  it('adds', async () => {\n    expect(add(1, 2)).toBe(3);\n  });\n});\n";
    let node = "test('adds', (t) => {\n  assert.strictEqual(add(1), 2);\n});\n";
    let becomes = |to: &str| one.replace("expect(add(1, 2)).toBe(3)", to);
    holds(&[
        (
            "deleted",
            vec![("a.test.js", one, "describe('sum', () => {\n});\n")],
            &[TestDeleted],
        ),
        (
            "it.skip",
            vec![("a.test.js", one, &one.replace("it('", "it.skip('"))],
            &[TestSkipped],
        ),
        (
            "xit",
            vec![("a.test.ts", one, &one.replace("it('", "xit('"))],
            &[TestSkipped],
        ),
        (
            "describe.skip",
            vec![(
                "a.test.ts",
                one,
                &one.replace("describe(", "describe.skip("),
            )],
            &[TestSkipped],
        ),
        (
            "it.only",
            vec![(
                "a.test.ts",
                one,
                &one.replace(
                    "});\n});",
                    "});\n  it.only('is new', () => {\n    expect(1 + x).toBe(2);\n  });\n});",
                ),
            )],
            &[TestSkipped],
        ),
        (
            "todo",
            vec![("a.test.ts", one, &one.replace("it('", "it.todo('"))],
            &[TestSkipped],
        ),
        (
            "playwright",
            vec![(
                "e2e/a.spec.ts",
                "test('opens', async ({page}) => {\n  await expect(page).toHaveTitle('A');\n});\n",
                "test.fixme('opens', async ({page}) => {\n  await expect(page).toHaveTitle('A');\n});\n",
            )],
            &[TestSkipped],
        ),
        (
            "not collected",
            vec![("src/a.test.js", one, ""), ("src/a.checks.js", "", one)],
            &[TestRenamedAway],
        ),
        (
            "toBeDefined",
            vec![(
                "a.test.js",
                one,
                &becomes("expect(add(1, 2)).toBeDefined()"),
            )],
            &[TestLoosened],
        ),
        (
            "toBeTruthy",
            vec![("a.test.js", one, &becomes("expect(add(1, 2)).toBeTruthy()"))],
            &[TestLoosened],
        ),
        (
            "not",
            vec![("a.test.js", one, &becomes("expect(add(1, 2)).not.toBe(4)"))],
            &[TestLoosened],
        ),
        (
            "constant",
            vec![("a.test.js", one, &becomes("expect(true).toBe(true)"))],
            &[TestLoosened],
        ),
        (
            "expect.anything is not seen",
            vec![("a.test.js", one, &becomes("expect(add(1, 2)).toBe(4)"))],
            &[],
        ),
        (
            "swallowed",
            vec![(
                "a.test.js",
                one,
                &becomes("try { expect(add(1, 2)).toBe(3); } catch (e) {}"),
            )],
            &[TestLoosened],
        ),
        (
            "node ok",
            vec![(
                "test/a.mjs",
                node,
                &node.replace("assert.strictEqual(add(1), 2)", "assert.ok(add(1))"),
            )],
            &[TestLoosened],
        ),
        (
            "chai",
            vec![(
                "test/a.js",
                "it('a', () => {\n  expect(f()).to.equal(3);\n});\n",
                "it('a', () => {\n  expect(f()).to.exist;\n});\n",
            )],
            &[TestLoosened],
        ),
        (
            "toBeCloseTo",
            vec![(
                "a.test.js",
                &becomes("expect(add(1, 2)).toBeCloseTo(3, 5)"),
                &becomes("expect(add(1, 2)).toBeCloseTo(3, 1)"),
            )],
            &[TestLoosened],
        ),
        (
            "a case gone",
            vec![(
                "a.test.js",
                "it.each([[1, 2], [2, 3]])('adds', (a, b) => {\n  expect(f(a)).toBe(b);\n});\n",
                "it.each([[1, 2]])('adds', (a, b) => {\n  expect(f(a)).toBe(b);\n});\n",
            )],
            &[TestLoosened],
        ),
        (
            "retries",
            vec![(
                "a.test.js",
                one,
                &becomes("jest.retryTimes(3); expect(add(1, 2)).toBe(3)"),
            )],
            &[TestLoosened],
        ),
    ]);
}

#[test]
fn x61_go() {
    let one = "func TestAdd(t *testing.T) {\n\tif got := Add(1, 2); got != 3 {\n\t\tt.Errorf(\"got %d\", got)\n\t}\n}\n";
    let testify = "func TestAdd(t *testing.T) {\n\tassert.Equal(t, 3, Add(1, 2))\n}\n";
    let table = "func TestT(t *testing.T) {\n\ttests := []struct {\n\t\tin, out int\n\t}{\n\t\t{1, 2},\n\t\t{2, 3},\n\t}\n\tfor _, tt := range tests {\n\t\tif F(tt.in) != tt.out {\n\t\t\tt.Fatal(tt)\n\t\t}\n\t}\n}\n";
    holds(&[
        (
            "deleted",
            vec![("a_test.go", one, "package a\n")],
            &[TestDeleted],
        ),
        (
            "skipped",
            vec![(
                "a_test.go",
                one,
                &one.replace("{\n\tif got", "{\n\tt.Skip(\"flaky\")\n\tif got"),
            )],
            &[TestSkipped],
        ),
        (
            "build tag",
            vec![("a_test.go", one, &format!("//go:build ignore\n\n{one}"))],
            &[TestSkipped],
        ),
        (
            "renamed",
            vec![("a_test.go", one, &one.replace("TestAdd", "testAdd"))],
            &[TestRenamedAway],
        ),
        (
            "error gone",
            vec![(
                "a_test.go",
                one,
                &one.replace("t.Errorf(\"got %d\", got)", "t.Logf(\"got %d\", got)"),
            )],
            &[TestLoosened],
        ),
        (
            "NotNil",
            vec![(
                "a_test.go",
                testify,
                &testify.replace("Equal(t, 3, Add(1, 2))", "NotNil(t, Add(1, 2))"),
            )],
            &[TestLoosened],
        ),
        (
            "a row gone",
            vec![("a_test.go", table, &table.replace("\t\t{2, 3},\n", ""))],
            &[TestLoosened],
        ),
    ]);
}

#[test]
fn x61_jvm() {
    let one = "class ATest {\n    @Test\n    void adds() {\n        assertEquals(3, add(1, 2));\n    }\n}\n";
    let kotlin = "class ATest {\n    @Test\n    fun `adds numbers`() {\n        assertThat(add(1)).isEqualTo(2)\n    }\n}\n";
    let spock = "class ASpec {\n    def \"adds\"() {\n        assert add(1) == 2\n    }\n}\n";
    holds(&[
        (
            "deleted",
            vec![("src/test/java/ATest.java", one, "class ATest {\n}\n")],
            &[TestDeleted],
        ),
        (
            "disabled",
            vec![("ATest.java", one, &one.replace("@Test", "@Disabled @Test"))],
            &[TestSkipped],
        ),
        (
            "testng",
            vec![(
                "ATest.java",
                one,
                &one.replace("@Test", "@Test(enabled = false)"),
            )],
            &[TestSkipped],
        ),
        (
            "annotation gone",
            vec![("ATest.java", one, &one.replace("    @Test\n", ""))],
            &[TestRenamedAway],
        ),
        (
            "assertNotNull",
            vec![(
                "ATest.java",
                one,
                &one.replace("assertEquals(3, add(1, 2))", "assertNotNull(add(1, 2))"),
            )],
            &[TestLoosened],
        ),
        (
            "kotlin isNotNull",
            vec![(
                "ATest.kt",
                kotlin,
                &kotlin.replace("isEqualTo(2)", "isNotNull()"),
            )],
            &[TestLoosened],
        ),
        (
            "spock",
            vec![(
                "ASpec.groovy",
                spock,
                &spock.replace("    def", "    @Ignore\n    def"),
            )],
            &[TestSkipped],
        ),
        (
            "broad",
            vec![(
                "ATest.java",
                &one.replace(
                    "assertEquals(3, add(1, 2))",
                    "assertThrows(IOException.class, () -> f())",
                ),
                &one.replace(
                    "assertEquals(3, add(1, 2))",
                    "assertThrows(Exception.class, () -> f())",
                ),
            )],
            &[TestLoosened],
        ),
    ]);
}

#[test]
fn x61_ruby_php_and_elixir() {
    let rspec = "describe Sum do\n  it \"adds\" do\n    expect(add(1)).to eq(2)\n  end\nend\n";
    let mini =
        "class TestSum < Minitest::Test\n  def test_add\n    assert_equal 2, add(1)\n  end\nend\n";
    let php = "class ATest extends TestCase {\n    public function testAdd(): void {\n        $this->assertSame(2, add(1));\n    }\n}\n";
    let pest = "it('adds', function () {\n    expect(add(1))->toBe(2);\n});\n";
    let exs = "defmodule ATest do\n  test \"adds\" do\n    assert add(1) == 2\n  end\nend\n";
    holds(&[
        (
            "rspec deleted",
            vec![("a_spec.rb", rspec, "describe Sum do\nend\n")],
            &[TestDeleted],
        ),
        (
            "rspec xit",
            vec![("a_spec.rb", rspec, &rspec.replace("it \"", "xit \""))],
            &[TestSkipped],
        ),
        (
            "rspec focus",
            vec![(
                "a_spec.rb",
                rspec,
                &rspec.replace("  it \"adds\" do", "  it \"adds\", :focus do"),
            )],
            &[TestSkipped],
        ),
        (
            "rspec loosened",
            vec![(
                "a_spec.rb",
                rspec,
                &rspec.replace("to eq(2)", "not_to be_nil"),
            )],
            &[TestLoosened],
        ),
        (
            "minitest skipped",
            vec![(
                "test_a.rb",
                mini,
                &mini.replace("    assert_equal", "    skip\n    assert_equal"),
            )],
            &[TestSkipped],
        ),
        (
            "minitest renamed",
            vec![("test_a.rb", mini, &mini.replace("test_add", "tst_add"))],
            &[TestRenamedAway],
        ),
        (
            "minitest loosened",
            vec![(
                "test_a.rb",
                mini,
                &mini.replace("assert_equal 2, add(1)", "assert add(1)"),
            )],
            &[TestLoosened],
        ),
        (
            "phpunit deleted",
            vec![("ATest.php", php, "class ATest extends TestCase {\n}\n")],
            &[TestDeleted],
        ),
        (
            "phpunit skipped",
            vec![(
                "ATest.php",
                php,
                &php.replace(
                    "        $this",
                    "        $this->markTestSkipped();\n        $this",
                ),
            )],
            &[TestSkipped],
        ),
        (
            "phpunit loosened",
            vec![(
                "ATest.php",
                php,
                &php.replace("assertSame(2, add(1))", "assertNotNull(add(1))"),
            )],
            &[TestLoosened],
        ),
        (
            "pest skipped",
            vec![("ATest.php", pest, &pest.replace("});", "})->skip();"))],
            &[TestSkipped],
        ),
        (
            "exunit deleted",
            vec![("a_test.exs", exs, "defmodule ATest do\nend\n")],
            &[TestDeleted],
        ),
        (
            "exunit skipped",
            vec![(
                "a_test.exs",
                exs,
                &exs.replace("  test", "  @tag :skip\n  test"),
            )],
            &[TestSkipped],
        ),
        (
            "exunit loosened",
            vec![(
                "a_test.exs",
                exs,
                &exs.replace("assert add(1) == 2", "assert add(1)"),
            )],
            &[TestLoosened],
        ),
    ]);
}

#[test]
fn x61_c_csharp_and_shell() {
    let gtest = "TEST(Sum, Adds) {\n  EXPECT_EQ(add(1, 2), 3);\n}\n";
    let catch = "TEST_CASE(\"adds\", \"[sum]\") {\n  REQUIRE(add(1, 2) == 3);\n}\n";
    let xunit = "public class T {\n    [Fact]\n    public void Adds()\n    {\n        Assert.Equal(3, Add(1, 2));\n    }\n}\n";
    let bats = "@test \"adds\" {\n  run add 1 2\n  [ \"$output\" = 3 ]\n}\n";
    let script = "test \"$(sh add.sh 2 3)\" = 5\n";
    holds(&[
        (
            "gtest deleted",
            vec![("a_test.cc", gtest, "int x;\n")],
            &[TestDeleted],
        ),
        (
            "gtest disabled",
            vec![("a_test.cc", gtest, &gtest.replace("Adds", "DISABLED_Adds"))],
            &[TestSkipped],
        ),
        (
            "gtest skipped",
            vec![(
                "a_test.cc",
                gtest,
                &gtest.replace("  EXPECT", "  GTEST_SKIP();\n  EXPECT"),
            )],
            &[TestSkipped],
        ),
        (
            "if 0",
            vec![("a_test.cc", gtest, &format!("#if 0\n{gtest}#endif\n"))],
            &[TestSkipped],
        ),
        (
            "gtest loosened",
            vec![(
                "a_test.cc",
                gtest,
                &gtest.replace("EXPECT_EQ(add(1, 2), 3)", "EXPECT_GT(add(1, 2), 0)"),
            )],
            &[TestLoosened],
        ),
        (
            "catch hidden",
            vec![("a.cpp", catch, &catch.replace("[sum]", "[.][sum]"))],
            &[TestRenamedAway],
        ),
        (
            "xunit skipped",
            vec![(
                "T.cs",
                xunit,
                &xunit.replace("[Fact]", "[Fact(Skip = \"flaky\")]"),
            )],
            &[TestSkipped],
        ),
        (
            "xunit attribute gone",
            vec![("T.cs", xunit, &xunit.replace("    [Fact]\n", ""))],
            &[TestRenamedAway],
        ),
        (
            "xunit loosened",
            vec![(
                "T.cs",
                xunit,
                &xunit.replace("Assert.Equal(3, Add(1, 2))", "Assert.NotNull(Add(1, 2))"),
            )],
            &[TestLoosened],
        ),
        (
            "bats skipped",
            vec![("a.bats", bats, &bats.replace("  run", "  skip\n  run"))],
            &[TestSkipped],
        ),
        (
            "bats loosened",
            vec![("a.bats", bats, &bats.replace("  [ \"$output\" = 3 ]\n", ""))],
            &[TestLoosened],
        ),
        (
            "script deleted",
            vec![("test.sh", script, "")],
            &[TestDeleted],
        ),
        (
            "script emptied",
            vec![("test.sh", script, "echo fine\n")],
            &[TestLoosened],
        ),
    ]);
}
