//! One attempt in a test: a repository, a brief, a scripted agent, and what was returned.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::MutexGuard;
use std::time::Duration;

use castellan::domain::change::FileChange;
use castellan::domain::ids::{AttemptNumber, Oid, RunId};
use castellan::domain::request::contract::{Budget, Contract};
use castellan::protocol::brief::{AgentCommand, AllowList, Brief, Checkout, Limits, Network};
use castellan::protocol::enter::RunIdentity;
use castellan::protocol::progress::Phase;
use castellan::protocol::result::{Outcome, Returned};
use castellan::runner::{Ended, Pace, Resolve, Summary, WorkError, WorkOptions, work};
use serde_json::Value;

use super::stand::{Book, Stand, task};
use crate::sandbox::{sandbox_for, system};

pub(crate) const AGENT: &str = env!("CARGO_BIN_EXE_castellan-scripted-agent");

pub(crate) struct Case {
    pub(crate) stand: Stand,
    pub(crate) brief: Brief,
    pub(crate) options: WorkOptions,
    repository: tempfile::TempDir,
}

/// A repository with one small program, one file of each kind, and rules.
fn repository(folder: &Path) -> Oid {
    let write = |path: &str, content: &str, mode: u32| {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    write("src/add.sh", "echo $(($1 - $2))\n", 0o644);
    write(
        "test.sh",
        "#!/bin/sh\ntest \"$(sh src/add.sh 2 3)\" = 5\n",
        0o755,
    );
    write(".gitignore", "build/\n*.log\n!keep.log\n/once.txt\n", 0o644);
    write("docs/.gitignore", "draft\n", 0o644);
    write("docs/crlf.txt", "one\r\ntwo\r\n", 0o644);
    write(".gitattributes", "*.txt text eol=lf filter=evil\n", 0o644);
    write("docs/old.md", "old\n", 0o644);
    std::os::unix::fs::symlink("src/add.sh", folder.join("link")).unwrap();
    git(folder, &["init", "--quiet", "--initial-branch=main"]);
    // As they are: the repository of the test holds CR LF although its attributes say otherwise.
    write(".git/info/attributes", "* -text -filter\n", 0o644);
    git(folder, &["add", "--all"]);
    git(folder, &["commit", "--quiet", "--message=start"]);
    git(folder, &["rev-parse", "HEAD"]).parse().unwrap()
}

pub(crate) fn git(folder: &Path, words: &[&str]) -> String {
    let output = std::process::Command::new("git")
        .args(["-c", "user.name=t", "-c", "user.email=t@localhost"])
        .args(words)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{words:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

impl Case {
    /// The case of the test `name`, or a loud word that it is left out.
    pub(crate) async fn open(name: &str, script: Value) -> Option<Self> {
        sandbox_for(name).await?;
        let folder = tempfile::tempdir().unwrap();
        let start = repository(folder.path());
        let stand = Stand::open(folder.path().to_owned()).await;
        let brief = brief(&stand, start, &script);
        let mut search = vec![Path::new(AGENT).parent().unwrap().to_owned()];
        search.extend(system());
        let options = WorkOptions {
            server: stand.address.parse().unwrap(),
            ticket: format!("{}.1.secret", task()),
            run: RunIdentity {
                run_id: RunId(9),
                run_attempt: 1,
            },
            read_token: None,
            scratch: PathBuf::from("/tmp"),
            search,
            may_install: false,
            read_only: Vec::new(),
            agents: PathBuf::from("/nonexistent"),
            relay_program: None,
            secret_of: std::sync::Arc::new(|_| None),
            plain_tool_servers: false,
            pace: Pace {
                tries: 4,
                first_wait: Duration::from_millis(5),
                longest_wait: Duration::from_millis(20),
                ..Pace::default()
            },
            resolve: Resolve::default(),
        };
        Some(Self {
            stand,
            brief,
            options,
            repository: folder,
        })
    }

    /// The folder of the repository.
    pub(crate) fn repository(&self) -> &Path {
        self.repository.path()
    }

    /// The same case, whose sandboxes can have doors.
    pub(crate) fn with_doors(mut self) -> Self {
        self.options.relay_program = Some(PathBuf::from(env!("CARGO_BIN_EXE_castellan")));
        self
    }

    /// Gives the agent another script.
    pub(crate) fn script(&mut self, script: &Value) {
        self.brief.agent.command[2] = script.to_string();
    }

    /// Does the work to its end.
    pub(crate) async fn try_work(&self) -> Result<Summary, WorkError> {
        self.book().brief = Some(self.brief.clone());
        work(self.options.clone()).await
    }

    /// Does the work and returns the result that the server has.
    pub(crate) async fn work(&self) -> Returned {
        let summary = self.try_work().await.unwrap();
        assert!(
            matches!(summary.ended, Ended::Returned { .. }),
            "{summary:?}"
        );
        let body = self.book().results.last().unwrap().clone();
        serde_json::from_slice(&body).unwrap()
    }

    /// Does the work, which must change files.
    pub(crate) async fn change(&self) -> Vec<FileChange> {
        match self.work().await.outcome {
            Outcome::Changed { change } => change.files,
            other => panic!("{other:?}"),
        }
    }

    /// Does the work, which must fail in `phase`, and returns cause and remedy.
    pub(crate) async fn failure(&self, phase: Phase) -> String {
        match self.work().await.outcome {
            Outcome::Failed {
                phase: at,
                cause,
                remedy,
            } => {
                assert_eq!(at, phase, "{cause}");
                format!("{cause}; {remedy}")
            }
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn book(&self) -> MutexGuard<'_, Book> {
        self.stand.book.lock().unwrap()
    }
}

/// One line a file: operation, mode, path, content.
pub(crate) fn lines(files: &[FileChange]) -> Vec<String> {
    let line = |file: &FileChange| {
        let content = String::from_utf8_lossy(&file.content);
        format!(
            "{:?} {} {} {content:?}",
            file.operation, file.mode, file.path
        )
    };
    files.iter().map(line).collect()
}

fn brief(stand: &Stand, start: Oid, script: &Value) -> Brief {
    Brief {
        task: task(),
        attempt: AttemptNumber(1),
        checkout: Checkout {
            clone_url: format!("{}/git/octo/sample.git", stand.address),
            repository: "octo/sample".parse().unwrap(),
            base: start.clone(),
            start,
            merge: None,
        },
        contract: Contract {
            title: "Adding subtracts".to_owned(),
            objective: "src/add.sh adds".to_owned(),
            scope: Vec::new(),
            constraints: Vec::new(),
            setup: Vec::new(),
            acceptance: vec!["./test.sh".to_owned()],
            stop: None,
            owner: "alice".to_owned(),
            budget: Budget {
                attempts: 1,
                minutes: 5,
                turns: 2,
                calls: 500,
                tokens: 10_000_000,
                cents: None,
            },
        },
        prompt: "Make it add.\nAttempt: 1\n".to_owned(),
        agent: AgentCommand {
            preset: None,
            command: ["castellan-scripted-agent", "--script", &script.to_string()]
                .map(str::to_owned)
                .to_vec(),
            environment: BTreeMap::new(),
        },
        model: None,
        network: Network::default(),
        servers: Vec::new(),
        session: None,
        limits: Limits {
            setup_s: 60,
            agent_s: 60,
            acceptance_s: 60,
            turns: 2,
            memory_mib: 1024,
            memory_total_mib: 4096,
            disk_mib: 8192,
            processes: 128,
            file_mib: 64,
            output_mib: 8,
        },
        allow: AllowList {
            tool_kinds: vec!["edit".to_owned(), "read".to_owned()],
        },
    }
}
