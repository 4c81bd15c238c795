//! Says aloud which test is left out, and why.

use std::io::Write as _;

/// Where this is set, everything that tests need is installed: nothing may be left out.
/// `tests/run.sh` sets it.
const ALL: &str = "CASTELLAN_TEST_ALL";

/// Something that the test needs is not installed, or does not start.
pub(crate) fn left_out(test: &str, why: &str) {
    assert!(
        std::env::var_os(ALL).is_none(),
        "{test} would be left out ({why}), and {ALL} is set"
    );
    not_here(test, why);
}

/// The test is about another kind of account or machine, which nobody can install.
pub(crate) fn not_here(test: &str, why: &str) {
    let mut error = std::io::stderr();
    // One line on standard error, which the test runner does not swallow.
    writeln!(error, "left out: {test} ({why})").unwrap();
}
