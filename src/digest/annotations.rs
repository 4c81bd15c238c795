//! The annotations of a check run, as GitHub's API lists them: places that a tool marked as
//! failed, and what the runner itself said. They are foreign text like the log.
//!
//! Of a log they know more than it does: the runner prints what an annotation says, but not
//! where. What the log said of the same place is not said twice.

use serde::Deserialize;

use super::clean::{clean, head};
use super::found::{Class, Diagnostic};
use super::needles::Needles;
use super::rules::Seen;

/// What an annotation is called among the tools.
pub(super) const ANNOTATION: &str = "annotation";
/// Annotations that are read; GitHub keeps fewer of one job.
const READ: usize = 300;
/// Bytes of a path or a message.
const TEXT: usize = 300;

/// The annotations of one check run that tell of a failure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Annotations {
    /// What was marked, in GitHub's order.
    pub found: Vec<Diagnostic>,
    /// The code with which the runner says that a step ended.
    pub exit_code: Option<i32>,
}

#[derive(Deserialize)]
struct Listed {
    #[serde(default)]
    path: Option<String>,
    #[serde(default)]
    start_line: Option<u32>,
    #[serde(default)]
    start_column: Option<u32>,
    #[serde(default)]
    annotation_level: Option<String>,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    message: Option<String>,
}

/// One page of a list, or all pages.
#[derive(Deserialize)]
#[serde(untagged)]
enum Listing {
    Page(Vec<Listed>),
    Pages(Vec<Vec<Listed>>),
}

impl Annotations {
    /// Takes the failures of a list, or of several pages one after the other, as
    /// `GET /repos/{owner}/{repo}/check-runs/{id}/annotations` gives them. Warnings and notices
    /// are no failures.
    ///
    /// # Errors
    ///
    /// When the text is not the JSON of such lists.
    pub fn read(json: &str) -> Result<Self, serde_json::Error> {
        let mut all = Self::default();
        for listing in serde_json::Deserializer::from_str(json).into_iter::<Listing>() {
            let listed = match listing? {
                Listing::Page(listed) => listed,
                Listing::Pages(pages) => pages.into_iter().flatten().collect(),
            };
            for one in listed {
                all.take(&one);
            }
        }
        Ok(all)
    }

    /// Whether they tell of no failure.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.found.is_empty() && self.exit_code.is_none()
    }

    /// Takes those of another file.
    pub fn extend(&mut self, other: Self) {
        self.found.extend(other.found);
        self.found.truncate(READ);
        self.exit_code = self.exit_code.or(other.exit_code);
    }

    fn take(&mut self, one: &Listed) {
        if one.annotation_level.as_deref() != Some("failure") || self.found.len() >= READ {
            return;
        }
        let message = line(one.message.as_deref());
        let code = message
            .strip_prefix("Process completed with exit code ")
            .and_then(|rest| rest.trim_end_matches('.').parse().ok());
        if code.is_some() {
            self.exit_code = self.exit_code.or(code);
            return;
        }
        let title = line(one.title.as_deref());
        let message = match (title.is_empty(), message.is_empty()) {
            (true, true) => return,
            (false, false) if !message.contains(&title) => format!("{title}: {message}"),
            (false, true) => title,
            _ => message,
        };
        // What the runner itself says is of no file: it names the workflows' folder.
        let file = line(one.path.as_deref());
        let file = Some(file).filter(|file| !file.is_empty() && file != ".github");
        self.found.push(Diagnostic {
            tool: ANNOTATION,
            line: one.start_line.filter(|line| *line > 0 && file.is_some()),
            column: one
                .start_column
                .filter(|column| *column > 0 && file.is_some()),
            file,
            code: None,
            message: head(&message, TEXT).to_owned(),
            times: 1,
        });
    }

    /// The kind of failure that one of them names most surely, and how surely.
    pub(super) fn class(&self) -> Option<(Class, u8)> {
        let signs = self.found.iter().filter_map(|found| {
            let sign = Needles::get().read(&Seen {
                text: &found.message,
                before: &|_| None,
            })?;
            Some((sign.class?, sign.weight))
        });
        signs.max_by_key(|(_, weight)| *weight)
    }
}

