//! What the values of a policy may be. Each reader refuses with a message and, after `; `, a
//! remedy; the parser adds the place.

use serde::de::{Error, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::domain::change::glob::check_glob;
use crate::domain::ids::is_login;
use crate::domain::text;

/// Commands of one kind: more belong into a script of the repository.
pub const COMMANDS: usize = 20;
/// Bytes of one command, for the same reason.
pub const COMMAND_BYTES: usize = 1_000;
/// Constraints: an agent keeps to few sentences.
pub const CONSTRAINTS: usize = 50;
/// Characters of one constraint.
pub const CONSTRAINT_CHARS: usize = 500;
/// Globs of one kind: they compile to one automaton.
pub const GLOBS: usize = 200;
/// Hosts of one kind: to which links may lead, or that programs may reach.
pub const HOSTS: usize = 50;
/// Bytes of a model's name; providers' own are far shorter.
const MODEL_BYTES: usize = 100;

/// Reads a list of at most `limit` texts, each refused by `check` with its own words.
pub(super) struct Texts<F> {
    pub(super) limit: usize,
    pub(super) check: F,
}

impl<'de, F: Fn(&str) -> Result<(), String>> Visitor<'de> for Texts<F> {
    type Value = Vec<String>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list of texts, one a line, each after `- `")
    }

    fn visit_unit<E: Error>(self) -> Result<Vec<String>, E> {
        Ok(Vec::new())
    }

    fn visit_none<E: Error>(self) -> Result<Vec<String>, E> {
        Ok(Vec::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<String>, A::Error> {
        let mut texts = Vec::new();
        while texts.len() < self.limit {
            let Some(text) = list.next_element::<String>()? else {
                return Ok(texts);
            };
            (self.check)(&text).map_err(A::Error::custom)?;
            texts.push(text);
        }
        match list.next_element::<IgnoredAny>()? {
            None => Ok(texts),
            Some(_) => Err(A::Error::custom(format!(
                "there are more than {} entries; remove some",
                self.limit
            ))),
        }
    }
}

pub(super) fn plain(text: &str) -> Result<(), String> {
    if text
        .chars()
        .all(|c| c != '\n' && text::class(c) == text::Class::Visible)
    {
        Ok(())
    } else {
        Err(String::from(
            "the text holds a line end, an unusual space or an invisible character; type it anew in one line",
        ))
    }
}

/// Whether `text` can be one command of a shell.
pub(in crate::domain::request) fn check_command(text: &str) -> Result<(), String> {
    if text.trim().is_empty() {
        return Err(String::from(
            "a command is empty; remove the entry or write a command",
        ));
    }
    if text.len() > COMMAND_BYTES {
        return Err(format!(
            "a command is longer than {COMMAND_BYTES} bytes; put it into a script of the repository"
        ));
    }
    plain(text)
}

pub(super) fn commands<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    from.deserialize_any(Texts {
        limit: COMMANDS,
        check: check_command,
    })
}

pub(super) fn globs<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let check = |text: &str| check_glob(text).map_err(|bad| bad.to_string());
    from.deserialize_any(Texts {
        limit: GLOBS,
        check,
    })
}

pub(super) fn constraints<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let check = |text: &str| {
        if text.trim().is_empty() || text.chars().count() > CONSTRAINT_CHARS {
            return Err(format!(
                "a constraint is empty or longer than {CONSTRAINT_CHARS} characters; write one sentence"
            ));
        }
        plain(text)
    };
    from.deserialize_any(Texts {
        limit: CONSTRAINTS,
        check,
    })
}

/// Whether `text` is a host name of several parts, in lower case.
pub(super) fn is_host(text: &str) -> bool {
    text.len() <= 253
        && text.contains('.')
        && text.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && label
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        })
}

pub(super) fn hosts<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let check = |text: &str| {
        if is_host(text) {
            Ok(())
        } else {
            Err(String::from(
                "a link's host is not a host name; write it in lower case without `https://` or a path, as in `docs.rs`",
            ))
        }
    };
    from.deserialize_any(Texts {
        limit: HOSTS,
        check,
    })
}

pub(super) fn login<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let Some(text) = Option::<String>::deserialize(from)? else {
        return Ok(None);
    };
    let bare = text.strip_prefix('@').unwrap_or(&text);
    if is_login(bare) {
        Ok(Some(bare.to_owned()))
    } else {
        Err(D::Error::custom(
            "the owner is not a login of GitHub; write one login, as in `alice`",
        ))
    }
}

fn within<'de, D: Deserializer<'de>>(from: D, what: &str, most: u64) -> Result<u64, D::Error> {
    let number = u64::deserialize(from)?;
    if (1..=most).contains(&number) {
        Ok(number)
    } else {
        Err(D::Error::custom(format!(
            "{number} {what} is out of range; write a number from 1 to {most}"
        )))
    }
}

macro_rules! ranges {
    ($($name:ident: $type:ty = $what:literal, $most:literal;)*) => {$(
        pub(super) fn $name<'de, D: Deserializer<'de>>(from: D) -> Result<$type, D::Error> {
            let number = within(from, $what, $most)?;
            <$type>::try_from(number).map_err(D::Error::custom)
        }
    )*};
}

ranges! {
    // More attempts than these mean that the task is not understood.
    attempts: u32 = "attempts", 20;
    // A job of GitHub Actions ends after 360 minutes.
    minutes: u32 = "minutes", 350;
    turns: u32 = "turns", 500;
    calls: u32 = "calls", 100_000;
    tokens: u64 = "tokens", 1_000_000_000;
    // GitHub lists at most 3000 files of a pull request.
    change_files: u32 = "files", 3_000;
    // A result is posted in one body.
    change_bytes: u64 = "bytes", 50_000_000;
    file_bytes: u64 = "bytes", 20_000_000;
    // Longer than an hour nobody waits for checks that are all over.
    settle: u32 = "seconds", 3_600;
    // GitHub keeps a job waiting for a runner for a day.
    check_minutes: u32 = "minutes", 1_440;
}

pub(super) fn ci_seconds<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    // Longer than a day no CI takes.
    match u64::deserialize(from)? {
        number @ 0..=86_400 => u32::try_from(number).map_err(D::Error::custom),
        number => Err(D::Error::custom(format!(
            "{number} seconds is out of range; write a number from 0 to 86400"
        ))),
    }
}

pub(super) fn cents<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    match Option::<u64>::deserialize(from)? {
        None => Ok(None),
        Some(number @ 1..=1_000_000) => u32::try_from(number).map(Some).map_err(D::Error::custom),
        Some(number) => Err(D::Error::custom(format!(
            "{number} cents is out of range; write a number from 1 to 1000000"
        ))),
    }
}

/// Whether `text` can be a model's name: it becomes part of addresses and messages.
#[must_use]
pub fn is_model(text: &str) -> bool {
    (1..=MODEL_BYTES).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-._:/@".contains(&b))
        && !text
            .split('/')
            .any(|part| part.is_empty() || part == "." || part == "..")
}

pub(super) fn model<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    match Option::<String>::deserialize(from)? {
        Some(text) if !is_model(&text) => Err(D::Error::custom(
            "this is not the name of a model; write one that the server's settings name",
        )),
        model => Ok(model),
    }
}

pub(super) fn version<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    match u64::deserialize(from)? {
        1 => Ok(1),
        other => Err(D::Error::custom(format!(
            "version {other} is not known here; write `version: 1`"
        ))),
    }
}
