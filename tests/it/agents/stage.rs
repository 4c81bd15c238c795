//! One agent with its model, in a case of the runner.

use std::path::PathBuf;

use castellan::protocol::brief::Preset;
use castellan::yard::scripted_model::{Script, ScriptedModel, Turn};
use serde_json::json;

use crate::left_out::left_out;
use crate::runner::case::Case;

/// What the model is called: the name of none there is.
pub(super) const MODEL: &str = "scripted-1";

pub(super) struct Stage {
    pub(super) case: Case,
    pub(super) model: ScriptedModel,
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
        let mut case = Case::open(name, json!([])).await?;
        let model = ScriptedModel::open(Script::new(turns)).await.unwrap();
        case.brief.agent.preset = Some(preset);
        case.brief.agent.command.clear();
        case.brief.agent.model_url = Some(format!("{}/wire", model.url()));
        case.brief.model = Some(MODEL.to_owned());
        // They are real programs, with heaps and threads.
        case.brief.limits.memory_mib = 4096;
        case.brief.limits.processes = 512;
        case.brief.limits.output_mib = 64;
        case.options.agents = agents;
        case.options.relay_program = Some(env!("CARGO_BIN_EXE_castellan").into());
        Some(Self { case, model })
    }
}
