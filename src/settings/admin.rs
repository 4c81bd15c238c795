//! The token of a person who administers a repository: used by one command, never printed, kept
//! nowhere.

use clap::Args;

use super::{Secret, SettingsError};

/// Largest file of a token, in bytes: GitHub's have some hundred.
const TOKEN_BYTES: u64 = 4_096;

/// The token of a person who administers the repository.
#[derive(Args, Clone)]
pub struct AdminToken {
    /// Token of a person who administers the repository: the token itself, or the path of a file that begins with /. A variable or a file keeps it out of the list of processes. It is never printed and never kept
    #[arg(long, env = "CASTELLAN_ADMIN_TOKEN", hide_env_values = true)]
    admin_token: Option<String>,
}

impl AdminToken {
    /// The token; `None` where none was given.
    ///
    /// # Errors
    /// The file cannot be read, or what was given is no token. The error does not repeat it.
    pub fn read(&self) -> Result<Option<Secret>, SettingsError> {
        use std::io::Read as _;
        let Some(given) = self.admin_token.as_deref().map(str::trim) else {
            return Ok(None);
        };
        let mut text = given.to_owned();
        if given.starts_with('/') {
            text.clear();
            std::fs::File::open(given)
                .and_then(|file| file.take(TOKEN_BYTES).read_to_string(&mut text))
                .map_err(|error| {
                    wrong(format!(
                        "{given}: {error}; pass the path of a file with nothing but the token"
                    ))
                })?;
        }
        let token = text.trim();
        // What is no token must not become a header, and an empty variable is a mistake.
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            let said = "it is empty or holds blanks; pass a personal access token (fine-grained: Administration, read and write, of this repository)";
            return Err(wrong(said.to_owned()));
        }
        Ok(Some(Secret(token.to_owned())))
    }
}

fn wrong(said: String) -> SettingsError {
    SettingsError::Setting {
        setting: "admin-token",
        said,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(given: &str) -> Result<Option<Secret>, SettingsError> {
        AdminToken {
            admin_token: Some(given.to_owned()),
        }
        .read()
    }

    #[test]
    fn a_token_comes_from_a_text_or_a_file_and_is_not_repeated() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, "ghp_wurzel\n").unwrap();
        for given in ["ghp_wurzel", path.to_str().unwrap()] {
            let token = read(given).unwrap().unwrap();
            assert_eq!(token.expose(), "ghp_wurzel");
            assert!(!format!("{token:?}").contains("wurzel"));
        }
        let error = read("ghp_wurzel\nx").unwrap_err().to_string();
        assert!(
            error.starts_with("admin-token: ") && !error.contains("wurzel"),
            "{error}"
        );
        assert!(read(" ").is_err() && read("/nowhere/at/all").is_err());
        let none = AdminToken { admin_token: None };
        assert!(none.read().unwrap().is_none());
    }
}
