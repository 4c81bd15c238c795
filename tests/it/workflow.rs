//! The workflow file that repositories commit: executed by act, and clean under its linters.
//!
//! act, actionlint and zizmor are found in the folder that `CASTELLAN_TEST_TOOLS` names;
//! `tests/run.sh` installs them there.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use castellan::protocol::brief::Preset;
use castellan::yard::scripted_model::{Script, ScriptedModel, Turn};
use serde_json::Value;

use crate::agents::edits;
use crate::cli::castellan;
use crate::left_out::left_out;
use crate::sandbox::sandbox_for;

/// Where the server is in the files that are only looked at.
const SERVER: &str = "https://castellan.example";
/// The key of the provider of models.
const KEY: &str = "key-of-the-provider-47f1c2";
/// The one line that is newer than some tools: act 0.2.89, actionlint 1.7.12.
const CACHE_MODE: &str = "cache-mode: none";

fn tool(test: &str, name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("CASTELLAN_TEST_TOOLS").map(PathBuf::from);
    let found = folder
        .map(|folder| folder.join(name))
        .filter(|path| path.exists());
    if found.is_none() {
        left_out(
            test,
            &format!("{name} is not in the folder CASTELLAN_TEST_TOOLS"),
        );
    }
    found
}

fn text(output: &Output) -> String {
    let both = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&both).into_owned()
}

/// What `castellan workflow` prints with these arguments beside the server's address.
fn printed(more: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut command = castellan(folder.path());
    let output = command
        .args(["workflow", "--server", SERVER])
        .args(more)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// The demo's one object, the story having gone through the workflow's own file.
async fn story(test: &str, more: &[&str]) -> Option<Value> {
    let act = tool(test, "act")?;
    sandbox_for(test).await?;
    let folder = tempfile::tempdir().unwrap();
    let mut demo = castellan(folder.path());
    demo.args(["demo", "--json", "--act"]).arg(act).args(more);
    // Beside this thread, which may play the model.
    let output = tokio::task::spawn_blocking(move || demo.output());
    let output = output.await.unwrap().unwrap();
    let said = text(&output);
    assert!(output.status.success(), "{said}");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("The run proved that it is the one"), "{said}");
    Some(serde_json::from_slice(&output.stdout).expect(&said))
}

#[tokio::test]
async fn act_executes_the_file_from_the_label_to_the_draft_pull_request() {
    let test = "act_executes_the_file_from_the_label_to_the_draft_pull_request";
    let Some(told) = story(test, &[]).await else {
        return;
    };
    assert_eq!(told["stage"], "delivered");
    assert_eq!(told["files"], serde_json::json!(["words.py"]));
}

#[tokio::test]
async fn act_executes_the_file_for_a_server_that_names_no_run() {
    let test = "act_executes_the_file_for_a_server_that_names_no_run";
    let Some(told) = story(test, &["--older-github"]).await else {
        return;
    };
    assert_eq!(told["stage"], "delivered");
}

/// Where `tests/tools.sh` puts the agents.
fn agents(test: &str) -> Option<PathBuf> {
    tool(test, "agents")
}

/// The whole way, once for each agent that is known: the label, GitHub's run, the identity, the
/// ticket, the agent in its sandbox, its model behind the server's gateway, the pull request.
#[tokio::test]
async fn each_known_agent_goes_the_whole_way_and_meets_no_key() {
    let test = "each_known_agent_goes_the_whole_way_and_meets_no_key";
    let Some(agents) = agents(test) else { return };
    for preset in Preset::ALL {
        let line = "    return len(text.split(\" \"))";
        let mut turns = edits(preset, "words.py", (line, "split(\" \")", "split()"));
        turns.push(Turn::say("Any white space parts words now."));
        let model = ScriptedModel::open(Script::new(turns)).await.unwrap();
        let (url, folder) = (model.url(), agents.display().to_string());
        let wire = preset.wire().as_str();
        let more = [
            ["--agent", preset.as_str()],
            ["--model", "scripted-1"],
            ["--model-wire", wire],
            ["--model-url", &url],
            ["--model-key", KEY],
            ["--agents", &folder],
        ];
        let Some(told) = story(test, more.as_flattened()).await else {
            return;
        };
        assert_eq!(told["stage"], "delivered", "{wire}: {told}");
        assert_eq!(told["files"], serde_json::json!(["words.py"]));
        assert_eq!(model.turns_left(), 0);
        let calls = model.recorded();
        let keyed = |name: &str, value: &str| {
            value.ends_with(KEY) && ["authorization", "x-api-key", "x-goog-api-key"].contains(&name)
        };
        for call in &calls {
            let mut headers = call.headers.iter();
            let has_key = headers.any(|(name, value)| keyed(name, value));
            assert!(
                has_key && !call.path.contains(KEY),
                "{} {}",
                call.path,
                wire
            );
        }
        assert!(!calls.is_empty() && !told.to_string().contains(KEY));
    }
}

