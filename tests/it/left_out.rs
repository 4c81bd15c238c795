//! Says aloud which test is left out, and why.

use std::io::Write as _;

/// One line on standard error, which the test runner does not swallow.
pub(crate) fn left_out(test: &str, why: &str) {
    writeln!(std::io::stderr(), "left out: {test} ({why})").unwrap();
}
