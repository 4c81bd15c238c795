//! The runner, from its ticket to its result: against a stand-in for the server, with a real
//! repository, a real sandbox and a real agent that follows a script.

/// A case, or the end of a test that is left out.
macro_rules! case {
    ($name:literal, $($script:tt)+) => {
        match crate::runner::case::Case::open($name, serde_json::json!($($script)+)).await {
            Some(case) => case,
            None => return,
        }
    };
}

mod agent;
pub(crate) mod case;
mod change;
mod egress;
mod merge;
mod model;
mod partial;
mod ports;
mod servers;
mod session;
pub(crate) mod stand;
mod tools;

use axum::http::StatusCode;
use castellan::domain::change::Operation;
use castellan::domain::ids::Fence;
use castellan::protocol::progress::Phase;
use castellan::protocol::result::{Outcome, Returned};
use castellan::protocol::{BRIEF_PATH, EXCHANGE_PATH, RESULT_PATH};
use castellan::runner::{Ended, WorkError};
use serde_json::{Value, json};

use case::Case;

fn fix() -> Value {
    json!([
        {"ask": {"kind": "edit", "title": "Edit src/add.sh"}},
        {"replace": {"path": "src/add.sh", "find": "-", "with": "+"}},
        {"say": "It subtracted. "}, {"say": "Now it adds."}
    ])
}

async fn fixing(name: &str) -> Option<Case> {
    Case::open(name, fix()).await
}

