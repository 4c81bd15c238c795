//! The list of a job's steps, as GitHub's API gives it: which one failed.

use serde::Deserialize;

use super::clean::{clean, head};

/// Bytes of a step's name.
const NAME: usize = 300;

#[derive(Deserialize)]
struct Listed {
    name: String,
    #[serde(default)]
    conclusion: Option<String>,
}

#[derive(Deserialize)]
struct Job {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    conclusion: Option<String>,
    steps: Vec<Listed>,
}

/// A job's steps alone, the job, or all jobs of a run.
#[derive(Deserialize)]
#[serde(untagged)]
enum StepList {
    Jobs { jobs: Vec<Job> },
    Job(Job),
    Steps(Vec<Listed>),
}

/// The name of the first step that failed: of all jobs, or of the one with that name. A list that
/// names no job says nothing of that one.
///
/// # Errors
///
/// When the text is not the JSON of a list of steps, of a job or of jobs.
pub fn failed_step(json: &str, job: Option<&str>) -> Result<Option<String>, serde_json::Error> {
    // A log's name lacks the signs that a file's may not have.
    let plain = |name: &str| -> String { name.chars().filter(|c| c.is_alphanumeric()).collect() };
    let sought = |listed: &Job| {
        job.is_none_or(|job| {
            let name = listed.name.as_deref().map(plain);
            name.is_some_and(|name| name == plain(job))
        })
    };
    let steps: Vec<Listed> = match serde_json::from_str(json)? {
        StepList::Steps(_) if job.is_some() => Vec::new(),
        StepList::Steps(steps) => steps,
        StepList::Job(listed) if !sought(&listed) => Vec::new(),
        StepList::Job(listed) => listed.steps,
        StepList::Jobs { jobs } => jobs
            .into_iter()
            .filter(|job| is_red(job.conclusion.as_deref()) && sought(job))
            .flat_map(|job| job.steps)
            .collect(),
    };
    let failed = steps
        .into_iter()
        .find(|step| is_red(step.conclusion.as_deref()));
    Ok(failed.map(|step| head(&clean(step.name.as_bytes()), NAME).to_owned()))
}

fn is_red(conclusion: Option<&str>) -> bool {
    matches!(conclusion, Some("failure" | "timed_out" | "cancelled"))
}

#[cfg(test)]
mod tests {
    use super::failed_step;

    #[test]
    fn the_failed_step_is_named() {
        let steps = r#"[{"name":"Set up job","conclusion":"success"},{"name":"Test","conclusion":"failure"},{"name":"Post","conclusion":"skipped"}]"#;
        assert_eq!(failed_step(steps, None).unwrap().as_deref(), Some("Test"));
        assert_eq!(
            failed_step(
                &format!(r#"{{"id":1,"conclusion":"failure","steps":{steps}}}"#),
                None
            )
            .unwrap()
            .as_deref(),
            Some("Test")
        );
        assert_eq!(
            failed_step(
                &format!(r#"{{"jobs":[{{"conclusion":"failure","steps":{steps}}}]}}"#),
                None
            )
            .unwrap()
            .as_deref(),
            Some("Test")
        );
        let jobs = format!(
            r#"{{"jobs":[{{"name":"a","conclusion":"success","steps":{steps}}},{{"name":"b","conclusion":"failure","steps":[{{"name":"Lint","conclusion":"failure"}}]}},{{"name":"c","conclusion":"failure","steps":{steps}}}]}}"#
        );
        let of = |job| failed_step(&jobs, job).unwrap();
        assert_eq!(of(Some("c")).as_deref(), Some("Test"));
        assert_eq!((of(None).as_deref(), of(Some("d"))), (Some("Lint"), None));
        assert!(failed_step("[]", None).unwrap().is_none());
        assert!(failed_step("x", None).is_err());
    }
}
