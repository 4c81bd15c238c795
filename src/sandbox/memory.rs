//! How much memory the processes of a sandbox use together: their own, what they share, and the
//! folders that are held in memory.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::os::unix::fs::MetadataExt;

use rustix::process::Pid;

use super::floor::HOME;
use super::limits::{Limit, Limits};

const KIB: u64 = 1024;
/// Bytes of one block in a file's metadata.
const BLOCK: u64 = 512;
/// `statfs` calls a file system in memory so.
const TMPFS: i64 = 0x0102_1994;
/// Looks between two searches for memory that no process has mapped: those are dearer.
const UNMAPPED_EVERY: u32 = 5;
/// Files that are looked at for it: as many as a sandbox can have open, within reason.
const OPEN_FILES_MAX: usize = 100_000;

/// One process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Process {
    id: u32,
    resident: u64,
}

/// Looks at one sandbox's memory.
#[derive(Debug)]
pub(super) struct Memory {
    first: u32,
    most: u64,
    scratch: u64,
    looks: u32,
    unmapped: u64,
}

impl Memory {
    pub(super) fn new(first: Pid, limits: &Limits) -> Self {
        Self {
            first: first.as_raw_nonzero().get().unsigned_abs(),
            most: limits.memory_total_bytes(),
            scratch: limits.scratch_bytes(),
            looks: 0,
            unmapped: 0,
        }
    }

    /// bubblewrap and all below it. Whoever is left by its parent becomes a child of the first
    /// process inside, so nobody gets away.
    pub(super) fn processes(&self) -> Vec<Process> {
        let mut children: HashMap<u32, Vec<Process>> = HashMap::new();
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let id = entry
                .file_name()
                .to_str()
                .and_then(|name| name.parse().ok());
            let Some(id) = id else { continue };
            let Ok(text) = fs::read(format!("/proc/{id}/stat")) else {
                continue;
            };
            let Some((parent, pages)) = parent_and_pages(&text) else {
                continue;
            };
            let resident = pages.saturating_mul(rustix::param::page_size() as u64);
            let process = Process { id, resident };
            if id == self.first {
                found.push(process);
            } else {
                children.entry(parent).or_default().push(process);
            }
        }
        let mut at = 0;
        while at < found.len() {
            found.extend(children.remove(&found[at].id).unwrap_or_default());
            at += 1;
        }
        found
    }

    /// Whether they use more than they may.
    pub(super) fn beyond(&mut self, processes: &[Process]) -> Option<Limit> {
        if processes.is_empty() {
            return None;
        }
        if self.looks.is_multiple_of(UNMAPPED_EVERY) {
            self.unmapped = unlinked(processes, |name| name.starts_with("/memfd:"))
                .values()
                .sum();
        }
        self.looks = self.looks.wrapping_add(1);
        let held = self.folders(processes).saturating_add(self.unmapped);
        let resident: u64 = processes.iter().map(|process| process.resident).sum();
        if resident.saturating_add(held) <= self.most {
            return None;
        }
        // That counts what they share once for each; now exactly, which is dearer.
        let own: u64 = processes.iter().map(own_share).sum();
        (own.saturating_add(held) > self.most).then_some(Limit::Memory)
    }

    /// Bytes in the folders that are held in memory; as full where nobody lets us look.
    fn folders(&self, processes: &[Process]) -> u64 {
        let of = |id: u32| -> Option<u64> {
            let mut used = 0;
            for folder in ["/tmp", "/dev/shm", HOME] {
                let found = rustix::fs::statfs(format!("/proc/{id}/root{folder}")).ok()?;
                let block = u64::try_from(found.f_bsize).ok()?;
                let size = found.f_blocks.saturating_mul(block);
                // Before bubblewrap has changed its root this is the machine's own folder.
                let is_ours = found.f_type == TMPFS && size.abs_diff(self.scratch) <= block;
                if !is_ours {
                    return None;
                }
                used += (found.f_blocks - found.f_bfree.min(found.f_blocks)).saturating_mul(block);
            }
            Some(used)
        };
        // The first two are bubblewrap, of which one stays outside. They may be about to start.
        let mut inside = processes.iter().rev();
        match inside.find_map(|process| of(process.id)) {
            Some(used) => used,
            None if processes.len() <= 2 => 0,
            None => self.scratch.saturating_mul(3),
        }
    }
}

/// A process's parent and its resident pages, from `/proc/…/stat`.
fn parent_and_pages(stat: &[u8]) -> Option<(u32, u64)> {
    // The program's name is a stranger's and may hold anything; after it there are only numbers.
    let end = stat.iter().rposition(|b| *b == b')')?;
    let rest = std::str::from_utf8(&stat[end + 1..]).ok()?;
    let mut words = rest.split_whitespace();
    let parent = words.nth(1)?.parse().ok()?;
    let pages = words.nth(19)?.parse().ok()?;
    Some((parent, pages))
}

/// Bytes that are its own, with its share of what it has in common with others. Files that the
/// kernel could drop from memory at any time do not count.
fn own_share(process: &Process) -> u64 {
    let Ok(text) = fs::read_to_string(format!("/proc/{}/smaps_rollup", process.id)) else {
        // Gone by now, or closed to us.
        return match fs::metadata(format!("/proc/{}", process.id)) {
            Ok(_) => process.resident,
            Err(_) => 0,
        };
    };
    let kib = |name: &str| -> Option<u64> {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse().ok()
    };
    let anonymous = kib("Pss_Anon:").zip(kib("Pss_Shmem:"));
    // Linux before 5.4 does not tell them apart.
    let share = anonymous
        .map(|(own, shared)| own + shared)
        .or_else(|| kib("Pss:"));
    let swapped = kib("SwapPss:").unwrap_or_default();
    (share.unwrap_or_default() + swapped).saturating_mul(KIB)
}

/// Bytes of the files without a name that the processes hold open, by device, each file once;
/// `of` says which by the kernel's name for it.
pub(super) fn unlinked(processes: &[Process], of: impl Fn(&str) -> bool) -> HashMap<u64, u64> {
    let mut seen = HashSet::new();
    let mut bytes = HashMap::new();
    let mut left = OPEN_FILES_MAX;
    for process in processes {
        let Ok(files) = fs::read_dir(format!("/proc/{}/fd", process.id)) else {
            continue;
        };
        for file in files.flatten() {
            if left == 0 {
                return bytes;
            }
            left -= 1;
            let path = file.path();
            let name = fs::read_link(&path).unwrap_or_default();
            if !of(&name.to_string_lossy()) {
                continue;
            }
            let Ok(found) = fs::metadata(&path) else {
                continue;
            };
            if found.is_file() && found.nlink() == 0 && seen.insert((found.dev(), found.ino())) {
                *bytes.entry(found.dev()).or_default() += found.blocks() * BLOCK;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_s_name_cannot_pose_as_numbers() {
        let stat =
            b"77 (a) R 1 1 1) S 5 77 77 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 9 1000 321 184\n";
        assert_eq!(parent_and_pages(stat), Some((5, 321)));
        assert_eq!(parent_and_pages(b"77 (x) R"), None);
    }
}
