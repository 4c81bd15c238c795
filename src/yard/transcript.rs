//! What a person would see: every issue and pull request, in order, as text.
//!
//! Without times, and with the yard's address masked, so that a snapshot of it stays the same.

use std::fmt::Write as _;

use super::YardError;
use super::model::{Check, Comment, Entry, Reaction, Repository, Thread};
use super::shapes::ACTIONS_APP_ID;
use super::world::World;

/// The transcript of a repository.
pub(super) fn of(world: &World, repo: &Repository) -> Result<String, YardError> {
    let mut out = String::new();
    for thread in repo.threads.values() {
        if !out.is_empty() {
            out.push('\n');
        }
        opening(&mut out, repo, thread);
        for entry in &thread.story {
            told(&mut out, world, repo, entry)?;
        }
    }
    Ok(out.replace(&world.base_url, "https://github.example"))
}

/// A line; writing into a text cannot fail.
fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).ok();
    out.push('\n');
}

fn opening(out: &mut String, repo: &Repository, thread: &Thread) {
    let kind = if thread.pull.is_some() {
        "pull request"
    } else {
        "issue"
    };
    let state = match (&thread.pull, thread.open) {
        (Some(pull), false) if pull.merged_by.is_some() => "merged",
        (Some(pull), true) if pull.draft => "draft",
        (_, true) => "open",
        (_, false) => "closed",
    };
    line(
        out,
        format_args!("# {kind} {} ({state}): {}", thread.number, thread.title),
    );
    if !thread.labels.is_empty() {
        let labels: Vec<&str> = thread.labels.iter().map(String::as_str).collect();
        line(out, format_args!("labels: {}", labels.join(", ")));
    }
    match &thread.pull {
        Some(pull) => {
            let fork = pull.fork.as_ref().map(|fork| format!("{}:", fork.owner));
            let (from, head) = (fork.unwrap_or_default(), &pull.head);
            let (author, base) = (&thread.author, &pull.base);
            line(
                out,
                format_args!("{author} wants to merge {from}{head} into {base}"),
            );
            let files = repo.git.text(
                &[
                    "diff",
                    "--name-status",
                    "--no-renames",
                    &format!("{}...{}", pull.base_oid, pull.head_oid),
                ],
                b"",
            );
            for file in files.unwrap_or_default().lines() {
                line(out, format_args!("  {}", file.replace('\t', " ")));
            }
        }
        None => {
            let edited = if thread.edited_at.is_some() {
                " (edited)"
            } else {
                ""
            };
            line(out, format_args!("{} opened this{edited}", thread.author));
        }
    }
    quoted(out, &thread.body);
    reactions(out, &thread.reactions);
}

/// A text as the page shows it: without the lines that are comments of HTML.
fn quoted(out: &mut String, text: &str) {
    let hidden = |line: &&str| line.starts_with("<!--") && line.ends_with("-->");
    for text in text.lines().filter(|line| !hidden(line)) {
        line(out, format_args!("{}", format!("  | {text}").trim_end()));
    }
}

fn reactions(out: &mut String, reactions: &[Reaction]) {
    for one in reactions {
        line(out, format_args!("  {} {}", emoji(&one.content), one.actor));
    }
}

fn emoji(content: &str) -> &str {
    match content {
        "+1" => "👍",
        "-1" => "👎",
        "laugh" => "😄",
        "confused" => "😕",
        "heart" => "❤️",
        "hooray" => "🎉",
        "rocket" => "🚀",
        "eyes" => "👀",
        other => other,
    }
}

fn told(
    out: &mut String,
    world: &World,
    repo: &Repository,
    entry: &Entry,
) -> Result<(), YardError> {
    match entry {
        Entry::Labeled { label, actor, .. } => {
            line(out, format_args!("{actor} added the label {label}"))
        }
        Entry::Unlabeled { label, actor, .. } => {
            line(out, format_args!("{actor} removed the label {label}"))
        }
        Entry::Commented { comment } => match repo.comments.get(comment) {
            Some(comment) => commented(out, comment),
            None => line(out, format_args!("(a comment was deleted)")),
        },
        Entry::Pushed {
            actor,
            oids,
            forced,
        } => pushed(out, repo, actor, oids, *forced)?,
        Entry::Retitled { actor, title } => {
            line(out, format_args!("{actor} changed the title to: {title}"))
        }
        Entry::Closed { actor } => line(out, format_args!("{actor} closed this")),
        Entry::Reopened { actor } => line(out, format_args!("{actor} reopened this")),
        Entry::Merged { actor } => line(out, format_args!("{actor} merged this")),
        Entry::Ready { actor } => {
            line(out, format_args!("{actor} marked this as ready for review"))
        }
        Entry::BranchDeleted { actor } => line(out, format_args!("{actor} deleted the branch")),
        Entry::Noted { said } => line(out, format_args!("{said}")),
        Entry::Checked { check } => {
            if let Some(check) = repo.checks.get(check) {
                checked(out, world, repo, check);
            }
        }
        Entry::Reviewed { review } => reviewed(out, repo, *review),
        Entry::Stated { status } => {
            let mut known = repo.reports.statuses.iter();
            if let Some(one) = known.find(|one| one.id == *status) {
                line(
                    out,
                    format_args!("status {} ({}): {}", one.context, one.creator, one.state),
                );
            }
        }
    }
    Ok(())
}

