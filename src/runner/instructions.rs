//! Agents' instruction files: the workspace's are the base's, whatever the start's are (X33).
//!
//! A later attempt starts from what an earlier agent wrote, and an agent believes an `AGENTS.md` or
//! a `CLAUDE.md`; its own configuration in the repository starts programs (hooks, servers of tools in
//! `.mcp.json`, plugins). So both come from the commit that people have reviewed. What the base has
//! not is not there; what the agent does not touch is not part of its change.
//!
//! What remains: programs that the base's configuration starts may be files of the start's tree (a hook
//! that runs `./scripts/lint.sh`), an instruction file may refer to others in prose or by an import, and
//! a link in the base that leads to a folder shows the start's. All of that runs in the same sandbox as
//! the agent's own commands, is part of the draft that people read, and gets no more than they do.

use std::collections::BTreeSet;

use super::failure::Failure;
use super::folder::LINK;
use super::pristine::{Files, Pristine};
use crate::domain::change::instructs_agents;
use crate::domain::ids::Sha256Hex;
use crate::protocol::result::InstructionFile;
use crate::sandbox::clean_line;

/// Links that lead to further links, in a repository that does so on purpose.
const LINKS_DEEP: usize = 4;
/// Bytes of a link's target.
const TARGET_BYTES_MAX: usize = 4096;
/// Files whose hash is evidence; further ones are laid all the same.
const EVIDENCE_MAX: usize = 100;
/// Characters of a path in the evidence.
const PATH_CHARS: usize = 300;

/// The start's files with the base's instruction files in place of its own.
pub(super) async fn of_base(
    pristine: &Pristine,
    start: &Files,
    submodules: &[Vec<u8>],
    base: &Files,
) -> Result<Files, Failure> {
    let linked = linked(pristine, base).await?;
    let ours = |path: &[u8]| instructs(path) || linked.contains(path);
    let mut laid: Files = start
        .iter()
        .filter(|(path, _)| !ours(path))
        .map(|(path, entry)| (path.clone(), entry.clone()))
        .collect();
    for (path, entry) in base.iter().filter(|(path, _)| ours(path)) {
        // Where the start has a file, a folder or a submodule in its place, it cannot be laid.
        let below = [path.as_slice(), b"/"].concat();
        let in_the_way = above(path)
            .any(|folder| laid.contains_key(folder) || submodules.iter().any(|s| s == folder))
            || laid
                .range(below.clone()..)
                .next()
                .is_some_and(|(next, _)| next.starts_with(&below))
            || submodules
                .iter()
                .any(|s| s == path || s.starts_with(&below));
        if !in_the_way {
            laid.insert(path.clone(), entry.clone());
        }
    }
    Ok(laid)
}

/// The instruction files that the agent works with, with their hashes.
pub(super) async fn evidence(
    pristine: &Pristine,
    laid: &Files,
) -> Result<Vec<InstructionFile>, Failure> {
    let mut blobs = pristine.blobs()?;
    let mut found = Vec::new();
    let paths = laid.iter().filter(|(path, _)| instructs(path));
    for (path, (_, oid)) in paths.take(EVIDENCE_MAX) {
        found.push(InstructionFile {
            path: clean_line(&String::from_utf8_lossy(path), PATH_CHARS),
            sha256: Sha256Hex::of(&blobs.read(oid).await?),
        });
    }
    Ok(found)
}

fn instructs(path: &[u8]) -> bool {
    instructs_agents(&String::from_utf8_lossy(path))
}

/// Files of the base that its instruction files are links to, as in `CLAUDE.md -> docs/agents.md`.
async fn linked(pristine: &Pristine, base: &Files) -> Result<BTreeSet<Vec<u8>>, Failure> {
    let mut blobs = pristine.blobs()?;
    let mut found = BTreeSet::new();
    let links = |path: &[u8]| base.get(path).filter(|(mode, _)| *mode == LINK);
    for path in base.keys().filter(|path| instructs(path)) {
        let mut path = path.clone();
        for _ in 0..LINKS_DEEP {
            let Some((_, oid)) = links(&path) else { break };
            let target = blobs.read(oid).await?;
            let Some(to) = joined(&path, &target).filter(|to| base.contains_key(to)) else {
                break;
            };
            found.insert(to.clone());
            path = to;
        }
    }
    Ok(found)
}

/// Where a link leads, as a path of the repository; `None` outside of it.
fn joined(link: &[u8], target: &[u8]) -> Option<Vec<u8>> {
    if target.len() > TARGET_BYTES_MAX || target.starts_with(b"/") {
        return None;
    }
    let mut parts: Vec<&[u8]> = link.split(|byte| *byte == b'/').collect();
    parts.pop();
    for part in target.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join(&b'/'))
}

/// The folders above a path.
fn above(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    let ends = path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
    ends.map(|(at, _)| &path[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_paths_of_the_repository_or_nowhere() {
        let to = |link: &str, target: &str| joined(link.as_bytes(), target.as_bytes());
        assert_eq!(to("CLAUDE.md", "docs/a.md"), Some(b"docs/a.md".to_vec()));
        assert_eq!(to("a/b/CLAUDE.md", "../.././x"), Some(b"x".to_vec()));
        assert_eq!(to("CLAUDE.md", "../x"), None);
        assert_eq!(to("CLAUDE.md", "/etc/passwd"), None);
    }
}
