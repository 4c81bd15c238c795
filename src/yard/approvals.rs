//! Which reviews a merge still lacks, as GitHub counts them by itself: that an App opened the pull
//! request, or who asked for it, is nothing to it.

use std::collections::{BTreeMap, BTreeSet};

use super::YardError;
use super::model::{Entry, Permission, Pull, Repository};
use super::opinions::Review;
use super::plays::Reviewing;
use super::world::World;

impl Repository {
    /// The latest review of each person that says yes or no, and was not dismissed.
    pub(super) fn opinions(&self, n: i64) -> BTreeMap<&str, &Review> {
        let mut latest = BTreeMap::new();
        let reviews = self.reviews.reviews.values();
        for review in reviews.filter(|one| one.pull == n && one.state != "COMMENTED") {
            latest.insert(review.author.as_str(), review);
        }
        latest.retain(|_, review| review.state != "DISMISSED");
        latest
    }
}

impl World {
    /// The reviews that are missing, in GitHub's words; most of them are (unverified).
    pub(super) fn reviews_missing(
        &self,
        repo: &Repository,
        n: i64,
        pull: &Pull,
        asked: Reviewing,
    ) -> Vec<String> {
        let author = repo.threads.get(&n).map(|thread| thread.author.as_str());
        let counts =
            |who: &str| Some(who) != author && self.role_in(repo, who) >= Permission::Write;
        let opinions = repo.opinions(n);
        let by = |state: &str| -> Vec<&Review> {
            let all = opinions.values().copied();
            all.filter(|one| one.state == state && counts(&one.author))
                .collect()
        };
        let approvals = by("APPROVED");
        let mut missing = Vec::new();
        let have = i64::try_from(approvals.len()).unwrap_or(i64::MAX);
        if have < asked.approvals {
            let (many, are) = if asked.approvals == 1 {
                ("", "is")
            } else {
                ("s", "are")
            };
            missing.push(format!(
                "At least {} approving review{many} {are} required by reviewers with write access.",
                asked.approvals
            ));
        }
        if !by("CHANGES_REQUESTED").is_empty() || self.sibling_is_refused(repo, n, pull) {
            missing.push("Changes have been requested by a reviewer with write access.".to_owned());
        }
        if asked.last_push && !approved_after_push(repo, n, pull, &approvals) {
            missing.push(
                "New changes require approval from someone other than the last pusher.".to_owned(),
            );
        }
        if asked.owners {
            let approvers: BTreeSet<&str> =
                approvals.iter().map(|one| one.author.as_str()).collect();
            if let Some(owners) = self.owners_missing(repo, pull, &approvers) {
                missing.push(format!("Waiting on code owner review from {owners}."));
            }
        }
        let open = |thread: &super::opinions::ReviewThread| {
            thread.pull == n && thread.resolved_by.is_none()
        };
        if asked.threads && repo.reviews.threads.values().any(open) {
            missing.push(
                "A conversation must be resolved before this pull request can be merged."
                    .to_owned(),
            );
        }
        missing
    }

    /// Whether another open pull request with the same head has a review that says no: GitHub lets
    /// neither be merged then.
    fn sibling_is_refused(&self, repo: &Repository, n: i64, pull: &Pull) -> bool {
        let same = |other: &Pull| other.head_oid == pull.head_oid;
        let mut others = repo.threads.values().filter(|other| {
            other.open && other.number != n && other.pull.as_ref().is_some_and(same)
        });
        others.any(|other| {
            repo.opinions(other.number).values().any(|one| {
                one.state == "CHANGES_REQUESTED"
                    && self.role_in(repo, &one.author) >= Permission::Write
            })
        })
    }

    /// The head of a pull request moved from `old`: where the base's rules say so, approvals of
    /// what differs now are dismissed (G10).
    pub(super) fn dismiss_stale(
        &mut self,
        repo: i64,
        n: i64,
        actor: &str,
        old: &str,
    ) -> Result<(), YardError> {
        let known = self.repo(repo)?;
        let Some(pull) = self.thread(repo, n)?.pull.as_ref() else {
            return Ok(());
        };
        let reviews = self.demands(known, &pull.base).reviews;
        if !reviews.is_some_and(|asked| asked.dismisses_stale) {
            return Ok(());
        }
        let base = known.tip(&pull.base).unwrap_or_default();
        let diff = |head: &str| {
            let range = format!("{base}...{head}");
            known.git.bytes(
                &["diff", "--no-renames", "--full-index", "--binary", &range],
                b"",
            )
        };
        if diff(old).ok() == diff(&pull.head_oid).ok() {
            return Ok(());
        }
        let approved = known.reviews.reviews.values();
        let approved: Vec<i64> = approved
            .filter(|one| one.pull == n && one.state == "APPROVED")
            .map(|one| one.id)
            .collect();
        for review in approved {
            self.dismiss(repo, review, actor)?;
        }
        Ok(())
    }

    /// A review is dismissed.
    pub(super) fn dismiss(&mut self, repo: i64, review: i64, actor: &str) -> Result<(), YardError> {
        let reviews = &mut self.repo_mut(repo)?.reviews.reviews;
        let known = reviews.get_mut(&review);
        known.ok_or(YardError::NoSuch("review"))?.state = "DISMISSED";
        self.tell_review(repo, review, "dismissed", actor)
    }
}

/// Whether somebody else than the last pusher approved exactly this head.
fn approved_after_push(repo: &Repository, n: i64, pull: &Pull, approvals: &[&Review]) -> bool {
    let story = repo.threads.get(&n).map(|thread| thread.story.iter().rev());
    let pusher = story.into_iter().flatten().find_map(|entry| match entry {
        Entry::Pushed { actor, .. } => Some(actor.as_str()),
        _ => None,
    });
    let fits = |one: &&Review| one.head == pull.head_oid && Some(one.author.as_str()) != pusher;
    approvals.iter().any(fits)
}
