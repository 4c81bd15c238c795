//! A workflow file, as far as the audit asks: what starts it, what its jobs are called, whether they
//! deploy, and which secrets it names. Foreign YAML: bounded, and unknown where it cannot be read.
//!
//! Source: GitHub's "Workflow syntax for GitHub Actions". Runs nothing and follows no reference.

use std::collections::{BTreeMap, BTreeSet};

use globset::GlobBuilder;
use serde_json::{Map, Value};
use serde_saphyr::{Options, budget, options};

use crate::domain::ids::BRANCH_PREFIX;
use crate::domain::text::line;

/// Largest workflow file that is read, in bytes: GitHub's own limit is of this order.
pub const WORKFLOW_BYTES: usize = 512 * 1024;
/// Parser events and nodes: far more than a workflow has.
const EVENTS: usize = 100_000;
/// Nesting: a step stands in level 5, and `with` may go on below it.
const DEPTH: usize = 40;
/// Anchors and aliases, which GitHub takes, too.
const ANCHORS: usize = 100;
/// Jobs of one file; GitHub takes 256 with a matrix.
const JOBS: usize = 256;
/// Longest name that is kept, in characters.
const NAME_CHARS: usize = 255;
/// Words by which a step says that it deploys.
const DEPLOYING: [&str; 4] = ["deploy", "publish", "release", "terraform apply"];

/// What the audit asks of a workflow file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Workflow {
    /// Events that start it, with what they are narrowed to.
    pub on: BTreeMap<String, Value>,
    /// Its jobs.
    pub jobs: Vec<Job>,
    /// Secrets that it names, but for the job's own token; `*` is all of them.
    pub secrets: BTreeSet<String>,
}

/// A job of a workflow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Job {
    /// The name of its check: its name, or its key. May hold expressions.
    pub name: String,
    /// How it says that it deploys, where it does.
    pub deploys: Option<String>,
    /// The workflow that it calls, where it does.
    pub calls: Option<String>,
}

impl Job {
    /// Whether the name is only known when it runs.
    #[must_use]
    pub fn is_dynamic(&self) -> bool {
        self.name.contains("${{")
    }

    /// Whether a check of this name may be its: a matrix and a called workflow add to it.
    #[must_use]
    pub fn reports(&self, check: &str) -> bool {
        let rest = check.strip_prefix(self.name.as_str());
        rest.is_some_and(|rest| {
            rest.is_empty() || rest.starts_with(" (") || rest.starts_with(" / ")
        })
    }
}

/// Reads a workflow file.
///
/// # Errors
/// It is too large, or none that can be read: the sentence says so.
pub fn parse(text: &str) -> Result<Workflow, String> {
    if text.len() > WORKFLOW_BYTES {
        return Err(format!("it is larger than {WORKFLOW_BYTES} bytes"));
    }
    let file: Value = serde_saphyr::from_str_with_options(text, limits())
        .map_err(|error| format!("it cannot be read: {}", line(&error.to_string(), 160)))?;
    let on = file.get("on").or_else(|| file.get("true"));
    let on = events(on.ok_or_else(|| "it has no `on`".to_owned())?)?;
    let jobs = file.get("jobs").and_then(Value::as_object);
    let jobs = jobs.ok_or_else(|| "it has no jobs".to_owned())?;
    if jobs.len() > JOBS {
        return Err(format!("it has more than {JOBS} jobs"));
    }
    let mut secrets = BTreeSet::new();
    collect_secrets(&file, &mut secrets);
    secrets.retain(|name| !name.eq_ignore_ascii_case("GITHUB_TOKEN"));
    Ok(Workflow {
        on,
        jobs: jobs.iter().map(|(key, job)| read_job(key, job)).collect(),
        secrets,
    })
}

fn limits() -> Options {
    options! {
        budget: budget! {
            max_reader_input_bytes: Some(WORKFLOW_BYTES),
            max_events: EVENTS,
            max_nodes: EVENTS,
            max_depth: DEPTH,
            max_aliases: ANCHORS,
            max_anchors: ANCHORS,
            max_documents: 1,
            max_total_scalar_bytes: WORKFLOW_BYTES,
        },
        duplicate_keys: serde_saphyr::DuplicateKeyPolicy::Error,
        strict_booleans: true,
        with_snippet: false,
    }
}