fn commented(out: &mut String, comment: &Comment) {
    let edited = if comment.edited { " (edited)" } else { "" };
    line(out, format_args!("{} commented{edited}", comment.author));
    quoted(out, &comment.body);
    reactions(out, &comment.reactions);
}

fn pushed(
    out: &mut String,
    repo: &Repository,
    actor: &str,
    oids: &[String],
    forced: bool,
) -> Result<(), YardError> {
    let how = match (forced, oids.len()) {
        (true, _) => "force-pushed".to_owned(),
        (false, 1) => "pushed 1 commit".to_owned(),
        (false, count) => format!("pushed {count} commits"),
    };
    line(out, format_args!("{actor} {how}"));
    for oid in oids {
        let message = repo
            .git
            .text(&["show", "--no-patch", "--format=%s", oid], b"")?;
        let verified = if repo.verified.contains(oid) {
            " (verified)"
        } else {
            ""
        };
        line(out, format_args!("  commit{verified}: {message}"));
        let files = repo.git.text(
            &[
                "diff-tree",
                "--root",
                "--no-commit-id",
                "-r",
                "--name-status",
                oid,
            ],
            b"",
        )?;
        for file in files.lines() {
            line(out, format_args!("    {}", file.replace('\t', " ")));
        }
    }
    Ok(())
}

fn checked(out: &mut String, world: &World, repo: &Repository, check: &Check) {
    let attempt = repo
        .reports
        .jobs
        .get(&check.id)
        .map_or(1, |job| job.attempt);
    let app = match (check.app, world.apps.get(&check.app)) {
        (ACTIONS_APP_ID, _) if attempt > 1 => format!("GitHub Actions, attempt {attempt}"),
        (ACTIONS_APP_ID, _) => "GitHub Actions".to_owned(),
        (_, Some(slug)) => slug.clone(),
        (_, None) => world.manifest.name.clone(),
    };
    let state = check.conclusion.as_deref().unwrap_or(check.status.as_str());
    line(out, format_args!("check {} ({app}): {state}", check.name));
    if check.app != ACTIONS_APP_ID
        && let Some(title) = check
            .output
            .get("title")
            .and_then(serde_json::Value::as_str)
    {
        quoted(out, title);
    }
}

/// A review, and beneath it the threads that began with it.
fn reviewed(out: &mut String, repo: &Repository, id: i64) {
    let known = &repo.reviews;
    let Some(review) = known.reviews.get(&id) else {
        return;
    };
    let begun: Vec<_> = known
        .threads
        .values()
        .filter(|one| one.review == id)
        .collect();
    // A reply is a review of its own; it is shown in its thread.
    if review.state == "COMMENTED" && review.body.is_empty() && begun.is_empty() {
        return;
    }
    let how = match review.state {
        "APPROVED" => "approved this",
        "CHANGES_REQUESTED" => "requested changes",
        "DISMISSED" => "gave a review that was dismissed",
        _ => "reviewed",
    };
    line(out, format_args!("{} {how}", review.author));
    quoted(out, &review.body);
    for thread in begun {
        let state = match (&thread.resolved_by, repo.is_outdated(thread)) {
            (Some(who), _) => format!(" (resolved by {who})"),
            (None, true) => " (outdated)".to_owned(),
            (None, false) => String::new(),
        };
        line(
            out,
            format_args!("  on {}:{}{state}", thread.path, thread.line),
        );
        for comment in known.comments_of(thread.id) {
            line(out, format_args!("  {} said", comment.author));
            quoted(out, &comment.body);
        }
    }
}