#[tokio::test]
async fn a_fix_is_returned_with_its_evidence() {
    let Some(case) = fixing("a_fix_is_returned_with_its_evidence").await else {
        return;
    };
    let returned = case.work().await;
    let Outcome::Changed { change } = &returned.outcome else {
        panic!("{:?}", returned.outcome);
    };
    assert_eq!(
        case::lines(&change.files),
        [r#"Modify 100644 src/add.sh "echo $(($1 + $2))\n""#]
    );
    assert_eq!(change.files[0].operation, Operation::Modify);
    assert!(change.files[0].base_blob.is_some());
    assert_eq!(
        (returned.fence, &returned.start),
        (Fence(7), &case.brief.checkout.start)
    );

    let evidence = &returned.evidence;
    let agent = format!("Castellan scripted agent {}", env!("CARGO_PKG_VERSION"));
    assert_eq!(evidence.agent.as_deref(), Some(agent.as_str()));
    assert_eq!(evidence.stop_reason.as_deref(), Some("end_turn"));
    assert_eq!(
        (evidence.turns, evidence.words.as_str()),
        (1, "It subtracted. Now it adds.")
    );
    assert_eq!(evidence.permissions.len(), 1);
    assert!(evidence.permissions[0].granted);
    assert_eq!(evidence.permissions[0].tool_kind, "edit");
    assert_eq!(evidence.acceptance.len(), 1);
    assert!(evidence.acceptance[0].passed(), "{:?}", evidence.acceptance);
    let timing = evidence.timing;
    assert!(timing.agent_ms > 0 && timing.checkout_ms > 0 && timing.acceptance_ms > 0);
    let parts = timing.checkout_ms + timing.setup_ms + timing.agent_ms + timing.acceptance_ms;
    assert!(parts <= timing.total_ms, "{timing:?}");
    println!("{timing:?}");
    let objects: Vec<Value> = returned
        .transcript
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(
        objects
            .iter()
            .any(|line| line["said"] == "It subtracted. Now it adds.")
    );
    assert!(objects.iter().any(|line| line["tool"] == "Edit src/add.sh"));

    let book = case.book();
    let key = &book.exchanges[0].key;
    assert_eq!(key.len(), 64);
    assert_eq!(book.leases[0], format!("Bearer {}.1.{key}", stand::task()));
    let phases: Vec<Phase> = book
        .progress
        .iter()
        .map(|progress| progress.phase)
        .collect();
    assert!(phases.is_sorted(), "{phases:?}");
}

#[tokio::test]
async fn a_broken_connection_costs_nothing() {
    let Some(case) = fixing("a_broken_connection_costs_nothing").await else {
        return;
    };
    case.book().instead = vec![
        (EXCHANGE_PATH, StatusCode::SERVICE_UNAVAILABLE),
        (EXCHANGE_PATH, StatusCode::BAD_GATEWAY),
        (BRIEF_PATH, StatusCode::BAD_GATEWAY),
        (RESULT_PATH, StatusCode::SERVICE_UNAVAILABLE),
        (RESULT_PATH, StatusCode::INTERNAL_SERVER_ERROR),
    ];
    case.work().await;
    let book = case.book();
    assert_eq!(book.exchanges.len(), 3);
    assert!(
        book.exchanges
            .iter()
            .all(|exchange| exchange.key == book.exchanges[0].key)
    );
    assert_eq!(book.results.len(), 3);
    assert!(book.results.iter().all(|result| *result == book.results[0]));
}

#[tokio::test]
async fn a_used_ticket_and_a_silent_server_are_errors() {
    let Some(case) = fixing("a_used_ticket_and_a_silent_server_are_errors").await else {
        return;
    };
    case.book().instead = vec![(EXCHANGE_PATH, StatusCode::CONFLICT)];
    let error = case.try_work().await.unwrap_err();
    assert!(matches!(error, WorkError::Enter(_)), "{error:?}");
    assert_eq!(case.book().exchanges.len(), 1, "a no is not asked again");
    case.book().instead = vec![(EXCHANGE_PATH, StatusCode::SERVICE_UNAVAILABLE); 4];
    case.try_work().await.unwrap_err();
    assert_eq!(case.book().exchanges.len(), 1 + 4);
}

#[tokio::test]
async fn an_attempt_that_is_over_ends_quietly() {
    for status in [StatusCode::GONE, StatusCode::CONFLICT] {
        let Some(case) = fixing("an_attempt_that_is_over_ends_quietly").await else {
            return;
        };
        case.book().instead = vec![(RESULT_PATH, status)];
        let ended = case.try_work().await.unwrap().ended;
        let because = format!("the stand says {status}");
        assert_eq!(ended, Ended::Stopped { because });
    }
}

#[tokio::test]
async fn a_result_that_is_too_large_is_returned_as_a_failure() {
    let Some(case) = fixing("a_result_that_is_too_large_is_returned_as_a_failure").await else {
        return;
    };
    case.book().instead = vec![(RESULT_PATH, StatusCode::PAYLOAD_TOO_LARGE)];
    assert!(
        case.failure(Phase::Upload)
            .await
            .contains("larger than the server accepts")
    );
}

#[tokio::test]
async fn a_proxy_that_refuses_the_result_is_named_with_its_remedy() {
    let case = case!("a_proxy_that_refuses_the_result_is_named_with_its_remedy", [{"run": ["sh", "-c", "yes words | head -c 200000 > large"]}]);
    case.book().proxy_passes = Some(100_000);
    let said = case.failure(Phase::Upload).await;
    assert!(said.contains("a proxy before the server"), "{said}");
}

#[tokio::test]
async fn a_result_that_is_not_understood_is_an_error() {
    let Some(case) = fixing("a_result_that_is_not_understood_is_an_error").await else {
        return;
    };
    case.book().instead = vec![(RESULT_PATH, StatusCode::UNPROCESSABLE_ENTITY)];
    assert!(matches!(case.try_work().await, Err(WorkError::Upload(_))));
}

#[tokio::test]
async fn the_word_to_stop_ends_the_agent() {
    let mark = format!("sleep 85{}", std::process::id());
    let case = case!("the_word_to_stop_ends_the_agent", [
        {"run": ["sh", "-c", format!("setsid {mark} >/dev/null 2>&1 &")]},
        {"ask": {"kind": "read", "title": "Wait for the word"}},
        {"hang": true}
    ]);
    case.book().stop_at = Some("Wait for the word");
    let ended = case.try_work().await.unwrap().ended;
    assert_eq!(
        ended,
        Ended::Stopped {
            because: "a person said so".to_owned()
        }
    );
    assert!(case.book().results.is_empty());
    crate::sandbox::limits::ends(&mark).await;
}

#[tokio::test]
async fn without_a_sandbox_nothing_runs() {
    let Some(mut case) = fixing("without_a_sandbox_nothing_runs").await else {
        return;
    };
    case.options.search = vec!["/nowhere".into()];
    let said = case.failure(Phase::Sandbox).await;
    assert!(said.contains("apt-get install bubblewrap"), "{said}");
    assert!(
        case.book().git_authorization.is_empty(),
        "not even the code was fetched"
    );
}

#[tokio::test]
async fn the_token_reaches_git_and_nobody_else() {
    let mut case = case!("the_token_reaches_git_and_nobody_else", [
        {"run": ["sh", "-c", "env; cat /proc/*/environ /proc/*/cmdline | tr '\\0' '\\n'; grep -rs h[u]sh . ~ /tmp /etc"]},
        {"write": {"path": "new.txt", "content": "x"}}
    ]);
    case.options.read_token = Some("hush".to_owned());
    let returned = case.work().await;
    let text = serde_json::to_string(&returned).unwrap();
    assert!(!text.contains("hush") && !text.contains("aHVzaA"), "{text}");
    // x-access-token:hush
    let basic = "Basic eC1hY2Nlc3MtdG9rZW46aHVzaA==";
    assert_eq!(case.book().git_authorization, [Some(basic.to_owned())]);
}

#[tokio::test]
async fn a_commit_that_is_not_there_is_a_failed_checkout() {
    let Some(mut case) = fixing("a_commit_that_is_not_there_is_a_failed_checkout").await else {
        return;
    };
    case.brief.checkout.start = "0123456789012345678901234567890123456789".parse().unwrap();
    assert!(
        case.failure(Phase::Checkout)
            .await
            .contains("git could not fetch 0123456")
    );
}

#[tokio::test]
async fn nothing_is_left_in_the_scratch_folder() {
    let Some(mut case) = fixing("nothing_is_left_in_the_scratch_folder").await else {
        return;
    };
    let scratch = tempfile::tempdir_in("/tmp").unwrap();
    case.options.scratch = scratch.path().to_owned();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(scratch.path(), mode).unwrap();
    let _: Returned = case.work().await;
    assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 0);
}

