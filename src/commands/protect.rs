//! `castellan protect`: writes the rule by which a branch requires our check, with an admin's own
//! token, after the check stands on every open head.

use std::process::ExitCode;

use anyhow::Context as _;
use castellan::clock::Clock;
use castellan::domain::gate::ruleset::{APPROVALS_MOST, Difference, Protection, ruleset_name};
use castellan::domain::ids::{AppId, FullName};
use castellan::domain::text::line;
use castellan::engine::{Engine, Patience, PublishedHead};
use castellan::github::Client;
use castellan::github::admin::Admin;
use castellan::github::app_auth::AppKey;
use castellan::github::audit::{Home, OpenPull};
use castellan::settings::{AdminToken, ConfigPath, Given, Settings};
use clap::Args;

use super::serve;

/// The page that says what to do when the App is gone.
pub(super) const BREAK_GLASS: &str = "deploy/break-glass.md";

/// Require the gate on a branch: one ruleset, written once every open head has the check.
#[derive(Args)]
pub(crate) struct Protect {
    /// The repository, as owner/name
    repository: FullName,
    /// The branch [default: the default branch]
    #[arg(long)]
    branch: Option<String>,
    /// Approvals that GitHub itself asks for [default: 1, or what is there]
    #[arg(long, value_parser = clap::value_parser!(u8).range(0..=i64::from(APPROVALS_MOST)))]
    approvals: Option<u8>,
    /// Say what would be published and written, and do neither
    #[arg(long)]
    dry_run: bool,
    /// Take our ruleset of this branch away instead
    #[arg(long)]
    remove: bool,
    #[command(flatten)]
    token: AdminToken,
    #[command(flatten)]
    config: ConfigPath,
    #[command(flatten)]
    given: Given,
}

/// GitHub as the App, without a database.
pub(super) fn github(settings: &Settings) -> anyhow::Result<Client> {
    let (id, key) = settings
        .app
        .as_ref()
        .context("app-id and private-key: set them as for `castellan serve`: they say which App the rule names")?;
    let key = AppKey::new(*id, key.expose())?;
    Ok(Client::new(&settings.github_api_url, key, Clock::system())?)
}

/// The repository, which the App has to be installed on.
pub(super) async fn home(github: &Client, name: &FullName) -> anyhow::Result<Home> {
    let home = github.find_home(name).await?;
    home.with_context(|| {
        format!("{name}: the App is not installed on it, or there is no such repository; install it there (its settings page, «Install App»)")
    })
}

/// What is needed for all of it.
struct Work {
    github: Client,
    admin: Admin,
    home: Home,
    base: String,
    approvals: Option<u8>,
}

impl Protect {
    /// Exit code 0: done, or nothing to do.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let token = self.token.read()?.context(
            "admin-token: pass the token of a person who administers the repository, in the variable CASTELLAN_ADMIN_TOKEN or as the path of a file (fine-grained: Administration, read and write). The App itself may not write rules, and must not",
        )?;
        let settings = self.given.read(&self.config)?;
        // Each step is told; what fails is its error.
        super::log_to_stderr("warn")?;
        super::runtime()?.block_on(async {
            let github = github(&settings)?;
            let home = home(&github, &self.repository).await?;
            let work = Work {
                admin: github.as_admin(&home.target.name, token.expose()),
                base: self.branch.unwrap_or_else(|| home.default_branch.clone()),
                github,
                home,
                approvals: self.approvals,
            };
            let may = work.admin.administers().await?;
            anyhow::ensure!(
                may,
                "admin-token: its owner does not administer {}; ask somebody who does",
                work.home.target.name
            );
            match self.remove {
                true => work.remove(self.dry_run, &settings).await?,
                false => work.protect(self.dry_run, &settings).await?,
            }
            Ok(ExitCode::SUCCESS)
        })
    }
}

