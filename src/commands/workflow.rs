//! `castellan workflow`: the file that a repository commits.

use std::process::ExitCode;

use anyhow::Context as _;
use castellan::domain::ids::Sha256Hex;
use castellan::server::digest_of;
use castellan::settings::is_loopback;
use clap::Args;
use url::Url;

/// The file, with places for what differs from server to server.
const TEMPLATE: &str = include_str!("../../deploy/workflow/castellan.yml");
/// The key that Enterprise Servers from before September 2026 refuse.
const CACHE_MODE: &str = "cache-mode: none\n\n";

/// Print .github/workflows/castellan.yml for the repositories of a server
#[derive(Args)]
pub(crate) struct Workflow {
    /// Address of the Castellan server, as its public-url
    #[arg(long, env = "CASTELLAN_PUBLIC_URL")]
    server: Url,
    /// SHA-256 of the runner build that the server serves [default: of this program]
    #[arg(long)]
    runner_sha256: Option<Sha256Hex>,
    /// Leave out what an Enterprise Server from before September 2026 refuses (cache-mode)
    #[arg(long)]
    ghes: bool,
}

impl Workflow {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let server = address(&self.server)?;
        let sha256 = match self.runner_sha256 {
            Some(sha256) => sha256,
            None => digest_of(&std::env::current_exe()?).context("reading this program")?,
        };
        let mut text = text(&server, &sha256);
        if self.ghes {
            text = text.replace(CACHE_MODE, "");
        }
        print!("{text}");
        Ok(ExitCode::SUCCESS)
    }
}

/// The file for the repositories of `server`, whose runner is that build.
pub(crate) fn text(server: &str, sha256: &Sha256Hex) -> String {
    TEMPLATE
        .replace("@SERVER@", server)
        .replace("@RUNNER_SHA256@", sha256.as_str())
}

/// The address without a slash at its end; it stands in quotes in YAML and in a shell's variable.
fn address(server: &Url) -> anyhow::Result<String> {
    let text = server.as_str().trim_end_matches('/').to_owned();
    let plain = |c: char| c.is_ascii_alphanumeric() || ":/.-_~[]".contains(c);
    anyhow::ensure!(
        matches!(server.scheme(), "https" | "http") && text.chars().all(plain),
        "--server {server}: write scheme, host, port and path only, as in https://castellan.example"
    );
    let here = server.host_str().is_some_and(is_loopback);
    anyhow::ensure!(
        server.scheme() == "https" || here,
        "--server {server}: runners must reach it by https, because their tickets travel there"
    );
    Ok(text)
}
