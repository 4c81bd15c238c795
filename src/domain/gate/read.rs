//! From the bytes of a file to facts and a policy, with limits, and with a place and a remedy for
//! every mistake (X87). Duplicate keys are refused before anything is read.

use std::collections::HashSet;
use std::fmt;

use schemars::JsonSchema;
use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::bounded::{List, Text};
use super::facts::Facts;
use super::verdict::{Conclusion, Decision};
use crate::domain::request::policy::Policy;
use crate::domain::text;

/// Largest file of facts that is read, in bytes: a pull request of thousands of commits has one.
pub const FACTS_BYTES: usize = 8 * 1024 * 1024;
/// Nesting: the form itself has 9 levels.
const DEPTH: usize = 24;
/// Longest message that a mistake may have, in characters.
const MESSAGE: usize = 600;

/// Facts with the policy that they are judged by, and what is expected of the verdict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Facts of Castellan's gate (castellan gate FACTS.json)")]
pub struct Sample {
    /// What this shows, in a sentence.
    #[serde(default)]
    pub about: Option<Text<1000>>,
    /// What was observed.
    pub facts: Facts,
    /// The policy at the base's tip, in the form of `.github/castellan.yml`; absent: the usual.
    #[serde(default)]
    pub policy: Policy,
    /// What the verdict is expected to be.
    #[serde(default)]
    pub expect: Option<Expect>,
}

/// What a verdict is expected to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// The conclusion.
    pub conclusion: Conclusion,
    /// What decides.
    pub decision: Decision,
    /// What holds without deciding.
    #[serde(default)]
    pub noted: List<Decision, 10>,
    /// A part of the title.
    #[serde(default)]
    pub title: Option<Text<255>>,
    /// A part of what the table, the list of who did not count, or the waived lines say.
    #[serde(default)]
    pub says: Option<Text<255>>,
}

/// A mistake in a file of facts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct FactsError {
    /// Line, from 1; 0 where the mistake has no place.
    pub line: usize,
    /// Column, from 1; 0 where the mistake has no place.
    pub column: usize,
    /// What is wrong, in one safe line.
    pub message: String,
    /// What a person can do.
    pub remedy: String,
}

impl fmt::Display for FactsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            line,
            column,
            message,
            remedy,
        } = self;
        write!(f, "{line}:{column}: {message}; {remedy}")
    }
}

/// Reads facts with their policy.
///
/// # Errors
/// The file is too large, nested too deeply, no JSON, has duplicate keys, or holds a key or a
/// value that is not known or too long. The first mistake is named.
pub fn read(bytes: &[u8]) -> Result<Sample, FactsError> {
    if bytes.len() > FACTS_BYTES {
        return Err(FactsError {
            line: 0,
            column: 0,
            message: format!(
                "the file has {} bytes, and {FACTS_BYTES} are read",
                bytes.len()
            ),
            remedy: "shorten it".to_owned(),
        });
    }
    let mut from = serde_json::Deserializer::from_slice(bytes);
    Strict { depth: 0 }
        .deserialize(&mut from)
        .and_then(|()| from.end())
        .map_err(|error| explain(&error))?;
    serde_json::from_slice(bytes).map_err(|error| explain(&error))
}

/// The form of facts, for editors and for whoever makes some.
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Sample).to_value()
}

fn explain(error: &serde_json::Error) -> FactsError {
    let full = error.to_string();
    let said = full
        .rsplit_once(" at line ")
        .map_or(full.as_str(), |(said, _)| said);
    let known = [
        (
            "unknown field ",
            "key",
            "leave it out; keys are in `castellan gate --schema`",
        ),
        (
            "unknown variant ",
            "word",
            "write one of the words in `castellan gate --schema`",
        ),
        (
            "missing field ",
            "missing key",
            "add it; its form is in `castellan gate --schema`",
        ),
        ("duplicate field ", "repeated key", "keep one of them"),
    ];
    let named = known.iter().find_map(|(theirs, ours, remedy)| {
        let rest = said.strip_prefix(theirs)?;
        let name = rest.split('`').nth(1).unwrap_or("?");
        let message = match *ours {
            "missing key" => format!("the key `{name}` is missing"),
            "repeated key" => format!("the key `{name}` stands twice"),
            ours => format!("the {ours} `{name}` is not known here"),
        };
        Some((message, (*remedy).to_owned()))
    });
    let (message, remedy) = named.unwrap_or_else(|| match said.split_once("; ") {
        Some((message, remedy)) => (message.to_owned(), remedy.to_owned()),
        None if error.is_data() => (
            said.to_owned(),
            "see its form in `castellan gate --schema`".to_owned(),
        ),
        None => (
            said.to_owned(),
            "check brackets, commas and quotes".to_owned(),
        ),
    });
    FactsError {
        line: error.line(),
        column: error.column(),
        message: text::line(&message, MESSAGE),
        remedy: text::line(&remedy, MESSAGE),
    }
}

/// Walks through a value: no key twice, and nothing too deep.
struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: serde::de::Error>(&self) -> Result<Self, E> {
        match self.depth < DEPTH {
            true => Ok(Self {
                depth: self.depth + 1,
            }),
            false => Err(E::custom(format!(
                "it is nested deeper than {DEPTH} levels; facts are flat"
            ))),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("facts")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(self.deeper()?)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut known: HashSet<String> = HashSet::new();
        while let Some(key) = map.next_key::<String>()? {
            if known.contains(&key) {
                return Err(A::Error::custom(format!(
                    "the key `{}` stands twice; keep one of them",
                    text::line(&key, 80)
                )));
            }
            map.next_value_seed(self.deeper()?)?;
            known.insert(key);
        }
        Ok(())
    }
}
