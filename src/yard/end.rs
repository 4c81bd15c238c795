//! How a yard is left: the programs of its runs are asked to end first.

use std::time::Duration;

use rustix::process::Signal;

use super::jobs::signal_group;
use super::yard::Yard;

/// Longest wait for programs that were asked to end.
const PROGRAM_END_MAX: Duration = Duration::from_secs(10);

impl Yard {
    /// Asks the programs of all runs to end, and waits until they have, so long as
    /// ten seconds last.
    pub async fn ends_programs(&self) {
        let asked = async {
            loop {
                let news = self.shared.news.notified();
                let left = self.shared.look_quietly(|world| {
                    let runs = world.repos.values().flat_map(|repo| repo.runs.values());
                    runs.filter_map(|run| run.process).collect::<Vec<_>>()
                });
                if left.is_empty() {
                    return;
                }
                for process in left {
                    signal_group(process, Signal::TERM);
                }
                news.await;
            }
        };
        tokio::time::timeout(PROGRAM_END_MAX, asked).await.ok();
    }
}
