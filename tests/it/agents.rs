//! The four agents that there are presets for, as they are: real programs in the real sandbox,
//! with a model that follows a script.

mod instructions;
mod outside;
mod script;

pub(crate) use script::edits;
mod stage;

use castellan::domain::change::Operation;
use castellan::domain::request::policy::MODEL_PORT;
use castellan::protocol::brief::Preset;
use castellan::protocol::progress::Phase;
use castellan::protocol::result::{Outcome, Returned};
use castellan::runner::{Ended, work};

use outside::Trace;
use stage::{MODEL, Stage};

/// What the scripts have the shell command write.
const WRITTEN: &str = "docs/tested.md";

fn changed(returned: &Returned) -> Vec<(Operation, &str, String)> {
    let Outcome::Changed { change } = &returned.outcome else {
        panic!("{:?}\n{}", returned.outcome, returned.transcript);
    };
    let line = |file: &castellan::domain::change::FileChange| {
        String::from_utf8_lossy(&file.content).trim().to_owned()
    };
    let files = change.files.iter();
    files
        .map(|file| (file.operation, file.path.as_str(), line(file)))
        .collect()
}

fn asked(returned: &Returned) -> Vec<(&str, bool)> {
    let permissions = returned.evidence.permissions.iter();
    permissions
        .map(|asked| (asked.tool_kind.as_str(), asked.granted))
        .collect()
}

/// Edits by the agent's own tool and runs a command, each asked for and granted; then nothing of
/// the agent is left, and the model was the only one that it spoke with, by a worthless key.
async fn works(name: &str, preset: Preset) {
    let Some(mut stage) = Stage::open(name, preset, script::fixes(preset)).await else {
        return;
    };
    stage.case.brief.allow.tool_kinds.push("execute".to_owned());
    let (returned, was_there) = stage.watched().await;
    let fixed = (
        Operation::Modify,
        "src/add.sh",
        "echo $(($1 + $2))".to_owned(),
    );
    let tested = (Operation::Add, WRITTEN, "tested".to_owned());
    assert_eq!(
        changed(&returned),
        [tested, fixed],
        "{}",
        returned.transcript
    );
    assert_eq!(asked(&returned), [("edit", true), ("execute", true)]);
    assert!(returned.evidence.acceptance[0].passed());
    assert!(returned.evidence.agent.is_some());
    assert_eq!(returned.evidence.words, "It adds.");
    assert!(was_there, "the agent was seen while it worked");
    stage.is_gone().await;
    assert_eq!(stage.model.turns_left(), 0);
    for call in stage.model.recorded() {
        assert!(
            call.names(MODEL) && call.path.starts_with("/model/") && call.path.contains("/v1"),
            "{} {}",
            call.method,
            call.path
        );
    }
    for call in &stage.case.book().model {
        let headers = format!("{:?} {}", call.headers, call.path);
        assert!(!headers.contains("castellan-no-key"), "{headers}");
    }
}

/// Is granted the edit, refused the command, and goes on; it has no tools on its provider's side,
/// uses no other model, and no process of it looks for anybody else.
async fn is_kept(name: &str, preset: Preset) {
    let mut turns = script::fixes(preset);
    turns.pop();
    turns.extend(script::browses(preset));
    let Some(mut stage) = Stage::open(name, preset, turns).await else {
        return;
    };
    let trace = Trace::start(name, &mut stage.case.options);
    let returned = stage.case.work().await;
    let fixed = (
        Operation::Modify,
        "src/add.sh",
        "echo $(($1 + $2))".to_owned(),
    );
    assert_eq!(changed(&returned), [fixed], "{}", returned.transcript);
    assert_eq!(
        asked(&returned),
        [("edit", true), ("execute", false)],
        "what is on the provider's side is not even asked for"
    );
    assert_eq!(stage.model.turns_left(), 0, "{}", returned.transcript);
    for call in stage.model.recorded() {
        let theirs = [
            r#""type":"web_search"#,
            r#""googleSearch"#,
            r#""urlContext"#,
        ];
        assert!(
            !theirs.iter().any(|tool| call.body.contains(tool)),
            "{}",
            call.body
        );
        assert!(call.names(MODEL), "{} {}", call.path, call.body);
    }
    if let Some(trace) = trace {
        trace.shows_only(MODEL_PORT);
    }
}

