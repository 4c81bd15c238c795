//! `castellan demo`: the whole story on this machine, with the yard as GitHub.
//!
//! Everything is real but GitHub: the server, its database, signed deliveries, git, the
//! runner as a process of its own, the agent over ACP, the sandbox, the sample's own CI.

mod show;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use castellan::clock::Clock;
use castellan::domain::ids::{Number, TaskId};
use castellan::domain::task::stage::Stage;
use castellan::engine::Engine;
use castellan::sandbox::Sandbox;
use castellan::settings::{DemoModel, DemoSettings, Settings};
use castellan::store::{Store, StoredTask};
use castellan::yard::{Act, Ci, Options, Permission, Program, Repo, Runner, Sandboxed, Yard};
use clap::Args;
use tokio::net::TcpListener;

/// Show the whole story on this machine.
#[derive(Args)]
pub(crate) struct Demo {
    /// End after the story instead of keeping the page up
    #[arg(long)]
    exit: bool,
    /// Print one JSON object instead of the story
    #[arg(long)]
    json: bool,
    /// Agent: a command that speaks ACP over its standard input and output [default: the scripted agent]
    #[arg(long)]
    agent: Option<String>,
    #[command(flatten)]
    model: DemoModel,
    /// Folder in which known agents are installed [default: one below the folder for scratch]
    #[arg(long)]
    agents: Option<PathBuf>,
    /// Have act execute the repository's workflow file, instead of starting the runner directly
    #[arg(long, value_name = "PROGRAM")]
    act: Option<PathBuf>,
    /// Let GitHub answer as an Enterprise Server does that names no run when one is dispatched
    #[arg(long)]
    older_github: bool,
    /// Folders that the agent may read, comma-separated
    #[arg(long, value_delimiter = ',')]
    read_only: Vec<PathBuf>,
    /// Folder for the runner's files; as root it has to be open to other accounts
    #[arg(long, default_value = "/var/tmp")]
    scratch: PathBuf,
}

/// Longest wait for the story's end: the sample's budget and some.
const STORY_MAX: Duration = Duration::from_secs(20 * 60);
/// Looks in a row at which nothing moves any more.
const QUIET_LOOKS: u32 = 10;
/// How often the terminal looks for news.
const LOOK_EVERY: Duration = Duration::from_millis(50);

