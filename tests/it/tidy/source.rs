//! The files of `src/`, as text, as code without comments and strings, and as strings alone.

use std::path::Path;

/// One file of the source.
pub(super) struct File {
    /// From the root of the repository, with `/`.
    pub(super) path: String,
    /// As it stands.
    pub(super) text: String,
    /// Without comments, without the content of strings, without its unit tests.
    pub(super) code: String,
    /// What stands in its strings.
    pub(super) strings: Vec<String>,
}

impl File {
    pub(super) fn new(path: &str, text: &str) -> Self {
        let (code, strings) = split(without_tests(text));
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
            code,
            strings,
        }
    }
}

/// All files of Rust below `src/`.
pub(super) fn files() -> Vec<File> {
    below_src("rs")
}

/// All files of GraphQL below `src/`.
pub(super) fn queries() -> Vec<File> {
    below_src("graphql")
}

fn below_src(extension: &str) -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    let mut folders = vec![root.join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == extension) {
                let text = std::fs::read_to_string(&path).unwrap();
                let short = path.strip_prefix(root).unwrap().to_str().unwrap();
                files.push(File::new(short, &text));
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

/// Unit tests stand at the end of a file.
fn without_tests(text: &str) -> &str {
    text.find("\n#[cfg(test)]\nmod ")
        .map_or(text, |at| &text[..at])
}

/// Code and strings; a string's content is left out of the code.
fn split(text: &str) -> (String, Vec<String>) {
    let (mut code, mut strings) = (String::new(), Vec::new());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let taken = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if let Some(hashes) = raw_string(rest) {
            let close = format!("\"{}", "#".repeat(hashes));
            let start = hashes + 2;
            let end = rest[start..]
                .find(&close)
                .map_or(rest.len() - start, |at| at);
            strings.push(rest[start..start + end].to_owned());
            code.push_str("\"\"");
            (start + end + close.len()).min(rest.len())
        } else if c == '"' {
            let end = end_of_string(&rest[1..]);
            strings.push(rest[1..1 + end].to_owned());
            code.push_str("\"\"");
            (end + 2).min(rest.len())
        } else if c == '\'' && is_char(rest) {
            code.push_str("' '");
            let first = rest[1..].chars().next().map_or(1, char::len_utf8);
            let start = if rest[1..].starts_with('\\') {
                3
            } else {
                1 + first
            };
            rest[start..]
                .find('\'')
                .map_or(rest.len(), |at| start + at + 1)
        } else {
            code.push(c);
            c.len_utf8()
        };
        rest = &rest[taken..];
    }
    (code, strings)
}

/// The number of hashes where a raw string begins.
fn raw_string(text: &str) -> Option<usize> {
    let hashes = text.strip_prefix('r')?;
    let count = hashes.len() - hashes.trim_start_matches('#').len();
    hashes[count..].starts_with('"').then_some(count)
}

fn end_of_string(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at,
            _ => {}
        }
    }
    text.len()
}

/// A character and not a lifetime.
fn is_char(text: &str) -> bool {
    let mut chars = text.chars().skip(1);
    match (chars.next(), chars.next()) {
        (Some('\\'), _) => true,
        (Some(_), Some(end)) => end == '\'',
        _ => false,
    }
}

#[test]
fn code_is_told_from_words() {
    let text = "a('\"', b'{', 'x: \"it's // no\" + r#\"a \"q\" b\"#); // c\nfn z<'a>() {}\n#[cfg(test)]\nmod tests {}\n";
    let file = File::new("src/a.rs", text);
    assert_eq!(file.code, "a(' ', b' ', 'x: \"\" + \"\"); \nfn z<'a>() {}");
    assert_eq!(file.strings, ["it's // no", "a \"q\" b"]);
}