macro_rules! each {
    ($($preset:ident: $works:ident, $is_kept:ident;)+) => {$(
        #[tokio::test]
        async fn $works() {
            works(stringify!($works), Preset::$preset).await;
        }

        #[tokio::test]
        async fn $is_kept() {
            is_kept(stringify!($is_kept), Preset::$preset).await;
        }
    )+};
}

each! {
    Opencode: opencode_edits_and_runs_what_is_permitted, opencode_is_kept_from_all_else;
    Claude: claude_edits_and_runs_what_is_permitted, claude_is_kept_from_all_else;
    Codex: codex_edits_and_runs_what_is_permitted, codex_is_kept_from_all_else;
    Gemini: gemini_edits_and_runs_what_is_permitted, gemini_is_kept_from_all_else;
}

#[tokio::test]
async fn an_agent_that_cannot_be_installed_fails_in_set_up_with_the_remedy() {
    let name = "an_agent_that_cannot_be_installed_fails_in_set_up_with_the_remedy";
    let Some(mut case) = crate::runner::case::Case::open(name, serde_json::json!([])).await else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    case.brief.agent.preset = Some(Preset::Codex);
    case.options.agents = folder.path().join("agents");
    let programs = case.options.search.clone();
    // No npm.
    case.options.search = vec![folder.path().to_owned()];
    for program in ["git", "bwrap"] {
        let at = castellan::sandbox::locate(program, &programs).unwrap();
        std::os::unix::fs::symlink(at, folder.path().join(program)).unwrap();
    }
    let said = case.failure(Phase::Setup).await;
    assert!(
        said.contains("npm is not installed") && said.contains("--agents"),
        "{said}"
    );
    // One that reaches nobody.
    let npm = folder.path().join("npm");
    std::fs::write(
        &npm,
        "#!/bin/sh\necho npm error code ENOTFOUND >&2\nexit 1\n",
    )
    .unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&npm, mode).unwrap();
    let said = case.failure(Phase::Setup).await;
    assert!(said.contains("could not install codex 0.16.0"), "{said}");
    assert!(
        said.contains("let the runner reach npm's registry"),
        "{said}"
    );
    // Nothing half-made is left for the next attempt.
    assert_eq!(std::fs::read_dir(&case.options.agents).unwrap().count(), 0);
    // Another version, or another account's.
    let packages = case.options.agents.join("codex-0.16.0/node_modules");
    let package = packages.join("@zed-industries/codex-acp-linux-x64");
    std::fs::create_dir_all(&package).unwrap();
    std::fs::write(package.join("package.json"), r#"{"version": "0.15.0"}"#).unwrap();
    let said = case.failure(Phase::Setup).await;
    assert!(said.contains("holds version 0.15.0, not 0.16.0"), "{said}");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    std::fs::set_permissions(packages.parent().unwrap(), mode).unwrap();
    let said = case.failure(Phase::Setup).await;
    assert!(said.contains("can be changed by other accounts"), "{said}");
}

#[tokio::test]
async fn an_agent_without_a_model_is_not_started() {
    let name = "an_agent_without_a_model_is_not_started";
    let Some(mut stage) = Stage::open(name, Preset::Codex, Vec::new()).await else {
        return;
    };
    stage.case.brief.model = None;
    let said = stage.case.failure(Phase::Agent).await;
    assert!(said.contains("names no model for codex"), "{said}");
    assert!(stage.model.recorded().is_empty());
}

#[tokio::test]
async fn an_agent_that_is_told_to_stop_leaves_nothing_behind() {
    let name = "an_agent_that_is_told_to_stop_leaves_nothing_behind";
    let Some(stage) = Stage::open(name, Preset::Codex, script::hangs()).await else {
        return;
    };
    stage.case.book().brief = Some(stage.case.brief.clone());
    let working = work(stage.case.options.clone());
    let asked = stage.is_asked();
    tokio::pin!(working);
    tokio::select! {
        ended = &mut working => panic!("{ended:?}"),
        () = asked => {}
    }
    assert!(stage.is_there());
    stage.case.book().stop_now = true;
    let ended = working.await.unwrap().ended;
    assert!(matches!(ended, Ended::Stopped { .. }), "{ended:?}");
    stage.is_gone().await;
}