impl Demo {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        super::log_to_stderr("warn,castellan=error")?;
        super::runtime()?.block_on(self.tell())
    }

    async fn tell(self) -> anyhow::Result<ExitCode> {
        let search: Vec<PathBuf> = PROGRAMS.iter().map(PathBuf::from).collect();
        let sandbox = Sandbox::find(&search).await?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = format!("http://{}", listener.local_addr()?);
        let folder = tempfile::Builder::new()
            .prefix("castellan-demo-")
            .tempdir()?;
        let yard = self.start_yard(sandbox, &address, folder.path()).await?;
        let settings = self.settings(&yard, &address, folder.path())?;
        let store = Store::open(settings.database_url.expose()).await?;
        let engine = super::serve::engine(&settings, store, Clock::system())?;
        let (end, ending) = tokio::sync::oneshot::channel::<()>();
        let server = {
            let (engine, settings) = (engine.clone(), settings.clone());
            tokio::spawn(async move {
                let end = async {
                    let _ = ending.await;
                };
                super::serve::run_until(listener, engine, &settings, end).await
            })
        };
        let story = Story {
            demo: &self,
            yard: &yard,
            engine: &engine,
            address: &address,
        };
        let delivered = tokio::select! {
            biased;
            () = super::serve::ended() => Err(()),
            told = tokio::time::timeout(STORY_MAX, story.run()) => Ok(told),
        };
        // Whatever came of it, no runner goes on without its server.
        yard.ends_programs().await;
        let Ok(delivered) = delivered else {
            anyhow::bail!("ended before the story was");
        };
        let delivered = delivered.context("the story did not end in time")??;
        if !self.exit && !self.json {
            self.say(&format!(
                "\nThe task's page stays up at {address}/tasks/{} until you press Ctrl+C.",
                delivered.task.id
            ))?;
            super::serve::ended().await;
        }
        let _ = end.send(());
        server.await??;
        Ok(if delivered.task.pull.is_some() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }

    async fn start_yard(
        &self,
        sandbox: Sandbox,
        server: &str,
        folder: &Path,
    ) -> anyhow::Result<Yard> {
        let own = std::env::current_exe()?.display().to_string();
        let mut argv = vec![own, "work".to_owned()];
        for folder in &self.read_only {
            argv.extend(["--read-only".to_owned(), folder.display().to_string()]);
        }
        let agents = self.agents.as_ref();
        let agents = agents.map(|path| ("CASTELLAN_AGENTS".to_owned(), path.display().to_string()));
        let mut env = vec![
            ("CASTELLAN_SERVER".to_owned(), server.to_owned()),
            (
                "CASTELLAN_SCRATCH".to_owned(),
                self.scratch.display().to_string(),
            ),
            ("PATH".to_owned(), PROGRAMS.join(":")),
        ];
        env.extend(agents.clone());
        let program = Program {
            argv,
            env,
            dir: folder.to_owned(),
            enters: Some(server.to_owned()),
        };
        let runner = match &self.act {
            Some(act) => Runner::Workflow(Act {
                program: act
                    .canonicalize()
                    .with_context(|| format!("--act {}", act.display()))?,
                path: PROGRAMS.join(":"),
                scratch: self.scratch.clone(),
                variables: agents.into_iter().collect(),
            }),
            None => Runner::Started(program),
        };
        let yard = Yard::start(Options {
            runner,
            knows_run_details: !self.older_github,
            ci: Ci::On(std::sync::Arc::new(Sandboxed::new(
                sandbox,
                self.scratch.clone(),
            ))),
            ..Options::default()
        })
        .await?;
        yard.connect(&format!("{server}/webhook"));
        Ok(yard)
    }

    fn settings(&self, yard: &Yard, address: &str, folder: &Path) -> anyhow::Result<Settings> {
        let app = yard.app();
        let agent = match &self.agent {
            Some(agent) => agent.clone(),
            None => scripted_agent()?,
        };
        let database = format!("sqlite:{}", folder.join("castellan.db").display());
        let settings = DemoSettings {
            database_url: database,
            data_dir: folder.join("data"),
            app_id: app.app_id,
            private_key: app.private_key_pem,
            webhook_secrets: app.webhook_secrets.join(","),
            github_api_url: yard.api_url().parse()?,
            public_url: address.parse()?,
            agent,
            model: self.model.clone(),
        };
        Ok(settings.read()?)
    }

    /// A line for the person who watches; with `--json` beside the object.
    fn say(&self, line: &str) -> anyhow::Result<()> {
        if self.json {
            writeln!(std::io::stderr(), "{line}")?;
        } else {
            writeln!(std::io::stdout(), "{line}")?;
        }
        Ok(())
    }
}

/// Where programs are looked up: the machine's own, not a person's.
const PROGRAMS: [&str; 3] = ["/usr/local/bin", "/usr/bin", "/bin"];

/// The scripted agent that lies beside this program, with the sample's script.
fn scripted_agent() -> anyhow::Result<String> {
    let own = std::env::current_exe()?;
    let beside = own.with_file_name("castellan-scripted-agent");
    anyhow::ensure!(
        beside.exists(),
        "{} is not there; build it with `cargo build`, or name an agent with --agent",
        beside.display()
    );
    let script = shlex::try_quote(include_str!("../../fixtures/sample/agent.json"))?.into_owned();
    Ok(format!("{} --script {script}", beside.display()))
}

/// The sample repository.
const SAMPLE: [(&str, &str, bool); 6] = [
    (
        ".gitignore",
        include_str!("../../fixtures/sample/.gitignore"),
        false,
    ),
    (
        "README.md",
        include_str!("../../fixtures/sample/README.md"),
        false,
    ),
    (
        "words.py",
        include_str!("../../fixtures/sample/words.py"),
        false,
    ),
    (
        "test_words.py",
        include_str!("../../fixtures/sample/test_words.py"),
        false,
    ),
    (
        ".github/workflows/ci.yml",
        include_str!("../../fixtures/sample/.github/workflows/ci.yml"),
        false,
    ),
    (
        ".github/castellan.yml",
        include_str!("../../fixtures/sample/.github/castellan.yml"),
        false,
    ),
];

struct Story<'a> {
    demo: &'a Demo,
    yard: &'a Yard,
    engine: &'a Engine,
    address: &'a str,
}

