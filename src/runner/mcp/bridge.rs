//! A policy's server of tools: spoken with over HTTP from out here, with its secret, and shown to
//! the agent at a door.
//!
//! Only tools pass, no resources, prompts or questions to the agent's model. The secret stands in
//! one header of requests to one host; where an answer repeats it, it is taken out.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use http::HeaderValue;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ClientConfig, ContentBlock,
    Implementation, ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig,
    Tool,
};
use rmcp::service::{RequestContext, RunningService, ServiceError, serve_client};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::{ErrorData, RoleClient, RoleServer, ServerHandler};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::{Host, Url};

use crate::domain::request::policy::ToolServer;
use crate::protocol::progress::Phase;
use crate::runner::WorkOptions;
use crate::runner::agent::Watched;
use crate::runner::failure::Failure;
use crate::sandbox::clean_line;

/// Bytes of one answer: an agent cannot read more at once.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Bytes of all tools' descriptions of a server: each is read by the model in every turn.
const TOOLS_BYTES_MAX: usize = 256 * 1024;
/// Pages of a server's list of tools.
const PAGES_MAX: usize = 10;
/// Longest that one call may take.
const CALL_MAX: Duration = Duration::from_secs(300);
/// Longest name of a tool in the transcript, and longest words of an error, in characters.
const WORDS_MAX: usize = 300;
/// What stands where a server's answer repeated its secret.
const TAKEN_OUT: &str = "(secret)";

/// One server, reached.
#[derive(Clone)]
pub(in crate::runner) struct Bridge {
    name: String,
    far: Arc<RunningService<RoleClient, ClientConfig>>,
    tools: Vec<Tool>,
    secret: Secret,
    seen: Option<Watched>,
}

/// A bearer token, which no output shows.
#[derive(Clone)]
struct Secret(Option<String>);

/// Reaches each of the policy's servers, or says which one cannot be reached and why.
pub(in crate::runner) async fn reach(
    options: &WorkOptions,
    servers: &[ToolServer],
) -> Result<Vec<Bridge>, Failure> {
    if !servers.is_empty() && options.relay_program.is_none() {
        return Err(Failure::new(
            Phase::Setup,
            "this runner knows no relay program, so the policy's tool servers cannot be shown to the agent",
            "start the work with `castellan work`",
        ));
    }
    let mut bridges = Vec::with_capacity(servers.len());
    for server in servers {
        bridges.push(Bridge::reach(options, server).await?);
    }
    Ok(bridges)
}

impl Bridge {
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The same, with its calls told to `seen`.
    pub(super) fn seen_by(mut self, seen: &Watched) -> Self {
        self.seen = Some(seen.clone());
        self
    }

    async fn reach(options: &WorkOptions, server: &ToolServer) -> Result<Self, Failure> {
        let failed = |cause: String, remedy: &str| {
            let cause = format!("the tool server `{}` {cause}", server.name);
            Failure::new(Phase::Setup, cause, remedy)
        };
        if !may_be_asked(&server.url, options.plain_tool_servers) {
            return Err(failed(
                "has an address without https".to_owned(),
                "write an address with https in `mcp` of .github/castellan.yml",
            ));
        }
        let secret = Secret::of(options, server)?;
        let unreachable = |said: String| {
            let said = clean_line(&secret.out_of(&said), WORDS_MAX);
            failed(
                format!("cannot be used ({said})"),
                "see that its address and secret in `mcp` of .github/castellan.yml are right, that it answers there without a redirect, and that this runner may reach it",
            )
        };
        let http = reqwest::Client::builder()
            // Another host would get the secret.
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(options.pace.call)
            .build()
            .map_err(|error| unreachable(error.to_string()))?;
        let mut config = StreamableHttpClientTransportConfig::with_uri(server.url.as_str())
            .max_json_response_size(ANSWER_BYTES_MAX)
            .max_sse_event_size(ANSWER_BYTES_MAX);
        if let Secret(Some(secret)) = &secret {
            config = config.auth_header(secret);
        }
        let transport = StreamableHttpClientTransport::with_client(http, config);
        let beginning = async {
            let us = Implementation::new("castellan", env!("CARGO_PKG_VERSION"));
            let config = ClientConfig::new(Default::default(), us);
            let far = serve_client(config, transport)
                .await
                .map_err(|error| error.to_string())?;
            let tools = list(&far).await?;
            Ok((far, tools))
        };
        let (far, tools) = tokio::time::timeout(options.pace.call, beginning)
            .await
            .map_err(|_| unreachable("it did not answer in time".to_owned()))?
            .map_err(unreachable)?;
        let tools = secret
            .taken_out(&tools)
            .ok_or_else(|| unreachable("its list of tools is not understood".to_owned()))?;
        Ok(Self {
            name: server.name.clone(),
            far: Arc::new(far),
            tools,
            secret,
            seen: None,
        })
    }

