//! Files of at most 400 lines, functions of at most 70, and a head that says what a file is for.

use super::source::File;

const FILE_LINES: usize = 400;
const FUNCTION_LINES: usize = 70;
/// Shortest head, in characters: a word or two say nothing.
const HEAD_CHARS: usize = 15;
/// Longest head; the architecture page of the crate is one of its own.
const HEAD_LINES: usize = 20;

pub(super) fn large(file: &File) -> Vec<String> {
    let mut found = Vec::new();
    let lines = file.text.lines().count();
    if lines > FILE_LINES {
        found.push(format!("{lines} lines; {FILE_LINES} are enough"));
    }
    let mut open: Option<(usize, String, i64)> = None;
    for (at, line) in file.code.lines().enumerate() {
        let is_function = line.contains("fn ")
            && FUNCTION_WORDS
                .iter()
                .any(|word| line.trim_start().starts_with(word));
        if open.is_none() && is_function {
            open = Some((at, line.trim().to_owned(), 0));
        }
        let Some((start, name, depth)) = &mut open else {
            continue;
        };
        *depth += braces(line);
        let ends = *depth == 0 && (line.contains('}') || line.trim_end().ends_with(';'));
        if ends {
            let lines = at - *start + 1;
            if lines > FUNCTION_LINES {
                found.push(format!(
                    "{lines} lines in `{name}`; {FUNCTION_LINES} are enough"
                ));
            }
            open = None;
        }
    }
    found
}

const FUNCTION_WORDS: [&str; 6] = ["fn ", "pub ", "pub(", "async ", "const ", "unsafe "];

fn braces(line: &str) -> i64 {
    let count = |brace| i64::try_from(line.matches(brace).count()).unwrap_or(0);
    count('{') - count('}')
}

pub(super) fn silent(file: &File) -> Vec<String> {
    let head: Vec<&str> = file
        .text
        .lines()
        .take_while(|line| line.starts_with("//!"))
        .collect();
    let words: usize = head
        .iter()
        .map(|line| line.trim_start_matches("//!").trim().len())
        .sum();
    if words < HEAD_CHARS {
        return vec!["it does not say at its head (`//!`) what it is for".to_owned()];
    }
    if head.len() > HEAD_LINES && file.path != "src/lib.rs" {
        return vec![format!("its head has {} lines", head.len())];
    }
    Vec::new()
}
