//! `castellan doctor`: whether what stands around the gate of a branch holds, line by line.

use std::process::ExitCode;

use anyhow::Context as _;
use castellan::domain::gate::audit::{Line, State, audit};
use castellan::domain::ids::FullName;
use castellan::domain::text::line;
use castellan::settings::{AdminToken, ConfigPath, Given};
use clap::Args;

use super::protect::{BREAK_GLASS, github, home};

/// Exit code where it could not be looked at all.
const UNREADABLE: u8 = 2;

/// Say whether the gate of a branch can be passed by, and what is not known.
#[derive(Args)]
pub(crate) struct Doctor {
    /// The repository, as owner/name
    repository: FullName,
    /// The branch [default: the default branch]
    #[arg(long)]
    branch: Option<String>,
    /// Print everything as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    token: AdminToken,
    #[command(flatten)]
    config: ConfigPath,
    #[command(flatten)]
    given: Given,
}

impl Doctor {
    /// Exit code 0 says that every line is ok or unknown, 1 that one is not, 2 that it could not look.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let json = self.json;
        let looked = super::runtime()?.block_on(self.look());
        let (place, lines) = match looked {
            Ok(looked) => looked,
            Err(error) => {
                eprintln!("castellan: {error:#}");
                return Ok(ExitCode::from(UNREADABLE));
            }
        };
        match json {
            true => println!("{}", serde_json::to_string_pretty(&lines)?),
            false => print!("{}", shown(&place, &lines)),
        }
        Ok(match lines.iter().any(|line| line.state == State::Not) {
            true => ExitCode::FAILURE,
            false => ExitCode::SUCCESS,
        })
    }

    async fn look(self) -> anyhow::Result<(String, Vec<Line>)> {
        let token = self.token.read()?;
        let settings = self.given.read(&self.config)?;
        let github = github(&settings)?;
        let home = home(&github, &self.repository).await?;
        let admin = token.map(|token| github.as_admin(&home.target.name, token.expose()));
        let base = self.branch.unwrap_or_else(|| home.default_branch.clone());
        let shown = line(&base, 200);
        let sight = github.audit(&home, &base, admin.as_ref()).await?;
        let sight =
            sight.with_context(|| format!("{}: there is no branch {shown}", home.target.name))?;
        Ok((
            format!("{}, branch {shown}", home.target.name),
            audit(&sight),
        ))
    }
}

fn shown(place: &str, lines: &[Line]) -> String {
    let mut text = format!("{place}\n\n");
    let word = |state: State| match state {
        State::Ok => "ok",
        State::Not => "not",
        State::Unknown => "unknown",
    };
    for line in lines {
        text.push_str(&format!(
            "{:<8}{}: {}\n",
            word(line.state),
            line.line,
            line.what
        ));
        if let Some(remedy) = &line.remedy {
            text.push_str(&format!("        > {remedy}\n"));
        }
    }
    let count = |state: State| lines.iter().filter(|line| line.state == state).count();
    text.push_str(&format!(
        "\n{} ok, {} not, {} unknown. Should the App ever be gone: {BREAK_GLASS}\n",
        count(State::Ok),
        count(State::Not),
        count(State::Unknown)
    ));
    text
}
