//! What runs in the jobs of a run: a program in their place, or the workflow's own file.

use std::process::Stdio;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::hooks::client;
use super::jobs::{HeldRun, Program, Runner, end_group};
use super::shared::Shared;
use crate::protocol::ENTER_PATH;

/// How much of what a job says is kept, at its end.
const OUTPUT_KEPT: usize = 256 * 1024;

/// Runs the jobs of a run and waits for their end.
pub(super) async fn run_job(shared: Arc<Shared>, runner: Runner, held: HeldRun) {
    let (repo, id) = (held.repo, held.run_id.0);
    if held.is_cancelled() || held.begins().await.is_err() {
        return;
    }
    let ended = match runner {
        Runner::Held => return,
        Runner::Started(program) => spawn(&shared, &program, &held).await,
        Runner::Workflow(act) => {
            let (laid_for, run) = (Arc::clone(&shared), held.clone());
            let laid = tokio::task::spawn_blocking(move || act.lay(&laid_for, &run)).await;
            match laid.map_err(std::io::Error::other) {
                Ok(Ok((_folder, program))) => spawn(&shared, &program, &held).await,
                Ok(Err(error)) => Err(std::io::Error::other(error)),
                Err(error) => Err(error),
            }
        }
    };
    let (conclusion, output) = match ended {
        Ok((true, output)) => ("success", output),
        Ok((false, output)) => ("failure", output),
        Err(error) => (
            "failure",
            format!("the program could not be run: {error}\n"),
        ),
    };
    if let Err(error) = shared
        .change(move |world| world.end_run(repo, id, conclusion, &output))
        .await
    {
        tracing::warn!(%error, run = id, "the end of a run could not be recorded");
    }
}

async fn spawn(
    shared: &Arc<Shared>,
    program: &Program,
    held: &HeldRun,
) -> std::io::Result<(bool, String)> {
    let (name, arguments) = program
        .argv
        .split_first()
        .ok_or(std::io::ErrorKind::InvalidInput)?;
    let mut command = tokio::process::Command::new(name);
    command
        .args(arguments)
        .current_dir(&program.dir)
        .env_clear();
    command
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("LANG", "C.UTF-8")
        .env("CI", "true");
    command.envs(program.env.iter().map(|(key, value)| (key, value)));
    for (key, value) in &held.inputs {
        command.env(format!("INPUT_{}", key.to_ascii_uppercase()), value);
    }
    if let Some(server) = &program.enters {
        command.env("CASTELLAN_TICKET", enter(server, held).await?);
    }
    let server = shared.look(|world| world.base_url.clone());
    command
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_RUN_ID", held.run_id.to_string())
        .env("GITHUB_RUN_ATTEMPT", held.run_attempt.to_string())
        .env("GITHUB_REPOSITORY", &held.repository)
        .env("GITHUB_API_URL", format!("{server}/api/v3"))
        .env("GITHUB_SERVER_URL", server)
        .env("GITHUB_TOKEN", &held.token)
        .env("CASTELLAN_READ_TOKEN", &held.token);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.process_group(0).kill_on_drop(true).spawn()?;
    let (repo, id, process) = (held.repo, held.run_id.0, child.id());
    let cancelled = shared.look(|world| {
        let run = world.run_mut(repo, id).ok()?;
        run.process = process;
        run.cancelled.then_some(())
    });
    if let (Some(()), Some(process)) = (cancelled, process) {
        end_group(process);
    }
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let (out, err, status) = tokio::join!(tail(out), tail(err), child.wait());
    Ok((status?.success(), format!("{out}{err}")))
}

/// What the workflow's job `enter` does: a token of the issuer's for a ticket.
async fn enter(server: &str, held: &HeldRun) -> std::io::Result<String> {
    let input = |name| held.inputs.get(name).map_or("", String::as_str);
    let (task, attempt, nonce) = (input("task"), input("attempt"), input("nonce"));
    let body = serde_json::json!({"value": held.identity(server, &serde_json::Value::Null)});
    let client = client().map_err(std::io::Error::other)?;
    let url = format!("{server}{ENTER_PATH}/{task}/{attempt}/{nonce}");
    let answer = client.post(url).json(&body).send().await;
    let answer = answer.map_err(std::io::Error::other)?;
    let (status, said) = (answer.status(), answer.text().await.unwrap_or_default());
    if status.is_success() {
        return Ok(said);
    }
    Err(std::io::Error::other(format!(
        "signing in: {status} {said}"
    )))
}

/// The end of what a stream says.
async fn tail(stream: Option<impl AsyncRead + Unpin>) -> String {
    let Some(mut stream) = stream else {
        return String::new();
    };
    let mut kept: Vec<u8> = Vec::new();
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = stream.read(&mut buffer).await {
        kept.extend_from_slice(buffer.get(..read).unwrap_or_default());
        if kept.len() > 2 * OUTPUT_KEPT {
            kept.drain(..kept.len() - OUTPUT_KEPT);
        }
    }
    let from = kept.len().saturating_sub(OUTPUT_KEPT);
    String::from_utf8_lossy(kept.get(from..).unwrap_or_default()).into_owned()
}
