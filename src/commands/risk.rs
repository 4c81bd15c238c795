//! `castellan risk`: the tier of a change in a repository on this machine, and why, for a person
//! before a push. Looks at lines and contents only where they could still raise it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use castellan::domain::change::shown;
use castellan::domain::ci::weakened::{self, Compared};
use castellan::domain::ids::Oid;
use castellan::domain::request::policy::{self, POLICY_BYTES, POLICY_PATH, Policy, RiskPolicy};
use castellan::domain::risk::{
    Assessment, Class, Contents, Difference, Sizes, Tier, assess, assess_paths,
};
use castellan::git::{Changed, Checkout};
use castellan::settings;
use clap::Args;

use super::files::read_policy;
use super::small_runtime;

/// Exit code where the tier cannot be told: then it is T3 at least.
const UNREADABLE: u8 = 2;
/// Most bytes of one content that is compared for weakened tests, and of all together.
const CONTENT_BYTES: (u64, u64) = (weakened::FILE_BYTES as u64, 64 * 1024 * 1024);
/// Most files that are compared; what goes beyond counts as not read.
const FILES_MAX: usize = 3_000;

/// Say which tier a change has.
#[derive(Args)]
pub(crate) struct RiskOf {
    /// Branch or commit that it would be merged into
    #[arg(long)]
    base: String,
    /// Branch or commit that holds it
    #[arg(long, default_value = "HEAD")]
    head: String,
    /// The policy [default: .github/castellan.yml of the base]
    #[arg(long)]
    policy: Option<PathBuf>,
    /// Lowest tier of a change of an agent, T0 to T3, as the server is told
    #[arg(long, value_parser = settings::tier, default_value = "T0")]
    least_tier: Tier,
    /// The server's file of rules of risk that hold for all repositories
    #[arg(long)]
    risk_floor: Option<PathBuf>,
    /// Print everything as JSON
    #[arg(long)]
    json: bool,
}

impl RiskOf {
    /// Exit code 0 says that the tier is told, 2 that something cannot be read.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let (assessment, note) = match small_runtime()?.block_on(self.assess()) {
            Ok(assessed) => assessed,
            Err(error) => {
                eprintln!("castellan: {error:#}");
                return Ok(ExitCode::from(UNREADABLE));
            }
        };
        if self.json {
            println!("{}", serde_json::to_string_pretty(&assessment)?);
            return Ok(ExitCode::SUCCESS);
        }
        println!("{} ({})", assessment.tier, assessment.tier.words());
        for fired in &assessment.fired {
            let place = match (&fired.path, fired.more) {
                (None, _) => String::new(),
                (Some(path), 0) => format!(": {}", shown(path)),
                (Some(path), more) => format!(": {} and {more} more", shown(path)),
            };
            println!("  {} {}{place}", fired.tier, fired.because);
        }
        if assessment.more > 0 {
            println!("  and {} rules more", assessment.more);
        }
        if let Some(note) = note {
            println!("{note}");
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn assess(&self) -> anyhow::Result<(Assessment, Option<&'static str>)> {
        let checkout = Checkout::open(Path::new("."))?;
        let base = named(&checkout, &self.base).await?;
        let head = named(&checkout, &self.head).await?;
        let policy = match &self.policy {
            Some(path) => read_policy(path)?,
            None => policy_at(&checkout, &base).await?,
        };
        let risk = match &self.risk_floor {
            Some(path) => policy.risk.over(&settings::floor_file(path)?),
            None => policy.risk,
        };
        let from = checkout.merge_base(&base, &head).await?.with_context(|| {
            format!(
                "{} and {} have no commit in common here; fetch their whole history (`git fetch --unshallow`)",
                self.base, self.head
            )
        })?;
        let changed = checkout.changed(&from, &head).await?;
        let mut difference = Difference {
            files: changed.iter().map(|one| one.file.clone()).collect(),
            ..Difference::default()
        };
        let by_paths = assess_paths(&difference, &risk, self.least_tier);
        if by_paths.tier >= highest(&risk) || changed.is_empty() {
            let note = "Lines and contents were not looked at: they could not raise it.";
            return Ok((by_paths, (!changed.is_empty()).then_some(note)));
        }
        difference.sizes = Sizes::Counted(checkout.lines(&from, &head).await?);
        difference.contents = Contents::Compared(weaker(&checkout, &changed).await?);
        Ok((assess(&difference, &risk, self.least_tier), None))
    }
}

/// The most that lines and contents can make of a change.
fn highest(policy: &RiskPolicy) -> Tier {
    let classes = [
        Class::Large,
        Class::Huge,
        Class::Binaries,
        Class::WeakenedTests,
        Class::Unreadable,
    ];
    let classes = classes.into_iter().map(|class| policy.tier_of(class));
    let rules = policy.rules.highest_by_lines();
    classes.chain(rules).max().unwrap_or(Tier::Tx)
}

async fn named(checkout: &Checkout, name: &str) -> anyhow::Result<Oid> {
    let commit = checkout.commit(name).await?;
    commit.with_context(|| {
        format!(
            "{} is no branch or commit here; fetch it first",
            shown(name)
        )
    })
}

/// The policy at the base, or the usual one where it has none.
async fn policy_at(checkout: &Checkout, base: &Oid) -> anyhow::Result<Policy> {
    let Some(blob) = checkout.object_at(base, POLICY_PATH).await? else {
        return Ok(Policy::default());
    };
    let most = POLICY_BYTES as u64 + 1;
    let blobs = checkout
        .contents(std::slice::from_ref(&blob), most, most)
        .await?;
    let content = blobs.get(&blob).with_context(|| {
        format!("{POLICY_PATH} of the base cannot be read, or is larger than {POLICY_BYTES} bytes")
    })?;
    Ok(policy::parse(content)?)
}

/// What the change takes away from tests and checks. What was not read counts as such.
async fn weaker(
    checkout: &Checkout,
    changed: &[Changed],
) -> anyhow::Result<Vec<weakened::Weakening>> {
    let concerned = |one: &&Changed| one.file.text().is_some_and(weakened::concerns);
    let concerned: Vec<&Changed> = changed.iter().filter(concerned).collect();
    let read = concerned.iter().take(FILES_MAX);
    let blobs: BTreeSet<&Oid> = read
        .flat_map(|one| [&one.old, &one.new])
        .flatten()
        .collect();
    let blobs: Vec<Oid> = blobs.into_iter().cloned().collect();
    let contents = checkout
        .contents(&blobs, CONTENT_BYTES.0, CONTENT_BYTES.1)
        .await?;
    let compared: Vec<Compared<'_>> = concerned
        .iter()
        .filter_map(|one| one.compared(&contents))
        .collect();
    Ok(weakened::weakenings(&compared))
}
