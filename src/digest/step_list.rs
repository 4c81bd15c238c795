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

/// The name of the first step that failed.
///
/// # Errors
///
/// When the text is not the JSON of a list of steps, of a job or of jobs.
pub fn failed_step(json: &str) -> Result<Option<String>, serde_json::Error> {
    let steps: Vec<Listed> = match serde_json::from_str(json)? {
        StepList::Steps(steps) => steps,
        StepList::Job(job) => job.steps,
        StepList::Jobs { jobs } => jobs
            .into_iter()
            .filter(|job| is_red(job.conclusion.as_deref()))
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
        assert_eq!(failed_step(steps).unwrap().as_deref(), Some("Test"));
        assert_eq!(
            failed_step(&format!(
                r#"{{"id":1,"conclusion":"failure","steps":{steps}}}"#
            ))
            .unwrap()
            .as_deref(),
            Some("Test")
        );
        assert_eq!(
            failed_step(&format!(
                r#"{{"jobs":[{{"conclusion":"failure","steps":{steps}}}]}}"#
            ))
            .unwrap()
            .as_deref(),
            Some("Test")
        );
        assert!(failed_step("[]").unwrap().is_none());
        assert!(failed_step("x").is_err());
    }
}
