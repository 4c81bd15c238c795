//! One agent with its model, in a case of the runner.

use std::path::PathBuf;
use std::time::Duration;

use castellan::protocol::brief::Preset;
use castellan::protocol::result::Returned;
use castellan::yard::scripted_model::{Script, ScriptedModel, Turn};
use serde_json::json;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::MissedTickBehavior;

use crate::left_out::left_out;
use crate::runner::case::Case;

/// What the model is called: the name of none there is.
pub(super) const MODEL: &str = "scripted-1";

/// How often the machine's processes are looked at.
const LOOK: Duration = Duration::from_millis(100);
/// Far longer than the kernel takes.
const GONE_WITHIN: Duration = Duration::from_secs(20);

/// Each is large: one at a time, so that none takes the others' time to start.
static ONE: Mutex<()> = Mutex::const_new(());

pub(super) struct Stage {
    pub(super) case: Case,
    pub(super) model: ScriptedModel,
    /// Stands in the environment of all of the agent's processes, and of no others.
    mark: String,
    _one: MutexGuard<'static, ()>,
}

/// Where `tests/tools.sh` has put the agents.
fn agents(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("CASTELLAN_TEST_TOOLS").map(PathBuf::from);
    let folder = folder.map(|folder| folder.join("agents"));
    if folder.as_ref().is_none_or(|folder| !folder.is_dir()) {
        left_out(name, "no agents are in the folder CASTELLAN_TEST_TOOLS");
        return None;
    }
    folder
}

impl Stage {
    /// `preset` with a model that answers with `turns`, or a loud word that the test is left out.
    pub(super) async fn open(name: &str, preset: Preset, turns: Vec<Turn>) -> Option<Self> {
        let agents = agents(name)?;
        let one = ONE.lock().await;
        let mut case = Case::open(name, json!([])).await?;
        let model = ScriptedModel::open(Script::new(turns)).await.unwrap();
        let mark = format!("CASTELLAN_TEST_MARK={}-{name}", model.url());
        let agent = &mut case.brief.agent;
        agent.preset = Some(preset);
        agent.command.clear();
        let (key, value) = mark.split_once('=').unwrap();
        agent.environment.insert(key.to_owned(), value.to_owned());
        case.brief.model = Some(MODEL.to_owned());
        case.book().model_at = Some(model.url().to_owned());
        // They are real programs, with heaps and threads, and take long to start on busy machines.
        case.brief.limits.agent_s = 240;
        case.brief.limits.memory_mib = 4096;
        case.brief.limits.processes = 512;
        case.brief.limits.output_mib = 64;
        case.options.agents = agents;
        case.options.relay_program = Some(env!("CARGO_BIN_EXE_castellan").into());
        Some(Self {
            case,
            model,
            mark,
            _one: one,
        })
    }

    /// Does the work; whether a process of the agent was seen meanwhile.
    pub(super) async fn watched(&self) -> (Returned, bool) {
        let mut was_there = false;
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let work = self.case.work();
        tokio::pin!(work);
        loop {
            tokio::select! {
                returned = &mut work => return (returned, was_there),
                _ = look.tick(), if !was_there => was_there = self.is_there(),
            }
        }
    }

    /// Comes back when the agent has asked its model.
    pub(super) async fn is_asked(&self) {
        let mut look = tokio::time::interval(LOOK);
        while self.model.recorded().is_empty() {
            look.tick().await;
        }
    }

    /// Comes back when no process of the agent is left: the kernel ends them all, but not at once.
    pub(super) async fn is_gone(&self) {
        let mut look = tokio::time::interval(LOOK);
        let gone = async {
            while self.is_there() {
                look.tick().await;
            }
        };
        let gone = tokio::time::timeout(GONE_WITHIN, gone).await;
        gone.expect("nothing of the agent is left");
    }

    /// Whether any process of this machine belongs to the agent.
    pub(super) fn is_there(&self) -> bool {
        let folders = std::fs::read_dir("/proc").unwrap();
        folders.flatten().any(|folder| {
            // Processes end while one looks; others' may not be read.
            let environment = std::fs::read(folder.path().join("environ")).unwrap_or_default();
            environment
                .split(|byte| *byte == 0)
                .any(|variable| variable == self.mark.as_bytes())
        })
    }
}
