//! `castellan gate`: what the gate says of facts in a file, so that anybody can try a policy.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use castellan::domain::gate::{self, read};
use clap::Args;

use super::files::read_at_most;

/// Exit code for what cannot be read: the gate is neither open nor shut.
const UNREADABLE: u8 = 2;

/// Say whether a pull request may be merged, by facts in a file.
#[derive(Args)]
pub(crate) struct Gate {
    /// Facts with their policy, as JSON; `-` reads standard input
    #[arg(required_unless_present = "schema")]
    facts: Option<PathBuf>,
    /// Say why: what decided, why the tier, who did not count, and what to do next
    #[arg(long)]
    why: bool,
    /// Print the JSON schema of facts instead
    #[arg(long)]
    schema: bool,
}

impl Gate {
    /// Exit code 0 says open, 1 not open, 2 that the facts cannot be read.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        if self.schema {
            println!("{}", serde_json::to_string_pretty(&read::schema())?);
            return Ok(ExitCode::SUCCESS);
        }
        let file = self.facts.context("no file was given")?;
        let name = file.display();
        let sample = match read_at_most(&file, read::FACTS_BYTES) {
            Ok(bytes) => match read::read(&bytes) {
                Ok(sample) => sample,
                Err(error) => {
                    eprintln!("castellan: {name}:{error}");
                    return Ok(ExitCode::from(UNREADABLE));
                }
            },
            Err(error) => {
                eprintln!("castellan: {error:#}");
                return Ok(ExitCode::from(UNREADABLE));
            }
        };
        let verdict = gate::judge(&sample.facts, &sample.policy);
        print!("{}", gate::show::terminal(&verdict, self.why));
        Ok(match verdict.conclusion.is_open() {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        })
    }
}
