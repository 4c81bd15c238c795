//! Lines about the repository's workflows: whether what is required reports, and what agents' code
//! runs beside.

use std::collections::{BTreeMap, BTreeSet};

use super::super::check_name;
use super::{Line, Seen, Sight, State, Workflow, list, unseen};
use crate::domain::request::policy::CiRun;
use crate::domain::text::line;

/// The files that could be read, with what is said of those that could not.
type Read<'a> = (Vec<(&'a str, &'a Workflow)>, Option<String>);

fn files(sight: &Sight) -> Seen<Read<'_>> {
    let all = sight.workflows.as_ref().map_err(Clone::clone)?;
    let mut read = Vec::new();
    let mut unread = Vec::new();
    for (path, file) in all {
        match file {
            Ok(file) => read.push((name_of(path), file)),
            Err(why) => unread.push(format!("{}: {why}", line(name_of(path), 100))),
        }
    }
    Ok((read, (!unread.is_empty()).then(|| list(&unread))))
}

/// The name of a file without its folder.
fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// What is wrong, or why it cannot be told, or that all is well.
fn told(name: &'static str, wrong: &[String], untold: &[String], well: &str, remedy: &str) -> Line {
    if !wrong.is_empty() {
        return Line::new(name, State::Not, &list(wrong)).remedy(remedy);
    }
    match untold.is_empty() {
        true => Line::new(name, State::Ok, well),
        false => Line::new(name, State::Unknown, &list(untold)).remedy(remedy),
    }
}

/// The checks that CI has to report: those of the rules and of the policy, but ours.
fn asked(sight: &Sight) -> Seen<BTreeSet<String>> {
    let rules = sight.rules.as_ref().map_err(Clone::clone)?;
    let policy = sight.policy.as_ref().map_err(Clone::clone)?;
    let own = check_name(&sight.base);
    let ours = |name: &str, app| name == own || app == Some(sight.app);
    let required = rules
        .required
        .iter()
        .filter(|one| !ours(&one.name, one.app));
    let named = policy
        .iter()
        .flat_map(|policy| policy.ci.required.iter().cloned());
    Ok(required.map(|one| one.name.clone()).chain(named).collect())
}

pub(super) fn required(sight: &Sight) -> Line {
    const NAME: &str = "required CI always reports";
    let asked = match asked(sight) {
        Err(why) => return unseen(NAME, &why),
        Ok(asked) if asked.is_empty() => {
            let what = "neither the rules nor the policy require CI by name, so that none can be waited for in vain";
            return Line::new(NAME, State::Ok, what);
        }
        Ok(asked) => asked,
    };
    let (read, unread) = match files(sight) {
        Err(why) => return unseen(NAME, &why),
        Ok(files) => files,
    };
    let queued = sight
        .rules
        .as_ref()
        .is_ok_and(|rules| rules.queue_minutes.is_some());
    let (mut wrong, mut untold) = (Vec::new(), Vec::new());
    for check in &asked {
        let reporting = read
            .iter()
            .filter(|(_, file)| file.jobs.iter().any(|job| job.reports(check)));
        let reporting: Vec<_> = reporting.collect();
        let shown = line(check, 100);
        if reporting.is_empty() {
            let why = unread
                .clone()
                .unwrap_or_else(|| "no job of a workflow here is called so".to_owned());
            untold.push(format!("`{shown}`: {why}"));
        }
        for (name, file) in reporting {
            wrong.extend(
                silent(file, &sight.base, queued).map(|why| format!("`{shown}` in {name}: {why}")),
            );
        }
    }
    let well = format!(
        "without filters of paths{}: {}",
        if queued {
            ", on pull_request and merge_group"
        } else {
            ""
        },
        asked.len()
    );
    told(
        NAME,
        &wrong,
        &untold,
        &well,
        "take filters of paths out of workflows that a required check comes from, and add `merge_group` where there is a queue: a check that never reports blocks for good",
    )
}

/// Why a workflow may not report on a pull request or in a queue.
fn silent(file: &Workflow, base: &str, queued: bool) -> Option<String> {
    let Some((event, narrowed)) = file.runs_for_agents(base) else {
        return Some(format!("it does not run on pull requests into {base}"));
    };
    let filter = ["paths", "paths-ignore"]
        .into_iter()
        .find(|key| narrowed.get(*key).is_some());
    if let Some(filter) = filter {
        return Some(format!("`{event}` has `{filter}`"));
    }
    (queued && !file.on.contains_key("merge_group"))
        .then(|| "it does not run on merge_group".to_owned())
}