    async fn call(&self, request: CallToolRequestParams) -> Result<CallToolResult, String> {
        // Only what was listed: what the model was not shown, it has no business with.
        if !self.tools.iter().any(|tool| tool.name == request.name) {
            return Err("there is no tool of this name".to_owned());
        }
        let mut asked = CallToolRequestParams::new(request.name);
        asked.arguments = request.arguments;
        let answer = tokio::time::timeout(CALL_MAX, self.far.peer().call_tool(asked)).await;
        let answer = answer.map_err(|_| "the tool's server did not answer in time".to_owned())?;
        let result = answer.map_err(|error| match error {
            ServiceError::McpError(error) => error.message.into_owned(),
            error => format!("the tool's server did not answer ({error})"),
        })?;
        self.secret
            .taken_out(&result)
            .ok_or_else(|| "the answer is not understood".to_owned())
    }

    fn note(&self, tool: &str, status: &str) {
        if let Some(seen) = &self.seen {
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.tool_used(&format!("{} {tool}", self.name), status);
        }
    }
}

/// All tools of a server, each page bounded by the transport.
async fn list(far: &RunningService<RoleClient, ClientConfig>) -> Result<Vec<Tool>, String> {
    let mut tools = Vec::new();
    let mut cursor = None;
    for _ in 0..PAGES_MAX {
        let page = PaginatedRequestParams::default().with_cursor(cursor);
        let listed = far.peer().list_tools(Some(page)).await;
        let listed = listed.map_err(|error| error.to_string())?;
        tools.extend(listed.tools);
        let bytes = serde_json::to_vec(&tools).map_or(usize::MAX, |json| json.len());
        if bytes > TOOLS_BYTES_MAX {
            return Err(format!("its tools have more than {TOOLS_BYTES_MAX} bytes"));
        }
        cursor = listed.next_cursor;
        if cursor.is_none() {
            return Ok(tools);
        }
    }
    Err(format!("its list of tools has more than {PAGES_MAX} pages"))
}

/// Whether an address may be asked: with https, or where tests say so without it on loopback.
fn may_be_asked(url: &str, may_be_plain: bool) -> bool {
    let Ok(url) = Url::parse(url) else {
        return false;
    };
    let is_loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(_)) | None => false,
    };
    url.scheme() == "https" || (may_be_plain && is_loopback && url.scheme() == "http")
}

impl Secret {
    /// The server's secret, from the variable that the policy names.
    fn of(options: &WorkOptions, server: &ToolServer) -> Result<Self, Failure> {
        let Some(variable) = &server.secret else {
            return Ok(Self(None));
        };
        let secret = (options.secret_of)(variable)
            .map(|secret| secret.trim().to_owned())
            .filter(|secret| !secret.is_empty());
        let usable = secret.filter(|secret| HeaderValue::from_str(secret).is_ok());
        let missing = || {
            let cause = format!(
                "the secret of the tool server `{}` is missing: {variable} is not set for `castellan work`, or is no bearer token",
                server.name
            );
            let remedy = format!(
                "set {variable} from a secret in the `env` of that step of .github/workflows/castellan.yml"
            );
            Failure::new(Phase::Setup, cause, remedy)
        };
        usable.map(|secret| Self(Some(secret))).ok_or_else(missing)
    }

    /// `text` without the secret.
    fn out_of(&self, text: &str) -> String {
        match &self.0 {
            Some(secret) => text.replace(secret.as_str(), TAKEN_OUT),
            None => text.to_owned(),
        }
    }

    /// The same message without the secret; `None` where it cannot be read any more then.
    fn taken_out<M: Serialize + DeserializeOwned>(&self, message: &M) -> Option<M> {
        let json = serde_json::to_string(message).ok()?;
        let json = match &self.0 {
            Some(secret) => {
                let quoted = serde_json::to_string(secret).ok()?;
                json.replace(quoted.trim_matches('"'), TAKEN_OUT)
            }
            None => json,
        };
        serde_json::from_str(&json).ok()
    }
}

impl ServerHandler for Bridge {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new(self.name.clone(), "1"))
    }

    async fn list_tools(
        &self,
        _page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(self.tools.clone()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let name = clean_line(&request.name, WORDS_MAX);
        let answer = tokio::select! {
            answer = self.call(request) => answer,
            () = context.ct.cancelled() => Err("the call was cancelled".to_owned()),
        };
        match answer {
            Ok(result) => {
                self.note(&name, "completed");
                Ok(result.into())
            }
            Err(said) => {
                let said = clean_line(&self.secret.out_of(&said), WORDS_MAX);
                self.note(&name, &format!("failed: {said}"));
                Ok(CallToolResult::error(vec![ContentBlock::text(said)]).into())
            }
        }
    }
}
