//! The ways out of an attempt's sandboxes, by phase: set-up reaches hosts and services, the agent
//! its model, too, acceptance services alone.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::WorkOptions;
use super::client::Client;
use super::egress::{Proxy, Refusals};
use super::failure::Failure;
use super::heartbeat::Voice;
use super::model::{self, Heard};
use super::tools::Tools;
use crate::domain::request::policy::{MODEL_PORT, PROXY_PORT};
use crate::protocol::brief::Brief;
use crate::protocol::progress::Phase;
use crate::sandbox::{Bind, Door, Doors, Spec};

/// Where this machine keeps the certificates of those whom it trusts; no key lies there.
const CERTIFICATES: [&str; 3] = ["/etc/ssl/certs", "/etc/pki/tls/certs", "/etc/pki/ca-trust"];

/// What one sandbox gets of the network.
#[derive(Clone, Debug, Default)]
pub(super) struct Ways {
    pub(super) doors: Vec<Door>,
    /// The program that makes the doors' ports reachable; without it there are no doors.
    program: Option<std::path::PathBuf>,
    environment: BTreeMap<String, String>,
    read_only: Vec<Bind>,
}

impl Ways {
    /// Opens them for a program. What it has in its environment already stays as it is.
    pub(super) fn open(&self, spec: &mut Spec) {
        if let Some(program) = &self.program {
            let (program, doors) = (program.clone(), self.doors.clone());
            spec.doors = Some(Doors { program, doors });
        }
        for (name, value) in &self.environment {
            let known = spec.environment.entry(name.clone());
            known.or_insert_with(|| value.clone());
        }
        spec.read_only.extend(self.read_only.iter().cloned());
    }
}

/// The network of one attempt.
pub(super) struct Network<'a> {
    pub(super) options: &'a WorkOptions,
    pub(super) brief: &'a Brief,
    pub(super) client: &'a Client,
    pub(super) refusals: Refusals,
    pub(super) heard: Heard,
}

impl<'a> Network<'a> {
    pub(super) fn new(
        options: &'a WorkOptions,
        brief: &'a Brief,
        client: &'a Client,
        voice: &Voice,
    ) -> Self {
        Self {
            options,
            brief,
            client,
            refusals: Refusals::new(voice.clone()),
            heard: Heard::default(),
        }
    }

    /// For set-up commands.
    pub(super) fn setup(&self, tools: &Tools) -> Result<Ways, Failure> {
        let mut ways = Ways::default();
        self.proxy(&mut ways, Phase::Setup, &self.brief.network.setup);
        self.services(&mut ways);
        self.finish(ways, tools, Phase::Setup)
    }

    /// For the agent.
    pub(super) fn agent(&self, tools: &Tools) -> Result<Ways, Failure> {
        let mut ways = Ways::default();
        self.proxy(&mut ways, Phase::Agent, &self.brief.network.agent);
        self.services(&mut ways);
        if let Some(model) = &self.brief.model {
            let way = self.client.model(self.heard.clone());
            let way = way.map_err(|error| {
                Failure::of_machine(Phase::Agent, "preparing the way to the model", &error)
            })?;
            let way = Arc::new(way);
            let keeper = Arc::new(move |stream| {
                let way = way.clone();
                Box::pin(way.keep(stream)) as _
            });
            ways.doors
                .push(Door::new("model", keeper).at_port(MODEL_PORT));
            // What a preset needs, it says itself.
            if self.brief.agent.preset.is_none() {
                ways.environment.extend(model::environment(model));
            }
        }
        self.finish(ways, tools, Phase::Agent)
    }

    /// For acceptance commands, which reach no host: what they say must not hang on one.
    pub(super) fn acceptance(&self, tools: &Tools) -> Result<Ways, Failure> {
        let mut ways = Ways::default();
        self.services(&mut ways);
        self.finish(ways, tools, Phase::Acceptance)
    }

    /// The proxy is there without an allowed host, too: so what was tried is seen.
    fn proxy(&self, ways: &mut Ways, phase: Phase, allowed: &[String]) {
        let (resolve, refusals) = (self.options.resolve.clone(), self.refusals.clone());
        let proxy = Arc::new(Proxy::new(phase, allowed.to_vec(), resolve, refusals));
        let keeper = Arc::new(move |stream| {
            let proxy = proxy.clone();
            Box::pin(proxy.keep(stream)) as _
        });
        ways.doors
            .push(Door::new("proxy", keeper).at_port(PROXY_PORT));
        let address = format!("http://127.0.0.1:{PROXY_PORT}");
        let own = "127.0.0.1,localhost,::1".to_owned();
        let variables = [
            ("HTTP_PROXY", &address),
            ("HTTPS_PROXY", &address),
            ("http_proxy", &address),
            ("https_proxy", &address),
            ("NO_PROXY", &own),
            ("no_proxy", &own),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.clone()));
        ways.environment.extend(variables);
        if !allowed.is_empty() {
            let there = CERTIFICATES.iter().filter(|path| Path::new(path).is_dir());
            ways.read_only
                .extend(there.map(|path| Bind::same(path.into())));
        }
    }

    fn services(&self, ways: &mut Ways) {
        let ports = self.brief.network.ports.iter();
        ways.doors
            .extend(ports.map(|port| Door::to("127.0.0.1".to_owned(), *port)));
    }

    fn finish(&self, mut ways: Ways, tools: &Tools, phase: Phase) -> Result<Ways, Failure> {
        let network = &self.brief.network;
        let is_needed = match phase {
            Phase::Setup => !network.setup.is_empty(),
            Phase::Agent => !network.agent.is_empty() || self.brief.model.is_some(),
            _ => false,
        };
        let is_needed = is_needed || !network.ports.is_empty();
        match self.options.relay_program.as_deref() {
            Some(_) if ways.doors.is_empty() => {}
            Some(program) => ways.program = Some(tools.copy(program)?),
            None if is_needed => {
                let remedy = "start the work with `castellan work`";
                return Err(Failure::new(
                    phase,
                    "this runner knows no relay program",
                    remedy,
                ));
            }
            None => ways = Ways::default(),
        }
        Ok(ways)
    }
}