pub(super) fn unique(sight: &Sight) -> Line {
    const NAME: &str = "names of CI jobs are unique";
    let (read, unread) = match files(sight) {
        Err(why) => return unseen(NAME, &why),
        Ok(files) => files,
    };
    let own = check_name(&sight.base);
    let mut known: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let (mut wrong, mut untold): (Vec<String>, Vec<String>) =
        (Vec::new(), unread.into_iter().collect());
    for (name, file) in &read {
        let mut here = BTreeSet::new();
        for job in &file.jobs {
            if job.is_dynamic() {
                untold.push(format!(
                    "`{}` in {name} is only known when it runs",
                    line(&job.name, 100)
                ));
            } else {
                known.entry(&job.name).or_default().insert(name);
                if !here.insert(&job.name) {
                    wrong.push(format!("`{}` twice in {name}", line(&job.name, 100)));
                }
            }
            if job.name == own {
                wrong.push(format!("`{own}` in {name} is the name of our check"));
            }
        }
    }
    for (job, places) in known.iter().filter(|(_, places)| places.len() > 1) {
        let places: Vec<&str> = places.iter().copied().collect();
        wrong.push(format!("`{}` in {}", line(job, 100), places.join(" and ")));
    }
    told(
        NAME,
        &wrong,
        &untold,
        "no two workflows have a job of one name",
        "give each job a name of its own: GitHub takes any job of a required name for the one that is meant",
    )
}

pub(super) fn deployments(sight: &Sight) -> Line {
    const NAME: &str = "no deployment from branches of agents";
    let (read, unread) = match files(sight) {
        Err(why) => return unseen(NAME, &why),
        Ok(files) => files,
    };
    let (mut wrong, mut untold): (Vec<String>, Vec<String>) =
        (Vec::new(), unread.into_iter().collect());
    for (name, file) in read
        .iter()
        .filter(|(_, file)| file.pushed_by_agents().is_some())
    {
        let deploying: Vec<String> = file
            .jobs
            .iter()
            .filter_map(|job| job.deploys.clone())
            .collect();
        match deploying.is_empty() {
            true => untold.push(format!("{name} runs on their pushes; it names no deployment, but what its scripts do is not read")),
            false => wrong.push(format!("{name} runs on their pushes: {}", list(&deploying))),
        }
    }
    told(
        NAME,
        &wrong,
        &untold,
        "no workflow runs on their pushes",
        "narrow `push` to the branches that people merge into, as in `branches: [main]`: what an agent pushes runs as code of the repository",
    )
}

pub(super) fn secrets(sight: &Sight) -> Line {
    const NAME: &str = "CI of agents' code gets no secrets";
    let (read, unread) = match files(sight) {
        Err(why) => return unseen(NAME, &why),
        Ok(files) => files,
    };
    let policy = match &sight.policy {
        Err(why) => return unseen(NAME, why),
        Ok(policy) => policy.clone().unwrap_or_default(),
    };
    let untold: Vec<String> = unread.into_iter().collect();
    let mut wrong = Vec::new();
    for (name, file) in with_called(&read, &sight.base) {
        if !file.secrets.is_empty() {
            let names: Vec<String> = file.secrets.iter().cloned().collect();
            wrong.push(format!("{name}: {}", list(&names)));
        }
    }
    match policy.ci.run {
        CiRun::AfterApproval if !wrong.is_empty() => Line::new(
            NAME,
            State::Ok,
            &format!(
                "a person looks at each change before CI starts (`ci: after_approval`); then it gets {}",
                list(&wrong)
            ),
        ),
        CiRun::AfterApproval | CiRun::OnPush => told(
            NAME,
            &wrong,
            &untold,
            "no workflow that runs on it names a secret",
            "move what needs secrets to a workflow that branches of agents do not start, or write `ci: after_approval` into the policy; all that is sure of the rest is that no workflow names a secret for it",
        ),
    }
}

/// The workflows that run on agents' code, and those of this repository that they call.
fn with_called<'a>(read: &[(&'a str, &'a Workflow)], base: &str) -> Vec<(&'a str, &'a Workflow)> {
    let (mut reached, mut rest): (Vec<_>, Vec<_>) = read
        .iter()
        .partition(|(_, file)| file.runs_for_agents(base).is_some());
    let mut at = 0;
    while let Some((_, file)) = reached.get(at).copied() {
        let called: BTreeSet<&str> = file
            .jobs
            .iter()
            .filter_map(|job| job.calls.as_deref())
            .map(name_of)
            .collect();
        let (mut more, left): (Vec<_>, Vec<_>) = rest.into_iter().partition(|(name, file)| {
            called.contains(name) && file.on.contains_key("workflow_call")
        });
        reached.append(&mut more);
        rest = left;
        at += 1;
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_of_paths_or_a_missing_queue_keeps_a_check_silent() {
        let file = |on: &str| {
            super::super::parse_workflow(&format!("on: {on}\njobs: {{a: {{}}}}\n")).unwrap()
        };
        assert_eq!(silent(&file("pull_request"), "main", false), None);
        assert!(
            silent(&file("pull_request"), "main", true)
                .unwrap()
                .contains("merge_group")
        );
        assert_eq!(
            silent(&file("[pull_request, merge_group]"), "main", true),
            None
        );
        let narrowed = file("{pull_request: {paths: [src/**]}}");
        assert!(
            silent(&narrowed, "main", false)
                .unwrap()
                .contains("`paths`")
        );
        assert!(silent(&file("{pull_request: {branches: [old]}}"), "main", false).is_some());
    }
}
