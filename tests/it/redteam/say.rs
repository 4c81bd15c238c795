//! Speaking to the job's log: nothing that anybody says is a command to the machine (X41).

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use castellan::protocol::{EXCHANGE_PATH, Refused};
use castellan::sandbox::without_commands;
use serde_json::json;

use super::{Raid, Raided, deed};

/// Titles, words and names that are commands.
const COMMANDS: [&str; 4] = [
    "::add-mask::red",
    "##[add-mask]red",
    "\n::error file=a,line=1::red",
    "\r::set-output name=a::red",
];

/// No line is taken for a command, by either of the ways in which GitHub's runner looks for one.
fn commands_nothing(raided: &Raided) {
    assert!(!raided.log.trim().is_empty());
    for line in raided.log.split(['\n', '\r', '\u{85}', '\u{2028}']) {
        assert!(!line.trim_start().starts_with("::"), "{line}");
        assert!(!line.contains("##["), "{line}");
        assert!(!line.contains('\u{1b}'), "{line:?}");
    }
}

#[tokio::test]
async fn x41_a_program_that_is_no_agent_commands_nothing() {
    let test = "x41_a_program_that_is_no_agent_commands_nothing";
    let Some(mut raid) = Raid::open(test, json!([])).await else {
        return;
    };
    let say = deed("say.py", &[]);
    raid.case.brief.agent.command = serde_json::from_value(say["run"].clone()).unwrap();
    let raided = raid.goes().await;
    let body = String::from_utf8_lossy(&raided.body).into_owned();
    assert!(
        body.contains("exit code 3") || body.contains("not the Agent Client Protocol"),
        "{body}"
    );
    commands_nothing(&raided);
}

#[tokio::test]
async fn x41_an_agent_s_words_titles_and_file_names_command_nothing() {
    let test = "x41_an_agent_s_words_titles_and_file_names_command_nothing";
    let mut deeds = Vec::new();
    for command in COMMANDS {
        deeds.push(json!({"ask": {"kind": "edit", "title": command}}));
        deeds.push(json!({"say": command}));
        deeds.push(json!({"write": {"path": command, "content": command, "mode": null}}));
    }
    deeds.push(json!({"run": ["mkfifo", "x ##[error]red"]}));
    let Some(raid) = Raid::open(test, json!(deeds)).await else {
        return;
    };
    let raided = raid.goes().await;
    assert_eq!(raided.code, Some(0), "{}", raided.log);
    commands_nothing(&raided);
}

#[tokio::test]
async fn x41_what_a_server_answers_commands_nothing() {
    let test = "x41_what_a_server_answers_commands_nothing";
    let Some(mut raid) = Raid::open(test, json!([])).await else {
        return;
    };
    for status in [StatusCode::FORBIDDEN, StatusCode::GONE] {
        let answer = move || async move {
            let error = COMMANDS.join("\n");
            (status, axum::Json(Refused { error }))
        };
        let app = Router::new().route(EXCHANGE_PATH, post(answer));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        raid.case.stand.address = format!("http://{}", listener.local_addr().unwrap());
        let serving = tokio::spawn(async move { axum::serve(listener, app).await });
        let raided = raid.goes().await;
        assert!(raided.log.contains("red"), "{}", raided.log);
        commands_nothing(&raided);
        serving.abort();
    }
}

#[test]
fn x41_commands_are_taken_out_of_text_wherever_they_stand() {
    assert_eq!(
        without_commands("a\n ::b::c\nd ::e::f"),
        "a\n|  ::b::c\nd ::e::f"
    );
    assert_eq!(without_commands("a ##[b]c###[d]"), "a # #[b]c## #[d]");
    assert_eq!(without_commands(""), "");
}
