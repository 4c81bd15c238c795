//! The command line: wiring only.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is what a person at a terminal reads"
)]

mod commands;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A self-hosted GitHub App that runs coding agents on labelled issues and returns draft pull
/// requests with evidence. It never merges.
#[derive(Parser)]
#[command(version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server: take deliveries, open tasks, write pull requests
    Serve(commands::serve::Serve),
    /// Work on one attempt, inside a job of GitHub Actions or on this machine
    Work(commands::work::Work),
    /// Print the workflow file that the repositories of a server commit
    Workflow(commands::workflow::Workflow),
    /// Show the whole story on this machine, with a small GitHub of its own
    #[cfg(feature = "demo")]
    Demo(commands::demo::Demo),
    /// Say what failed in the log of a job, in few words, for an agent or a person
    Digest(commands::digest::DigestLog),
    /// Show what contract would be understood from an issue's text
    Contract(commands::files::Contract),
    /// Check a .github/castellan.yml, or print its JSON schema
    CheckPolicy(commands::files::CheckPolicy),
    /// Say whether a pull request may be merged, by facts in a file
    Gate(commands::gate::Gate),
    /// Say which tier a change has, and why, before it is pushed
    Risk(commands::risk::RiskOf),
    /// Require the gate on a branch, with an admin's token: the check on every open head, then the rule
    Protect(Box<commands::protect::Protect>),
    /// Say whether the gate of a branch can be passed by, and what cannot be seen
    Doctor(Box<commands::doctor::Doctor>),
    /// Try again what was parked: deliveries and effects
    Replay(commands::serve::Replay),
    /// Inside a sandbox: relay loopback ports to the doors, and run a command beside it
    #[command(name = castellan::sandbox::RELAY_SUBCOMMAND, hide = true)]
    RelayInside(commands::inside::RelayInside),
    /// Inside a sandbox: join standard input and output with a door
    #[command(name = castellan::sandbox::PIPE_SUBCOMMAND, hide = true)]
    PipeInside(commands::inside::PipeInside),
}

fn main() -> ExitCode {
    if let Err(error) = castellan::sandbox::keep_inherited_files() {
        eprintln!("castellan: /proc/self/fd cannot be read ({error}); mount /proc");
        return ExitCode::FAILURE;
    }
    let cli = Cli::parse();
    let done = match cli.command {
        Command::Serve(serve) => serve.run(),
        Command::Work(work) => work.run(),
        Command::Workflow(workflow) => workflow.run(),
        #[cfg(feature = "demo")]
        Command::Demo(demo) => demo.run(),
        Command::Digest(digest) => digest.run(),
        Command::Contract(contract) => contract.run(),
        Command::CheckPolicy(check) => check.run(),
        Command::Gate(gate) => gate.run(),
        Command::Risk(risk) => risk.run(),
        Command::Protect(protect) => protect.run(),
        Command::Doctor(doctor) => doctor.run(),
        Command::Replay(replay) => replay.run(),
        Command::RelayInside(relay) => relay.run(),
        Command::PipeInside(pipe) => pipe.run(),
    };
    done.unwrap_or_else(|error| {
        eprintln!("castellan: {error:#}");
        ExitCode::FAILURE
    })
}
