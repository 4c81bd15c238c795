//! What the pages show and to whom, and how what could not be done is seen and tried again.
//!
//! How a page looks is in the templates; here it is what can be read on it.

use castellan::domain::change::{Change, FileChange, Operation};
use castellan::yard::Fault;
use reqwest::StatusCode;
use serde_json::Value;

use super::world::{FIX, Setting, World};
use crate::cli::{castellan, said};

/// Where people reach the server of a story.
const PUBLIC: &str = "https://castellan.example";

impl World {
    pub(super) async fn page(&self, path: &str) -> (StatusCode, String) {
        let get = self.http.get(format!("{}{path}", self.address));
        let answer = get.send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    }

    /// The link in the status comment, without the server's name.
    async fn link(&self) -> String {
        let told = self.transcript().await;
        let from = told.find(PUBLIC).expect("a link") + PUBLIC.len();
        told[from..].split(')').next().unwrap().to_owned()
    }

    async fn parked(&self) -> Value {
        let (_, health) = self.page("/health").await;
        serde_json::from_str::<Value>(&health).unwrap()["effects"]["parked"].take()
    }
}

#[tokio::test]
async fn where_strangers_come_a_task_s_page_opens_only_by_its_link() {
    let world = World::begins_with(Setting {
        pages_are_local: false,
        ..Setting::default()
    })
    .await;
    let issue = world.labelled_issue().await;
    let task = world.task(issue).await;
    let link = world.link().await;
    let (page, key) = link.split_once("?key=").expect("a key in the link");
    assert_eq!(page, format!("/tasks/{}", task.id));
    let other = if key.starts_with('0') { "1" } else { "0" };
    let wrong = [
        page.to_owned(),
        format!("{page}?key="),
        format!("{page}?key={}", &key[1..]),
        format!("{page}?key={key}0"),
        format!("{page}?key={other}{}", &key[1..]),
    ];
    for path in &wrong {
        let (status, shown) = world.page(path).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        assert!(!shown.contains("Adding subtracts"), "{path}: {shown}");
    }
    let (status, shown) = world.page(&link).await;
    assert_eq!(status, StatusCode::OK);
    for part in ["Adding subtracts", "The request was accepted", "queued"] {
        assert!(shown.contains(part), "{part} is not on {shown}");
    }
    let (status, first) = world.page("/").await;
    assert_eq!(status, StatusCode::OK);
    assert!(!first.contains("Adding subtracts"), "{first}");
    assert!(!first.contains(task.id.as_str()), "{first}");
    world.runner().await.returns_nothing().await;
    world.ends().await;
}

#[tokio::test]
async fn on_this_machine_the_first_page_leads_to_each_task() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    let page = format!("/tasks/{}", world.task(issue).await.id);
    let (_, first) = world.page("/").await;
    assert!(first.contains(&format!("href=\"{page}\"")), "{first}");
    assert_eq!(world.link().await, page);
    assert_eq!(world.page(&page).await.0, StatusCode::OK);
    world.runner().await.returns_nothing().await;
    world.ends().await;
}

#[tokio::test]
async fn what_is_parked_is_seen_and_replay_has_it_done() {
    let world = World::begins().await;
    let refused = Fault::Invalid("Validation Failed: content".to_owned());
    let reactions = "/repos/*/*/issues/*/reactions";
    world.yard.fault("POST", reactions, refused, 1);
    let issue = world.labelled_issue().await;
    world.waits(3_600).await;
    let page = format!("/tasks/{}", world.task(issue).await.id);
    assert_eq!(world.parked().await, 1, "it is not tried for ever");
    let (_, shown) = world.page(&page).await;
    assert!(shown.contains("Could not be done"), "{shown}");
    assert!(shown.contains("Validation Failed: content"), "{shown}");
    assert!(world.page("/").await.1.contains("Effects parked: 1."));
    let eyes = "👀 castellan[bot]";
    assert!(!world.transcript().await.contains(eyes));

    let replay = castellan(world.folder())
        .arg("replay")
        .env("CASTELLAN_DATABASE_URL", world.database())
        .output();
    let (code, out, error) = said(&replay.unwrap());
    assert_eq!(code, Some(0), "{out}{error}");
    assert!(out.contains("0 deliveries and 1 effects"), "{out}");
    world.settles().await;
    assert_eq!(world.parked().await, 0);
    assert!(world.transcript().await.contains(eyes));
    assert!(!world.page(&page).await.1.contains("Could not be done"));
    world.runner().await.returns_change(&[FIX]).await;
    world.ends().await;
}

#[tokio::test]
async fn what_an_agent_said_stands_on_a_page_of_its_own_under_the_same_key() {
    let world = World::begins_with(Setting {
        pages_are_local: false,
        ..Setting::default()
    })
    .await;
    world.labelled_issue().await;
    let link = world.link().await;
    let (page, key) = link.split_once('?').unwrap();
    let runner = world.runner().await;
    let mut returned = runner.result(&[(FIX.0, Some(FIX.1))]).await;
    let words = serde_json::json!({"said": "<script>alert(1)</script> a\u{202e}b", "at_ms": 1500});
    returned.transcript = format!("nonsense\n{words}\n");
    let mut files = Vec::new();
    for at in 0..203 {
        files.push(FileChange {
            path: format!("<b>half</b>{at:03}"),
            operation: Operation::Add,
            mode: "100644".to_owned(),
            content: b"1234".to_vec(),
            base_blob: None,
        });
    }
    returned.partial = Some(Change { files });
    assert_eq!(runner.returns_raw(&returned).await.0, 200);
    world.settles().await;
    let attempt = format!("{page}/attempts/1");
    for path in [
        attempt.clone(),
        format!("{attempt}?key=0"),
        format!("{page}/attempts/2?{key}"),
    ] {
        assert_eq!(world.page(&path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
    let (status, shown) = world.page(&format!("{attempt}?{key}")).await;
    assert_eq!(status, StatusCode::OK);
    assert!(shown.contains("1.5 s"), "{shown}");
    assert!(shown.contains("alert(1)&#60;/script&#62; ab"), "{shown}");
    assert!(!shown.contains("<script>"), "{shown}");
    // What it had done when it failed is listed, and nothing of it is anywhere else.
    let left = "&#60;b&#62;half&#60;/b&#62;000</span> (added, 4 bytes)";
    assert!(shown.contains(left), "{shown}");
    assert!(shown.contains("never applied"), "{shown}");
    assert!(shown.contains("and 3 more"), "{shown}");
    assert!(!shown.contains("half&#60;/b&#62;202"), "{shown}");
    assert!(!world.transcript().await.contains("half"));
    let (_, task) = world.page(&link).await;
    assert!(task.contains(&format!("{attempt}?{key}")), "{task}");
    world.ends().await;
}
