//! What a pull request changes, as git tells it: its paths, what they can break, and what the base has
//! changed of them meanwhile.

use std::collections::{BTreeSet, HashMap};

use super::super::EngineError;
use crate::domain::ci::weakened::{self, Weakening};
use crate::domain::gate::scan::{self, Scanned};
use crate::domain::ids::Oid;
use crate::domain::request::policy::RiskPolicy;
use crate::domain::risk::{
    Assessment, Contents, Difference, Entry, FileDifference, Sizes, Tier, assess, edits_policy,
};
use crate::git::{Changed, Mirror, Remote};

/// Files whose contents are read; beyond, what is unread counts as the worst.
const FILES_MAX: usize = 2_000;
/// Bytes of contents that are read.
const BYTES_MAX: u64 = 64 * 1024 * 1024;

/// The commits that a pull request is about.
pub(super) struct Sides {
    /// Where head and base part.
    pub(super) merge_base: Oid,
    /// The head.
    pub(super) head: Oid,
    /// The base's tip.
    pub(super) base: Oid,
}

/// What was read of a change.
pub(super) struct Read {
    /// All of it.
    pub(super) difference: Difference,
    /// Its tier, and why.
    pub(super) assessment: Assessment,
    /// Whether it edits the policy or the workflow of agents.
    pub(super) edits_policy: bool,
    /// What searches found; `None` where not all could be searched.
    pub(super) findings: Option<Vec<String>>,
    /// The paths that it touches.
    pub(super) paths: Vec<String>,
    /// Those that the base has changed, too, since they parted.
    pub(super) common: Vec<String>,
}

impl Sides {
    /// Reads the change between merge base and head.
    pub(super) async fn read(
        &self,
        mirror: &Mirror,
        remote: &Remote,
        policy: &RiskPolicy,
        workflow: &str,
    ) -> Result<Read, EngineError> {
        let changed = mirror.changed(&self.merge_base, &self.head).await?;
        let moved = mirror.changed(&self.merge_base, &self.base).await?;
        let blobs = blobs(&changed);
        let contents = match changed.len() <= FILES_MAX {
            true => mirror.contents(remote, &blobs, BYTES_MAX).await?,
            false => Default::default(),
        };
        let all_read = contents.len() == blobs.len();
        // Git counts lines, within its own limit of time: contents are foreign.
        let sizes = match all_read {
            true => Sizes::Counted(mirror.lines(&self.merge_base, &self.head).await?),
            false => Sizes::Unknown,
        };
        // Megabytes of foreign text: not on a thread that others wait for.
        let searched = tokio::task::spawn_blocking(move || search(&changed, &contents, all_read));
        let broken = |_| EngineError::Defect("searching a change broke off".to_owned());
        let (files, weaker, findings) = searched.await.map_err(broken)?;
        let difference = Difference {
            files,
            sizes,
            contents: Contents::Compared(weaker),
        };
        let moved: BTreeSet<&Vec<u8>> = moved.iter().map(|one| &one.file.path).collect();
        let common = difference.files.iter();
        let common = common.filter(|file| moved.contains(&file.path));
        Ok(Read {
            assessment: assess(&difference, policy, Tier::T0),
            edits_policy: edits_policy(&difference, workflow),
            findings,
            common: common.map(shown).collect(),
            paths: difference.files.iter().map(shown).collect(),
            difference,
        })
    }
}

/// The files of a change, what they take away from tests, and what a search found; `None` where not
/// all could be searched.
fn search(
    changed: &[Changed],
    contents: &HashMap<Oid, Vec<u8>>,
    all_read: bool,
) -> (Vec<FileDifference>, Vec<Weakening>, Option<Vec<String>>) {
    let compared = changed.iter().filter_map(|one| one.compared(contents));
    let compared: Vec<_> = compared.collect();
    let scanned = compared.iter().map(|one| Scanned {
        path: one.path,
        before: one.before.unwrap_or_default(),
        after: one.after.unwrap_or_default(),
    });
    // A path that is not UTF-8 cannot be named, and so is not searched.
    let searched = all_read && compared.len() == changed.len();
    let findings = searched.then(|| scan::findings(&scanned.collect::<Vec<_>>()));
    let files = changed.iter().map(|one| one.file.clone()).collect();
    (files, weakened::weakenings(&compared), findings)
}

fn shown(file: &FileDifference) -> String {
    String::from_utf8_lossy(&file.path).into_owned()
}

/// The blobs of both sides, each once; a submodule has none here.
fn blobs(changed: &[Changed]) -> Vec<Oid> {
    let sides = changed.iter().flat_map(|one| {
        let sides = [(&one.file.old, &one.old), (&one.file.new, &one.new)];
        sides
            .into_iter()
            .filter(|(entry, _)| **entry != Some(Entry::Submodule))
    });
    let blobs: BTreeSet<&Oid> = sides.filter_map(|(_, oid)| oid.as_ref()).collect();
    blobs.into_iter().cloned().collect()
}
