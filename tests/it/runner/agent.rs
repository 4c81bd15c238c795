//! Agents as they are: obedient, refused, crashing, hanging, silent, noisy.

use std::time::Duration;

use castellan::protocol::progress::Phase;
use castellan::protocol::result::Outcome;
use serde_json::json;

use super::case::AGENT;

#[tokio::test]
async fn a_refused_permission_stops_an_obedient_agent() {
    let case = case!("a_refused_permission_stops_an_obedient_agent", [
        {"ask": {"kind": "execute", "title": "Run\nrm -rf\u{7} /"}},
        {"write": {"path": "x", "content": "x"}}
    ]);
    let returned = case.work().await;
    assert_eq!(returned.outcome, Outcome::Unchanged);
    let permission = &returned.evidence.permissions[0];
    assert_eq!(
        (permission.tool_kind.as_str(), permission.granted),
        ("execute", false)
    );
    assert_eq!(
        permission.title, "Run rm -rf /",
        "one line without control characters"
    );
    assert!(
        returned
            .evidence
            .words
            .starts_with("I was not permitted to")
    );
    assert!(
        returned.evidence.acceptance.is_empty(),
        "there is nothing to accept"
    );
}

#[tokio::test]
async fn a_crash_is_told_with_its_exit_code() {
    let case = case!("a_crash_is_told_with_its_exit_code", [{"say": "So far."}, {"crash": 3}]);
    let returned = case.work().await;
    let Outcome::Failed { phase, cause, .. } = returned.outcome else {
        panic!("{:?}", returned.outcome);
    };
    assert_eq!(phase, Phase::Agent);
    assert!(
        cause.contains("exit code 3 before it answered session/prompt"),
        "{cause}"
    );
    // What was seen until then is returned with it.
    assert_eq!(returned.evidence.words, "So far.");
    assert!(returned.transcript.contains("So far."));
}

#[tokio::test]
async fn a_hanging_agent_is_ended_in_time() {
    let mut case = case!("a_hanging_agent_is_ended_in_time", [{"hang": true}]);
    case.brief.limits.agent_s = 1;
    let said = case.failure(Phase::Agent).await;
    assert!(said.contains("did not end its turn within 1 s"), "{said}");
}

#[tokio::test]
async fn a_silent_program_is_no_agent() {
    let mut case = case!("a_silent_program_is_no_agent", []);
    case.brief.agent.command = ["sleep", "600"].map(str::to_owned).to_vec();
    case.options.pace.agent_start = Duration::from_millis(300);
    let said = case.failure(Phase::Agent).await;
    assert!(said.contains("did not answer initialize"), "{said}");
}

#[tokio::test]
async fn a_program_that_ends_is_quoted() {
    let mut case = case!("a_program_that_ends_is_quoted", []);
    case.brief.agent.command = ["sh", "-c", "echo no key given >&2; exit 5"]
        .map(str::to_owned)
        .to_vec();
    let said = case.failure(Phase::Agent).await;
    assert!(
        said.contains("exit code 5 before it answered initialize"),
        "{said}"
    );
    assert!(said.contains("no key given"), "{said}");
}

#[tokio::test]
async fn a_program_that_is_not_there_is_named() {
    let mut case = case!("a_program_that_is_not_there_is_named", []);
    case.brief.agent.command = vec!["no-such-agent".to_owned()];
    let said = case.failure(Phase::Agent).await;
    assert!(said.contains("no-such-agent is not installed"), "{said}");
}

#[tokio::test]
async fn floods_are_cut_off() {
    let mut case = case!("floods_are_cut_off", [{"flood": 2_000_000_000_u64}]);
    case.brief.limits.output_mib = 2;
    let said = case.failure(Phase::Agent).await;
    assert!(said.contains("wrote more than 2 MiB"), "{said}");
    // The same on standard error.
    case.brief.agent.command = ["sh", "-c", "exec head -c 2000000000 /dev/zero >&2"]
        .map(str::to_owned)
        .to_vec();
    let said = case.failure(Phase::Agent).await;
    assert!(said.contains("wrote more than 2 MiB"), "{said}");
    // And of messages that are all proper.
    let update = json!({"jsonrpc": "2.0", "method": "session/update", "params": {
        "sessionId": "s", "update": {"sessionUpdate": "agent_message_chunk",
        "content": {"type": "text", "text": "many words ".repeat(100)}}}});
    let line = format!("while :; do echo '{update}'; done");
    case.brief.agent.command = ["sh", "-c", &line].map(str::to_owned).to_vec();
    let said = case.failure(Phase::Agent).await;
    assert!(said.contains("wrote more than 2 MiB"), "{said}");
}

