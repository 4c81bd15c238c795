//! What the yard does by itself: it sends deliveries, one after the other, and runs jobs.

use std::sync::Arc;

use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use tokio::task::JoinSet;

use super::ci::{Ci, run_ci};
use super::hooks::{Order, signature};
use super::jobs::{HeldRun, Runner, take_run};
use super::model::Job;
use super::running::run_job;
use super::shared::Shared;
use super::world::World;

/// How much of a receiver's answer is kept.
const ANSWER_LIMIT: usize = 4096;

impl Order {
    /// These, in this order.
    pub(super) fn of(&self, mut held: Vec<i64>) -> Vec<i64> {
        match self {
            Self::AsHappened => {}
            Self::Reversed => held.reverse(),
            Self::Shuffled(seed) => held.shuffle(&mut rand::rngs::StdRng::seed_from_u64(*seed)),
        }
        held
    }
}

impl World {
    /// Nothing is on its way, and CI has nothing to do.
    pub(super) fn is_settled(&self) -> bool {
        let ci_waits = self.jobs.iter().any(|job| matches!(job, Job::Ci { .. }));
        self.hooks.queue.is_empty() && !self.hooks.sending && !ci_waits && self.ci_running == 0
    }
}

/// Sends deliveries, for ever.
pub(super) async fn deliver(shared: Arc<Shared>, client: reqwest::Client) {
    loop {
        let news = shared.news.notified();
        let Some((id, request)) = shared.look_quietly(|world| next(world, &client)) else {
            news.await;
            continue;
        };
        let (status, answer) = match request {
            None => (0, "lost on the way".to_owned()),
            Some(request) => match request.send().await {
                Ok(response) => {
                    let status = response.status().as_u16();
                    (
                        status,
                        response
                            .text()
                            .await
                            .unwrap_or_default()
                            .chars()
                            .take(ANSWER_LIMIT)
                            .collect(),
                    )
                }
                Err(error) => (0, error.to_string()),
            },
        };
        shared.look(|world| {
            world.hooks.sending = false;
            if let Some(delivery) = world.hooks.log.iter_mut().find(|one| one.id == id) {
                delivery.status = Some(status);
                delivery.answer = answer;
            }
        });
    }
}

/// The next delivery and its request; no request for one that gets lost.
fn next(
    world: &mut World,
    client: &reqwest::Client,
) -> Option<(i64, Option<reqwest::RequestBuilder>)> {
    let id = world.hooks.queue.pop_front()?;
    let delivery = world.hooks.log.iter().find(|one| one.id == id)?;
    let url = world.app.webhook_url.as_ref()?;
    world.hooks.sending = true;
    if delivery.lost {
        return Some((id, None));
    }
    let request = client
        .post(url)
        .header("content-type", "application/json")
        .header("accept", "*/*")
        .header("x-github-event", &delivery.event)
        .header("x-github-delivery", &delivery.guid)
        .header("x-github-hook-id", world.app.id.to_string())
        .header(
            "x-github-hook-installation-target-id",
            world.app.id.to_string(),
        )
        .header("x-github-hook-installation-target-type", "integration")
        .header(
            "x-hub-signature-256",
            signature(&world.app.webhook_secret, delivery.body.as_bytes()),
        )
        .body(delivery.body.clone());
    Some((id, Some(request)))
}

/// Runs jobs, for ever; ends them when it is dropped.
pub(super) async fn work(shared: Arc<Shared>, runner: Runner, ci: Ci) {
    let mut jobs = JoinSet::new();
    loop {
        tokio::select! {
            (repo, run) = next_ci(&shared) => {
                let (shared, ci) = (Arc::clone(&shared), ci.clone());
                jobs.spawn(async move {
                    if let Ci::On(runner) = ci {
                        run_ci(Arc::clone(&shared), runner, repo, run).await;
                    }
                    shared.look(|world| world.ci_running -= 1);
                });
            }
            taken = next_dispatched(&shared, &runner) => {
                jobs.spawn(run_job(Arc::clone(&shared), runner.clone(), taken));
            }
            Some(_) = jobs.join_next() => {}
        }
    }
}

async fn next_ci(shared: &Arc<Shared>) -> (i64, i64) {
    loop {
        let news = shared.news.notified();
        let taken = shared.look_quietly(|world| {
            let at = world
                .jobs
                .iter()
                .position(|job| matches!(job, Job::Ci { .. }))?;
            let Some(Job::Ci { repo, run }) = world.jobs.remove(at) else {
                return None;
            };
            world.ci_running += 1;
            Some((repo, run))
        });
        match taken {
            Some(job) => return job,
            None => news.await,
        }
    }
}

async fn next_dispatched(shared: &Arc<Shared>, runner: &Runner) -> HeldRun {
    match runner {
        Runner::Held => std::future::pending().await,
        Runner::Started(_) | Runner::Workflow(_) => take_run(shared).await,
    }
}
