//! git over HTTP: `git http-backend` on the bare repositories, with tokens as passwords.
//!
//! Knows the CGI and who may; what a push means is found afterwards, in `refs`.

use std::process::Stdio;
use std::sync::Arc;

use axum::body::Body;
use axum::http::HeaderMap;
use axum::response::Response;
use bytes::Bytes;
use tokio::io::AsyncWriteExt as _;

use super::git::plain_git;
use super::model::{Bearer, Permission, Repository};
use super::permissions::{Level, allows};
use super::shared::Shared;
use super::tokens::{Caller, caller};
use super::world::World;

/// A request that may be git's.
pub(super) struct GitRequest {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// Where a request goes, once it is allowed.
enum Way {
    Refused(u16),
    Moved(String),
    Repo {
        id: i64,
        dir: std::path::PathBuf,
        actor: String,
        minds_workflows: bool,
        default_ref: String,
    },
}

/// Answers a request of git.
pub(super) async fn answer(
    shared: &Arc<Shared>,
    request: GitRequest,
    authorization: Option<String>,
) -> Response {
    let parts: Vec<&str> = request
        .path
        .trim_start_matches('/')
        .splitn(3, '/')
        .collect();
    let (Some(owner), Some(name), Some(rest)) = (parts.first(), parts.get(1), parts.get(2)) else {
        return plain(404, "Not Found");
    };
    let writes = *rest == "git-receive-pack" || request.query.contains("git-receive-pack");
    if !matches!(*rest, "info/refs" | "git-upload-pack" | "git-receive-pack") {
        return plain(404, "Not Found");
    }
    let full = format!("{owner}/{}", name.trim_end_matches(".git"));
    let (id, dir, actor, minds_workflows, default_ref) =
        match shared.look(|world| way(world, &full, authorization.as_deref(), writes)) {
            Way::Refused(status) => return plain(status, "The yard does not let you"),
            Way::Moved(to) => return moved(&format!("{to}.git/{rest}"), &request.query),
            Way::Repo {
                id,
                dir,
                actor,
                minds_workflows,
                default_ref,
            } => (id, dir, actor, minds_workflows, default_ref),
        };
    let pushes = *rest == "git-receive-pack";
    let _one_at_a_time = if pushes {
        Some(shared.pushes.lock().await)
    } else {
        None
    };
    let mut command = tokio::process::Command::from(plain_git());
    if minds_workflows {
        command.env("YARD_DEFAULT_REF", default_ref);
    }
    let answered = run_backend(command, &dir, rest, &request, &actor).await;
    if pushes {
        let noticed = shared
            .change(move |world| world.notice_push(id, &actor))
            .await;
        if let Err(error) = noticed {
            tracing::warn!(%error, "a push was not noticed");
        }
    }
    answered.unwrap_or_else(|error| plain(500, &error.to_string()))
}

fn way(world: &mut World, full: &str, authorization: Option<&str>, writes: bool) -> Way {
    let caller = caller(world, authorization);
    let once = world
        .repo_once_named(full)
        .map(|repo| (repo.id, repo.full_name()));
    let Some(id) = world.repo_named(full).map(|repo| repo.id) else {
        return match once {
            Some((_, now)) => Way::Moved(format!("{}/{now}", world.base_url)),
            None => Way::Refused(if matches!(caller, Caller::Anonymous) {
                401
            } else {
                404
            }),
        };
    };
    let minds_workflows = match &caller {
        Caller::Token(token) => {
            !matches!(token.bearer, Bearer::Person(_))
                && !allows(&token.permissions, "workflows", Level::Write)
        }
        _ => true,
    };
    match git_access(world, id, &caller, writes) {
        Err(status) => Way::Refused(status),
        Ok(actor) => match world.repos.get(&id) {
            None => Way::Refused(404),
            Some(repo) => Way::Repo {
                id,
                dir: repo.git.dir.clone(),
                actor,
                minds_workflows,
                default_ref: Repository::default_ref(repo),
            },
        },
    }
}

fn plain(status: u16, text: &str) -> Response {
    let mut built = Response::builder()
        .status(status)
        .header("content-type", "text/plain");
    if status == 401 {
        built = built.header("www-authenticate", "Basic realm=\"GitHub\"");
    }
    built.body(Body::from(text.to_owned())).unwrap_or_default()
}

fn moved(to: &str, query: &str) -> Response {
    let to = if query.is_empty() {
        to.to_owned()
    } else {
        format!("{to}?{query}")
    };
    Response::builder()
        .status(301)
        .header("location", to)
        .body(Body::empty())
        .unwrap_or_default()
}

async fn run_backend(
    mut command: tokio::process::Command,
    dir: &std::path::Path,
    rest: &str,
    request: &GitRequest,
    actor: &str,
) -> std::io::Result<Response> {
    let header = |name: &str| {
        request
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let parent = dir.parent().unwrap_or(dir);
    let name = dir
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    command
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", parent)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("PATH_INFO", format!("/{name}/{rest}"))
        .env("REQUEST_METHOD", &request.method)
        .env("QUERY_STRING", &request.query)
        .env("CONTENT_TYPE", header("content-type"))
        .env("CONTENT_LENGTH", request.body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
        .env("GIT_PROTOCOL", header("git-protocol"))
        .env("REMOTE_USER", actor)
        .env("REMOTE_ADDR", "127.0.0.1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let mut child = command.spawn()?;
    let stdin = child.stdin.take();
    let body = request.body.clone();
    let feed = async move {
        if let Some(mut stdin) = stdin {
            // The backend may answer without reading everything.
            stdin.write_all(&body).await.ok();
        }
    };
    let ((), output) = tokio::join!(feed, child.wait_with_output());
    Ok(from_cgi(&output?.stdout))
}

/// Takes a CGI's output apart: header lines, an empty line, the body.
fn from_cgi(out: &[u8]) -> Response {
    let ends = |end: &[u8]| {
        out.windows(end.len())
            .position(|window| window == end)
            .map(|at| (at, at + end.len()))
    };
    let Some((head_end, body_start)) = ends(b"\r\n\r\n").or_else(|| ends(b"\n\n")) else {
        return plain(500, "git http-backend said nothing");
    };
    let head = String::from_utf8_lossy(out.get(..head_end).unwrap_or_default()).into_owned();
    let mut built = Response::builder();
    for (name, value) in head.lines().filter_map(|line| line.split_once(':')) {
        let value = value.trim();
        if name.eq_ignore_ascii_case("status") {
            built = built.status(
                value
                    .split(' ')
                    .next()
                    .and_then(|code| code.parse::<u16>().ok())
                    .unwrap_or(500),
            );
        } else {
            built = built.header(name, value);
        }
    }
    let body = out.get(body_start..).unwrap_or_default().to_vec();
    built.body(Body::from(body)).unwrap_or_default()
}

/// Whether a caller may read (or write) a repository's contents over git, and as whom.
fn git_access(world: &mut World, repo: i64, caller: &Caller, writes: bool) -> Result<String, u16> {
    let Some(known) = world.repos.get(&repo) else {
        return Err(404);
    };
    let Caller::Token(token) = caller else {
        return if matches!(caller, Caller::Anonymous) && !writes && !known.private {
            Ok("nobody".to_owned())
        } else {
            Err(401)
        };
    };
    if writes && known.archived {
        return Err(403);
    }
    match &token.bearer {
        Bearer::Person(login) => {
            let role = world.role_in(known, login);
            match (
                writes,
                role >= Permission::Write,
                role >= Permission::Read || !known.private,
            ) {
                (true, true, _) | (false, _, true) => Ok(login.clone()),
                (_, _, true) => Err(403),
                _ => Err(404),
            }
        }
        Bearer::Installation(_) | Bearer::Run => {
            let reached = match &token.bearer {
                Bearer::Installation(id) => world
                    .installations
                    .get(id)
                    .is_some_and(|one| !one.suspended && one.repos.contains(&repo)),
                _ => true,
            };
            let scoped = token
                .repos
                .as_ref()
                .is_none_or(|repos| repos.contains(&repo));
            let level = if writes { Level::Write } else { Level::Read };
            if !reached || !scoped {
                Err(404)
            } else if allows(&token.permissions, "contents", level) {
                Ok(if matches!(token.bearer, Bearer::Run) {
                    "github-actions[bot]".to_owned()
                } else {
                    world.bot()
                })
            } else {
                Err(403)
            }
        }
    }
}