impl Work {
    fn protection(&self) -> Protection<'_> {
        Protection {
            base: &self.base,
            app: AppId(self.github.app_id()),
            approvals: self.approvals,
        }
    }

    fn place(&self) -> String {
        let name = line(&ruleset_name(&self.base), 300);
        format!("ruleset `{name}` of {}", self.home.target.name)
    }

    /// Our ruleset as it is, with its number, and how it differs from what it is to be.
    async fn compared(&self) -> anyhow::Result<(Option<i64>, Difference)> {
        let found = self.admin.ruleset(&ruleset_name(&self.base)).await?;
        let difference = self
            .protection()
            .difference(found.as_ref().map(|(_, one)| one))?;
        Ok((found.map(|(id, _)| id), difference))
    }

    async fn protect(&self, dry_run: bool, settings: &Settings) -> anyhow::Result<()> {
        self.has_policy().await?;
        let (id, difference) = self.compared().await?;
        show(&self.place(), id.is_some(), &difference);
        if dry_run {
            let open = self.github.open_pulls_into(&self.home.target, &self.base);
            for OpenPull { number, head } in open.await? {
                println!("  the check would be on #{number} ({})", head.short());
            }
            println!("Nothing was published and nothing was written.");
            return Ok(());
        }
        let store = serve::open(settings).await?;
        let engine = serve::engine(settings, store, Clock::system())?;
        let written = self.publish_and_write(&engine, &difference).await;
        engine.store.close().await;
        written
    }

    async fn publish_and_write(&self, engine: &Engine, shown: &Difference) -> anyhow::Result<()> {
        let target = &self.home.target;
        engine.announce(target.repository, &self.base).await?;
        // What is opened from here on has the check from every server of this database.
        let open = self.github.open_pulls_into(target, &self.base).await?;
        let told = |one: &PublishedHead| {
            let PublishedHead { number, head, says } = one;
            println!("  the check is on #{number} ({}): {says}", head.short());
        };
        let published = engine.publish_open(target, &self.base, &open, Patience::default(), told);
        if let Err(error) = published.await {
            engine.unannounce(target.repository, &self.base).await?;
            return Err(error).context("nothing was written to the rules");
        }
        // That took a while: what somebody added to the rules meanwhile is not to be lost.
        let (id, difference) = self.compared().await?;
        if difference != *shown {
            show(&self.place(), id.is_some(), &difference);
        }
        if difference.changes.is_empty() {
            return Ok(());
        }
        let written = self.admin.write_ruleset(id, &difference.body).await?;
        let left = self.protection().difference(Some(&written))?;
        anyhow::ensure!(
            left.changes.is_empty(),
            "GitHub took the rule and keeps another: {}; look at it in the repository's settings, Rules",
            left.changes.join("; ")
        );
        println!("Written. {BREAK_GLASS} says what to do should the App ever be gone.");
        Ok(())
    }

    /// A rule without a policy would block everybody: the gate takes the policy for deleted then.
    async fn has_policy(&self) -> anyhow::Result<()> {
        let (target, base) = (&self.home.target, &self.base);
        let shown = line(base, 200);
        let tip = self.github.branch_tip(target, base).await?;
        let tip = tip.with_context(|| format!("{}: there is no branch {shown}", target.name))?;
        let policy = self.github.policy_at(target, &tip).await;
        let policy = policy.map_err(|why| anyhow::anyhow!("the policy of {shown}: {why}; a base whose policy is not good is shut to everybody, so put it right first"))?;
        policy.map(drop).with_context(|| format!("{shown} has no .github/castellan.yml, and with the rule every pull request would be blocked as one whose policy was deleted; commit one first (a file with a comment suffices), and see it with `castellan check-policy`"))
    }

    async fn remove(&self, dry_run: bool, settings: &Settings) -> anyhow::Result<()> {
        let name = ruleset_name(&self.base);
        let Some((id, found)) = self.admin.ruleset(&name).await? else {
            println!("There is no {}: nothing to do.", self.place());
            return Ok(());
        };
        self.protection().removable(&found)?;
        println!("- {}", self.place());
        if dry_run {
            println!("Nothing was taken away.");
            return Ok(());
        }
        self.admin.remove_ruleset(id).await?;
        let store = serve::open(settings).await?;
        let engine = serve::engine(settings, store, Clock::system())?;
        let repository = self.home.target.repository;
        engine.unannounce(repository, &self.base).await?;
        engine.store.close().await;
        println!("Taken away. The gate is advisory on this branch: whoever may write may merge.");
        Ok(())
    }
}

fn show(place: &str, is_there: bool, difference: &Difference) {
    match (is_there, difference.changes.is_empty()) {
        (false, _) => println!("{place} is not there; it would be:"),
        (true, true) => println!("{place} is as it should be: nothing to write."),
        (true, false) => println!("{place} differs:"),
    }
    for change in &difference.changes {
        println!("  {change}");
    }
    for kept in &difference.kept {
        println!("  = {kept} (not ours, stays)");
    }
}
