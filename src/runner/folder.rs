//! Files below one folder, reached step by step without following any symbolic link.
//!
//! A workspace was a stranger's to fill: `a/b` may be a link to anywhere, and change while one
//! looks. So every path is opened part by part, from a folder that is held open.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use rustix::fs::{
    AtFlags, Dir, FileType, Mode, OFlags, fchmod, fstat, mkdirat, openat, readlinkat, statat,
    symlinkat, unlinkat,
};

const FOLDER: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// A folder that is held open.
#[derive(Debug)]
pub(super) struct Folder(OwnedFd);

/// What a name in a folder stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Folder,
    File,
    Link,
    /// A socket, a pipe or a device.
    Other,
}

/// A file as git sees it: mode and content, the target where it is a symbolic link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Blob {
    pub(super) mode: &'static str,
    pub(super) content: Vec<u8>,
}

/// Git's mode of a file that cannot be run.
pub(super) const PLAIN: &str = "100644";
/// Git's mode of a file that can be run.
pub(super) const RUNNABLE: &str = "100755";
/// Git's mode of a symbolic link.
pub(super) const LINK: &str = "120000";

impl Folder {
    /// Opens the folder that `path` of ours names.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self(rustix::fs::open(path, FOLDER, Mode::empty())?))
    }

    /// Opens the folder at `path` below this one.
    pub(super) fn below(&self, path: &[u8]) -> io::Result<Self> {
        let mut at = Self(self.0.try_clone()?);
        for part in parts(path)? {
            at = Self(openat(&at.0, part, FOLDER, Mode::empty())?);
        }
        Ok(at)
    }

    /// The names in this folder, in the order of their bytes; `None` where there are more than
    /// `most`.
    pub(super) fn entries(&self, most: usize) -> io::Result<Option<Vec<(OsString, Kind)>>> {
        let mut found = Vec::new();
        for entry in Dir::read_from(&self.0)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name == b"." || name == b".." {
                continue;
            }
            let kind = match entry.file_type() {
                // Some file systems leave it to us to ask.
                FileType::Unknown => {
                    let stat = statat(&self.0, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW)?;
                    FileType::from_raw_mode(stat.st_mode)
                }
                known => known,
            };
            if found.len() == most {
                return Ok(None);
            }
            found.push((OsString::from_vec(name.to_vec()), Kind::of(kind)));
        }
        found.sort();
        Ok(Some(found))
    }

    /// The file or link at `path`; `None` where there is neither.
    ///
    /// A file larger than `most` bytes is an error of kind `FileTooLarge`.
    pub(super) fn read(&self, path: &[u8], most: u64) -> io::Result<Option<Blob>> {
        match self.try_read(path, most) {
            Err(error) if is_absent(&error) => Ok(None),
            blob => blob,
        }
    }

    fn try_read(&self, path: &[u8], most: u64) -> io::Result<Option<Blob>> {
        let (parent, name) = self.parent(path)?;
        let stat = statat(&parent.0, name, AtFlags::SYMLINK_NOFOLLOW)?;
        match Kind::of(FileType::from_raw_mode(stat.st_mode)) {
            Kind::Link => {
                let target = readlinkat(&parent.0, name, Vec::new())?;
                Ok(Some(Blob {
                    mode: LINK,
                    content: target.into_bytes(),
                }))
            }
            Kind::File => {
                // Without blocking, should it have become a pipe since.
                let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
                let file = openat(&parent.0, name, flags, Mode::empty())?;
                let stat = fstat(&file)?;
                if Kind::of(FileType::from_raw_mode(stat.st_mode)) != Kind::File {
                    return Ok(None);
                }
                let mut content = Vec::new();
                File::from(file).take(most + 1).read_to_end(&mut content)?;
                if content.len() as u64 > most {
                    return Err(io::ErrorKind::FileTooLarge.into());
                }
                let mode = if stat.st_mode & 0o100 == 0 {
                    PLAIN
                } else {
                    RUNNABLE
                };
                Ok(Some(Blob { mode, content }))
            }
            Kind::Folder | Kind::Other => Ok(None),
        }
    }

    /// Writes a new file or link, and the folders above it.
    pub(super) fn write(&self, path: &[u8], mode: &str, content: &[u8]) -> io::Result<()> {
        let (folders, name) = split(path)?;
        let parent = self.make_folders(folders)?;
        if mode == LINK {
            symlinkat(OsStr::from_bytes(content), &parent.0, name)?;
            return Ok(());
        }
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = openat(&parent.0, name, flags, Mode::RUSR | Mode::WUSR)?;
        let bits = if mode == RUNNABLE { 0o755 } else { 0o644 };
        fchmod(&file, Mode::from_raw_mode(bits))?;
        File::from(file).write_all(content)
    }

    /// Makes the folders of `path` that are not there, and opens the last one.
    pub(super) fn make_folders(&self, path: &[u8]) -> io::Result<Self> {
        let mut at = Self(self.0.try_clone()?);
        for part in parts(path)? {
            match mkdirat(&at.0, part, Mode::from_raw_mode(0o755)) {
                Ok(()) | Err(rustix::io::Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
            at = Self(openat(&at.0, part, FOLDER, Mode::empty())?);
        }
        Ok(at)
    }

    /// Removes a file or link where it is there, and the folders above it that are empty then.
    pub(super) fn remove(&self, path: &[u8]) -> io::Result<()> {
        let removed = self
            .parent(path)
            .and_then(|(parent, name)| Ok(unlinkat(&parent.0, name, AtFlags::empty())?));
        match removed {
            Err(error) if is_absent(&error) => return Ok(()),
            other => other?,
        }
        let mut above = path;
        while let Some(at) = above.iter().rposition(|b| *b == b'/') {
            above = &above[..at];
            let (parent, name) = self.parent(above)?;
            if unlinkat(&parent.0, name, AtFlags::REMOVEDIR).is_err() {
                break;
            }
        }
        Ok(())
    }

    fn parent<'p>(&self, path: &'p [u8]) -> io::Result<(Self, &'p OsStr)> {
        let (folders, name) = split(path)?;
        Ok((self.below(folders)?, name))
    }
}

