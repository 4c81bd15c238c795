//! The same job's last passing log, as the set of its lines, to tell what is new.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{self, Read};

use super::clean::clean;
use super::fingerprint::coarse;
use super::read::Reader;

/// Different lines that are remembered; 16 MB of them. Beyond, a line counts as new.
const LINES: usize = 1_000_000;

/// Which lines a passing log holds, times and numbers masked.
#[derive(Debug)]
pub struct Baseline {
    lines: HashSet<u64>,
}

impl Baseline {
    /// Reads a passing log.
    ///
    /// # Errors
    ///
    /// When reading fails.
    pub fn read(log: impl Read) -> io::Result<Self> {
        let mut lines = HashSet::new();
        let mut reader = Reader::new(log);
        while let Some(batch) = reader.batch()? {
            for raw in reader.bytes()[batch].split(|byte| *byte == b'\n') {
                if lines.len() < LINES {
                    lines.insert(key(&clean(raw)));
                }
            }
        }
        Ok(Self { lines })
    }

    /// Whether the passing log holds that line.
    pub(super) fn holds(&self, text: &str) -> bool {
        self.lines.contains(&key(text))
    }
}

fn key(text: &str) -> u64 {
    let mut hash = DefaultHasher::new();
    coarse(text).hash(&mut hash);
    hash.finish()
}
