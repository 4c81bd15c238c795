//! What a branch asks of what is merged into it, as rules in GitHub's own shape: from rulesets that
//! an admin wrote through the API, and from requirements that a test wrote.
//!
//! Says which rules hold for a branch; whether they are kept is asked in `merging`.

use globset::GlobBuilder;
use serde_json::{Value, json};

use super::model::Repository;
use super::plays::{Queueing, Requirement, Reviewing};
use super::world::World;
use crate::domain::time::Timestamp;

/// A ruleset as an admin wrote it.
#[derive(Clone, Debug)]
pub(super) struct Ruleset {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) target: String,
    /// `active`, `evaluate` or `disabled`.
    pub(super) enforcement: String,
    pub(super) bypass_actors: Value,
    pub(super) conditions: Value,
    pub(super) rules: Vec<Value>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

/// A required check: its name, and the App that must report it.
pub(super) type Required = (String, Option<i64>);

/// What all rules of a branch ask together.
#[derive(Clone, Debug, Default)]
pub(super) struct Demands {
    pub(super) checks: Vec<Required>,
    /// The head must hold the base.
    pub(super) strict: bool,
    /// Workflow files that must pass.
    pub(super) workflows: Vec<String>,
    pub(super) reviews: Option<Reviewing>,
    pub(super) queue: Option<Queueing>,
}

impl Ruleset {
    /// Whether its rules hold for a branch.
    fn holds_for(&self, repo: &Repository, branch: &str) -> bool {
        let matches = |key: &str| {
            let patterns = self.conditions.pointer(&format!("/ref_name/{key}"));
            let mut patterns = patterns.and_then(Value::as_array).into_iter().flatten();
            patterns.any(|one| named_by(repo, branch, one.as_str().unwrap_or_default()))
        };
        let on = self.enforcement == "active" && self.target == "branch";
        on && matches("include") && !matches("exclude")
    }
}

/// Whether a pattern of a ruleset names a branch, by `fnmatch` with the full name.
fn named_by(repo: &Repository, branch: &str, pattern: &str) -> bool {
    let full = format!("refs/heads/{branch}");
    match pattern {
        "~ALL" => true,
        "~DEFAULT_BRANCH" => branch == repo.default_branch,
        _ => GlobBuilder::new(pattern)
            .literal_separator(true)
            .build()
            .is_ok_and(|glob| glob.compile_matcher().is_match(full)),
    }
}

/// The type and parameters of a rule that a test asked for; protection is none.
fn rule_of(repo: &Repository, requirement: &Requirement) -> Option<(&'static str, Value)> {
    Some(match requirement {
        Requirement::Protection { .. } => return None,
        Requirement::Ruleset { checks, strict } => (
            "required_status_checks",
            json!({"strict_required_status_checks_policy": strict, "do_not_enforce_on_create": false,
                   "required_status_checks": checks.iter().map(required).collect::<Vec<_>>()}),
        ),
        Requirement::Workflows(files) => {
            let file = |path: &String| {
                json!({"path": path, "repository_id": repo.id,
                       "ref": repo.default_ref()})
            };
            (
                "workflows",
                json!({"do_not_enforce_on_create": false,
                       "workflows": files.iter().map(file).collect::<Vec<_>>()}),
            )
        }
        Requirement::Reviews(asked) => (
            "pull_request",
            json!({"required_approving_review_count": asked.approvals, "require_code_owner_review": asked.owners,
                   "dismiss_stale_reviews_on_push": asked.dismisses_stale, "require_last_push_approval": asked.last_push,
                   "required_review_thread_resolution": asked.threads, "required_reviewers": [],
                   "allowed_merge_methods": ["merge", "squash", "rebase"]}),
        ),
        Requirement::Queue(queue) => (
            "merge_queue",
            json!({"check_response_timeout_minutes": queue.timeout_minutes,
                   "grouping_strategy": if queue.all_green { "ALLGREEN" } else { "HEADGREEN" },
                   "max_entries_to_build": 5, "max_entries_to_merge": 5, "merge_method": "MERGE",
                   "min_entries_to_merge": 1, "min_entries_to_merge_wait_minutes": 5}),
        ),
    })
}

