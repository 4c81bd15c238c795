//! Using things up: each attempt ends within its limits, and the machine goes on.

use castellan::protocol::result::Outcome;
use serde_json::{Value, json};

use super::{Raid, Raided, deed};
use crate::sandbox::limits::ends;

/// What the deed `what` said of itself.
async fn fills(test: &str, what: &str, mark: &str) -> Option<(Raid, Raided, Value)> {
    let mut raid = Raid::open(test, json!([])).await?;
    let filling = deed(
        "fill.py",
        &[
            what,
            mark.split(' ').next().unwrap(),
            mark.split(' ').next_back().unwrap(),
        ],
    );
    // The shell keeps what it said, whatever became of it.
    let words: Vec<String> = serde_json::from_value(filling["run"].clone()).unwrap();
    let shell = "exec 3>/workspace/answer.json; \"$@\" >&3; test -s /workspace/answer.json || \
        echo \"{\\\"ended\\\": $?}\" >&3";
    let run = [
        vec![
            "sh".to_owned(),
            "-c".to_owned(),
            shell.to_owned(),
            "sh".to_owned(),
        ],
        words,
    ]
    .concat();
    raid.case.script(&json!([{"run": run}]));
    let raided = raid.goes().await;
    let answer = match raided.returned.as_ref().map(|returned| &returned.outcome) {
        Some(Outcome::Changed { .. }) => raided.json("answer.json"),
        _ => Value::Null,
    };
    Some((raid, raided, answer))
}

#[tokio::test]
async fn processes_without_end_stop_at_the_limit_and_end_with_the_attempt() {
    let test = "processes_without_end_stop_at_the_limit_and_end_with_the_attempt";
    let mark = format!("sleep 91{}", std::process::id());
    let Some((raid, raided, answer)) = fills(test, "forks", &mark).await else {
        return;
    };
    let had = answer["had"].as_u64().unwrap_or_default();
    let most = u64::from(raid.case.brief.limits.processes);
    assert!(had > 10 && had < most, "{answer}: {}", raided.log);
    ends(&mark).await;
    raid.leaks_nothing(&raided);
}

#[tokio::test]
async fn open_files_and_huge_files_stop_at_the_limit() {
    let test = "open_files_and_huge_files_stop_at_the_limit";
    for (what, least, most) in [("open files", 100, 5_000), ("sparse file", 0, 0)] {
        let Some((_, raided, answer)) = fills(test, what, "sleep 1").await else {
            return;
        };
        // Too large a file is refused, or ends who writes it.
        let had = answer["had"].as_u64().unwrap_or_default();
        assert!(
            (least..=most).contains(&had),
            "{what}: {answer}: {}",
            raided.log
        );
        assert!(
            answer["refused"].is_string() || answer["ended"].is_u64(),
            "{what}: {answer}"
        );
    }
}

#[tokio::test]
async fn one_process_s_memory_stops_at_the_limit() {
    let test = "one_process_s_memory_stops_at_the_limit";
    let Some((raid, raided, answer)) = fills(test, "memory of one", "sleep 1").await else {
        return;
    };
    let most = u64::from(raid.case.brief.limits.memory_mib) << 20;
    let had = answer["had"].as_u64().unwrap_or_default();
    assert!(
        had <= most && answer["refused"] == "MemoryError",
        "{answer}: {}",
        raided.log
    );
}

#[tokio::test]
async fn all_processes_memory_together_stops_at_the_limit() {
    let test = "all_processes_memory_together_stops_at_the_limit";
    let mark = format!("sleep 92{}", std::process::id());
    let Some((raid, raided, _)) = fills(test, "memory of many", &mark).await else {
        return;
    };
    ends(&mark).await;
    let said = String::from_utf8_lossy(&raided.body).into_owned();
    assert!(said.contains("memory") || said.contains("MiB"), "{said}");
    raid.leaks_nothing(&raided);
}

#[tokio::test]
async fn a_full_disk_is_the_agent_s_own() {
    let test = "a_full_disk_is_the_agent_s_own";
    for what in ["disk", "inodes"] {
        let Some((raid, raided, _)) = fills(test, what, "sleep 1").await else {
            return;
        };
        let said = String::from_utf8_lossy(&raided.body).into_owned();
        assert!(raided.returned.is_some(), "{said}");
        raid.leaks_nothing(&raided);
    }
}
