//! How much a sandbox adds to the disks that it may write to.
//!
//! The file systems' own count is asked each time, which costs nothing. Only when they have grown
//! by more than is allowed, be it through somebody else, the folders themselves are walked.

use std::collections::{HashMap, HashSet};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, openat, statat, statvfs};
use tokio::time::Instant;

use super::limits::Limit;
use super::memory::{Process, unlinked};
use super::spec::Spec;
use crate::clock::Clock;

/// Bytes of one block in a file's metadata.
const BLOCK: u64 = 512;
/// What a file costs at least: its entry is on the disk, too.
const ENTRY: u64 = 4096;
/// Files that one walk looks at; more cannot be counted in the time between two walks.
const ENTRIES_MAX: usize = 2_000_000;
/// Folders inside of each other; each is a descriptor of ours.
const DEPTH_MAX: usize = 128;
/// A walk may take this part of our time.
const REST: u32 = 5;
/// What must stay free for the runner itself.
const FREE_MIN: u64 = 128 * 1024 * 1024;
/// How far a file system's time may lie behind the clock's, in seconds.
const BEHIND_S: i64 = 2;

const FOLDER: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// A file system and what was used of it before.
#[derive(Debug)]
struct Ground {
    path: PathBuf,
    device: u64,
    bytes: u64,
    entries: u64,
}

/// Looks at what one sandbox writes.
#[derive(Debug)]
pub(super) struct Disk {
    grounds: Vec<Ground>,
    roots: Vec<PathBuf>,
    most: u64,
    since_s: i64,
    next_walk: Instant,
}

impl Disk {
    /// To be called before the sandbox starts.
    pub(super) fn before(spec: &Spec) -> io::Result<Self> {
        let mut roots = vec![spec.workspace.clone()];
        roots.extend(spec.writable.iter().map(|bind| bind.outside.clone()));
        let mut grounds: Vec<Ground> = Vec::new();
        for path in &roots {
            let device = path.metadata()?.dev();
            if grounds.iter().all(|ground| ground.device != device) {
                let found = statvfs(path)?;
                grounds.push(Ground {
                    path: path.clone(),
                    device,
                    bytes: found.f_blocks.saturating_sub(found.f_bfree) * found.f_frsize,
                    entries: found.f_files.saturating_sub(found.f_ffree),
                });
            }
        }
        Ok(Self {
            grounds,
            roots,
            most: spec.limits.disk_bytes(),
            since_s: Clock::system().now().0 / 1000 - BEHIND_S,
            next_walk: Instant::now(),
        })
    }

    /// Whether the sandbox has written more than it may.
    pub(super) fn beyond(&mut self, processes: &[Process]) -> Option<Limit> {
        let mut grown = 0_u64;
        let mut is_full = false;
        for ground in &self.grounds {
            let Ok(found) = statvfs(&ground.path) else {
                continue;
            };
            let bytes = found.f_blocks.saturating_sub(found.f_bfree) * found.f_frsize;
            let entries = found.f_files.saturating_sub(found.f_ffree);
            let by_entries = entries.saturating_sub(ground.entries) * ENTRY;
            grown += bytes.saturating_sub(ground.bytes).max(by_entries);
            is_full |= found.f_bavail * found.f_frsize < FREE_MIN;
        }
        if grown <= self.most || Instant::now() < self.next_walk {
            return None;
        }
        let began = Instant::now();
        let written = self.written(processes);
        self.next_walk = Instant::now() + began.elapsed() * REST;
        // What cannot be counted is too much, and on a full disk nobody gets the doubt's benefit.
        (is_full || written.is_none_or(|bytes| bytes > self.most)).then_some(Limit::Disk)
    }

    /// Bytes of all files that were changed since the start, and of those that have no name any
    /// more; `None` where they are too many or too deep.
    fn written(&self, processes: &[Process]) -> Option<u64> {
        let mut walk = Walk {
            since_s: self.since_s,
            entries: 0,
            bytes: 0,
            linked: HashSet::new(),
        };
        for root in &self.roots {
            let folder = rustix::fs::open(root, FOLDER, Mode::empty()).ok()?;
            walk.folder(&folder, 0)?;
        }
        let nameless: HashMap<u64, u64> = unlinked(processes, |name| name.ends_with(" (deleted)"));
        let nameless = self
            .grounds
            .iter()
            .filter_map(|ground| nameless.get(&ground.device));
        Some(walk.bytes + nameless.sum::<u64>())
    }
}

struct Walk {
    since_s: i64,
    entries: usize,
    bytes: u64,
    /// Files of several names that were counted.
    linked: HashSet<(u64, u64)>,
}

impl Walk {
    fn folder(&mut self, folder: &OwnedFd, depth: usize) -> Option<()> {
        if depth > DEPTH_MAX {
            return None;
        }
        for entry in Dir::read_from(folder).ok()? {
            let entry = entry.ok()?;
            let name = entry.file_name();
            if [&b"."[..], b".."].contains(&name.to_bytes()) {
                continue;
            }
            self.entries += 1;
            if self.entries > ENTRIES_MAX {
                return None;
            }
            let Ok(found) = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) else {
                // It is gone by now.
                continue;
            };
            let is_new = found.st_ctime >= self.since_s;
            let is_counted = found.st_nlink > 1
                && FileType::from_raw_mode(found.st_mode) != FileType::Directory
                && !self.linked.insert((found.st_dev, found.st_ino));
            if is_new && !is_counted {
                self.bytes +=
                    (u64::try_from(found.st_blocks).unwrap_or_default() * BLOCK).max(ENTRY);
            }
            if FileType::from_raw_mode(found.st_mode) == FileType::Directory {
                match openat(folder, name, FOLDER, Mode::empty()) {
                    Ok(inner) => self.folder(&inner, depth + 1)?,
                    Err(
                        rustix::io::Errno::NOENT
                        | rustix::io::Errno::NOTDIR
                        | rustix::io::Errno::LOOP,
                    ) => {}
                    Err(_) => return None,
                }
            }
        }
        Some(())
    }
}
