//! Where a log comes from: a file or standard input, as text, gzip, or an archive.
//!
//! What is packed is not believed: it may unpack to more than anybody can read, and it may break
//! off. Then what is there is read, and the caller is told.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek as _};
use std::path::Path;

use anyhow::Context as _;

/// Bytes that may come out of gzip or of an archive: more than any job writes, and some minutes
/// of reading.
pub(super) const UNPACKED_BYTES_MAX: u64 = 4 * 1024 * 1024 * 1024;
/// Bytes of an archive on standard input, which has to lie on the disk to be read.
const SPOOLED_BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// The first bytes of gzip, of an archive, and of an empty one.
const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZIP: [[u8; 4]; 2] = [*b"PK\x03\x04", *b"PK\x05\x06"];

/// What a file holds.
pub(super) enum Source {
    /// One job's log.
    Log(Log<Box<dyn Read>>),
    /// An archive, at its beginning.
    Archive(File),
}

impl Source {
    /// Opens a file, or standard input for `-`.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        if path.as_os_str() == "-" {
            return Self::of(io::stdin(), None);
        }
        let file = File::open(path).context("it cannot be opened")?;
        let regular = file.metadata().is_ok_and(|meta| meta.is_file());
        let whole = regular.then(|| file.try_clone()).transpose()?;
        Self::of(file, whole)
    }

    /// Looks at the first bytes; `whole` is the same as a file in which one can go back.
    fn of(source: impl Read + 'static, whole: Option<File>) -> anyhow::Result<Self> {
        let mut source = source;
        let mut start = Vec::new();
        (&mut source).take(4).read_to_end(&mut start)?;
        if ZIP.iter().any(|magic| start == magic) {
            let mut file = match whole {
                Some(file) => file,
                None => spooled(Cursor::new(start).chain(source))?,
            };
            file.rewind()?;
            return Ok(Self::Archive(file));
        }
        let gzip = start.starts_with(&GZIP);
        let all = Cursor::new(start).chain(source);
        Ok(Self::Log(if gzip {
            let unpacked = flate2::read::MultiGzDecoder::new(all);
            Log::unpacked(Box::new(unpacked), UNPACKED_BYTES_MAX)
        } else {
            Log::plain(Box::new(all))
        }))
    }
}

/// A copy on the disk, without a name.
fn spooled(source: impl Read) -> anyhow::Result<File> {
    let mut file = tempfile::tempfile().context("no temporary file can be made; set TMPDIR")?;
    let copied = io::copy(&mut source.take(SPOOLED_BYTES_MAX + 1), &mut file)
        .context("it cannot be copied to a temporary file; set TMPDIR")?;
    anyhow::ensure!(
        copied <= SPOOLED_BYTES_MAX,
        "the archive has more than {SPOOLED_BYTES_MAX} bytes; give it as a file"
    );
    Ok(file)
}

/// A log that may break off where it is packed.
pub(super) struct Log<R> {
    source: R,
    packed: bool,
    /// Bytes that may still come.
    left: u64,
    /// Why it broke off.
    broken: Option<io::Error>,
}

impl<R: Read> Log<R> {
    /// A text of any length.
    fn plain(source: R) -> Self {
        Self {
            source,
            packed: false,
            left: u64::MAX,
            broken: None,
        }
    }

    /// What comes out of something packed, at most so many bytes.
    pub(super) fn unpacked(source: R, most: u64) -> Self {
        Self {
            source,
            packed: true,
            left: most,
            broken: None,
        }
    }

    /// Bytes that it may still give.
    pub(super) fn left(&self) -> u64 {
        self.left
    }

    /// Why it broke off, if it did.
    pub(super) fn broken(self) -> Option<io::Error> {
        self.broken
    }
}

impl<R: Read> Read for Log<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
        if self.broken.is_some() {
            return Ok(0);
        }
        match self.source.read(into) {
            Ok(read) => {
                self.left = self.left.checked_sub(read as u64).ok_or_else(|| {
                    io::Error::other(format!(
                        "it unpacks to more than {UNPACKED_BYTES_MAX} bytes; give one job's log, unpacked"
                    ))
                })?;
                Ok(read)
            }
            Err(error)
                if self.packed
                    && matches!(error.kind(), UnexpectedEof | InvalidData | InvalidInput) =>
            {
                self.broken = Some(error);
                Ok(0)
            }
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_unpacks_to_too_much_is_refused_and_what_breaks_off_is_told() {
        let mut bomb = Log::unpacked(io::repeat(b'x'), 1_000_000);
        let refused = io::copy(&mut bomb, &mut io::sink()).unwrap_err();
        assert!(refused.to_string().contains("unpacks to more than"));
        let mut text = Log::plain(io::repeat(b'x').take(2_000_000));
        assert_eq!(io::copy(&mut text, &mut io::sink()).unwrap(), 2_000_000);
        assert!(text.broken().is_none());
        let half = flate2::read::MultiGzDecoder::new(&b"\x1f\x8b\x08 and no more"[..]);
        let mut half = Log::unpacked(half, 1000);
        assert_eq!(io::copy(&mut half, &mut io::sink()).unwrap(), 0);
        assert!(half.broken().is_some());
    }
}