/// A required check of a ruleset; who must report it is left out where anybody may.
fn required((context, app): &Required) -> Value {
    match app {
        Some(app) => json!({"context": context, "integration_id": app}),
        None => json!({"context": context}),
    }
}

impl World {
    /// The rules of rulesets that hold for a branch.
    pub(super) fn show_rules(&self, repo: &Repository, branch: &str) -> Vec<Value> {
        let source = |id: i64| json!({"ruleset_source_type": "Repository", "ruleset_source": repo.full_name(), "ruleset_id": id});
        let found = repo.reports.requirements.get(branch);
        let asked = found.into_iter().flatten().zip(7_001..);
        let mut shown: Vec<Value> = asked
            .filter_map(|(requirement, id)| {
                let (kind, parameters) = rule_of(repo, requirement)?;
                let rule = json!({"type": kind, "parameters": parameters});
                Some(super::templates::patched(rule, source(id)))
            })
            .collect();
        for ruleset in repo.rulesets.values() {
            if ruleset.holds_for(repo, branch) {
                let rules = ruleset.rules.iter().cloned();
                shown.extend(rules.map(|rule| super::templates::patched(rule, source(ruleset.id))));
            }
        }
        shown
    }

    /// What a branch asks of what is merged into it, by rulesets and protection together.
    pub(super) fn demands(&self, repo: &Repository, branch: &str) -> Demands {
        let mut all = Demands::default();
        for rule in self.show_rules(repo, branch) {
            all.add(&rule);
        }
        let found = repo.reports.requirements.get(branch);
        for requirement in found.into_iter().flatten() {
            if let Requirement::Protection { checks, strict } = requirement {
                all.checks.extend(checks.iter().cloned());
                all.strict |= strict;
            }
        }
        all
    }
}

impl Demands {
    fn add(&mut self, rule: &Value) {
        let parameters = rule.get("parameters").unwrap_or(&Value::Null);
        let yes = |key: &str| parameters.get(key).and_then(Value::as_bool) == Some(true);
        let number = |key: &str| parameters.get(key).and_then(Value::as_i64);
        let list = |key: &str| {
            parameters
                .get(key)
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
        };
        let text = |one: &Value, key: &str| one.get(key).and_then(Value::as_str).map(str::to_owned);
        match rule.get("type").and_then(Value::as_str).unwrap_or_default() {
            "required_status_checks" => {
                self.strict |= yes("strict_required_status_checks_policy");
                let named = list("required_status_checks").filter_map(|one| {
                    let app = one.get("integration_id").and_then(Value::as_i64);
                    Some((text(one, "context")?, app))
                });
                self.checks.extend(named);
            }
            "workflows" => {
                let files = list("workflows").filter_map(|one| text(one, "path"));
                self.workflows.extend(files);
            }
            "pull_request" => {
                let before = self.reviews.unwrap_or_default();
                self.reviews = Some(Reviewing {
                    approvals: before
                        .approvals
                        .max(number("required_approving_review_count").unwrap_or(0)),
                    owners: before.owners || yes("require_code_owner_review"),
                    dismisses_stale: before.dismisses_stale || yes("dismiss_stale_reviews_on_push"),
                    last_push: before.last_push || yes("require_last_push_approval"),
                    threads: before.threads || yes("required_review_thread_resolution"),
                });
            }
            "merge_queue" => {
                let strategy = parameters.get("grouping_strategy").and_then(Value::as_str);
                self.queue = Some(Queueing {
                    timeout_minutes: number("check_response_timeout_minutes").unwrap_or(60),
                    all_green: strategy != Some("HEADGREEN"),
                });
            }
            _ => {}
        }
    }
}
