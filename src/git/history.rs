//! Which commits a branch adds to its base, and by which merges.

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
    /// What `head` adds to `base` along first parents, oldest first; `None` where that is more than
    /// `most` commits.
    ///
    /// # Errors
    /// Git did not run, or one of them is not in the mirror.
    pub async fn steps(
        &self,
        base: &Oid,
        head: &Oid,
        most: usize,
    ) -> Result<Option<Vec<Step>>, GitError> {
        self.listed("list a branch's commits", base, head, most, true)
            .await
    }

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
        self.listed("list the commits of a branch", base, head, most, false)
            .await
    }

    async fn listed(
        &self,
        operation: &'static str,
        base: &Oid,
        head: &Oid,
        most: usize,
        first: bool,
    ) -> Result<Option<Vec<Step>>, GitError> {
        let count = format!("--max-count={}", most.saturating_add(1));
        let without = format!("^{base}");
        let mut arguments = vec!["rev-list", "--reverse", "--parents", &count];
        if first {
            arguments.push("--first-parent");
        }
        arguments.extend([head.as_str(), &without, "--"]);
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