/// A folder with git, and with doubles of what would change this machine: `sudo` that becomes
/// whatever it is told, and `apt-get` that puts bubblewrap into the folder.
fn hosted_machine(apt_get: &str) -> tempfile::TempDir {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let folder = tempfile::tempdir().unwrap();
    let git = castellan::sandbox::locate("git", &crate::sandbox::system()).unwrap();
    symlink(git, folder.path().join("git")).unwrap();
    symlink("/usr/bin/timeout", folder.path().join("timeout")).unwrap();
    let doubles = [
        ("sudo", "shift; exec /usr/bin/env \"$@\""),
        ("apt-get", apt_get),
    ];
    for (name, line) in doubles {
        let path = folder.path().join(name);
        std::fs::write(
            &path,
            format!("#!/bin/sh\nexec 2>&1; cd \"${{0%/*}}\"; {line}\n"),
        )
        .unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    folder
}

#[tokio::test]
async fn u14_a_hosted_machine_gets_its_sandbox_and_no_other_does() {
    let Some(mut case) = fixing("u14_a_hosted_machine_gets_its_sandbox_and_no_other_does").await
    else {
        return;
    };
    let bwrap = castellan::sandbox::locate("bwrap", &crate::sandbox::system()).unwrap();
    let installs = format!(
        "echo \"$@\" >> asked; case \"$*\" in *' install '*) /bin/ln -s {} bwrap;; esac",
        bwrap.display()
    );
    let machine = hosted_machine(&installs);
    case.options.search = vec![case.options.search[0].clone(), machine.path().to_owned()];
    let said = case.failure(Phase::Sandbox).await;
    assert!(
        said.contains("bwrap) is not installed; install it"),
        "{said}"
    );
    assert!(!machine.path().join("asked").exists());
    case.options.may_install = true;
    case.work().await;
    let asked = std::fs::read_to_string(machine.path().join("asked")).unwrap();
    assert!(
        asked.contains("install --yes --no-install-recommends bubblewrap"),
        "{asked}"
    );
}

#[tokio::test]
async fn u14_what_cannot_be_installed_is_said_and_nothing_runs() {
    let Some(mut case) = fixing("u14_what_cannot_be_installed_is_said_and_nothing_runs").await
    else {
        return;
    };
    let machine = hosted_machine("echo no such package >&2; exit 100");
    case.options.search = vec![case.options.search[0].clone(), machine.path().to_owned()];
    case.options.may_install = true;
    let said = case.failure(Phase::Sandbox).await;
    assert!(
        said.contains("installing what it needs failed: `apt-get -qq update`"),
        "{said}"
    );
    assert!(said.contains("sudo apt-get install bubblewrap"), "{said}");
}
