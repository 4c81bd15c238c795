//! A report in JUnit's XML, as most test runners write one: the tests that failed in it.
//!
//! Takes what is there of a report that breaks off.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::clean::{clean, head};
use super::found::Test;

/// Tests that are taken from reports.
const TESTS: usize = 300;
/// Bytes of a name or a message.
const TEXT: usize = 300;

/// The tests of a report that failed or broke.
#[must_use]
pub fn failed_tests(report: &str) -> Vec<Test> {
    let mut reader = Reader::from_str(report);
    reader.config_mut().check_end_names = false;
    let mut failed = Vec::new();
    let mut current = Test::default();
    // Ends with the report, and with the first place that is no XML.
    while let Ok(event) = reader.read_event() {
        let (Event::Start(element) | Event::Empty(element)) = &event else {
            if matches!(event, Event::Eof) {
                break;
            }
            continue;
        };
        match element.local_name().as_ref() {
            "testcase" => current = case(element),
            "failure" | "error" if failed.len() < TESTS && !current.id.is_empty() => {
                let mut test = std::mem::take(&mut current);
                test.message = value(element, "message")
                    .or_else(|| value(element, "type"))
                    .unwrap_or_default();
                failed.push(test);
            }
            _ => {}
        }
    }
    failed
}

fn case(element: &BytesStart<'_>) -> Test {
    let name = value(element, "name").unwrap_or_default();
    let id = match value(element, "classname")
        .filter(|class| !class.is_empty() && !name.contains(class.as_str()))
    {
        Some(class) => format!("{class}.{name}"),
        None => name,
    };
    Test {
        framework: "junit",
        id,
        file: value(element, "file"),
        line: value(element, "line").and_then(|line| line.parse().ok()),
        message: String::new(),
    }
}

/// An attribute, cleaned, in one line.
fn value(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let attribute = element.try_get_attribute(name).ok()??;
    let text = attribute.value;
    let text = quick_xml::escape::unescape(&text)
        .map_or_else(|_| text.to_string(), std::borrow::Cow::into_owned);
    let line = text
        .split(['\n', '\r'])
        .find(|line| !line.trim().is_empty())
        .unwrap_or("");
    Some(head(&clean(line.as_bytes()), TEXT).to_owned())
}

#[cfg(test)]
mod tests {
    use super::failed_tests;

    #[test]
    fn the_failed_tests_of_a_report_are_taken() {
        let report = r#"<?xml version="1.0"?><testsuites><testsuite name="a">
          <testcase classname="a.B" name="fine"/>
          <testcase classname="a.B" name="adds" file="a/b.py" line="12"><failure message="assert 3 == 4&#10;more">at</failure></testcase>
          <testcase name="breaks"><error type="ValueError"/></testcase>
          <testcase name="skipped"><skipped/></testcase>"#;
        let found = failed_tests(report);
        let said: Vec<(&str, &str, Option<u32>)> = found
            .iter()
            .map(|test| (test.id.as_str(), test.message.as_str(), test.line))
            .collect();
        assert_eq!(
            said,
            [
                ("a.B.adds", "assert 3 == 4", Some(12)),
                ("breaks", "ValueError", None)
            ]
        );
        assert!(failed_tests("no xml at all <").is_empty());
    }
}