fn events(on: &Value) -> Result<BTreeMap<String, Value>, String> {
    let named = |name: &Value| name.as_str().map(|name| (name.to_owned(), Value::Null));
    let events: Option<BTreeMap<String, Value>> = match on {
        Value::String(_) => named(on).map(|one| BTreeMap::from([one])),
        Value::Array(all) => all.iter().map(named).collect(),
        Value::Object(all) => Some(all.clone().into_iter().collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    };
    events.ok_or_else(|| "its `on` is none that is known".to_owned())
}

fn read_job(key: &str, job: &Value) -> Job {
    let text = |name: &str| job.get(name).and_then(Value::as_str);
    let environment = match job.get("environment") {
        Some(Value::String(name)) => Some(name.clone()),
        Some(Value::Object(one)) => one.get("name").and_then(Value::as_str).map(str::to_owned),
        _ => None,
    };
    let deploys = match environment {
        Some(name) => Some(format!("environment {}", line(&name, 60))),
        None => deploying(key, job),
    };
    Job {
        name: line(text("name").unwrap_or(key), NAME_CHARS),
        deploys,
        calls: text("uses").map(|called| line(called, NAME_CHARS)),
    }
}

/// The words by which a job or one of its steps says that it deploys.
fn deploying(key: &str, job: &Value) -> Option<String> {
    let steps = job
        .get("steps")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let said = steps.flat_map(|step| ["name", "uses", "run"].map(|key| step.get(key)));
    let said = said.flatten().filter_map(Value::as_str);
    let own = [
        Some(key),
        job.get("name").and_then(Value::as_str),
        job.get("uses").and_then(Value::as_str),
    ];
    let mut all = own.into_iter().flatten().chain(said);
    let found = all.find_map(|text| {
        let text = text.to_ascii_lowercase();
        DEPLOYING.into_iter().find(|word| text.contains(word))
    });
    found.map(|word| format!("`{word}` in job {}", line(key, 60)))
}

/// The secrets that any text names, `*` for what takes all of them.
fn collect_secrets(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => secrets_of(text, found),
        Value::Array(all) => all.iter().for_each(|one| collect_secrets(one, found)),
        Value::Object(fields) => {
            if inherits(fields) {
                found.insert("*".to_owned());
            }
            fields.values().for_each(|one| collect_secrets(one, found));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn inherits(fields: &Map<String, Value>) -> bool {
    fields.get("secrets").and_then(Value::as_str) == Some("inherit")
}

fn secrets_of(text: &str, found: &mut BTreeSet<String>) {
    for expression in text.split("${{").skip(1) {
        let expression = expression.split("}}").next().unwrap_or_default();
        let mut rest = expression;
        while let Some(at) = rest.to_ascii_lowercase().find("secrets") {
            let before = rest.get(..at).and_then(|text| text.chars().next_back());
            rest = rest.get(at + "secrets".len()..).unwrap_or_default();
            if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.')) {
                continue;
            }
            let name = rest
                .trim_start()
                .trim_start_matches(['.', '[', ' ', '\'', '"']);
            let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let name: String = name.chars().take_while(|c| is_name(*c)).collect();
            let is_direct = rest.trim_start().starts_with(['.', '[']);
            found.insert(match is_direct && !name.is_empty() {
                true => line(&name, 100),
                false => "*".to_owned(),
            });
        }
    }
}

impl Workflow {
    /// The event by which it runs on a pull request of an agent into `base`, or on the push of its
    /// branch; with what the event is narrowed to.
    #[must_use]
    pub fn runs_for_agents(&self, base: &str) -> Option<(&str, &Value)> {
        for name in ["pull_request", "pull_request_target"] {
            if let Some((name, narrowed)) = self.on.get_key_value(name)
                && is_named(narrowed, base)
            {
                return Some((name, narrowed));
            }
        }
        self.pushed_by_agents().map(|narrowed| ("push", narrowed))
    }

    /// What its `push` is narrowed to, where it runs on pushes to the branches of agents.
    #[must_use]
    pub fn pushed_by_agents(&self) -> Option<&Value> {
        let narrowed = self.on.get("push")?;
        let only_tags = ["tags", "tags-ignore"]
            .iter()
            .any(|key| narrowed.get(*key).is_some())
            && ["branches", "branches-ignore"]
                .iter()
                .all(|key| narrowed.get(*key).is_none());
        (!only_tags && is_named(narrowed, &format!("{BRANCH_PREFIX}0000000000")))
            .then_some(narrowed)
    }
}

/// Whether the branches that an event is narrowed to take this one in.
fn is_named(narrowed: &Value, branch: &str) -> bool {
    let patterns = |key: &str| -> Option<Vec<&str>> {
        match narrowed.get(key)? {
            Value::String(one) => Some(vec![one]),
            Value::Array(all) => Some(all.iter().filter_map(Value::as_str).collect()),
            _ => None,
        }
    };
    if let Some(wanted) = patterns("branches") {
        // The last that matches decides.
        let mut named = false;
        for pattern in wanted {
            match pattern.strip_prefix('!') {
                Some(not) if matches(not, branch) => named = false,
                None if matches(pattern, branch) => named = true,
                Some(_) | None => {}
            }
        }
        return named;
    }
    let ignored = patterns("branches-ignore").unwrap_or_default();
    !ignored.iter().any(|pattern| matches(pattern, branch))
}

/// Whether a pattern of branches matches; one that cannot be read is taken to.
fn matches(pattern: &str, branch: &str) -> bool {
    let glob = GlobBuilder::new(pattern).literal_separator(true).build();
    glob.map_or(true, |glob| glob.compile_matcher().is_match(branch))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_jobs_and_secrets_are_found_in_their_forms() {
        let text = "on:\n  push: {branches: [main]}\n  pull_request:\njobs:\n  test:\n    name: Test\n    strategy: {matrix: {os: [a]}}\n    steps:\n      - run: make\n        env: {A: \"${{ secrets.NPM }}\", B: \"${{ secrets['KEY'] || secrets.GITHUB_TOKEN }}\"}\n  ship:\n    environment: {name: prod}\n  call:\n    uses: ./.github/workflows/other.yml\n    secrets: inherit\n";
        let read = parse(text).unwrap();
        let names: Vec<&str> = read.jobs.iter().map(|job| job.name.as_str()).collect();
        assert_eq!(names.len(), 3, "{names:?}");
        assert!(
            read.secrets.contains("NPM")
                && read.secrets.contains("KEY")
                && read.secrets.contains("*")
        );
        assert!(!read.secrets.contains("GITHUB_TOKEN"));
        let of = |name: &str| read.jobs.iter().find(|job| job.name == name).unwrap();
        assert_eq!(of("ship").deploys.as_deref(), Some("environment prod"));
        assert!(of("Test").reports("Test (a)") && !of("Test").reports("Tests"));
        assert_eq!(read.runs_for_agents("main").unwrap().0, "pull_request");
        assert_eq!(read.pushed_by_agents(), None);
        for on in [
            "push",
            "[push, pull_request]",
            "{push: {branches: ['**']}}",
            "{push: {branches-ignore: [main]}}",
            "{push: {branches: ['castellan/**']}}",
        ] {
            let read = parse(&format!("on: {on}\njobs: {{a: {{}}}}\n")).unwrap();
            assert!(read.pushed_by_agents().is_some(), "{on}");
        }
        for on in [
            "{push: {tags: ['*']}}",
            "{push: {branches: ['*']}}",
            "{push: {branches: ['**', '!castellan/**']}}",
            "workflow_dispatch",
        ] {
            let read = parse(&format!("on: {on}\njobs: {{a: {{}}}}\n")).unwrap();
            assert!(read.pushed_by_agents().is_none(), "{on}");
        }
    }

    #[test]
    fn what_is_no_workflow_is_said_and_bounded() {
        for bad in [
            "",
            "on: push",
            "jobs: {}",
            "a: [",
            "on: 5\njobs: {}\n",
            "on: push\non: push\njobs: {}",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        let deep = format!("on: push\njobs: {}1{}\n", "[".repeat(500), "]".repeat(500));
        assert!(parse(&deep).is_err());
        assert!(parse(&"#".repeat(WORKFLOW_BYTES + 1)).is_err());
        let bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e]\non: push\njobs: {}\n";
        assert!(parse(bomb).is_err(), "an alias of aliases of aliases");
    }
}