/// Whether two diagnostics are of one thing: the same place, and words that one shares with the
/// other.
pub(super) fn same(known: &Diagnostic, found: &Diagnostic) -> bool {
    let column = known.column.is_none() || found.column.is_none() || known.column == found.column;
    let (Some(one), Some(other)) = (&known.file, &found.file) else {
        return shares(&known.message, &found.message);
    };
    ends_alike(one, other)
        && (known.line == found.line || known.line.is_none())
        && column
        && shares(&known.message, &found.message)
}

/// Whether two paths are of one file, one of them from another folder on.
pub(super) fn ends_alike(one: &str, other: &str) -> bool {
    let plain = |path: &str| path.replace('\\', "/").trim_start_matches("./").to_owned();
    let (one, other) = (plain(one), plain(other));
    let (short, long) = if one.len() <= other.len() {
        (one, other)
    } else {
        (other, one)
    };
    long.strip_suffix(&short)
        .is_some_and(|front| front.is_empty() || front.ends_with('/'))
}

/// Whether one message holds the other, or its beginning; white space does not count.
pub(super) fn shares(one: &str, other: &str) -> bool {
    let squeezed = |text: &str| -> String {
        let plain = text.chars().filter(|char| !char.is_whitespace());
        plain.take(120).collect()
    };
    let (one, other) = (squeezed(one), squeezed(other));
    let start = |text: &str| text.chars().take(40).collect::<String>();
    let holds = |long: &str, short: &str| short.len() >= 8 && long.contains(&start(short));
    holds(&one, &other) || holds(&other, &one) || one == other
}

/// The first line that says something.
fn line(text: Option<&str>) -> String {
    let mut lines = text.unwrap_or("").split(['\n', '\r']);
    let first = lines.find(|line| !line.trim().is_empty()).unwrap_or("");
    head(clean(first.as_bytes()).trim(), TEXT).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_failures_of_a_list_are_taken() {
        let list = r#"[
            {"path":"src/a.rs","start_line":3,"end_line":3,"start_column":7,"annotation_level":"failure","title":"","message":"no such name\nmore","raw_details":""},
            {"path":"src/b.rs","start_line":1,"annotation_level":"warning","message":"unused"},
            {"path":".github","start_line":17,"annotation_level":"failure","message":"Process completed with exit code 2."},
            {"path":".github","start_line":1,"annotation_level":"failure","title":"test","message":"The hosted runner lost communication with the server."}]"#;
        let found = Annotations::read(list).unwrap();
        let said: Vec<_> = found
            .found
            .iter()
            .map(|found| (found.file.as_deref(), found.line, found.message.as_str()))
            .collect();
        assert_eq!(
            said,
            [
                (Some("src/a.rs"), Some(3), "no such name"),
                (
                    None,
                    None,
                    "test: The hosted runner lost communication with the server."
                )
            ]
        );
        assert_eq!(found.exit_code, Some(2));
        assert_eq!(found.class().unwrap().0, Class::Infrastructure);
        let pages = Annotations::read(&format!("{list}\n{list}")).unwrap();
        assert_eq!(
            pages,
            Annotations::read(&format!("[{list},{list}]")).unwrap()
        );
        assert_eq!(pages.found.len(), 4);
        assert!(Annotations::read("[]").unwrap().is_empty());
        assert!(Annotations::read("{}").is_err() && Annotations::read("no").is_err());
    }

    #[test]
    fn one_place_is_told_from_another() {
        assert!(ends_alike("/home/ci/a/src/x.c", "src/x.c") && ends_alike("./x.c", "x.c"));
        assert!(!ends_alike("src/ax.c", "x.c"));
        assert!(shares("error: no such name `a`", "no  such name `a`") && !shares("a", "b"));
    }
}