impl Kind {
    fn of(kind: FileType) -> Self {
        match kind {
            FileType::Directory => Self::Folder,
            FileType::RegularFile => Self::File,
            FileType::Symlink => Self::Link,
            _ => Self::Other,
        }
    }
}

/// Whether the error only says that there is no such file (a link on the way counts as none).
fn is_absent(error: &io::Error) -> bool {
    use rustix::io::Errno;
    [Errno::NOENT, Errno::NOTDIR, Errno::LOOP]
        .iter()
        .any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

fn split(path: &[u8]) -> io::Result<(&[u8], &OsStr)> {
    let (folders, name) = match path.iter().rposition(|b| *b == b'/') {
        Some(at) => (&path[..at], &path[at + 1..]),
        None => (&path[..0], path),
    };
    checked(name)?;
    Ok((folders, OsStr::from_bytes(name)))
}

fn parts(path: &[u8]) -> io::Result<Vec<&OsStr>> {
    if path.is_empty() {
        return Ok(Vec::new());
    }
    path.split(|b| *b == b'/')
        .map(|part| checked(part).map(|()| OsStr::from_bytes(part)))
        .collect()
}

/// Refuses the parts that would lead out of the folder, or into git's own.
fn checked(part: &[u8]) -> io::Result<()> {
    let refused = part.is_empty()
        || part == b"."
        || part == b".."
        || part.contains(&0)
        || part.eq_ignore_ascii_case(b".git");
    if refused {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!(
                "{:?} is no part of a path here",
                String::from_utf8_lossy(part)
            ),
        ));
    }
    Ok(())
}
