//! The log as lines, in one pass and in bounded memory: a buffer that keeps a little of what is
//! behind, so that a line which turns out to matter can still be shown with what led to it.
//!
//! A line longer than [`LONGEST`] is cut there; what follows in it is skipped, not kept.

use std::io::{self, Read};
use std::ops::Range;

/// Bytes of a line that are kept at most.
const LONGEST: usize = 64 * 1024;
/// Bytes that are read at once.
const CHUNK: usize = 256 * 1024;
/// Bytes behind the current line that stay readable.
const BEHIND: usize = 128 * 1024;

/// Whole lines that were read, as places in [`Reader::bytes`].
pub(super) struct Reader<R> {
    source: R,
    buffer: Vec<u8>,
    /// Where the bytes begin that no batch held yet.
    fresh: usize,
    /// Within a line that was cut.
    skipping: bool,
    /// No byte in front of this belongs to a whole line any more.
    floor: usize,
    /// Bytes read so far.
    pub(super) total: u64,
    ended: bool,
}

impl<R: Read> Reader<R> {
    pub(super) fn new(source: R) -> Self {
        Self {
            source,
            buffer: Vec::with_capacity(BEHIND + CHUNK + LONGEST),
            fresh: 0,
            skipping: false,
            floor: 0,
            total: 0,
            ended: false,
        }
    }

    /// What is readable: the current batch and a little before it.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.buffer
    }

    /// Where the oldest whole line begins.
    pub(super) fn floor(&self) -> usize {
        self.floor
    }

    /// The next batch of whole lines, each with its line feed unless it is the last or was cut.
    pub(super) fn batch(&mut self) -> io::Result<Option<Range<usize>>> {
        self.forget();
        loop {
            if self.ended {
                let batch = self.fresh..self.buffer.len();
                self.fresh = self.buffer.len();
                return Ok((!batch.is_empty()).then_some(batch));
            }
            let before = self.buffer.len();
            self.fill()?;
            let start = if self.skipping {
                self.end_skip(before)
            } else {
                before
            };
            if let Some(last) = memchr::memrchr(b'\n', &self.buffer[start..]) {
                let batch = self.fresh..start + last + 1;
                self.fresh = batch.end;
                return Ok(Some(batch));
            }
            if !self.skipping && self.buffer.len() - self.fresh > LONGEST {
                self.buffer.truncate(self.fresh + LONGEST);
                self.skipping = true;
            }
        }
    }

    /// Drops what is read and too far behind.
    fn forget(&mut self) {
        if self.fresh <= BEHIND {
            return;
        }
        let cut = self.fresh - BEHIND;
        self.floor =
            memchr::memchr(b'\n', &self.buffer[cut..self.fresh]).map_or(BEHIND, |at| at + 1);
        self.buffer.drain(..cut);
        self.fresh -= cut;
    }

    fn fill(&mut self) -> io::Result<()> {
        let before = self.buffer.len();
        self.buffer.resize(before + CHUNK, 0);
        let read = loop {
            match self.source.read(&mut self.buffer[before..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        let count = *read.as_ref().unwrap_or(&0);
        self.buffer.truncate(before + count);
        self.total += count as u64;
        self.ended = count == 0;
        read.map(drop)
    }

    /// Drops what was read of a line that was cut, up to its line feed.
    fn end_skip(&mut self, from: usize) -> usize {
        let end = memchr::memchr(b'\n', &self.buffer[from..]);
        self.skipping = end.is_none() && !self.ended;
        let gone = end.unwrap_or(self.buffer.len() - from);
        self.buffer.drain(from..from + gone);
        from
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(log: &[u8]) -> Vec<usize> {
        let mut reader = Reader::new(log);
        let mut found = Vec::new();
        while let Some(batch) = reader.batch().unwrap() {
            found.extend(
                reader.bytes()[batch]
                    .split_inclusive(|b| *b == b'\n')
                    .map(<[u8]>::len),
            );
        }
        found
    }

    #[test]
    fn every_line_comes_once_and_a_long_one_is_cut() {
        assert_eq!(lines(b""), Vec::<usize>::new());
        assert_eq!(lines(b"a\nbc\n\nd"), [2, 3, 1, 1]);
        let mut log = vec![b'x'; 5_000_000];
        log.extend(b"\nshort\n");
        assert_eq!(lines(&log), [LONGEST + 1, 6]);
        let many = b"0123456789\n".repeat(200_000);
        assert_eq!(lines(&many).len(), 200_000);
        assert!(lines(&many).iter().all(|length| *length == 11));
    }
}
