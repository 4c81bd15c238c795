//! Brings faults about: which one a call meets, and what is answered then.

use serde_json::{Value, json};

use super::faults::{Fault, FaultRule};
use super::rest::Answer;
use super::world::World;

/// Whether a path is one that `pattern` names: `*` is one segment, `**` any number of them.
pub(super) fn matches(pattern: &str, path: &str) -> bool {
    fn on(pattern: &[&str], path: &[&str]) -> bool {
        match (pattern.split_first(), path.split_first()) {
            (None, None) => true,
            (Some((&"**", rest)), _) => {
                on(rest, path)
                    || path
                        .split_first()
                        .is_some_and(|(_, more)| on(pattern, more))
            }
            (Some((want, rest)), Some((have, more))) => {
                (*want == "*" || want == have) && on(rest, more)
            }
            _ => false,
        }
    }
    let parts = |text: &'_ str| {
        text.trim_matches('/')
            .split('/')
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let (pattern, path) = (parts(pattern), parts(path));
    let borrowed = |parts: &'_ [String]| {
        parts
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join("\0")
    };
    let (pattern, path) = (borrowed(&pattern), borrowed(&path));
    on(
        &pattern.split('\0').collect::<Vec<_>>(),
        &path.split('\0').collect::<Vec<_>>(),
    )
}

impl World {
    /// The fault that this call meets, if any; it is used up by that.
    pub(super) fn fault_of(&mut self, method: &str, path: &str) -> Option<Fault> {
        let meant = |rule: &&mut FaultRule| {
            rule.left > 0
                && (rule.method == "*" || rule.method == method)
                && matches(&rule.path, path)
        };
        let rule = self.faults.iter_mut().find(meant)?;
        rule.left -= 1;
        Some(rule.fault.clone())
    }
}

/// The answer that stands in for the call, where the fault comes before its effect.
pub(super) fn instead(fault: &Fault, world: &World, is_graphql: bool) -> Option<Answer> {
    let now_s = world.clock.now().0.div_euclid(1000);
    Some(match fault {
        Fault::Before(status) => Answer::error(*status, "Server Error"),
        Fault::SecondaryLimit { status, retry_after_s } => Answer::error(
            *status,
            "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
        )
        .with("retry-after", retry_after_s.to_string()),
        Fault::PrimaryLimit { reset_in_s } => used_up(is_graphql)
            .with("x-ratelimit-remaining", "0".to_owned())
            .with("x-ratelimit-reset", (now_s + reset_in_s).to_string()),
        Fault::NoSuchField => Answer::ok(json!({"errors": [{
            "message": "Field 'runAttempt' doesn't exist on type 'WorkflowRun'",
            "extensions": {"code": "undefinedField", "typeName": "WorkflowRun", "fieldName": "runAttempt"},
        }]})),
        Fault::NotOnPlan => Answer::error(
            403,
            "Upgrade to GitHub Pro or make this repository public to enable this feature.",
        ),
        Fault::NotAccessible => Answer::error(403, "Resource not accessible by integration"),
        Fault::NotFound => Answer::error(404, "Not Found"),
        Fault::BadCredentials => Answer::error(401, "Bad credentials"),
        Fault::Conflict(said) => Answer::error(409, said),
        Fault::Invalid(said) => Answer::error(422, said),
        Fault::Ruleset(said) => Answer::error(422, &format!("Repository rule violations found\n\n{said}\n\n")),
        Fault::After(_) | Fault::Dropped | Fault::DroppedAfter | Fault::Partial | Fault::Empty | Fault::Endless | Fault::Stale => return None,
    })
}

fn used_up(is_graphql: bool) -> Answer {
    let said = "API rate limit exceeded for installation.";
    if is_graphql {
        return Answer::ok(json!({"errors": [{"type": "RATE_LIMITED", "message": said}]}));
    }
    Answer::error(403, said)
}

/// What becomes of the true answer, where the fault comes after the effect.
pub(super) fn afterwards(fault: &Fault, mut answer: Answer, remembered: Option<Value>) -> Answer {
    match fault {
        Fault::After(status) => Answer::error(*status, "Server Error"),
        Fault::Partial => partial(answer),
        Fault::Empty => empty(answer),
        Fault::Endless => {
            let pages = "/data/repository/object/checkSuites/pageInfo";
            if let Some(pages) = answer.body.pointer_mut(pages) {
                *pages = json!({"hasNextPage": true, "endCursor": "1"});
            }
            partial(answer).with("link", "<https://example.com/>; rel=\"next\"".to_owned())
        }
        Fault::Stale => match (remembered, &answer.body) {
            (Some(before), _) => Answer {
                body: before,
                ..answer
            },
            (None, Value::Array(_)) => Answer {
                body: json!([]),
                ..answer
            },
            (None, _) => Answer::error(404, "Not Found"),
        },
        _ => answer,
    }
}

/// The suites of a commit, where GraphQL was asked for them.
fn suites(answer: &mut Answer) -> Option<&mut Vec<Value>> {
    let suites = "/data/repository/object/checkSuites/nodes";
    answer.body.pointer_mut(suites)?.as_array_mut()
}

/// Each suite without its check runs, and what it counts of them.
fn without_checks(suites: &mut [Value]) {
    for suite in suites {
        if let Some(Value::Object(list)) = suite.get_mut("checkRuns") {
            list.insert("totalCount".to_owned(), json!(0));
            list.insert("nodes".to_owned(), json!([]));
        }
    }
}

/// Each suite without the second half of its check runs, and still counted.
fn with_half_of_checks(suites: &mut [Value]) {
    for suite in suites {
        let checks = suite.pointer_mut("/checkRuns/nodes");
        if let Some(Value::Array(checks)) = checks {
            checks.truncate(checks.len() / 2);
        }
    }
}

fn empty(mut answer: Answer) -> Answer {
    answer.headers.retain(|(name, _)| *name != "link");
    if let Some(suites) = suites(&mut answer) {
        without_checks(suites);
    }
    match &mut answer.body {
        Value::Array(items) => items.clear(),
        Value::Object(map) => {
            for (key, value) in map.iter_mut() {
                if let Value::Array(items) = value {
                    items.clear();
                } else if key == "total_count" {
                    *value = json!(0);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    answer
}

fn partial(mut answer: Answer) -> Answer {
    answer.headers.retain(|(name, _)| *name != "link");
    let half = |items: &mut Vec<Value>| items.truncate(items.len() / 2);
    if let Some(Value::Object(issue)) = answer
        .body
        .pointer_mut("/data/repository/issueOrPullRequest")
    {
        issue.remove("title");
    }
    if let Some(suites) = suites(&mut answer) {
        with_half_of_checks(suites);
    }
    let threads = "/data/repository/pullRequest/reviewThreads/nodes";
    if let Some(Value::Array(nodes)) = answer.body.pointer_mut(threads) {
        half(nodes);
    }
    match &mut answer.body {
        Value::Array(items) => half(items),
        Value::Object(map) => {
            for (key, value) in map.iter_mut() {
                if let Value::Array(items) = value {
                    half(items);
                } else if key == "truncated" {
                    *value = json!(true);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    answer
}
