//! Git objects and refs. `PATCH` of a ref checks ancestry and nothing else: GitHub's hazard H2.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::{Answer, Answered, Call, invalid, not_found, unknown};
use crate::domain::time::Timestamp;
use crate::yard::git::{Listed, Signature, TreeChange};
use crate::yard::permissions::Level;
use crate::yard::refs::RefChange;
use crate::yard::world::World;

/// From here on a recursive listing is cut off.
const TREE_LIMIT: usize = 100_000;

pub(super) fn route(world: &mut World, call: &Call, repo: i64, rest: &[&str]) -> Answered {
    let level = if call.method == "GET" {
        Level::Read
    } else {
        Level::Write
    };
    world.need(call, "contents", level)?;
    match (call.method.as_str(), rest) {
        ("GET", ["git", "ref", name @ ..]) => {
            let name = format!("refs/{}", name.join("/"));
            let oid = world.repo(repo)?.refs.get(&name).ok_or_else(not_found)?;
            Ok(Answer::ok(show_ref(world, repo, &name, oid)?))
        }
        ("GET", ["git", "matching-refs", name @ ..]) => {
            let from = format!("refs/{}", super::named(name));
            let refs = world.repo(repo)?.refs.iter();
            let found = refs.filter(|(name, _)| name.starts_with(&from));
            let shown: Result<Vec<Value>, Answer> = found
                .map(|(name, oid)| show_ref(world, repo, name, oid))
                .collect();
            Ok(call.page(world, &shown?))
        }
        ("GET", ["git", "commits", oid]) => Ok(Answer::ok(show_commit(world, repo, oid)?)),
        ("GET", ["git", "trees", oid]) => tree(world, call, repo, oid),
        ("GET", ["git", "blobs", oid]) => blob(world, repo, oid),
        ("POST", ["git", "blobs"]) => write_blob(world, call, repo),
        ("POST", ["git", "trees"]) => write_tree(world, call, repo),
        ("POST", ["git", "commits"]) => write_commit(world, call, repo),
        ("POST", ["git", "refs"]) => create_ref(world, call, repo),
        ("PATCH", ["git", "refs", name @ ..]) => {
            update_ref(world, call, repo, &format!("refs/{}", name.join("/")))
        }
        ("DELETE", ["git", "refs", name @ ..]) => {
            let name = format!("refs/{}", name.join("/"));
            let old = world
                .repo(repo)?
                .refs
                .get(&name)
                .cloned()
                .ok_or_else(|| invalid("Reference does not exist"))?;
            let actor = world.actor(call);
            world.move_ref(
                repo,
                &actor,
                RefChange {
                    name,
                    old: Some(old),
                    new: None,
                },
            )?;
            Ok(Answer::of(204, Value::Null))
        }
        _ => Ok(unknown(world, call)),
    }
}

fn url(world: &World, repo: i64, rest: &str) -> Result<String, Answer> {
    Ok(format!(
        "{}/repos/{}/git/{rest}",
        world.api(),
        world.repo(repo)?.full_name()
    ))
}

fn show_ref(world: &World, repo: i64, name: &str, oid: &str) -> Result<Value, Answer> {
    Ok(
        json!({"ref": name, "node_id": format!("REF_{name}"), "url": url(world, repo, name)?,
              "object": {"sha": oid, "type": "commit", "url": url(world, repo, &format!("commits/{oid}"))?}}),
    )
}