#[tokio::test]
async fn a_message_is_bounded() {
    let mut case = case!("a_message_is_bounded", []);
    case.brief.limits.output_mib = 64;
    let line = "printf '{\"jsonrpc\":\"2.0\",\"x\":[1'; head -c 20000000 /dev/zero | \
                sed 's/\\x00\\x00/,1/g'; echo ']}'; sleep 600";
    case.brief.agent.command = ["sh", "-c", line].map(str::to_owned).to_vec();
    let said = case.failure(Phase::Agent).await;
    assert!(said.contains("a message longer than any may be"), "{said}");
}

#[tokio::test]
async fn garbage_is_not_a_protocol() {
    let case = case!("garbage_is_not_a_protocol", [{"garbage": true}, {"hang": true}]);
    let said = case.failure(Phase::Agent).await;
    assert!(
        said.contains("is not the Agent Client Protocol: Segmentation fault?"),
        "{said}"
    );
    // Nested too deeply to be parsed is garbage, too.
    let mut case = case!("garbage_is_not_a_protocol", []);
    let deep = format!("{{\"a\":{}", "[".repeat(100_000));
    let line = format!(
        "for i in $(seq 30); do head -c 100000 /dev/zero | tr '\\0' '['; echo '{}'; done; sleep 600",
        &deep[..50]
    );
    case.brief.agent.command = ["sh", "-c", &line].map(str::to_owned).to_vec();
    let said = case.failure(Phase::Agent).await;
    assert!(said.contains("is not the Agent Client Protocol"), "{said}");
}

#[tokio::test]
async fn a_few_stray_lines_are_passed_over() {
    let mut case =
        case!("a_few_stray_lines_are_passed_over", [{"write": {"path": "x", "content": "x"}}]);
    let script = case.brief.agent.command[2].clone();
    let agent = AGENT;
    let line =
        format!("echo hello; echo; exec /opt/agents/castellan-scripted-agent --script '{script}'");
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    std::fs::copy(agent, folder.path().join("castellan-scripted-agent")).unwrap();
    let line = line.replace("/opt/agents", folder.path().to_str().unwrap());
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(folder.path(), mode).unwrap();
    case.options.read_only.push(folder.path().to_owned());
    case.brief.agent.command = ["sh", "-c", &line].map(str::to_owned).to_vec();
    assert_eq!(case.change().await.len(), 1);
}

#[tokio::test]
async fn an_agent_that_stops_early_is_prompted_again() {
    let script = json!([
        {"write": {"path": "one", "content": "1"}}, {"stop": "max_tokens"},
        {"write": {"path": "two", "content": "2"}}, {"stop": "max_turn_requests"},
        {"write": {"path": "three", "content": "3"}}
    ]);
    let case = case!(
        "an_agent_that_stops_early_is_prompted_again",
        script.clone()
    );
    let said = case.failure(Phase::Agent).await;
    assert!(said.contains("used up its 2 turns"), "{said}");
    let mut case = case!("an_agent_that_stops_early_is_prompted_again", script);
    case.brief.limits.turns = 3;
    let returned = case.work().await;
    assert_eq!(returned.evidence.turns, 3);
    assert!(matches!(returned.outcome, Outcome::Changed { change } if change.files.len() == 3));
}

#[tokio::test]
async fn a_refusal_is_a_failure() {
    let case = case!("a_refusal_is_a_failure", [{"stop": "refusal"}]);
    assert!(
        case.failure(Phase::Agent)
            .await
            .contains("refused the task")
    );
}

#[tokio::test]
async fn later_attempts_follow_their_own_script() {
    let mut case = case!("later_attempts_follow_their_own_script", {"attempts": [
        [{"write": {"path": "first", "content": "1"}}],
        [{"write": {"path": "second", "content": "2"}}]
    ]});
    assert_eq!(case.change().await[0].path, "first");
    case.brief.prompt = "Feedback.\nAttempt: 7\n".to_owned();
    assert_eq!(case.change().await[0].path, "second");
}

#[tokio::test]
async fn without_a_relay_program_a_model_is_not_promised() {
    let mut case = case!("without_a_relay_program_a_model_is_not_promised", []);
    case.brief.model = Some("small".to_owned());
    assert!(
        case.failure(Phase::Agent)
            .await
            .contains("no relay program")
    );
}
