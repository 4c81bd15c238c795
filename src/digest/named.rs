//! The tests and diagnostics that signs name, each once.

use super::annotations::{self, ends_alike, shares};
use super::clean::head;
use super::found::{Diagnostic, Test};
use super::rules::{Place, Sign};

/// Tests and diagnostics that are told apart; beyond, they are only counted.
const APART: usize = 300;
/// Bytes of a name, a path or a message.
const TEXT: usize = 300;

/// What was named so far.
#[derive(Default)]
pub(super) struct Named {
    pub(super) tests: Vec<Test>,
    pub(super) diagnostics: Vec<Diagnostic>,
    pub(super) more_tests: u64,
    pub(super) more_diagnostics: u64,
    /// Whether the last thing named was a diagnostic.
    last_is_diagnostic: bool,
}

impl Named {
    /// Takes what a sign names.
    pub(super) fn learn(&mut self, sign: &Sign) {
        if let Some(diagnostic) = &sign.diagnostic {
            self.diagnostic(diagnostic);
        }
        if let Some(test) = &sign.test {
            self.test(test);
        }
        if let Some(place) = &sign.place {
            self.place(place);
        }
        if let Some(message) = &sign.message
            && !self.last_is_diagnostic
            && let Some(test) = self.tests.last_mut().filter(|test| test.message.is_empty())
        {
            head(message, TEXT).clone_into(&mut test.message);
        }
    }

    fn diagnostic(&mut self, found: &Diagnostic) {
        self.last_is_diagnostic = true;
        let same = |known: &&mut Diagnostic| {
            known.line == found.line
                && known.file == found.file
                && known.code == found.code
                && known.message == head(&found.message, TEXT)
        };
        let known = self
            .diagnostics
            .iter_mut()
            .filter(|_| found.file.is_some())
            .find(same);
        if let Some(known) = known {
            known.times += 1;
        } else if self.diagnostics.len() < APART {
            let mut found = found.clone();
            found
                .message
                .truncate(found.message.floor_char_boundary(TEXT));
            self.diagnostics.push(found);
        } else {
            self.more_diagnostics += 1;
        }
    }

    /// Takes an annotation, unless the log said the same; then it fills in what the log left out.
    pub(super) fn annotation(&mut self, found: &Diagnostic) {
        let mut known = self.diagnostics.iter_mut();
        if let Some(known) = known.find(|known| annotations::same(known, found)) {
            if known.file.is_none() {
                known.file.clone_from(&found.file);
            }
            known.line = known.line.or(found.line);
            known.column = known.column.or(found.column);
            return;
        }
        let of_test = |test: &&mut Test| {
            let place = test.file.as_ref().zip(found.file.as_ref());
            let there = place.is_some_and(|(one, other)| ends_alike(one, other));
            let said = shares(&test.message, &found.message)
                || (!test.id.is_empty() && found.message.contains(&test.id));
            (there && test.line == found.line) || (said && (there || test.file.is_none()))
        };
        if let Some(test) = self.tests.iter_mut().find(of_test) {
            test.line = test.line.or(found.line);
            if test.file.is_none() {
                test.file.clone_from(&found.file);
            }
        } else if self.diagnostics.len() < APART {
            self.diagnostics.push(found.clone());
        } else {
            self.more_diagnostics += 1;
        }
    }

    /// Takes a test that failed.
    pub(super) fn test(&mut self, found: &Test) {
        self.last_is_diagnostic = false;
        if let Some(at) = self
            .tests
            .iter()
            .position(|known| same(&known.id, &found.id))
        {
            let known = &mut self.tests[at];
            if found.id.len() > known.id.len() {
                known.id.clone_from(&found.id);
                known.framework = found.framework;
            }
            if known.file.is_none() || known.line.unwrap_or(0) == 0 {
                known.file = found.file.clone().or(known.file.take());
                known.line = found.line.filter(|line| *line > 0).or(known.line);
            }
            if known.message.is_empty() {
                head(&found.message, TEXT).clone_into(&mut known.message);
            }
            let known = self.tests.remove(at);
            self.tests.push(known);
        } else if self.tests.len() < APART {
            let mut found = found.clone();
            found.id.truncate(found.id.floor_char_boundary(TEXT));
            found
                .message
                .truncate(found.message.floor_char_boundary(TEXT));
            found.line = found.line.filter(|line| *line > 0);
            self.tests.push(found);
        } else {
            self.more_tests += 1;
        }
    }

    /// A place that was said behind what it belongs to.
    fn place(&mut self, place: &Place) {
        if self.last_is_diagnostic {
            if let Some(last) = self
                .diagnostics
                .last_mut()
                .filter(|last| last.file.is_none())
            {
                last.file = Some(place.file.clone());
                last.line = Some(place.line);
                last.column = place.column;
            }
        } else if let Some(test) = self.tests.last_mut().filter(|test| test.line.is_none()) {
            test.file = Some(place.file.clone());
            test.line = Some(place.line);
        }
    }
}

/// Whether two names are of one test: `test_a` and `tests/x.py::test_a`.
fn same(one: &str, other: &str) -> bool {
    let (short, long) = if one.len() <= other.len() {
        (one, other)
    } else {
        (other, one)
    };
    if short == long {
        return true;
    }
    let plain = |name: &str| name.replace("::", ".");
    let (short, long) = (plain(short), plain(long));
    short.len() > 3
        && long
            .strip_suffix(&short)
            .is_some_and(|front| front.ends_with('.'))
}
