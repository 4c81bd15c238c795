//! What the door takes and what it does not: signatures, headers, sizes, senders (X1 to X4, D9, D14).

use castellan::server::Unverified;
use castellan::yard::signature;
use serde_json::{Value, json};

use super::world::{Setting, World};

impl World {
    /// Posts to the door with these headers.
    async fn knocks(&self, headers: &[(&str, &str)], body: &[u8]) -> u16 {
        let mut request = self.http.post(format!("{}/webhook", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let sent = request.body(body.to_vec()).send().await.unwrap();
        sent.status().as_u16()
    }

    fn signs(&self, body: &[u8]) -> String {
        signature(&self.yard.app().webhook_secrets[0], body)
    }

    /// A delivery that is signed and in order, whatever it says.
    pub(super) async fn delivers(&self, guid: &str, event: &str, body: &[u8]) -> u16 {
        let signature = self.signs(body);
        let headers = [
            ("x-hub-signature-256", signature.as_str()),
            ("x-github-delivery", guid),
            ("x-github-event", event),
        ];
        self.knocks(&headers, body).await
    }

    /// Method and path of each call of GitHub since they were reset.
    fn asked_of_github(&self) -> Vec<String> {
        let calls = self.yard.call_list();
        let calls = calls.iter();
        calls
            .map(|call| format!("{} {}", call.method, call.path))
            .collect()
    }

    async fn kept(&self) -> u64 {
        self.engine.store.count_deliveries().await.unwrap().stored
    }
}

#[tokio::test]
async fn x1_only_a_whole_signature_in_lower_case_opens_the_door() {
    let world = World::begins().await;
    let body = br#"{"zen":"Keep it logically awesome."}"#;
    let right = world.signs(body);
    let before = world.kept().await;
    let digits = right.strip_prefix("sha256=").unwrap();
    for wrong in [
        "sha256=".to_owned(),
        "sha256".to_owned(),
        String::new(),
        format!("sha256={}", &digits[1..]),
        format!("sha256={}", &digits[2..]),
        format!("sha256={}", digits.to_uppercase()),
        format!("SHA256={digits}"),
        format!("sha1={digits}"),
        format!("sha256={}", "g".repeat(64)),
        format!("{right} "),
        signature("another secret", body),
    ] {
        let headers = [
            ("x-hub-signature-256", wrong.as_str()),
            ("x-github-delivery", "g-1"),
            ("x-github-event", "ping"),
        ];
        let status = world.knocks(&headers, body).await;
        // A blank at the end is taken off by HTTP itself.
        let wanted = if wrong == format!("{right} ") {
            202
        } else {
            401
        };
        assert_eq!(status, wanted, "{wrong}");
    }
    let headers = [
        ("x-hub-signature", right.as_str()),
        ("x-github-delivery", "g-2"),
        ("x-github-event", "ping"),
    ];
    assert_eq!(world.knocks(&headers, body).await, 401, "sha1 only");
    assert_eq!(world.kept().await, before + 1);
    world.ends().await;
}

#[tokio::test]
async fn x2_the_signature_is_over_the_bytes_as_they_came() {
    let world = World::begins().await;
    let signed = br#"{"zen":"a"}"#;
    let signature = world.signs(signed);
    for body in [
        &br#"{"zen":"b"}"#[..],
        br#"{"zen": "a"}"#,
        b"\xef\xbb\xbf{\"zen\":\"a\"}",
        b"",
    ] {
        let headers = [
            ("x-hub-signature-256", signature.as_str()),
            ("x-github-delivery", "g-3"),
            ("x-github-event", "ping"),
        ];
        assert_eq!(world.knocks(&headers, body).await, 401);
    }
    world.ends().await;
}

#[tokio::test]
async fn x2_headers_that_come_twice_or_not_at_all_are_refused() {
    let world = World::begins().await;
    let body = b"{}";
    let signature = world.signs(body);
    let signed = ("x-hub-signature-256", signature.as_str());
    let guid = ("x-github-delivery", "g-4");
    let event = ("x-github-event", "ping");
    let long = "g".repeat(101);
    for headers in [
        &[signed, signed, guid, event][..],
        &[signed, guid, guid, event],
        &[signed, guid, event, event],
        &[signed, guid],
        &[signed, event],
        &[signed, ("x-github-delivery", "a b"), event],
        &[signed, ("x-github-delivery", long.as_str()), event],
    ] {
        assert_eq!(world.knocks(headers, body).await, 400, "{headers:?}");
    }
    world.ends().await;
}

#[tokio::test]
async fn d1_a_known_guid_is_taken_and_nothing_more() {
    let world = World::begins().await;
    assert_eq!(world.delivers("g-5", "ping", b"{}").await, 202);
    let before = world.kept().await;
    assert_eq!(world.delivers("g-5", "issues", b"{\"other\":1}").await, 202);
    assert_eq!(world.kept().await, before);
    world.ends().await;
}

#[tokio::test]
async fn d8_what_is_larger_than_github_sends_is_413_and_what_is_not_is_taken() {
    let world = World::begins().await;
    let mut large = b"{\"zen\":\"".to_vec();
    large.resize(24 * 1024 * 1024, b'a');
    large.extend(b"\"}");
    assert_eq!(world.delivers("g-6", "ping", &large).await, 202);
    large.resize(25 * 1024 * 1024 + 1, b' ');
    assert_eq!(world.delivers("g-7", "ping", &large).await, 413);
    world.ends().await;
}

#[tokio::test]
async fn d8_more_than_there_is_room_for_is_503_and_the_room_is_given_back() {
    let world = World::begins_with(Setting {
        unverified: Unverified::weighing(32 * 1024),
        ..Setting::default()
    })
    .await;
    let mut large = vec![b' '; 40 * 1024];
    large[..2].copy_from_slice(b"{}");
    for _ in 0..2 {
        assert_eq!(world.delivers("g-8", "ping", &large).await, 503);
        assert_eq!(world.delivers("g-9", "ping", &large[..30_000]).await, 202);
    }
    world.ends().await;
}

#[tokio::test]
async fn d9_what_is_signed_but_not_understood_is_kept_and_counted() {
    let mut world = World::begins().await;
    let deep = "[".repeat(50_000);
    let cases: [(&str, &[u8]); 7] = [
        ("issues", b"no json"),
        ("issues", b"\xff\xfe"),
        ("issues", deep.as_bytes()),
        ("issues", br#"{"action":"labeled","label":null}"#),
        (
            "issues",
            br#"{"action":"labeled","label":{"name":"agent"}}"#,
        ),
        (
            "issue_comment",
            br#"{"action":"created","comment":{"id":"x"}}"#,
        ),
        ("push", br#"{"ref":7}"#),
    ];
    for (n, (event, body)) in cases.iter().enumerate() {
        assert_eq!(world.delivers(&format!("bad-{n}"), event, body).await, 202);
    }
    for (guid, event, body) in [
        ("odd-1", "issues", br#"{"action":"sang"}"#.as_slice()),
        ("odd-2", "a_new_event", b"{}"),
        ("odd-3", "ping", b"null"),
    ] {
        assert_eq!(world.delivers(guid, event, body).await, 202);
    }
    world.settles().await;
    let health = world.http.get(format!("{}/health", world.address));
    let health: Value = health.send().await.unwrap().json().await.unwrap();
    assert_eq!(
        health["deliveries"]["unparsed"],
        json!(cases.len()),
        "{health}"
    );
    world.leftovers.unparsed = cases.len() as u64;
    world.ends().await;
}

/// The last delivery of this name, changed, under another GUID: the GUID is not signed.
async fn replayed(world: &World, guid: &str, change: impl FnOnce(&mut Value)) {
    let mut label = json!({
        "action": "labeled",
        "label": {"name": "agent"},
        "issue": {"number": 1, "title": "Adding subtracts", "body": "`add.sh` subtracts.\n\n### Files in scope\n\n- add.sh\n"},
        "sender": {"id": 1, "login": "alice", "type": "User"},
        "installation": {"id": 60_001},
        "repository": {"id": world.repo.id(), "full_name": "octo/sample", "owner": {"id": 1}},
    });
    change(&mut label);
    let body = serde_json::to_vec(&label).unwrap();
    assert_eq!(world.delivers(guid, "issues", &body).await, 202);
    world.settles().await;
}

#[tokio::test]
async fn x5_x7_a_comment_counts_only_for_who_wrote_it_and_is_who_they_were() {
    let world = World::begins().await;
    world.labelled_issue().await;
    let alice = world.task(1).await.request.by.id;
    // The login that alice had is somebody else's now; then: the sender is not the author.
    for (guid, author, sender) in [("x5", 1, 1), ("x7", alice.0, 1)] {
        let said = json!({
            "action": "created",
            "issue": {"number": 1},
            "comment": {
                "id": 77, "body": "/agent stop", "created_at": "2026-09-22T00:00:00Z",
                "user": {"id": author, "login": "alice", "type": "User"},
            },
            "sender": {"id": sender, "login": "alice", "type": "User"},
            "installation": {"id": 60_001},
            "repository": {"id": world.repo.id(), "full_name": "octo/sample", "owner": {"id": 1}},
        });
        let body = serde_json::to_vec(&said).unwrap();
        assert_eq!(world.delivers(guid, "issue_comment", &body).await, 202);
        world.settles().await;
        assert_eq!(world.task(1).await.stage.name(), "queued", "{guid}");
        // The first is answered; the second is somebody else's doing, and nothing is said to it.
        let told = world.transcript().await;
        let sorry = "Sorry, `alice`: only people with write access to this repository can ask";
        assert_eq!(told.matches(sorry).count(), 1, "{guid}: {told}");
        assert_eq!(
            told.matches("castellan[bot] commented").count(),
            2,
            "{guid}: {told}"
        );
    }
    world.alice.comments(1, "/agent stop").await.unwrap();
    world.ends().await;
}

#[tokio::test]
async fn x3_a_label_made_up_or_replayed_starts_nothing_because_github_is_asked() {
    let world = World::begins().await;
    world.issue().await;
    replayed(&world, "made-up", |_| {}).await;
    assert_eq!(world.tasks().await, 0, "no label is there");
    world.alice.labels(1, "agent").await.unwrap();
    world.settles().await;
    world.runner().await.returns_nothing().await;
    let alice = world.task(1).await.request.by.id;
    replayed(&world, "again", |label| {
        label["sender"]["id"] = json!(alice)
    })
    .await;
    assert_eq!(world.tasks().await, 1);
    world.ends().await;
}

#[tokio::test]
async fn x4_d14_a_repository_that_the_installation_does_not_have_is_left_alone() {
    let world = World::begins().await;
    world.issue().await;
    world.alice.labels(1, "agent").await.unwrap();
    world.settles().await;
    let before = world.transcript().await;
    world.yard.resets_calls();
    replayed(&world, "elsewhere", |label| {
        label["repository"]["id"] = json!(999)
    })
    .await;
    // A token for that one, which GitHub does not give: nothing of it, no write.
    assert_eq!(
        world.asked_of_github(),
        ["POST /app/installations/60001/access_tokens",]
    );
    assert_eq!(world.tasks().await, 1);
    assert_eq!(world.transcript().await, before, "nothing is said");
    world.alice.comments(1, "/agent stop").await.unwrap();
    world.ends().await;
}

#[tokio::test]
async fn x4_an_installation_that_does_not_exist_is_left_alone() {
    let world = World::begins().await;
    world.issue().await;
    let before = world.transcript().await;
    world.yard.resets_calls();
    replayed(&world, "nobody", |label| {
        label["installation"]["id"] = json!(1)
    })
    .await;
    assert_eq!(
        world.asked_of_github(),
        ["POST /app/installations/1/access_tokens"],
        "asked once, and not again"
    );
    assert_eq!(world.tasks().await, 0);
    assert_eq!(world.transcript().await, before, "nothing is said");
    world.ends().await;
}

#[tokio::test]
async fn d11_two_secrets_are_good_while_one_replaces_the_other() {
    let world = World::begins_with(Setting {
        secret_to_come: Some("another"),
        ..Setting::default()
    })
    .await;
    let app = || world.yard.app().webhook_secrets;
    assert!(
        !app().contains(&"another".to_owned()),
        "GitHub has the old one"
    );
    world.issue().await;
    assert_eq!(world.yard.deliveries().pop().unwrap().2, 202);
    world.yard.rotates_webhook_secret("another");
    assert_eq!(app(), ["another"]);
    world.alice.labels(1, "agent").await.unwrap();
    world.settles().await;
    assert_eq!(
        world.tasks().await,
        1,
        "what is signed with the new one counts"
    );
    world.runner().await.returns_nothing().await;
    world.yard.rotates_webhook_secret("a third");
    world.alice.opens_issue("Lost", "").await.unwrap();
    world.yard.settle().await;
    assert_eq!(world.yard.deliveries().pop().unwrap().2, 401);
    world.ends().await;
}
