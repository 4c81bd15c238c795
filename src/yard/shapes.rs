//! How the model looks in JSON: the recorded objects with the model's values put in.
//!
//! One function a noun, used by REST answers and deliveries alike. Decides nothing.

use serde_json::{Value, json};

use super::model::{AccountKind, Comment, Installation, Reaction, Repository, Thread};
use super::templates::{Names, object, patched};
use super::world::World;

/// The app id of GitHub Actions.
pub(super) const ACTIONS_APP_ID: i64 = 15368;

/// An opaque-looking node id that can be read back.
pub(super) fn node_id(prefix: &str, id: i64) -> String {
    format!("{prefix}_{id}")
}

/// Every text under `value` with `from` replaced by `to`.
pub(super) fn renumber(value: &mut Value, from: &str, to: &str) {
    match value {
        Value::String(text) if text.contains(from) => *text = text.replace(from, to),
        Value::Array(items) => items.iter_mut().for_each(|item| renumber(item, from, to)),
        Value::Object(map) => map.values_mut().for_each(|item| renumber(item, from, to)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

impl World {
    pub(super) fn names<'a>(&'a self, full_name: &'a str) -> Names<'a> {
        Names {
            base_url: &self.base_url,
            full_name,
        }
    }

    /// The address of the REST API.
    pub(super) fn api(&self) -> String {
        format!("{}/api/v3", self.base_url)
    }

    /// An account, as `user`, `sender`, `owner`.
    pub(super) fn show_user(&self, login: &str) -> Value {
        let account = self.accounts.get(login);
        let kind = account.map_or(AccountKind::User, |account| account.kind);
        let id = account.map_or(0, |account| account.id);
        // The recording's login is the owner's: named after this account, all its addresses are right.
        let full = format!("{login}/none");
        patched(
            object("issues.opened", "/sender", &self.names(&full)),
            json!({"login": login, "id": id, "node_id": node_id("U", id), "type": kind.word(),
                   "avatar_url": format!("{}/avatars/u/{id}", self.base_url), "user_view_type": "public"}),
        )
    }

    /// A repository.
    pub(super) fn show_repo(&self, repo: &Repository) -> Value {
        let full = repo.full_name();
        let open = repo.threads.values().filter(|thread| thread.open).count();
        let visibility = if repo.private { "private" } else { "public" };
        patched(
            object("issues.opened", "/repository", &self.names(&full)),
            json!({
                "id": repo.id, "node_id": node_id("R", repo.id), "name": repo.name, "full_name": full,
                "private": repo.private, "visibility": visibility, "archived": repo.archived, "disabled": false,
                "fork": false, "default_branch": repo.default_branch, "owner": self.show_user(&repo.owner),
                "url": format!("{}/repos/{full}", self.api()), "html_url": format!("{}/{full}", self.base_url),
                "clone_url": format!("{}/{full}.git", self.base_url),
                "created_at": repo.created_at.to_string(), "updated_at": repo.pushed_at.to_string(),
                "pushed_at": repo.pushed_at.to_string(), "open_issues_count": open, "open_issues": open,
                "has_discussions": false, "allow_forking": true, "topics": [],
            }),
        )
    }

    /// The short form, as installations list it.
    pub(super) fn show_repo_briefly(repo: &Repository) -> Value {
        json!({"id": repo.id, "node_id": node_id("R", repo.id), "name": repo.name,
               "full_name": repo.full_name(), "private": repo.private})
    }

    fn show_label(&self, full: &str, label: &str) -> Value {
        let id: i64 = 208_045_000 + label.bytes().map(i64::from).sum::<i64>();
        json!({"id": id, "node_id": node_id("LA", id), "url": format!("{}/repos/{full}/labels/{label}", self.api()),
               "name": label, "color": "ededed", "default": false, "description": null})
    }

    /// A label of a repository.
    pub(super) fn show_label_of(&self, repo: &Repository, label: &str) -> Value {
        self.show_label(&repo.full_name(), label)
    }

    pub(super) fn reactions(url: &str, reactions: &[Reaction]) -> Value {
        let count = |content: &str| {
            reactions
                .iter()
                .filter(|one| one.content == content)
                .count()
        };
        json!({"url": format!("{url}/reactions"), "total_count": reactions.len(), "+1": count("+1"), "-1": count("-1"),
               "laugh": count("laugh"), "hooray": count("hooray"), "confused": count("confused"),
               "heart": count("heart"), "rocket": count("rocket"), "eyes": count("eyes")})
    }

    /// GitHub's word for how an author stands to a repository; no permission.
    pub(super) fn association(repo: &Repository, login: &str) -> &'static str {
        if repo.owner == login {
            "OWNER"
        } else if repo.collaborators.contains_key(login) {
            "COLLABORATOR"
        } else {
            "NONE"
        }
    }

    /// A thread as an issue; a pull request is one too.
    pub(super) fn show_issue(&self, repo: &Repository, thread: &Thread) -> Value {
        let full = repo.full_name();
        let n = thread.number;
        let mut issue = object("issues.opened", "/issue", &self.names(&full));
        let old = issue.get("number").and_then(Value::as_i64).unwrap_or(0);
        renumber(
            &mut issue,
            &format!("/issues/{old}"),
            &format!("/issues/{n}"),
        );
        let url = format!("{}/repos/{full}/issues/{n}", self.api());
        let page = if thread.pull.is_some() {
            "pull"
        } else {
            "issues"
        };
        let labels: Vec<Value> = thread
            .labels
            .iter()
            .map(|label| self.show_label(&full, label))
            .collect();
        let pull = format!("{}/repos/{full}/pulls/{n}", self.api());
        let mut shown = patched(
            issue,
            json!({
                "id": thread.id, "node_id": node_id("I", thread.id), "number": n, "title": thread.title,
                "body": text_or_null(&thread.body), "user": self.show_user(&thread.author),
                "state": if thread.open { "open" } else { "closed" }, "labels": labels, "locked": false,
                "comments": repo.comments_of(n).count(), "url": url,
                "html_url": format!("{}/{full}/{page}/{n}", self.base_url), "assignees": [], "milestone": null,
                "state_reason": if thread.open { Value::Null } else { json!("completed") },
                "created_at": thread.created_at.to_string(), "updated_at": thread.updated_at.to_string(),
                "closed_at": thread.closed_at.map(|at| at.to_string()),
                "author_association": Self::association(repo, &thread.author),
                "reactions": Self::reactions(&url, &thread.reactions),
                "performed_via_github_app": self.show_performer(&thread.author),
            }),
        );
        if thread.pull.is_some()
            && let Some(map) = shown.as_object_mut()
        {
            map.insert("pull_request".to_owned(), json!({
                "url": pull, "html_url": format!("{}/{full}/pull/{n}", self.base_url),
                "diff_url": format!("{}/{full}/pull/{n}.diff", self.base_url),
                "patch_url": format!("{}/{full}/pull/{n}.patch", self.base_url), "merged_at": null,
            }));
        }
        shown
    }

    /// A comment.
    pub(super) fn show_comment(&self, repo: &Repository, comment: &Comment) -> Value {
        let full = repo.full_name();
        let url = format!("{}/repos/{full}/issues/comments/{}", self.api(), comment.id);
        let is_pull = repo
            .threads
            .get(&comment.thread)
            .is_some_and(|thread| thread.pull.is_some());
        let page = if is_pull { "pull" } else { "issues" };
        patched(
            object("issue_comment.created", "/comment", &self.names(&full)),
            json!({
                "id": comment.id, "node_id": node_id("IC", comment.id), "url": url, "body": comment.body,
                "html_url": format!("{}/{full}/{page}/{}#issuecomment-{}", self.base_url, comment.thread, comment.id),
                "issue_url": format!("{}/repos/{full}/issues/{}", self.api(), comment.thread),
                "user": self.show_user(&comment.author), "created_at": comment.created_at.to_string(),
                "updated_at": comment.updated_at.to_string(),
                "author_association": Self::association(repo, &comment.author),
                "reactions": Self::reactions(&url, &comment.reactions),
                "performed_via_github_app": self.show_performer(&comment.author),
            }),
        )
    }

    /// A reaction.
    pub(super) fn show_reaction(&self, reaction: &Reaction) -> Value {
        json!({"id": reaction.id, "node_id": node_id("REA", reaction.id), "user": self.show_user(&reaction.actor),
               "content": reaction.content, "created_at": reaction.at.to_string()})
    }

    /// A pull request; `null` where the thread is an issue.
    pub(super) fn show_pull(&self, repo: &Repository, thread: &Thread) -> Value {
        let Some(pull) = &thread.pull else {
            return Value::Null;
        };
        let full = repo.full_name();
        let n = thread.number;
        let mut shown = object("pull_request.opened", "/pull_request", &self.names(&full));
        let old = shown.get("number").and_then(Value::as_i64).unwrap_or(0);
        for part in ["pulls", "issues", "pull"] {
            renumber(
                &mut shown,
                &format!("/{part}/{old}"),
                &format!("/{part}/{n}"),
            );
        }
        let side = |branch: &str, oid: &str| {
            json!({"label": format!("{}:{branch}", repo.owner), "ref": branch, "sha": oid,
                   "user": self.show_user(&repo.owner), "repo": self.show_repo(repo)})
        };
        let mut head = side(&pull.head, &pull.head_oid);
        if let Some(fork) = &pull.fork {
            super::templates::patch(&mut head, self.show_fork(repo, fork, &pull.head));
        }
        let (mergeable, mergeable_state) = repo.mergeability(pull);
        let merged = pull.merged_by.is_some();
        patched(
            shown,
            json!({
                "id": pull.id, "node_id": node_id("PR", pull.id), "number": n, "title": thread.title,
                "state": if thread.open { "open" } else { "closed" }, "locked": false, "draft": pull.draft,
                "body": text_or_null(&thread.body), "user": self.show_user(&thread.author),
                "head": head, "base": side(&pull.base, &pull.base_oid),
                "created_at": thread.created_at.to_string(), "updated_at": thread.updated_at.to_string(),
                "closed_at": thread.closed_at.map(|at| at.to_string()), "merged": merged,
                "merged_at": if merged { thread.closed_at.map(|at| at.to_string()) } else { None },
                "merged_by": pull.merged_by.as_ref().map(|login| self.show_user(login)),
                "merge_commit_sha": pull.merge_oid.as_deref().or_else(|| repo.test_merge(pull)), "mergeable": mergeable, "mergeable_state": mergeable_state, "rebaseable": mergeable,
                "author_association": Self::association(repo, &thread.author), "milestone": null,
                "labels": thread.labels.iter().map(|label| self.show_label(&full, label)).collect::<Vec<_>>(),
                "comments": repo.comments_of(n).count(), "auto_merge": null,
                "requested_reviewers": pull.asked.people.iter().map(|login| self.show_user(login)).collect::<Vec<_>>(),
                "requested_teams": pull.asked.teams.iter().filter_map(|slug| self.team_of(repo, slug))
                    .map(|team| self.show_team(&repo.owner, team)).collect::<Vec<_>>(),
                "maintainer_can_modify": pull.fork.is_some(),
            }),
        )
    }

    /// The App, where it is the author of something.
    fn show_performer(&self, author: &str) -> Option<Value> {
        (author == self.bot()).then(|| self.show_app_of(self.app.id))
    }

    /// An app: ours, somebody else's, or GitHub Actions.
    pub(super) fn show_app_of(&self, id: i64) -> Value {
        let (slug, name) = if id == self.app.id {
            (self.app.slug.clone(), self.manifest.name.clone())
        } else if let Some(slug) = self.apps.get(&id) {
            (slug.clone(), slug.clone())
        } else {
            ("github-actions".to_owned(), "GitHub Actions".to_owned())
        };
        json!({
            "id": id, "slug": slug, "client_id": format!("Iv23li{id}"), "node_id": node_id("A", id), "name": name,
            "owner": self.show_user("castellan-owner"), "description": "", "external_url": self.base_url,
            "html_url": format!("{}/apps/{slug}", self.base_url), "created_at": "2026-01-01T00:00:00Z",
            "updated_at": "2026-01-01T00:00:00Z", "permissions": self.manifest.default_permissions,
            "events": self.manifest.default_events, "installations_count": self.installations.len(),
        })
    }

    /// An installation.
    pub(super) fn show_installation(&self, installation: &Installation) -> Value {
        let account = self.show_user(&installation.account);
        let (id, target) = (
            installation.id,
            account.get("id").cloned().unwrap_or_default(),
        );
        let kind = account.get("type").cloned().unwrap_or_default();
        let since = installation.created_at.to_string();
        let suspended = installation.suspended;
        let mut shown = patched(
            object(
                "installation.created",
                "/installation",
                &self.names(&format!("{}/none", installation.account)),
            ),
            json!({
                "id": id, "account": account, "repository_selection": "selected", "app_id": self.app.id,
                "app_slug": self.app.slug, "target_id": target, "target_type": kind,
                "events": self.manifest.default_events,
                "access_tokens_url": format!("{}/app/installations/{id}/access_tokens", self.api()),
                "html_url": format!("{}/settings/installations/{id}", self.base_url),
                "created_at": since, "updated_at": since,
                "suspended_at": suspended.then(|| self.clock.now().to_string()),
                "suspended_by": suspended.then(|| self.show_user(&installation.account)),
            }),
        );
        // Replaced and not patched: what was taken back must not show as it was recorded.
        if let Some(map) = shown.as_object_mut() {
            map.insert("permissions".to_owned(), json!(installation.permissions));
        }
        shown
    }
}

pub(super) fn text_or_null(text: &str) -> Value {
    if text.is_empty() {
        Value::Null
    } else {
        json!(text)
    }
}
