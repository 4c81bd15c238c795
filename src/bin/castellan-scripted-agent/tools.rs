//! How the scripted agent uses the servers of tools that its session was given.

use std::error::Error;
use std::process::Stdio;

use agent_client_protocol::v1::schema::McpServer;
use rmcp::model::{CallToolRequestParams, JsonObject};
use rmcp::service::serve_client;
use serde_json::Value;

use crate::script::Call;

/// Starts the server, calls the tool as often as was said, and gives what came back, a line each.
pub(crate) async fn call(servers: &[McpServer], call: &Call) -> Result<String, Box<dyn Error>> {
    let wanted = call.server.as_deref().unwrap_or("castellan");
    let stdio = servers.iter().find_map(|server| match server {
        McpServer::Stdio(stdio) if stdio.name == wanted => Some(stdio),
        _ => None,
    });
    let stdio = stdio.ok_or_else(|| format!("there is no server {wanted}"))?;
    let mut child = tokio::process::Command::new(&stdio.command)
        .args(&stdio.args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let pipes = child.stdout.take().zip(child.stdin.take());
    let client = serve_client((), pipes.ok_or("no pipes")?).await?;
    let Some(name) = &call.name else {
        let tools = client.peer().list_all_tools().await?;
        let lines = tools.iter().map(|tool| {
            let about = tool.description.as_deref().unwrap_or_default();
            format!("{}: {about}\n", tool.name)
        });
        return Ok(lines.collect());
    };
    let mut said = String::new();
    for _ in 0..call.times.unwrap_or(1) {
        let mut asked = CallToolRequestParams::new(name.clone());
        asked.arguments = Some(arguments(call));
        match client.peer().call_tool(asked).await {
            Ok(result) => {
                for text in result.content.iter().filter_map(|block| block.as_text()) {
                    said.push_str(&text.text);
                    said.push('\n');
                }
            }
            Err(error) => said.push_str(&format!("error: {error}\n")),
        }
    }
    Ok(said)
}

fn arguments(call: &Call) -> JsonObject {
    let mut arguments = call.arguments.clone();
    if let Some((name, chars)) = &call.long {
        arguments.insert(name.clone(), Value::String("x".repeat(*chars)));
    }
    arguments
}
