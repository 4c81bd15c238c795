//! Who may call: what a token reaches, which permission a route needs, in whose name it acts.

use super::{Answer, Call, not_found};
use crate::yard::model::{Bearer, Permission, Repository, Token, Violation};
use crate::yard::permissions::{Level, allows};
use crate::yard::tokens::Caller;
use crate::yard::world::World;

impl World {
    /// The token of a call that reaches a repository at all.
    pub(in crate::yard) fn reach(&self, call: &Call, repo: i64) -> Result<(), Answer> {
        let known = self.repo(repo)?;
        match &call.caller {
            Caller::Anonymous if known.private || call.method != "GET" => Err(not_found()),
            Caller::Anonymous => Ok(()),
            Caller::App | Caller::Refused(_) => Err(Answer::error(
                401,
                "A JSON web token could not be used here",
            )),
            Caller::Token(token) => self.token_reaches(token, repo),
        }
    }

    fn token_reaches(&self, token: &Token, repo: i64) -> Result<(), Answer> {
        if token
            .repos
            .as_ref()
            .is_some_and(|repos| !repos.contains(&repo))
        {
            return Err(not_found());
        }
        match &token.bearer {
            Bearer::Run => Ok(()),
            Bearer::Person(login) => {
                let known = self.repo(repo)?;
                if known.private && self.role_in(known, login) == Permission::None {
                    return Err(not_found());
                }
                Ok(())
            }
            Bearer::Installation(id) => match self.installations.get(id) {
                None => Err(Answer::error(401, "Bad credentials")),
                Some(one) if one.suspended => {
                    Err(Answer::error(403, "This installation has been suspended"))
                }
                Some(one) if !one.repos.contains(&repo) => Err(not_found()),
                Some(_) => Ok(()),
            },
        }
    }

    /// Asks for one of several permissions.
    pub(in crate::yard) fn need_any(
        &mut self,
        call: &Call,
        wanted: &[(&str, Level)],
    ) -> Result<(), Answer> {
        let allowed = match &call.caller {
            Caller::Token(token) => match &token.bearer {
                Bearer::Person(login) => call.method == "GET" || self.is_writer(login),
                Bearer::Installation(id) => {
                    // What the installation lost since the token was given out is lost to the token too.
                    let granted = self
                        .installations
                        .get(id)
                        .map(|one| one.permissions.clone())
                        .unwrap_or_default();
                    wanted.iter().any(|(name, level)| {
                        allows(&token.permissions, name, *level) && allows(&granted, name, *level)
                    })
                }
                Bearer::Run => wanted
                    .iter()
                    .any(|(name, level)| allows(&token.permissions, name, *level)),
            },
            Caller::Anonymous => call.method == "GET",
            Caller::App | Caller::Refused(_) => false,
        };
        if allowed {
            return Ok(());
        }
        let asked = wanted.first().map_or("", |(name, _)| *name);
        self.violations.push(Violation::NotPermitted(format!(
            "{} {} ({asked})",
            call.method, call.path
        )));
        Err(
            Answer::error(403, "Resource not accessible by integration").with(
                "x-accepted-github-permissions",
                wanted
                    .iter()
                    .map(|(name, level)| format!("{name}={}", word(*level)))
                    .collect::<Vec<_>>()
                    .join("; "),
            ),
        )
    }

    /// Whether somebody may write in any repository; which one was asked by `reach`.
    fn is_writer(&self, login: &str) -> bool {
        let writes = |repo: &Repository| self.role_in(repo, login) >= Permission::Write;
        self.repos.values().any(writes)
    }

    /// Asks for a permission.
    pub(in crate::yard) fn need(
        &mut self,
        call: &Call,
        permission: &str,
        level: Level,
    ) -> Result<(), Answer> {
        self.need_any(call, &[(permission, level)])
    }

    /// In whose name a call acts.
    pub(in crate::yard) fn actor(&self, call: &Call) -> String {
        match &call.caller {
            Caller::Token(Token {
                bearer: Bearer::Person(login),
                ..
            }) => login.clone(),
            Caller::Token(Token {
                bearer: Bearer::Run,
                ..
            }) => "github-actions[bot]".to_owned(),
            _ => self.bot(),
        }
    }

    /// Whether a call is made by an App's token without the `workflows` permission.
    pub(in crate::yard) fn minds_workflows(call: &Call) -> bool {
        match &call.caller {
            Caller::Token(token) => {
                !matches!(token.bearer, Bearer::Person(_))
                    && !allows(&token.permissions, "workflows", Level::Write)
            }
            _ => true,
        }
    }
}

const fn word(level: Level) -> &'static str {
    match level {
        Level::Read => "read",
        Level::Write => "write",
    }
}
