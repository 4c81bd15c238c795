//! Outliving the attempt: processes that hear nothing, and folders of runners that were killed.

use castellan::protocol::progress::Phase;
use serde_json::json;

use super::{Raid, deed};
use crate::sandbox::limits::ends;

#[tokio::test]
async fn a_process_that_hears_no_signal_and_holds_the_workspace_ends_with_its_attempt() {
    let test = "a_process_that_hears_no_signal_and_holds_the_workspace_ends_with_its_attempt";
    let Some(mut raid) = Raid::open(test, json!([])).await else {
        return;
    };
    let mark = format!("sleep 89{}", std::process::id());
    raid.case.script(&json!([
        deed("stay.py", &[&mark]),
        {"run": ["sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -o 'sleep 89[0-9]*' > stays"]},
    ]));
    let raided = raid.goes().await;
    let stays = raided.files().into_iter().find(|(path, _)| path == "stays");
    let seen = String::from_utf8_lossy(&stays.unwrap().1).into_owned();
    assert!(
        seen.lines().any(|line| line == mark),
        "it was there: {seen}"
    );
    ends(&mark).await;
    let left: Vec<_> = std::fs::read_dir(&raid.scratch).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn u15_what_a_killed_runner_left_is_removed_by_the_next_one() {
    let test = "u15_what_a_killed_runner_left_is_removed_by_the_next_one";
    let Some(mut raid) = Raid::open(test, json!([{"hang": true}])).await else {
        return;
    };
    let mut first = raid.start();
    let works = || {
        raid.case
            .book()
            .progress
            .iter()
            .any(|said| said.phase == Phase::Agent)
    };
    let waiting = async {
        while !works() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), waiting)
        .await
        .unwrap();
    let folders = || std::fs::read_dir(&raid.scratch).unwrap().count();
    assert_eq!(folders(), 1);
    first.kill().await.unwrap();
    assert_eq!(folders(), 1, "nobody could remove it");
    // Of others, or never locked: not ours to remove.
    std::fs::create_dir(raid.scratch.join("castellan-attempt-new")).unwrap();
    std::fs::create_dir_all(raid.scratch.join("something/pristine.git")).unwrap();
    raid.case
        .script(&json!([{"write": {"path": "done", "content": "yes"}}]));
    let raided = raid.goes().await;
    assert!(
        raided.log.contains("what they left was removed"),
        "{}",
        raided.log
    );
    let mut left: Vec<_> = std::fs::read_dir(&raid.scratch)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, ["castellan-attempt-new", "something"]);
}

#[tokio::test]
async fn u15_a_folder_in_which_somebody_works_is_let_be() {
    let Some(sandbox) =
        crate::sandbox::sandbox_for("u15_a_folder_in_which_somebody_works_is_let_be").await
    else {
        return;
    };
    let parent = tempfile::tempdir_in("/tmp").unwrap();
    super::open_to_all(parent.path());
    let working = sandbox.folder(parent.path(), "castellan-attempt-").unwrap();
    std::fs::create_dir(working.path().join("pristine.git")).unwrap();
    let dead = parent.path().join("castellan-attempt-dead");
    std::fs::create_dir_all(dead.join("pristine.git")).unwrap();
    std::os::unix::fs::symlink(working.path(), parent.path().join("castellan-attempt-link"))
        .unwrap();
    let removed =
        castellan::sandbox::remove_leftovers(parent.path(), "castellan-attempt-", "pristine.git");
    assert_eq!(removed.unwrap(), 1);
    assert!(working.path().exists() && !dead.exists());
    assert!(parent.path().join("castellan-attempt-link").exists());
}

#[tokio::test]
async fn u9_a_runner_whose_clock_is_an_hour_off_works_all_the_same() {
    let test = "u9_a_runner_whose_clock_is_an_hour_off_works_all_the_same";
    let now = castellan::clock::Clock::system().now();
    // What the runner's clock says of its deadline, seen from a clock that is right.
    for off_s in [-3600, 0, 3600] {
        let script = json!([{"write": {"path": "done", "content": "yes"}}]);
        let Some(raid) = Raid::open(test, script).await else {
            return;
        };
        raid.case.book().deadline = now.plus_s(off_s);
        let raided = raid.goes().await;
        assert_eq!(raided.files().len(), 1, "{off_s}: {}", raided.log);
    }
}
