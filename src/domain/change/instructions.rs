//! Files that instruct agents, or that configure what agents run: each with who reads it.
//!
//! An agent believes them, so a run takes them from the base, where people have reviewed them, and
//! not from a branch that an agent has written (X33). Only names that a widespread tool reads by
//! itself are here; what such a file refers to in its turn is not known here.

use super::path::plain;

/// Names anywhere in a repository, of files or of folders with all that is in them.
const NAMES: &[(&str, &str)] = &[
    (
        "agents.md",
        "https://agents.md: Codex, opencode, Copilot, Cursor, Gemini CLI and others",
    ),
    ("agents.override.md", "Codex: wins over AGENTS.md beside it"),
    (
        "agent.md",
        "Amp and others: the older spelling of AGENTS.md",
    ),
    (
        "claude.md",
        "Claude Code; opencode and Copilot read it, too",
    ),
    (
        "claude.local.md",
        "Claude Code: one person's own, as a rule not committed",
    ),
    ("gemini.md", "Gemini CLI: its default context file"),
    ("qwen.md", "Qwen Code: its default context file"),
    ("warp.md", "Warp: rules of a project"),
    ("copilot-instructions.md", "GitHub Copilot: below .github"),
    (
        ".mcp.json",
        "Claude Code: programs that serve tools, which it starts",
    ),
    (
        "opencode.json",
        "opencode: settings, programs that serve tools, plugins",
    ),
    ("opencode.jsonc", "opencode: the same with comments"),
    (".opencode", "opencode: agents, commands, plugins, tools"),
    (
        ".claude",
        "Claude Code: settings with hooks, agents, commands, skills; opencode reads skills",
    ),
    (".codex", "Codex: settings, prompts, skills, hooks"),
    (
        ".gemini",
        "Gemini CLI: settings with hooks and servers, commands, extensions",
    ),
    (".geminiignore", "Gemini CLI: what it does not see"),
    (".agents", "Codex, Gemini CLI, opencode and others: skills"),
    (".cursor", "Cursor: rules, servers of tools, hooks"),
    (".cursorrules", "Cursor: the older form of rules"),
    (".windsurf", "Windsurf: rules and workflows"),
    (".windsurfrules", "Windsurf: the older form of rules"),
    (".clinerules", "Cline: rules, a file or a folder"),
    (".roo", "Roo Code: rules, modes, servers of tools"),
    (".roorules", "Roo Code: the older form of rules"),
    (".kilocode", "Kilo Code: rules and servers of tools"),
    (".kiro", "Kiro: steering, hooks, servers of tools"),
    (".junie", "Junie: guidelines"),
    (
        ".amazonq",
        "Amazon Q Developer: rules, agents, servers of tools",
    ),
    (".augment", "Augment Code: rules"),
    (".trae", "Trae: rules"),
    (".qwen", "Qwen Code: settings, commands"),
    (".rules", "Zed: rules of a project"),
    (".goosehints", "Goose: hints"),
    (
        ".aider.conf.yml",
        "aider: settings, among them files to be read first",
    ),
];

/// Folders from the root, with all that is in them: GitHub Copilot reads them there only.
const TREES: &[(&str, &str)] = &[
    (
        ".github/instructions",
        "GitHub Copilot: instructions by path",
    ),
    (".github/prompts", "GitHub Copilot: prompts"),
    (".github/agents", "GitHub Copilot: agents"),
    (
        ".github/chatmodes",
        "GitHub Copilot: the older form of agents",
    ),
    (".github/skills", "GitHub Copilot: skills"),
    (".github/hooks", "GitHub Copilot: hooks of agents"),
];

/// Whether the file at `path` (from the root of a repository) instructs or configures an agent.
#[must_use]
pub fn instructs_agents(path: &str) -> bool {
    instructs(&plain(path))
}

/// The same for a path that is folded already.
pub(super) fn instructs(plain: &str) -> bool {
    let in_tree = |tree: &str| {
        let rest = plain.strip_prefix(tree);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    TREES.iter().any(|(tree, _)| in_tree(tree))
        || plain
            .split('/')
            .any(|part| NAMES.iter().any(|(name, _)| *name == part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn x33_files_that_instruct_agents_are_known_at_any_depth_and_in_any_spelling() {
        for path in [
            "AGENTS.md",
            "a/b/CLAUDE.md",
            "Claude.local.MD",
            "crates/x/.claude/settings.json",
            ".mcp.json",
            "sub/opencode.jsonc",
            ".opencode/plugin/x.ts",
            ".github/copilot-instructions.md",
            ".github/instructions/rust.instructions.md",
            ".clinerules",
            ".clinerules/one.md",
            "AGENTS.md./x",
        ] {
            assert!(instructs_agents(path), "{path}");
        }
        for path in [
            "README.md",
            "docs/agents.txt",
            "src/.github/instructions/x.md",
            ".github/workflows/ci.yml",
            "my-AGENTS.md",
            "CONTRIBUTING.md",
        ] {
            assert!(!instructs_agents(path), "{path}");
        }
    }
}
