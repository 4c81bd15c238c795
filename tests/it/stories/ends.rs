//! The end of a story: nothing is left over, nothing forbidden was done, and the invariants hold.

use std::collections::BTreeSet;

use castellan::domain::task::Task;
use castellan::store::GateKey;

use super::world::World;

impl World {
    /// The task that was opened last.
    pub(crate) async fn newest(&self) -> Task {
        let tasks = self.engine.store.newest_tasks(1).await.unwrap();
        tasks.into_iter().next().unwrap().task
    }

    /// Ends the story. A world that goes without it fails its test.
    pub(crate) async fn ends(mut self) {
        self.ended = true;
        self.settles().await;
        let store = &self.engine.store;
        let effects = store.count_effects().await.unwrap();
        assert_eq!(effects.waiting, 0, "effects still wait");
        assert_eq!(effects.parked, 0, "parked effects");
        let deliveries = store.count_deliveries().await.unwrap();
        assert_eq!(deliveries.unread, 0, "unread deliveries");
        assert_eq!(deliveries.parked, 0, "parked deliveries");
        assert_eq!(deliveries.unparsed, self.leftovers.unparsed, "unparsed");
        assert_eq!(self.yard.violations(), [], "what must never happen");
        self.keeps_the_invariants().await;
        self.opens_what_was_judged().await;
    }

    /// I6: no head may be merged that was not judged so for its base and policy.
    async fn opens_what_was_judged(&self) {
        let name = self.repo.full_name();
        for (number, branch) in self.yard.open_pulls(&name) {
            let Some(head) = self.yard.branch_tip(&name, &branch) else {
                continue;
            };
            let newest = self.repo.newest_check(head.as_str(), "agent-gate / main");
            if newest
                .await
                .unwrap()
                .is_none_or(|(standing, _)| standing != "success")
            {
                continue;
            }
            let key = GateKey {
                repository: self.repo.id(),
                head: &head,
                base: "main",
            };
            let judged = self.engine.store.published_run(key).await.unwrap();
            let judged = judged.map(|run| run.conclusion);
            assert_eq!(
                judged.as_deref(),
                Some("success"),
                "I6: pull request {number}"
            );
        }
    }

    /// I2: at most one live task an issue; I3: one open pull request a task; I4: one commit an attempt.
    async fn keeps_the_invariants(&self) {
        let tasks = self.engine.store.newest_tasks(1_000).await.unwrap();
        let mut live = BTreeSet::new();
        for task in tasks.iter().map(|summary| &summary.task) {
            let alone = task.stage.is_closed() || live.insert((task.repository.0, task.issue.0));
            assert!(alone, "I2: two live tasks of issue {}", task.issue);
            let name = self.repo.full_name();
            let branch = task.id.branch();
            let pulls = self.yard.open_pulls(&name);
            let open = pulls.iter().filter(|(_, head)| *head == branch).count();
            assert!(open <= 1, "I3: {open} open pull requests of {branch}");
            if self.yard.branch_tip(&name, &branch).is_none() {
                continue;
            }
            let commits = self.yard.commits_of(&name, &branch).await.unwrap();
            for attempt in &task.attempts {
                let trailer = format!("Castellan-Task: {}/{}", task.id, attempt.number);
                let written = commits
                    .iter()
                    .filter(|(_, message)| message.lines().any(|line| line == trailer))
                    .count();
                assert!(written <= 1, "I4: {written} commits of {trailer}");
            }
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        assert!(
            self.ended || std::thread::panicking(),
            "a story ends with world.ends()"
        );
    }
}
