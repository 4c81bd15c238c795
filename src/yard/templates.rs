//! The recorded payloads, as templates: every object that the yard shows has the keys that GitHub's has.
//!
//! Knows the recordings and how to put other names into them, not what is put there.

use serde_json::{Map, Value};

macro_rules! recorded {
    ($($name:literal),* $(,)?) => {
        const RECORDED: &[(&str, &str)] = &[$((
            $name,
            include_str!(concat!("../../fixtures/webhooks/", $name, ".json")),
        )),*];
    };
}

recorded![
    "check_run.completed",
    "check_run.created",
    "check_suite.completed",
    "installation.created",
    "installation.deleted",
    "installation.suspend",
    "installation.unsuspend",
    "installation_repositories.added",
    "installation_repositories.removed",
    "issue_comment.created",
    "issue_comment.deleted",
    "issue_comment.edited",
    "issues.deleted",
    "issues.edited",
    "issues.labeled",
    "issues.opened",
    "issues.reopened",
    "issues.transferred",
    "issues.unlabeled",
    "merge_group.checks_requested",
    "ping",
    "pull_request.closed",
    "pull_request.opened",
    "pull_request.ready_for_review",
    "pull_request.reopened",
    "pull_request.synchronize",
    "pull_request_review.submitted",
    "push",
    "repository.privatized",
    "repository.publicized",
    "repository.renamed",
    "repository.transferred",
    "workflow_run.completed",
    "workflow_run.requested",
];

/// Recordings that stand in where GitHub's examples have none.
const STANDS_IN: [(&str, &str); 15] = [
    ("issues.closed", "issues.reopened"),
    ("pull_request.edited", "pull_request.opened"),
    ("pull_request.enqueued", "pull_request.opened"),
    ("pull_request.dequeued", "pull_request.opened"),
    ("pull_request.review_requested", "pull_request.opened"),
    ("pull_request.review_request_removed", "pull_request.opened"),
    ("merge_group.destroyed", "merge_group.checks_requested"),
    ("repository.archived", "repository.privatized"),
    ("workflow_run.in_progress", "workflow_run.requested"),
    ("check_run.requested_action", "check_run.completed"),
    ("check_suite.rerequested", "check_suite.completed"),
    ("check_run.rerequested", "check_run.completed"),
    ("pull_request.converted_to_draft", "pull_request.opened"),
    (
        "pull_request_review.dismissed",
        "pull_request_review.submitted",
    ),
    (
        "pull_request_review.edited",
        "pull_request_review.submitted",
    ),
];

/// Names in the recordings, which become the repository's and its owner's.
const RECORDED_NAMES: [&str; 3] = [
    "Codertocat/Hello-World",
    "octo-org/octo-repo",
    "Octocoders/Hello-World",
];
const RECORDED_OWNERS: [&str; 3] = ["Codertocat", "octo-org", "Octocoders"];

/// Where addresses point: the yard's own, and the repository that is shown.
pub(super) struct Names<'a> {
    pub(super) base_url: &'a str,
    pub(super) full_name: &'a str,
}

/// The recorded payload of an event and action, empty where there is none.
pub(super) fn payload(event: &str, action: Option<&str>, names: &Names<'_>) -> Value {
    let name = action.map_or_else(|| event.to_owned(), |action| format!("{event}.{action}"));
    let name = STANDS_IN
        .iter()
        .find(|(missing, _)| *missing == name)
        .map_or(name.as_str(), |(_, other)| other);
    let text = RECORDED
        .iter()
        .find(|(known, _)| *known == name)
        .map_or("{}", |(_, text)| text);
    serde_json::from_str(&renamed(text, names)).unwrap_or(Value::Null)
}

/// One object of a recorded payload, as in `object("issues.opened", "/issue", …)`.
pub(super) fn object(recording: &str, pointer: &str, names: &Names<'_>) -> Value {
    let (event, action) = recording
        .split_once('.')
        .map_or((recording, None), |(event, action)| (event, Some(action)));
    payload(event, action, names)
        .pointer_mut(pointer)
        .map(Value::take)
        .unwrap_or(Value::Null)
}

fn renamed(text: &str, names: &Names<'_>) -> String {
    let owner = names.full_name.split('/').next().unwrap_or_default();
    let mut text = text
        .replace(
            "https://api.github.com",
            &format!("{}/api/v3", names.base_url),
        )
        .replace("https://github.com", names.base_url);
    for recorded in RECORDED_NAMES {
        text = text.replace(recorded, names.full_name);
    }
    for recorded in RECORDED_OWNERS {
        text = text.replace(recorded, owner);
    }
    text
}

/// Puts the values of `over` into `under`, objects key by key, everything else whole.
pub(super) fn patch(under: &mut Value, over: Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => {
            for (key, value) in over {
                patch(under.entry(key).or_insert(Value::Null), value);
            }
        }
        (under, over) => *under = over,
    }
}

/// `under` with the values of `over`.
pub(super) fn patched(mut under: Value, over: Value) -> Value {
    if under.is_null() {
        under = Value::Object(Map::new());
    }
    patch(&mut under, over);
    under
}