fn is_oid(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A commit, as the git database API shows it.
pub(super) fn show_commit(world: &World, repo: i64, oid: &str) -> Result<Value, Answer> {
    let known = world.repo(repo)?;
    if !is_oid(oid) || known.git.kind(oid).as_deref() != Some("commit") {
        return Err(not_found());
    }
    let format = "--format=%T%x00%P%x00%an%x00%ae%x00%at%x00%cn%x00%ce%x00%ct%x00%B";
    let text = known.git.text(&["show", "--no-patch", format, oid], b"")?;
    let parts: Vec<&str> = text.splitn(9, '\0').collect();
    let part = |at: usize| parts.get(at).copied().unwrap_or_default();
    let date = |at: usize| Timestamp(part(at).parse::<i64>().unwrap_or(0) * 1000).to_string();
    let mut parents = Vec::new();
    for parent in part(1).split_whitespace() {
        parents
            .push(json!({"sha": parent, "url": url(world, repo, &format!("commits/{parent}"))?}));
    }
    let verified = known.verified.contains(oid);
    let signature = verified
        .then_some("-----BEGIN PGP SIGNATURE-----\n\n(the yard)\n-----END PGP SIGNATURE-----\n");
    Ok(json!({
        "sha": oid, "node_id": format!("C_{oid}"), "url": url(world, repo, &format!("commits/{oid}"))?,
        "html_url": format!("{}/{}/commit/{oid}", world.base_url, known.full_name()),
        "author": {"name": part(2), "email": part(3), "date": date(4)},
        "committer": {"name": part(5), "email": part(6), "date": date(7)},
        "message": part(8).trim_end_matches('\n'), "parents": parents,
        "tree": {"sha": part(0), "url": url(world, repo, &format!("trees/{}", part(0)))?},
        "verification": {"verified": verified, "reason": if verified { "valid" } else { "unsigned" },
                         "signature": signature, "payload": verified.then_some("tree"), "verified_at": null},
    }))
}

fn show_tree(world: &World, repo: i64, tree: &str, recursive: bool) -> Result<Value, Answer> {
    let mut listed = world.repo(repo)?.git.tree(tree, recursive)?;
    let truncated = listed.len() > TREE_LIMIT;
    listed.truncate(TREE_LIMIT);
    let base = url(world, repo, "")?;
    let entry = |one: &Listed| {
        let mut shown = json!({"path": one.path, "mode": one.mode, "type": one.kind, "sha": one.oid,
                               "url": format!("{base}{}s/{}", one.kind, one.oid)});
        if let (Some(size), Some(map)) = (one.size, shown.as_object_mut()) {
            map.insert("size".to_owned(), json!(size));
        }
        shown
    };
    let entries: Vec<Value> = listed.iter().map(entry).collect();
    Ok(
        json!({"sha": tree, "url": format!("{base}trees/{tree}"), "tree": entries, "truncated": truncated}),
    )
}

fn tree(world: &World, call: &Call, repo: i64, oid: &str) -> Answered {
    let known = world.repo(repo)?;
    let tree = known
        .git
        .resolve(&format!("{oid}^{{tree}}"))
        .ok_or_else(not_found)?;
    // Any value of `recursive` means yes, even `0`.
    let recursive = call.query.contains_key("recursive");
    Ok(Answer::ok(show_tree(world, repo, &tree, recursive)?))
}

fn blob(world: &World, repo: i64, oid: &str) -> Answered {
    let known = world.repo(repo)?;
    if !is_oid(oid) || known.git.kind(oid).as_deref() != Some("blob") {
        return Err(not_found());
    }
    let content = known.git.bytes(&["cat-file", "blob", oid], b"")?;
    Ok(Answer::ok(
        json!({"sha": oid, "node_id": format!("B_{oid}"), "size": content.len(), "encoding": "base64",
                         "content": BASE64_STANDARD.encode(&content), "url": url(world, repo, &format!("blobs/{oid}"))?}),
    ))
}

fn write_blob(world: &World, call: &Call, repo: i64) -> Answered {
    let content = call.required("content")?;
    let bytes = match call.text("encoding").unwrap_or("utf-8") {
        "base64" => {
            let packed: String = content.split_whitespace().collect();
            BASE64_STANDARD
                .decode(packed)
                .map_err(|_| invalid("content is not valid Base64"))?
        }
        _ => content.as_bytes().to_vec(),
    };
    let oid = world.repo(repo)?.git.write_blob(&bytes)?;
    Ok(Answer::of(
        201,
        json!({"sha": oid, "url": url(world, repo, &format!("blobs/{oid}"))?}),
    ))
}

fn write_tree(world: &World, call: &Call, repo: i64) -> Answered {
    let git = &world.repo(repo)?.git;
    let entries = call
        .body
        .get("tree")
        .and_then(Value::as_array)
        .ok_or_else(|| invalid("Invalid tree info"))?;
    let mut changes = Vec::new();
    for entry in entries {
        changes.push(tree_change(world, call, repo, entry)?);
    }
    let base = match call.text("base_tree") {
        Some(base) => Some(
            git.resolve(&format!("{base}^{{tree}}"))
                .ok_or_else(not_found)?,
        ),
        None => None,
    };
    let tree = git
        .write_tree(base.as_deref(), &changes)
        .map_err(|_| invalid("GitRPC::BadObjectState"))?;
    Ok(Answer::of(201, show_tree(world, repo, &tree, false)?))
}

fn tree_change(world: &World, call: &Call, repo: i64, entry: &Value) -> Result<TreeChange, Answer> {
    let git = &world.repo(repo)?.git;
    let text = |key: &str| entry.get(key).and_then(Value::as_str);
    let path = text("path").ok_or_else(|| invalid("tree.path is missing"))?;
    let parts: Vec<&str> = path.split('/').collect();
    if parts.iter().any(|part| {
        part.is_empty() || *part == "." || *part == ".." || part.eq_ignore_ascii_case(".git")
    }) {
        return Err(invalid("tree.path contains a malformed path component"));
    }
    if World::minds_workflows(call) && path.starts_with(".github/workflows/") {
        return Err(Answer::error(403, "Resource not accessible by integration"));
    }
    let mode = text("mode").unwrap_or("100644");
    if !["100644", "100755", "120000", "160000"].contains(&mode) {
        return Err(invalid("tree.mode is not one that the yard knows"));
    }
    let oid = match (text("sha"), text("content")) {
        (Some(oid), _) => {
            let right = mode == "160000" || git.kind(oid).as_deref() == Some("blob");
            if !is_oid(oid) || !right {
                return Err(invalid(&format!("tree.sha {oid} is not a valid blob")));
            }
            Some(oid.to_owned())
        }
        (None, Some(content)) => Some(git.write_blob(content.as_bytes())?),
        (None, None) if entry.get("sha").is_some_and(Value::is_null) => None,
        (None, None) => return Err(invalid("Must supply either tree.sha or tree.content")),
    };
    Ok(TreeChange {
        path: path.to_owned(),
        mode: mode.to_owned(),
        oid,
    })
}

fn write_commit(world: &mut World, call: &Call, repo: i64) -> Answered {
    let message = call.required("message")?;
    let tree = call.required("tree")?;
    let parents = call
        .body
        .get("parents")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let parents: Vec<String> = parents
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    let git = world.repo(repo)?.git.clone();
    if git.kind(tree).as_deref() != Some("tree") {
        return Err(invalid("Tree SHA does not exist"));
    }
    if parents
        .iter()
        .any(|parent| git.kind(parent).as_deref() != Some("commit"))
    {
        return Err(invalid(
            "Parent SHA does not exist or is not a commit object",
        ));
    }
    let actor = world.actor(call);
    let own = call.body.get("author").is_some_and(Value::is_object)
        || call.body.get("committer").is_some_and(Value::is_object);
    let given = |key: &str, default: Signature| match call.body.get(key) {
        Some(Value::Object(map)) => {
            let text = |key: &str| map.get(key).and_then(Value::as_str);
            let at_s = text("date")
                .and_then(Timestamp::from_rfc3339)
                .map_or(default.at_s, |at| at.0.div_euclid(1000));
            Signature {
                name: text("name").map_or(default.name, str::to_owned),
                email: text("email").map_or(default.email, str::to_owned),
                at_s,
            }
        }
        _ => default,
    };
    let author = given("author", world.signature_of(&actor));
    let at_s = author.at_s;
    let github = Signature {
        name: "GitHub".to_owned(),
        email: "noreply@github.com".to_owned(),
        at_s,
    };
    let committer = given(
        "committer",
        if own {
            world.signature_of(&actor)
        } else {
            github
        },
    );
    let oid = git.write_commit(tree, &parents, message, &author, &committer)?;
    if !own && actor == world.bot() {
        world.repo_mut(repo)?.verified.insert(oid.clone());
    }
    Ok(Answer::of(201, show_commit(world, repo, &oid)?))
}

/// Refuses what the `workflows` permission would be needed for (H26).
fn check_drift(
    world: &World,
    call: &Call,
    repo: i64,
    new: &str,
    old: Option<&str>,
) -> Result<(), Answer> {
    if World::minds_workflows(call)
        && let Some(file) = world.workflow_drift(repo, new, old)?
    {
        let said = format!(
            "refusing to allow a GitHub App to create or update workflow `{file}` without `workflows` permission"
        );
        return Err(Answer::error(422, &said));
    }
    Ok(())
}

fn create_ref(world: &mut World, call: &Call, repo: i64) -> Answered {
    let (name, oid) = (
        call.required("ref")?.to_owned(),
        call.required("sha")?.to_owned(),
    );
    let known = world.repo(repo)?;
    let well_formed = name.starts_with("refs/") && name.matches('/').count() >= 2;
    if !well_formed || known.git.text(&["check-ref-format", &name], b"").is_err() {
        return Err(invalid("Reference name is not well formed"));
    }
    if known.refs.contains_key(&name) {
        return Err(invalid("Reference already exists"));
    }
    if !is_oid(&oid) || known.git.kind(&oid).as_deref() != Some("commit") {
        return Err(invalid("Object does not exist"));
    }
    check_drift(world, call, repo, &oid, None)?;
    let actor = world.actor(call);
    world.move_ref(
        repo,
        &actor,
        RefChange {
            name: name.clone(),
            old: None,
            new: Some(oid.clone()),
        },
    )?;
    Ok(Answer::of(201, show_ref(world, repo, &name, &oid)?))
}

fn update_ref(world: &mut World, call: &Call, repo: i64, name: &str) -> Answered {
    let oid = call.required("sha")?.to_owned();
    let force = call
        .body
        .get("force")
        .and_then(Value::as_bool)
        .unwrap_or(false);
    let known = world.repo(repo)?;
    let old = known
        .refs
        .get(name)
        .cloned()
        .ok_or_else(|| invalid("Reference does not exist"))?;
    if !is_oid(&oid) || known.git.kind(&oid).as_deref() != Some("commit") {
        return Err(invalid("Object does not exist"));
    }
    if !force && !known.git.is_ancestor(&old, &oid) {
        return Err(invalid("Update is not a fast forward"));
    }
    check_drift(world, call, repo, &oid, Some(&old))?;
    let actor = world.actor(call);
    world.move_ref(
        repo,
        &actor,
        RefChange {
            name: name.to_owned(),
            old: Some(old),
            new: Some(oid.clone()),
        },
    )?;
    Ok(Answer::ok(show_ref(world, repo, name, &oid)?))
}
