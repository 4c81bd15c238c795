//! A log to keep: its lines cleaned and masked, in a bounded number of bytes, packed with gzip.
//!
//! Of a log that is too long its middle is left out; the lines stay, empty, so that a line has the
//! same number here as in the digest.

use std::collections::VecDeque;
use std::io::{self, Read, Write as _};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::read::Reader;
use super::{clean, mask};

/// Bytes of text that are kept of the beginning of a log, and as many of its end: what sets a job
/// up, and what ends it, of nearly every log all of it.
const KEPT: usize = 4 * 1024 * 1024;

/// A packed log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed {
    /// The bytes, as gzip.
    pub bytes: Vec<u8>,
    /// Its lines.
    pub lines: u64,
    /// Lines of its middle that are empty now.
    pub left_out: u64,
}

/// Packs the log of one job, in bounded memory.
///
/// # Errors
/// When reading fails.
pub fn pack(log: impl Read) -> io::Result<Packed> {
    let mut reader = Reader::new(log);
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    let (mut lines, mut left_out, mut head) = (0, 0, 0);
    let mut tail = Tail::default();
    while let Some(batch) = reader.batch()? {
        for raw in reader.bytes()[batch].split_inclusive(|byte| *byte == b'\n') {
            lines += 1;
            let text = mask::mask(&clean::clean(raw), &mut 0);
            if head + text.len() < KEPT && tail.lines.is_empty() && left_out == 0 {
                head += text.len() + 1;
                writeln!(packed, "{text}")?;
                continue;
            }
            for _ in 0..tail.push(text) {
                left_out += 1;
                writeln!(packed)?;
            }
        }
    }
    for text in tail.lines {
        writeln!(packed, "{text}")?;
    }
    Ok(Packed {
        bytes: packed.finish()?,
        lines,
        left_out,
    })
}

/// The last lines so far.
#[derive(Default)]
struct Tail {
    lines: VecDeque<String>,
    bytes: usize,
}

/// Bytes that a line costs beside its text.
const OF_LINE: usize = size_of::<String>();

impl Tail {
    /// Takes a line, and gives how many older ones went for it.
    fn push(&mut self, text: String) -> usize {
        self.bytes += text.len() + OF_LINE;
        self.lines.push_back(text);
        let mut gone = 0;
        while self.bytes > KEPT
            && let Some(oldest) = self.lines.pop_front()
        {
            self.bytes -= oldest.len() + OF_LINE;
            gone += 1;
        }
        gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unpacked(packed: &Packed) -> String {
        let mut text = String::new();
        let mut reader = flate2::read::GzDecoder::new(packed.bytes.as_slice());
        reader.read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn a_kept_log_is_clean_and_masked() {
        let log = b"\x1b[31mred\x1b[0m\n\xff\xfe\ntoken: ghp_abcdefghijklmnopqrstuvwxyz0123\n";
        let packed = pack(log.as_slice()).unwrap();
        assert_eq!((packed.lines, packed.left_out), (3, 0));
        assert_eq!(
            unpacked(&packed),
            "red\n\u{fffd}\u{fffd}\ntoken: [masked]\n"
        );
    }

    #[test]
    fn of_a_long_log_the_middle_is_empty_and_every_line_keeps_its_number() {
        let log: String = (1..=400_000)
            .map(|number| format!("line {number} of a log with some text in it\n"))
            .collect();
        let packed = pack(log.as_bytes()).unwrap();
        let text = unpacked(&packed);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!((packed.lines, lines.len()), (400_000, 400_000));
        assert!(packed.left_out > 100_000 && text.len() < 3 * KEPT);
        for (at, line) in lines
            .iter()
            .enumerate()
            .filter(|(_, line)| !line.is_empty())
        {
            assert!(line.starts_with(&format!("line {} ", at + 1)), "{line}");
        }
        assert!(lines[0].starts_with("line 1 ") && lines[399_999].starts_with("line 400000 "));
    }
}
