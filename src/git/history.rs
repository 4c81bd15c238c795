//! Which commits a branch adds to its base, and by which merges. Their order is that of parents, never
//! that of dates, which anybody can write.

use super::command::GitError;
use super::{Mirror, parse_oid};
use crate::domain::ids::Oid;

/// A commit and its parents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The commit.
    pub oid: Oid,
    /// Its parents, the branch's own first.
    pub parents: Vec<Oid>,
}

impl Mirror {
    /// Every commit that `head` adds to `base`, oldest first; `None` where that is more than
    /// `most`.
    ///
    /// # Errors
    /// Git did not run, or one of them is not in the mirror.
    pub async fn added(
        &self,
        base: &Oid,
        head: &Oid,
        most: usize,
    ) -> Result<Option<Vec<Step>>, GitError> {
        let operation = "list a branch's commits";
        let count = format!("--max-count={}", most.saturating_add(1));
        let without = format!("^{base}");
        let arguments = [
            "rev-list",
            "--topo-order",
            "--reverse",
            "--parents",
            &count,
            head.as_str(),
            &without,
            "--",
        ];
        let output = self.git.run(operation, &arguments, None).await?;
        let lines = output
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty());
        let mut steps = Vec::new();
        for line in lines {
            let mut oids = line.split(|byte| *byte == b' ');
            let oid = parse_oid(operation, oids.next().unwrap_or_default())?;
            let parents: Result<_, _> = oids.map(|oid| parse_oid(operation, oid)).collect();
            steps.push(Step {
                oid,
                parents: parents?,
            });
        }
        Ok((steps.len() <= most).then_some(steps))
    }
}
