//! Reading: environments, processes, the runner's home and files, the job's own files.

use serde_json::{Value, json};

use super::{JOB_FILES, Raid, Raided, SECRETS, deed};

/// Where a thief looks first.
fn looks(raid: &Raid) -> Value {
    let places = raid.places().into_iter();
    let mut wanted: Vec<String> = places.map(|path| path.display().to_string()).collect();
    let more = [
        "/root/.bashrc",
        "/etc/shadow",
        "/etc/hostname",
        "/proc/1/mem",
        "/var/lib/dpkg/status",
    ];
    wanted.extend(more.map(str::to_owned));
    deed("look.py", &[&json!(wanted).to_string()])
}

/// What was found is nothing of the job's, although it was looked for.
fn found_nothing(raided: &Raided, found: &str, loot: &str) {
    let found = raided.json(found);
    assert_eq!(found["itself"], true, "it can read what it may");
    for list in ["reached", "written", "sockets"] {
        assert_eq!(found[list], json!([]), "{list}");
    }
    let names = found["names"].as_array().unwrap();
    let names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
    assert!(names.contains(&"PATH"), "{names:?}");
    let more = ["CASTELLAN_TICKET", "RUNNER_TEMP"];
    for name in SECRETS.iter().chain(&JOB_FILES).chain(&more) {
        assert!(!names.contains(name), "{name}");
    }
    let files = raided.files();
    let loot = files.iter().find(|(path, _)| path == loot).unwrap();
    assert!(
        loot.1.len() > 10_000,
        "it took what it could: {}",
        loot.1.len()
    );
}

#[tokio::test]
async fn x26_x35_x37_x41_x43_an_agent_finds_nothing_of_the_job_and_takes_nothing_out() {
    let test = "x26_x35_x37_x41_x43_an_agent_finds_nothing_of_the_job_and_takes_nothing_out";
    let Some(mut raid) = Raid::open(test, json!([])).await else {
        return;
    };
    let looks = looks(&raid);
    raid.case.script(&json!([
        looks,
        {"run": ["sh", "-c", "head -c 8000 /workspace/loot"]},
        {"say": "I looked around."},
    ]));
    let raided = raid.goes().await;
    found_nothing(&raided, "found.json", "loot");
    raid.leaks_nothing(&raided);
}

#[tokio::test]
async fn x48_set_up_commands_see_no_more_than_an_agent() {
    let test = "x48_set_up_commands_see_no_more_than_an_agent";
    let Some(mut raid) = Raid::open(test, json!([])).await else {
        return;
    };
    // As a dependency's install script would; the agent carries out what it found.
    let looks = looks(&raid);
    let words: Vec<String> = serde_json::from_value(looks["run"].clone()).unwrap();
    let line = shlex::try_join(words.iter().map(String::as_str)).unwrap();
    raid.case.brief.contract.setup = vec![line, "head -c 8000 loot".to_owned()];
    raid.case.script(&json!([
        {"run": ["cp", "found.json", "carried.json"]},
        {"run": ["cp", "loot", "carried"]},
    ]));
    let raided = raid.goes().await;
    found_nothing(&raided, "carried.json", "carried");
    raid.leaks_nothing(&raided);
}
