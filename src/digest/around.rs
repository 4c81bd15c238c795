//! A line, and the lines in front of it that are still in memory.

use super::clean::clean;

/// A line, and the bytes around it.
pub(super) struct Around<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) floor: usize,
    pub(super) at: usize,
    pub(super) stop: usize,
}

impl Around<'_> {
    /// The line that many before, cleaned.
    pub(super) fn back(&self, lines: usize) -> Option<String> {
        let mut end = self.at;
        for _ in 1..lines {
            end = self.start(end)?;
        }
        let start = self.start(end)?;
        Some(clean(&self.bytes[start..end]))
    }

    /// Where the line that ends there begins.
    fn start(&self, end: usize) -> Option<usize> {
        if end <= self.floor {
            return None;
        }
        Some(
            memchr::memrchr(b'\n', &self.bytes[self.floor..end - 1])
                .map_or(self.floor, |at| self.floor + at + 1),
        )
    }
}
