//! Storms: the story from label to pull request, with `/agent fix`, a person's push or an
//! approval of CI after it,
//! while deliveries are shuffled, doubled and lost, calls of GitHub fail before or after their
//! effect, results come twice, and the server dies at any step, also in the middle of one. It
//! ends the same after a sweep (I1 to I5, I9, I11).
//!
//! 200 seeds; one alone: `CASTELLAN_STORM_SEED=17 cargo test --test it storm::seeds`.

mod end;
mod processes;
mod runner;
mod weather;
pub(crate) mod world;

use std::time::Duration;

use castellan::domain::ids::Number;
use castellan::domain::task::Task;
use castellan::engine::EngineError;
use castellan::yard::Order;

use end::End;
use runner::{Away, Job};
use weather::{Gust, Weather};
use world::World;

const SEED: &str = "CASTELLAN_STORM_SEED";
const SEEDS: u64 = 200;
/// Storms at once: they wait for git more than they compute.
const AT_ONCE: usize = 6;
/// Longest that one storm may take, with the others on the same two cores.
const ONE_MAX: Duration = Duration::from_secs(120);
/// Gusts of one part of a story.
const GUSTS: usize = 28;
/// Rounds in which what comes late is still read.
const LATE_ROUNDS: usize = 5;
/// Rounds until all must have come to rest; each moves the clock.
const ROUNDS: usize = 80;

/// What follows the pull request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tale {
    Label,
    Fix,
    Push,
    Approve,
}

impl Tale {
    const fn of(seed: u64) -> Self {
        match seed % 4 {
            0 => Self::Label,
            1 => Self::Fix,
            2 => Self::Push,
            _ => Self::Approve,
        }
    }

    /// Where the task comes to rest without anybody's doing.
    const fn rests(self) -> &'static str {
        match self {
            Self::Label | Self::Fix | Self::Push => "delivered",
            Self::Approve => "staged",
        }
    }
}

/// A story in a storm, or in calm weather.
struct Storm {
    world: World,
    weather: Option<Weather>,
    jobs: Vec<Job>,
}

impl Storm {
    async fn tell(seed: u64, tale: Tale, weather: Option<Weather>) -> End {
        let world = World::begin(seed).await;
        if tale == Tale::Approve {
            let policy = [(".github/castellan.yml", "ci: after_approval\n")];
            world.alice.pushes("main", &policy, "Ask").await.unwrap();
        }
        // The App is installed before anybody asks: what was asked before is nothing to it.
        world.engine().sweep_next().await.unwrap();
        let mut storm = Self {
            world,
            weather,
            jobs: Vec::new(),
        };
        storm.gathers();
        let alice = storm.world.alice.clone();
        let issue = alice
            .opens_issue("The code is broken", "Please fix it.")
            .await
            .unwrap();
        alice.labels(issue, "agent").await.unwrap();
        storm
            .blows_until(|task| task.stage.name() == tale.rests())
            .await;
        if tale != Tale::Label {
            storm.gathers();
            storm.goes_on(tale).await;
        }
        storm.ends().await
    }

    /// The end. A connection to a server that crashed may bring its delivery after all, when
    /// everything had come to rest: it is read like any other before the end is told.
    async fn ends(&mut self) -> End {
        let mut round = 0;
        loop {
            let World { yard, repo, .. } = &self.world;
            let end = End::of(&self.world.engine().store, yard, repo).await;
            if end.is_at_rest() || round == LATE_ROUNDS {
                return end;
            }
            self.settles().await;
            round += 1;
        }
    }

    async fn goes_on(&mut self, tale: Tale) {
        let alice = self.world.alice.clone();
        let task = self.task().await.expect("a task");
        let pull = task.pull.as_ref().map_or(Number(0), |pull| pull.number);
        match tale {
            Tale::Label => {}
            Tale::Fix => {
                alice.comments(pull.0, "/agent fix and more").await.unwrap();
                let fixed =
                    |task: &Task| task.attempts.len() == 2 && task.stage.name() == "delivered";
                self.blows_until(fixed).await;
            }
            Tale::Approve => {
                let tip = |branch: &str| self.world.yard.branch_tip("octo/sample", branch);
                assert_eq!(tip(&task.id.branch()), None, "X62: nothing is on a branch");
                alice.comments(task.issue.0, "/agent ci").await.unwrap();
                self.blows_until(|task| task.stage.name() == "delivered")
                    .await;
            }
            Tale::Push => {
                let files = [("own.txt", "mine\n")];
                alice
                    .pushes(&task.id.branch(), &files, "My own")
                    .await
                    .unwrap();
                self.blows_until(|task| task.stage.name() == "paused").await;
            }
        }
    }

    fn gathers(&mut self) {
        if let Some(weather) = &mut self.weather {
            weather.gathers(&self.world.yard);
        }
    }

    async fn task(&self) -> Option<Task> {
        let tasks = self.world.engine().store.newest_tasks(1).await.unwrap();
        tasks.into_iter().next().map(|summary| summary.task)
    }

    /// A storm, then calm until the task is `there` and nothing is left to do.
    async fn blows_until(&mut self, there: impl Fn(&Task) -> bool) {
        for _ in 0..GUSTS {
            let Some(gust) = self.weather.as_mut().map(Weather::gust) else {
                break;
            };
            self.blows(gust).await;
        }
        self.world.yard.delivers_held(&Order::AsHappened);
        for round in 0..ROUNDS {
            self.settles().await;
            let there = self.task().await.is_some_and(|task| there(&task));
            // A round more: what the sweep finds must change nothing.
            if there && self.is_at_rest().await && round > 2 {
                return;
            }
            let span_s = if round < 5 { 40 } else { 16 * 60 };
            self.world.clock.advance_ms(span_s * 1000);
            let _ = self.world.engine().sweep_next().await;
        }
        let task = self.task().await;
        let transcript = self.world.yard.transcript("octo/sample").await.unwrap();
        panic!("it never came to rest: {task:#?}\n{transcript}");
    }

