//! Merges the base into the start tree with git, without a checkout: what merges by itself is
//! merged, and what does not keeps git's markers for the agent.
//!
//! No history is fetched: three commits without any other stand for the three trees. No driver or
//! filter of the repository's runs, for there is no folder whose attributes git could read.

use tokio::process::Command;

use super::failure::Failure;
use super::pristine::{Pristine, words};
use crate::domain::change::combine::SIDES;
use crate::domain::ids::Oid;
use crate::git::{MERGE_TREE, Merged};
use crate::protocol::brief::MergeIn;
use crate::protocol::progress::Phase;

/// Who the three commits are by: nobody sees them.
const IDENTITY: [(&str, &str); 6] = [
    ("GIT_AUTHOR_NAME", "castellan"),
    ("GIT_AUTHOR_EMAIL", "castellan@localhost"),
    ("GIT_AUTHOR_DATE", "@0 +0000"),
    ("GIT_COMMITTER_NAME", "castellan"),
    ("GIT_COMMITTER_EMAIL", "castellan@localhost"),
    ("GIT_COMMITTER_DATE", "@0 +0000"),
];

/// The merged tree, and the paths at which both sides meet.
pub(super) async fn merge(
    pristine: &Pristine,
    start: &Oid,
    merge: &MergeIn,
) -> Result<Merged, Failure> {
    let base = commit(pristine, &merge.base, None).await?;
    for (side, of) in SIDES.into_iter().zip([start, &merge.tip]) {
        let made = commit(pristine, of, Some(&base)).await?;
        let mut name = pristine.git();
        name.args(["update-ref", &format!("refs/heads/{side}"), made.as_str()]);
        ended(name, &[0]).await?;
    }
    let mut merge = pristine.git();
    merge.args(MERGE_TREE).args(SIDES);
    let output = ended(merge, &[0, 1]).await?;
    Merged::read(&output).ok_or_else(|| odd("an odd answer"))
}

/// A commit of the tree of `of`, with this parent alone.
async fn commit(pristine: &Pristine, of: &Oid, parent: Option<&Oid>) -> Result<Oid, Failure> {
    let mut make = pristine.git();
    make.args(["commit-tree", "-m", "side", &format!("{of}^{{tree}}")]);
    if let Some(parent) = parent {
        make.args(["-p", parent.as_str()]);
    }
    make.envs(IDENTITY);
    oid(&ended(make, &[0]).await?)
}

async fn ended(mut command: Command, well: &[i32]) -> Result<Vec<u8>, Failure> {
    let what = "merging the base";
    let output = command.output().await;
    let output = output.map_err(|error| Failure::of_machine(Phase::Checkout, what, &error))?;
    match output.status.code() {
        Some(code) if well.contains(&code) => Ok(output.stdout),
        _ => Err(odd(&words(&output))),
    }
}

fn oid(output: &[u8]) -> Result<Oid, Failure> {
    let text = std::str::from_utf8(output).ok();
    let oid = text.and_then(|text| text.trim().parse().ok());
    oid.ok_or_else(|| odd("an odd answer"))
}

fn odd(said: &str) -> Failure {
    Failure::new(
        Phase::Checkout,
        format!("git could not merge the base into the branch: {said}"),
        "see what git says: the disk may be full, or git older than 2.38",
    )
}
