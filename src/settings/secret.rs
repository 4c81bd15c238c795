//! Secrets of a policy's tool servers, which are known by name only once the brief is there.

/// Prefixes of variables that hold the job's own secrets, or ours: a policy gets none of them.
const KEPT: [&str; 4] = ["GITHUB_", "ACTIONS_", "RUNNER_", "CASTELLAN_"];

/// The value of the variable in which a workflow's step holds the secret of a tool server.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "the name comes with the brief, so it can be no setting"
)]
pub fn tool_secret(variable: &str) -> Option<String> {
    if KEPT.iter().any(|prefix| variable.starts_with(prefix)) {
        return None;
    }
    std::env::var(variable).ok()
}