    async fn is_at_rest(&self) -> bool {
        let store = &self.world.engine().store;
        let effects = store.count_effects().await.unwrap();
        let deliveries = store.count_deliveries().await.unwrap();
        effects.waiting == 0 && deliveries.unread == 0 && self.jobs.is_empty()
    }

    /// Everything that can be done without time passing is done.
    async fn settles(&mut self) {
        loop {
            self.world.yard.settle().await;
            let _ = self.world.engine().settle().await;
            if !self.runs().await {
                return;
            }
        }
    }

    /// All runners work. Gives whether there was one.
    async fn runs(&mut self) -> bool {
        while let Ok(held) = tokio::time::timeout(Duration::ZERO, self.world.yard.take_run()).await
        {
            self.jobs.push(Job::new(held, self.world.http.clone()));
        }
        let twice = self
            .weather
            .as_mut()
            .is_some_and(|weather| weather.one_in(3));
        let any = !self.jobs.is_empty();
        for job in std::mem::take(&mut self.jobs) {
            if let Err(Away::Gone) = job.runs(self.world.url(), twice).await {
                self.jobs.push(job);
            }
        }
        any
    }

    async fn blows(&mut self, gust: Gust) {
        match gust {
            Gust::Read | Gust::Perform | Gust::Deadlines | Gust::Sweep => self.works(gust).await,
            Gust::Run => {
                self.runs().await;
            }
            Gust::Time(span_s) => self.world.clock.advance_ms(span_s * 1000),
            Gust::Deliver => {
                let order = self
                    .weather
                    .as_mut()
                    .map_or(Order::AsHappened, Weather::order);
                self.world.yard.delivers_held(&order);
                self.world.yard.settle().await;
                self.world.yard.holds_deliveries();
            }
            Gust::Crash(fails) => {
                self.world.dies();
                if fails {
                    self.world.yard.delivers_held(&Order::AsHappened);
                    self.world.yard.settle().await;
                    self.world.yard.holds_deliveries();
                }
                self.world.lives().await;
            }
        }
    }

    /// One step of the server; one in five is cut off after some calls of GitHub.
    async fn works(&mut self, gust: Gust) {
        let cut = self.weather.as_mut().and_then(|weather| {
            let is_cut = weather.one_in(5);
            is_cut.then(|| weather.up_to(5))
        });
        let yard = self.world.yard.clone();
        let calls = yard.call_list().len();
        let engine = self.world.engine().clone();
        let Some(cut) = cut else {
            let _ = step(&engine, gust).await;
            return;
        };
        let died = tokio::select! {
            biased;
            () = yard.has_answered(calls + cut) => true,
            _ = step(&engine, gust) => false,
        };
        if died {
            self.world.dies();
            self.world.lives().await;
        }
    }
}

async fn step(engine: &castellan::engine::Engine, gust: Gust) -> Result<bool, EngineError> {
    match gust {
        Gust::Read => engine.read_next().await,
        Gust::Perform => engine.perform_next().await,
        Gust::Deadlines => engine.pass_deadlines().await,
        _ => engine.sweep_next().await,
    }
}

async fn calm() -> [End; 4] {
    let tell = |tale| Storm::tell(1, tale, None);
    [
        tell(Tale::Label).await,
        tell(Tale::Fix).await,
        tell(Tale::Push).await,
        tell(Tale::Approve).await,
    ]
}

/// A storm ends as the calm story does.
async fn assert_same(seed: u64, calm: &[End; 4]) -> Result<(), String> {
    let tale = Tale::of(seed);
    let storm = tokio::spawn(Storm::tell(seed, tale, Some(Weather::of(seed))));
    let again = format!("again: {SEED}={seed} cargo test --test it storm::seeds");
    let end = match tokio::time::timeout(ONE_MAX, storm).await {
        Ok(Ok(end)) => end,
        Ok(Err(error)) => return Err(format!("seed {seed} ({tale:?}): {error}\n{again}")),
        Err(_) => return Err(format!("seed {seed} ({tale:?}) took too long\n{again}")),
    };
    let expected = &calm[tale as usize];
    if end == *expected {
        return Ok(());
    }
    Err(format!(
        "seed {seed} ({tale:?}) ended otherwise\n{again}\n{end:#?}\ncalm: {expected:#?}"
    ))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn seeds() {
    let given = std::env::var_os(SEED).and_then(|seed| seed.to_str()?.parse().ok());
    let seeds: Vec<u64> = given.map_or_else(|| (0..SEEDS).collect(), |seed: u64| vec![seed]);
    let calm: &'static [End; 4] = Box::leak(Box::new(calm().await));
    let mut failed = Vec::new();
    let mut all: tokio::task::JoinSet<Result<(), String>> = tokio::task::JoinSet::new();
    for seed in seeds {
        while all.len() >= AT_ONCE {
            failed.extend(all.join_next().await.and_then(|one| one.unwrap().err()));
        }
        all.spawn(assert_same(seed, calm));
    }
    failed.extend(all.join_all().await.into_iter().filter_map(Result::err));
    assert!(
        failed.is_empty(),
        "{} failed\n{}",
        failed.len(),
        failed.join("\n\n")
    );
}
