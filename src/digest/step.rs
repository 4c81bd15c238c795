//! Where a log's steps begin and end: the marks of GitHub Actions, Travis CI, GitLab and Jenkins.

use std::sync::LazyLock;

use memchr::memmem::Finder;

/// Literals of the marks, lower case, for the prefilter.
pub(super) const NEEDLES: &[&str] = &[
    "##[group]",
    "##[endgroup]",
    "##[error]",
    "post job cleanup",
    "travis_time:start",
    "travis_fold:start",
    "the command \"",
    "\" exited with ",
    "section_start:",
    "section_end:",
    "[pipeline]",
    "marked build as failure",
    "job failed: exit",
    "script returned exit code",
    "failed 3 times",
    "complete job name: ",
    "finished: success",
    "job succeeded",
    "your build exited with 0",
    "cleaning up orphan processes",
];

static TRAVIS: LazyLock<[Finder<'static>; 2]> = LazyLock::new(|| {
    [
        Finder::new("travis_time:start"),
        Finder::new("travis_fold:start"),
    ]
});
static GITLAB: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("section_start:"));

/// What a line says about steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// A step begins; its script stands in the lines up to [`Mark::Shown`] when `script`.
    Begin {
        name: String,
        command: Option<String>,
        script: bool,
    },
    /// The script was shown; output follows.
    Shown,
    /// The step ended well.
    Passed,
    /// The step failed, with that exit code where it is said. Where the job `goes_on` with its
    /// next command, the first one that failed is the cause.
    Failed {
        code: Option<i32>,
        command: Option<String>,
        goes_on: bool,
    },
    /// The job ended, and well if none of its steps failed.
    Ended,
    /// The job's name.
    Job(String),
    /// Only cleaning up follows.
    Post,
}

impl Mark {
    /// What the raw and the cleaned line say, if anything.
    pub(super) fn of(raw: &[u8], text: &str) -> Option<Self> {
        github(text)
            .or_else(|| travis(raw, text))
            .or_else(|| others(raw, text))
    }
}

fn github(text: &str) -> Option<Mark> {
    if let Some(name) = text.strip_prefix("##[group]") {
        let run = name.strip_prefix("Run ")?;
        return Some(Mark::Begin {
            name: run.to_owned(),
            command: Some(run.to_owned()),
            script: true,
        });
    }
    if let Some(name) = text.strip_prefix("Complete job name: ") {
        return Some(Mark::Job(name.to_owned()));
    }
    if text.starts_with("##[endgroup]") {
        return Some(Mark::Shown);
    }
    if let Some(said) = text.strip_prefix("##[error]") {
        let code = said
            .strip_prefix("Process completed with exit code ")
            .and_then(number);
        return Some(Mark::Failed {
            code,
            command: None,
            goes_on: false,
        });
    }
    if text.starts_with("Cleaning up orphan processes") {
        return Some(Mark::Ended);
    }
    text.starts_with("Post job cleanup.").then_some(Mark::Post)
}

fn travis(raw: &[u8], text: &str) -> Option<Mark> {
    let said = text.starts_with("The command \"") || text.starts_with('"');
    if said && let Some((head, tail)) = text.split_once("\" exited with ") {
        let code = number(tail)?;
        let command = head.strip_prefix("The command \"").map(str::to_owned);
        return Some(if code == 0 {
            Mark::Passed
        } else {
            Mark::Failed {
                code: Some(code),
                command,
                goes_on: true,
            }
        });
    }
    if text.starts_with("The command \"") && text.contains("\" failed") {
        return Some(Mark::Failed {
            code: None,
            command: None,
            goes_on: false,
        });
    }
    if TRAVIS.iter().all(|start| start.find(raw).is_none()) {
        return None;
    }
    let command = text.strip_prefix("$ ").map(str::to_owned);
    let name = command.clone().unwrap_or_else(|| text.to_owned());
    Some(Mark::Begin {
        name,
        command,
        script: false,
    })
}

fn others(raw: &[u8], text: &str) -> Option<Mark> {
    let ended = [
        "Finished: SUCCESS",
        "Job succeeded",
        "Done. Your build exited with 0",
    ];
    if ended.iter().any(|end| text.starts_with(end)) {
        return Some(Mark::Ended);
    }
    if let Some(at) = GITLAB.find(raw) {
        let name = raw[at + 14..]
            .split(|byte| *byte == b':')
            .nth(1)
            .unwrap_or(b"");
        let name: String = String::from_utf8_lossy(name)
            .chars()
            .take_while(|char| char.is_alphanumeric() || *char == '_')
            .collect();
        return Some(Mark::Begin {
            name,
            command: None,
            script: false,
        });
    }
    if text.starts_with("Build step") && text.ends_with("marked build as failure") {
        return Some(Mark::Failed {
            code: None,
            command: None,
            goes_on: false,
        });
    }
    if !text.starts_with("ERROR: ") && !text.starts_with("script returned") {
        return None;
    }
    let tail = text
        .split_once("Job failed: exit code ")
        .or_else(|| text.split_once("script returned exit code "))
        .map(|(_, tail)| tail)?;
    Some(Mark::Failed {
        code: number(tail),
        command: None,
        goes_on: false,
    })
}

fn number(text: &str) -> Option<i32> {
    let digits: String = text
        .chars()
        .take_while(|char| char.is_ascii_digit() || *char == '-')
        .collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::Mark;

    fn of(text: &str) -> Option<Mark> {
        Mark::of(
            text.as_bytes(),
            &super::super::clean::clean(text.as_bytes()),
        )
    }

    #[test]
    fn the_marks_of_steps_are_known() {
        let begin = |name: &str, script| Mark::Begin {
            name: name.to_owned(),
            command: Some(name.to_owned()),
            script,
        };
        assert_eq!(
            of("##[group]Run cargo test"),
            Some(begin("cargo test", true))
        );
        assert_eq!(of("##[group]Operating System"), None);
        assert_eq!(
            of("##[error]Process completed with exit code 101."),
            Some(Mark::Failed {
                code: Some(101),
                command: None,
                goes_on: false
            })
        );
        assert_eq!(
            of("travis_time:start:0a\r\u{1b}[0K$ make test"),
            Some(begin("make test", false))
        );
        assert_eq!(
            of("travis_time:end:0a\r\u{1b}[0KThe command \"make\" exited with 2."),
            Some(Mark::Failed {
                code: Some(2),
                command: Some("make".into()),
                goes_on: true
            })
        );
        for ended in [
            "Finished: SUCCESS",
            "Job succeeded",
            "Done. Your build exited with 0.",
            "Cleaning up orphan processes",
        ] {
            assert_eq!(of(ended), Some(Mark::Ended));
        }
        assert_eq!(
            of("The command \"make\" exited with 0."),
            Some(Mark::Passed)
        );
        assert_eq!(
            of("Build step 'Execute shell' marked build as failure"),
            Some(Mark::Failed {
                code: None,
                command: None,
                goes_on: false
            })
        );
    }
}
