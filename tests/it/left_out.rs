//! Says aloud which test is left out, and why.

use std::io::Write as _;

/// One line on standard error, which the test runner does not swallow.
pub(crate) fn left_out(test: &str, why: &str) {
    let mut error = std::io::stderr();
    writeln!(error, "left out: {test} ({why})").unwrap();
}
