//! Which run may sign in (X17 to X25, X86, U6), over real HTTP and against the yard's issuer.

use castellan::yard::HeldRun;
use serde_json::{Value, json};

use super::runner::key;
use super::world::{AUDIENCE, FIX, World};

impl World {
    /// What becomes of a token of this run that says what stands in `instead`.
    async fn claims(&self, held: &HeldRun, instead: &Value) -> (u16, String) {
        let token = held.identity(AUDIENCE, instead).unwrap();
        match self.presents(held, &token).await {
            Ok(_) => (200, String::new()),
            Err(refused) => refused,
        }
    }
}

#[tokio::test]
async fn x17_to_x25_only_the_run_that_was_dispatched_signs_in() {
    let world = World::begins().await;
    world.labelled_issue().await;
    let held = world.held().await;
    let now = world.clock.now().0 / 1000;
    let main = "octo/sample/.github/workflows/castellan.yml@refs/heads/main";
    let evil = main.replace("heads/main", "heads/evil");
    for (claims, status, said) in [
        (
            json!({"aud": "https://github.com/octo"}),
            401,
            "InvalidAudience",
        ),
        (json!({"iss": "https://evil.example"}), 401, "InvalidIssuer"),
        (json!({"exp": now - 61}), 401, "it has expired"),
        (
            json!({"iat": now + 61, "exp": now + 300}),
            401,
            "of the future",
        ),
        (json!({"nbf": now + 61}), 401, "of the future"),
        (json!({"exp": now + 7 * 86_400}), 401, "lives too long"),
        (json!({"exp": null}), 401, "exp"),
        (json!({"repository_id": "999"}), 403, "another repository"),
        (
            json!({"repository_owner_id": "999"}),
            403,
            "another account",
        ),
        (
            json!({"event_name": "pull_request_target"}),
            403,
            "dispatched",
        ),
        (json!({"event_name": "workflow_run"}), 403, "dispatched"),
        (json!({"event_name": "issue_comment"}), 403, "dispatched"),
        (
            json!({"ref": "refs/heads/evil", "workflow_ref": evil}),
            403,
            "default branch",
        ),
        (
            json!({"workflow_ref": evil}),
            403,
            "castellan.yml may sign in",
        ),
        (
            json!({"workflow_ref": main.replace("castellan", "ci")}),
            403,
            "castellan.yml",
        ),
        (json!({"run_id": "1"}), 403, "another run"),
        (json!({"run_attempt": "2"}), 403, "started again"),
    ] {
        let (got, words) = world.claims(&held, &claims).await;
        assert_eq!(got, status, "{claims}: {words}");
        assert!(words.contains(said), "{claims}: {words}");
    }
    // Names and subjects decide nothing: they may be of any form (X24).
    let renamed = json!({
        "sub": "repo:someone/else:ref:refs/heads/main", "repository": "new/name",
        "workflow_ref": main.replace("octo/sample", "new/name"),
    });
    assert_eq!(world.claims(&held, &renamed).await, (200, String::new()));
    world.runner_of(held, 1).await.returns_change(&[FIX]).await;
    world.ends().await;
}

#[tokio::test]
async fn x18_a_token_that_names_its_own_key_or_no_algorithm_proves_nothing() {
    use base64::Engine as _;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD as B64;
    let world = World::begins().await;
    world.labelled_issue().await;
    let held = world.held().await;
    let good = held.identity(AUDIENCE, &Value::Null).unwrap();
    let [_, claims, signature] = good.split('.').collect::<Vec<_>>()[..] else {
        panic!("three parts");
    };
    for header in [
        json!({"alg": "none", "typ": "JWT"}),
        json!({"alg": "HS256", "kid": "yard-1"}),
        json!({"alg": "RS512", "kid": "yard-1"}),
        json!({"alg": "RS256"}),
        json!({"alg": "RS256", "kid": "../../evil"}),
        json!({"alg": "RS256", "kid": "http://127.0.0.1:9/"}),
        json!({"alg": "RS256", "kid": "yard-1", "jku": "http://127.0.0.1:9/"}),
    ] {
        let head = B64.encode(header.to_string());
        let token = format!("{head}.{claims}.{signature}");
        let refused = world.presents(&held, &token).await.unwrap_err();
        assert_eq!(refused.0, 401, "{header}: {}", refused.1);
    }
    let long = format!("{good}{}", "A".repeat(20_000));
    for token in ["", "a", "a.b.c", &long] {
        assert_eq!(world.presents(&held, token).await.unwrap_err().0, 401);
    }
    world.runner_of(held, 1).await.returns_change(&[FIX]).await;
    world.ends().await;
}

#[tokio::test]
async fn k8_who_signs_in_again_gets_another_ticket_and_the_first_is_void() {
    let world = World::begins().await;
    world.labelled_issue().await;
    let held = world.held().await;
    let lost = world.signs_in(&held).await.unwrap();
    world.tickets.lock().unwrap().clear();
    let ticket = world.signs_in(&held).await.unwrap();
    assert_ne!(lost, ticket);
    world.tickets.lock().unwrap().insert(held.run_id.0, lost);
    let (status, _) = world.exchanges(&held, &key(1), held.run_id.0).await;
    assert_eq!(status, 401);
    world.tickets.lock().unwrap().insert(held.run_id.0, ticket);
    let runner = world.runner_of(held, 1).await;
    world.tickets.lock().unwrap().clear();
    let refused = world.signs_in(&runner.held).await.unwrap_err();
    assert_eq!(refused.0, 409, "{}", refused.1);
    runner.returns_change(&[FIX]).await;
    world.ends().await;
}

#[tokio::test]
async fn x86_a_ticket_is_good_until_the_set_up_limit() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    let held = world.held().await;
    world.signs_in(&held).await.unwrap();
    world.waits(3601).await;
    let (status, answer) = world.exchanges(&held, &key(1), held.run_id.0).await;
    assert_eq!(status, 410, "{answer}");
    world.alice.comments(issue, "/agent stop").await.unwrap();
    world.settles().await;
    world.ends().await;
}

#[tokio::test]
async fn a_run_that_nobody_dispatched_gets_no_ticket() {
    let world = World::begins().await;
    world.labelled_issue().await;
    let mut held = world.held().await;
    let inputs = held.inputs.clone();
    for (name, value, status) in [
        ("nonce", "0123456789abcdef01234567", 403),
        ("nonce", "0", 403),
        ("attempt", "2", 404),
        ("task", "t000000000000", 404),
        ("task", "..", 404),
    ] {
        held.inputs.insert(name.to_owned(), value.to_owned());
        let (got, said) = world.claims(&held, &Value::Null).await;
        assert_eq!(got, status, "{name}={value}: {said}");
        held.inputs.clone_from(&inputs);
    }
    world.runner_of(held, 1).await.returns_change(&[FIX]).await;
    world.ends().await;
}
