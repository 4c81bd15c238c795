//! The model gateway: a real server and a real database, against a stand-in for a provider that
//! speaks all four dialects.

mod budget;
pub(crate) mod case;
mod drain;
mod lease;
mod passing;
pub(crate) mod provider;
mod secret;
mod trouble;