/// Looks wherever a program can look for what belongs to the job, and does the work only where
/// it finds nothing (and would have found its own search path). The brackets keep it from finding
/// itself.
const PROBE: &str = "loot() { env; cat /proc/*/environ /proc/*/cmdline /proc/*/mountinfo; \
    find / -xdev -newer /etc/hostname -type f -size -64k -exec cat {} + ; }; \
    loot 2>/dev/null | tr '\\0' '\\n' > /tmp/loot; \
    grep -q PATH= /tmp/loot && \
    ! grep -q -e ACTIONS_I[D] -e ACTIONS_RUNTIM[E] -e CASTELLAN_TICKE[T] -e GITHUB_EN[V] -e GITHUB_PAT[H] -e GITHUB_OUTPU[T] -e GITHUB_STE[P] -e ACTIONS_CACH[E] -e RUNNER_TEM[P] -e gh[s]_ /tmp/loot && \
    test ! -e /var/run/docker.sock && test ! -w /proc/sys/kernel/core_pattern && \
    sed -i 's/text.split(. .)/text.split()/' words.py";

#[tokio::test]
async fn x26_x35_an_agent_in_the_job_finds_no_identity_no_ticket_and_no_token() {
    let test = "x26_x35_an_agent_in_the_job_finds_no_identity_no_ticket_and_no_token";
    let script = serde_json::json!([{"run": ["sh", "-c", PROBE]}]).to_string();
    let agent = env!("CARGO_BIN_EXE_castellan-scripted-agent");
    let agent = shlex::try_join([agent, "--script", script.as_str()]).unwrap();
    let Some(told) = story(test, &["--agent", &agent]).await else {
        return;
    };
    assert_eq!(told["stage"], "delivered");
    assert_eq!(told["files"], serde_json::json!(["words.py"]));
}

#[test]
fn the_file_is_clean_under_its_linters() {
    let test = "the_file_is_clean_under_its_linters";
    let (Some(zizmor), Some(actionlint)) = (tool(test, "zizmor"), tool(test, "actionlint")) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let whole = file("castellan.yml", &printed(&[]));
    let without = file("ghes.yml", &printed(&["--ghes"]));
    let run = |program: &Path, arguments: &[&str], file: &Path| {
        let mut command = Command::new(program);
        let output = command.args(arguments).arg(file).output().unwrap();
        assert!(output.status.success(), "{}", text(&output));
    };
    for path in [&whole, &without] {
        run(
            &zizmor,
            &["--offline", "--no-config", "--persona", "auditor"],
            path,
        );
    }
    // It does not know that key yet; nothing else differs.
    run(&actionlint, &["-shellcheck=", "-pyflakes="], &without);
    let bad = printed(&[]).replace("id-token: write", "contents: write");
    let bad = file("bad.yml", &bad.replace("\"$TASK\"", "${{ inputs.task }}"));
    let output = Command::new(&zizmor)
        .args(["--offline", "--no-config"])
        .arg(&bad)
        .output();
    assert!(!output.unwrap().status.success(), "it finds what is bad");
}

#[test]
fn for_older_servers_one_line_is_left_out_and_nothing_else() {
    let (whole, older) = (printed(&[]), printed(&["--ghes"]));
    assert_eq!(whole.replace(&format!("{CACHE_MODE}\n\n"), ""), older);
    assert_eq!(whole.matches(CACHE_MODE).count(), 1);
}

#[test]
fn x88_nothing_in_the_file_comes_from_what_a_writer_can_change() {
    let file = printed(&[]);
    for word in [
        "vars.",
        "secrets.",
        "uses:",
        "pull_request_target",
        "@SERVER@",
        "@RUNNER",
    ] {
        assert!(!file.contains(word), "{word}");
    }
    assert!(file.contains("\npermissions: {}\n"), "{file}");
    // Inputs reach no script but through its environment.
    let scripts = file.split("run: |").skip(1);
    for script in scripts {
        let end = script.find("\n\n").unwrap_or(script.len());
        assert!(!script[..end].contains("${{"), "{script}");
    }
    let jobs = file.split_once("\n  work:").unwrap();
    assert!(jobs.0.contains("id-token: write") && !jobs.0.contains("contents: "));
    assert!(jobs.1.contains("contents: read") && !jobs.1.contains("id-token"));
}

#[test]
fn a_server_that_runners_cannot_trust_is_refused_with_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    for (server, said) in [
        ("http://castellan.example", "must reach it by https"),
        (
            "https://castellan.example/?x=1",
            "write scheme, host, port and path only",
        ),
        (
            "https://u:p@castellan.example",
            "write scheme, host, port and path only",
        ),
        (
            "https://castellan.example/$(id)",
            "write scheme, host, port and path only",
        ),
    ] {
        let mut command = castellan(folder.path());
        let output = command
            .args(["workflow", "--server", server])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{server}");
        assert!(text(&output).contains(said), "{server}: {}", text(&output));
    }
}