impl Story<'_> {
    async fn run(&self) -> anyhow::Result<StoredTask> {
        let say = |line: &str| self.demo.say(line);
        say("Castellan's demo: an issue is labelled, and a draft pull request comes back.")?;
        say("GitHub is played by the yard, a small GitHub on this machine; all else is real.")?;
        say(match self.demo.agent {
            Some(_) => "The agent is the one that you named.",
            None => {
                "The agent is SCRIPTED: a program without a mind that replays two edits over ACP; CI refuses the first."
            }
        })?;
        say(&format!("Pages: {}\n", self.address))?;
        let sha256 = castellan::server::digest_of(&std::env::current_exe()?)?;
        let workflow = super::workflow::text(self.address, &sha256);
        let mut files = SAMPLE.to_vec();
        files.push((".github/workflows/castellan.yml", &workflow, false));
        let repo = self.yard.repository("octo/sample", &files).await?;
        self.yard.settle().await;
        let alice = repo.person("alice", Permission::Write).await?;
        let issue = alice
            .opens_issue(
                "count_words counts spaces",
                include_str!("../../fixtures/sample/issue.md"),
            )
            .await?;
        // What a server does once for a new repository is not part of the story's calls.
        while self.engine.sweep_next().await? {}
        self.engine.settle().await?;
        self.yard.resets_calls();
        alice.labels(issue, "agent").await?;
        let began = tokio::time::Instant::now();
        say("alice labels the issue `agent`")?;
        let stored = self.watch(&repo, Number(issue), began).await?;
        let wall = began.elapsed();
        let calls = self.yard.calls();
        self.yard.settle().await;
        if stored.task.pull.is_none() {
            self.show_runners(&stored)?;
        }
        if self.demo.json {
            show::json(self.engine, &stored, wall, &calls).await?;
        } else {
            say("\nWhat a person sees on the issue and the pull request:\n")?;
            say(&self.yard.transcript("octo/sample").await?)?;
            show::sums(self.engine, &stored, wall, &calls).await?;
        }
        Ok(stored)
    }

    /// Where no pull request came, what the runners said is the first thing to look at.
    fn show_runners(&self, stored: &StoredTask) -> anyhow::Result<()> {
        for attempt in &stored.task.attempts {
            let output = attempt.run.and_then(|run| self.yard.run_output(run.0));
            let said = output.unwrap_or_default();
            self.demo.say(&format!(
                "\nRunner of attempt {}:\n{}",
                attempt.number,
                castellan::domain::text::plain(&said, 4_000)
            ))?;
        }
        Ok(())
    }

    /// Tells each step as it is recorded, until the task rests, everything is sent, and it stays so.
    async fn watch(
        &self,
        repo: &Repo,
        issue: Number,
        began: tokio::time::Instant,
    ) -> anyhow::Result<StoredTask> {
        let repository = repo.id();
        let (mut told, mut quiet) = (0, 0);
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let Some(stored) = self.engine.store.task_of_issue(repository, issue).await? else {
                continue;
            };
            told = self.tell_news(&stored.task.id, told, began).await?;
            let sent = self.engine.store.count_effects().await?.waiting == 0;
            let rests = !stored.task.stage.is_busy()
                && !matches!(stored.task.stage, Stage::Checking { .. });
            if rests && sent {
                self.yard.settle().await;
            }
            let now = self.engine.clock.now();
            let judged = self.engine.store.count_due_pulls(now).await? == 0;
            let read = self.engine.store.count_deliveries().await?.unread == 0;
            // What was done on GitHub comes back as deliveries, and is judged once more.
            quiet = match rests && sent && judged && read {
                true => quiet + 1,
                false => 0,
            };
            if quiet >= QUIET_LOOKS {
                self.tell_news(&stored.task.id, told, began).await?;
                return Ok(stored);
            }
        }
    }

    async fn tell_news(
        &self,
        task: &TaskId,
        told: usize,
        began: tokio::time::Instant,
    ) -> anyhow::Result<usize> {
        let history = self.engine.store.history(task).await?;
        for entry in history.iter().skip(told) {
            let line = show::news(entry);
            let seconds = began.elapsed().as_secs_f64();
            self.demo.say(&format!("{seconds:6.1} s  {line}"))?;
        }
        Ok(history.len())
    }
}
