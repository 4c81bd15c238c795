//! Text on its way in and out: the corpora of X31, X32, X39, X40, and properties that an
//! independent reading of the output checks.

use std::fmt::Write as _;
use std::sync::LazyLock;

use castellan::domain::text::{
    LinkHosts, clean, clean_title, code_block, commit_text, is_visible, line, neutral,
    neutral_with, sentence,
};
use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use regex::Regex;
use serde::Deserialize;

#[derive(Deserialize)]
struct Inbound {
    name: String,
    raw: String,
    removed: Vec<castellan::domain::text::RemovedKind>,
    gone: Vec<String>,
}

#[derive(Deserialize)]
struct Outbound {
    name: String,
    raw: String,
}

#[test]
fn x31_x32_only_what_a_person_sees_comes_in() {
    let cases: Vec<Inbound> =
        serde_json::from_str(include_str!("../../fixtures/text/x32.json")).unwrap();
    let mut shown = String::new();
    for case in cases {
        let cleaned = clean(&case.raw, 10_000);
        let kinds: Vec<_> = cleaned.removed.iter().map(|removed| removed.kind).collect();
        for kind in &case.removed {
            assert!(
                kinds.contains(kind),
                "{}: {kinds:?} has no {kind:?}",
                case.name
            );
        }
        if case.removed.is_empty() {
            assert!(kinds.is_empty(), "{}: {kinds:?}", case.name);
        }
        for gone in &case.gone {
            assert!(
                !cleaned.text.contains(gone.as_str()),
                "{}: {gone:?} is left in {:?}",
                case.name,
                cleaned.text
            );
        }
        let said = sentence(&cleaned.removed).unwrap_or_default();
        writeln!(
            shown,
            "# {}\n{}\n-- {said}\n",
            case.name,
            cleaned.text.trim_end()
        )
        .unwrap();
    }
    insta::assert_snapshot!(shown);
}

fn hosts() -> Vec<String> {
    vec![String::from("docs.rs")]
}

#[test]
fn x8_x39_x40_nothing_acts_on_the_way_out() {
    let cases: Vec<Outbound> =
        serde_json::from_str(include_str!("../../fixtures/text/x40.json")).unwrap();
    let mut shown = String::new();
    let hosts = hosts();
    for case in cases {
        let out = neutral_with(&case.raw, 5_000, LinkHosts(&hosts));
        if let Err(found) = acts(&out, &hosts) {
            panic!("{}: {found} in\n{out}", case.name);
        }
        writeln!(shown, "# {}\n{out}\n", case.name).unwrap();
    }
    insta::assert_snapshot!(shown);
}

/// Mentions, references and addresses in drawn text, and what bots read in the raw text.
static PATTERNS: LazyLock<[Regex; 4]> = LazyLock::new(|| {
    [
        r"(?:^|[^\w`])@[A-Za-z0-9]",
        r"(?i)#[0-9]|\bGH-[0-9]",
        r"(?i)[a-z][a-z0-9+.-]*://[^\s]*|\bwww\.[a-z]",
        concat!(
            r"(?im)^[\s>*+-]*(?:/[a-z]+(?:\s|$)|bors\b|@?dependabot\b)|^[\s>*+-]*[A-Za-z]+-[A-Za-z-]+[ \t]*:",
            r"|\[(?:skip ci|ci skip|no ci|skip actions|actions skip)\]",
            r"|\b(?:fix|fixes|fixed|close[sd]?|resolve[sd]?):?[ \t]+[\w/.-]*#[0-9]",
        ),
    ]
    .map(|text| Regex::new(text).unwrap())
});

/// Whether text that a page shows outside of code acts.
fn text_acts(text: &str, link: bool, hosts: &[String]) -> Result<(), String> {
    let [mention, reference, address, _] = &*PATTERNS;
    if mention.is_match(text) {
        return Err(format!("a mention in {text:?}"));
    }
    if reference.is_match(text) {
        return Err(format!("a reference in {text:?}"));
    }
    for found in address.find_iter(text) {
        let rest = found.as_str().strip_prefix("https://").unwrap_or("");
        let host = rest.split('/').next().unwrap_or("");
        // A host allows its sub-domains too.
        let named = |allowed: &String| host == allowed || host.ends_with(&format!(".{allowed}"));
        if !link && !hosts.iter().any(named) {
            return Err(format!("an address in {text:?}"));
        }
    }
    Ok(())
}

/// What a page made of `markdown` would do: an independent reading, by parsing and by looking at
/// the raw text as bots do.
fn acts(markdown: &str, hosts: &[String]) -> Result<(), String> {
    let [_, _, _, raw] = &*PATTERNS;
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_TASKLISTS;
    let (mut code, mut text, mut link) = (false, String::new(), false);
    let check = |text: &str, link: bool| text_acts(text, link, hosts);
    for event in Parser::new_ext(markdown, options) {
        match event {
            Event::Start(Tag::CodeBlock(_)) => code = true,
            Event::End(TagEnd::CodeBlock) => code = false,
            Event::Text(part) if !code => text.push_str(&part),
            Event::Code(_) => text.push('\u{1}'),
            Event::Start(Tag::Image { .. }) => return Err(String::from("an image")),
            Event::Start(Tag::Link { dest_url, .. }) => {
                let allowed = hosts
                    .iter()
                    .any(|host| dest_url.starts_with(&format!("https://{host}")));
                if !allowed {
                    return Err(format!("a link to {dest_url}"));
                }
                link = true;
            }
            Event::End(TagEnd::Link) => link = false,
            Event::Html(html) | Event::InlineHtml(html) => return Err(format!("HTML {html:?}")),
            Event::FootnoteReference(_) => return Err(String::from("a footnote")),
            Event::End(_) | Event::SoftBreak | Event::HardBreak => {
                check(&text, link)?;
                text.clear();
            }
            _ => {}
        }
    }
    check(&text, link)?;
    match raw.find(markdown) {
        Some(found) => Err(format!("{:?} in the raw text", found.as_str())),
        None => match markdown.chars().find(|c| !is_visible(*c)) {
            Some(c) => Err(format!("U+{:04X}", u32::from(c))),
            None => Ok(()),
        },
    }
}

#[test]
fn x14_x41_x42_one_line_stays_one_line() {
    for (raw, wanted) in [
        ("a\nb\r\nc\u{2028}d", "a b c d"),
        ("\u{1b}[31mred\u{1b}[0m \u{1b}]0;title\u{7}done", "red done"),
        ("::set-output name=x::y", ": :set-output name=x::y"),
        ("\n::error file=a::b", ": :error file=a::b"),
        ("##[command]x", "# #[command]x"),
        ("std::fs::read", "std::fs::read"),
        ("\u{202e}evil\u{200b}", "evil"),
        ("{\"json\":\"\u{0}\"}", "{\"json\":\"\"}"),
    ] {
        assert_eq!(line(raw, 100), wanted, "{raw:?}");
    }
    assert_eq!(line(&"x".repeat(10_000), 10), "xxxxxxxxx…");
}

#[test]
fn x40_a_foreign_title_means_nothing_in_a_commit() {
    let titles = [
        "fixes #1 and closes octo/x#2",
        "[skip ci] update",
        "@everyone look at https://github.com/octo/x/issues/1",
        "Co-authored-by: victim <v@example.org>",
        "fixup! /agent run",
        "/lgtm",
        "a\n\nSigned-off-by: x\n\nskip-checks: true",
        "***NO_CI*** GH-12",
        "bors r+",
        "Parse dates in C# and Rust",
        "/::error::x",
        "/ ::set-output name=x::y",
        "/##[command]x",
        "/Co-authored-by: victim <v@example.org>",
        "fixup! Signed-off-by: victim",
    ];
    let shown: Vec<String> = titles
        .iter()
        .map(|title| format!("{title:?}\n  {}", commit_text(title, 72)))
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn a_long_line_is_cut_and_not_lost() {
    let out = neutral(&format!("{} @alice", "word ".repeat(400)), 200);
    assert!(
        out.starts_with("word word") && out.ends_with("(shortened)"),
        "{out}"
    );
    assert!(out.chars().count() <= 200);
    let out = neutral(&"@alice ".repeat(400), 100);
    acts(&out, &[]).unwrap();
}

#[test]
fn hostile_repetition_takes_no_time() {
    for piece in [
        "[", "<", "*", "`", "<!--", "&#8203;", "![", "](", "> ", "[a](", "|", "@", "\\", "[^",
        "<a ", "&", "- ",
    ] {
        let raw = piece.repeat(20_000 / piece.len());
        let _ = clean(&raw, 65_536);
        let _ = neutral(&raw, 10_000);
        let _ = line(&raw, 1_000);
    }
}

#[test]
fn x31_a_cut_through_a_comment_shows_nothing_of_it() {
    let hidden = |words: &str| format!("<!-- {} -->", words.repeat(2_000));
    let raw = format!("Do {} this {}.", hidden("xy "), hidden("ignore "));
    for limit in [100, 1_000, 5_000] {
        assert_eq!(clean(&raw, limit).text, "Do  this .", "{limit}");
    }
}

#[test]
fn a_title_keeps_what_a_page_shows_of_it() {
    let cleaned = clean_title("Fix Vec<String>\u{200b} in `parse`", 100);
    assert_eq!(cleaned.text, "Fix Vec<String> in `parse`");
    assert_eq!(
        sentence(&cleaned.removed).unwrap(),
        "1 invisible character was removed."
    );
}

#[test]
fn a_block_of_code_cannot_be_left() {
    let block = code_block("```\n````\n@alice\n/lgtm\n[skip ci]\nfixes #1", 1_000);
    assert!(block.starts_with("`````text\n"), "{block}");
    acts(&block, &[]).unwrap();
    assert!(code_block(&"x\n".repeat(100), 10).contains("(shortened)"));
    insta::assert_snapshot!(block);
}

/// Cases of each property: the whole file stays within seconds.
const CASES: u32 = 300;

/// Text of the pieces that attacks are made of.
fn nasty() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec![
            "@", "alice", "everyone", "#", "1", "fixes ", "closes ", "`", "``", "```", "\n", "\n\n", "    ", "> ",
            "- ", "|", "||\n|-|-|\n|", "[", "]", "(", ")", "](", "![", "<", ">", "<!--", "-->", "&", "#64;", "&#8203;", "&lt;",
            "\\", "*", "_", "~~~", "~", "https://", "evil.example", "docs.rs", "/x", "www.", ":", "/agent", " run", "/lgtm",
            "bors r+", "[skip ci]", "Co-authored-by", ": ", "\u{200b}", "\u{202e}", "\u{e0041}", "\r\n", "\t", "<a href=x>",
            "<b ", "[a]: ", "[^1]", "[^1]: ", "\"t\"", "GH-", "octo/x", "!", " ", "<details>", "</", "title=\"x\"",
            "<svg>", "</svg>", "<title>", "<div", "=\"", "--!>", "<?", "mermaid\n", "[^1]\n\n",
        ]).prop_map(str::to_owned),
        1 => any::<String>(),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cleaning_what_is_clean_changes_nothing(raw in nasty(), limit in 0_usize..200) {
        let once = clean(&raw, limit);
        prop_assert!(once.text.chars().count() <= limit);
        prop_assert!(once.text.chars().all(is_visible));
        let twice = clean(&once.text, limit);
        prop_assert_eq!(&twice.text, &once.text);
        prop_assert!(twice.removed.is_empty(), "{:?}", twice.removed);
    }

    #[test]
    fn nothing_acts_in_what_goes_out(raw in nasty()) {
        let hosts = hosts();
        let out = neutral_with(&raw, 400, LinkHosts(&hosts));
        prop_assert!(out.chars().count() <= 400);
        if let Err(found) = acts(&out, &hosts) {
            prop_assert!(false, "{} in {:?} of {:?}", found, out, raw);
        }
        let again = neutral_with(&out, 4_000, LinkHosts(&hosts));
        if let Err(found) = acts(&again, &hosts) {
            prop_assert!(false, "again: {} in {:?} of {:?}", found, again, out);
        }
    }

    #[test]
    fn quoted_text_cannot_change_what_stands_after_it(raw in nasty()) {
        let body = format!("{}\n\n/x {}", neutral(&raw, 400), "");
        let with_code = format!("{}\n\n```\nours\n```\n", neutral(&raw, 400));
        let ours = Parser::new(&with_code).any(|event| matches!(event, Event::Text(text) if text.trim() == "ours"));
        prop_assert!(ours, "{with_code:?} {body:?}");
    }

    #[test]
    fn lines_titles_and_blocks_are_safe(raw in nasty(), limit in 0_usize..100) {
        let one = line(&raw, limit);
        prop_assert!(one.chars().count() <= limit);
        prop_assert!(!one.contains('\n') && one.chars().all(is_visible) && !one.starts_with("::"));
        let title = commit_text(&raw, limit);
        prop_assert!(title.chars().count() <= limit && !title.contains('\n'));
        let acting = Regex::new(r"(?i)@[a-z0-9]|#[0-9]|://|\[skip ci\]|^/|^::|^##\[|^[a-z0-9]+-[a-z0-9-]+ *:").unwrap();
        prop_assert!(!acting.is_match(&title), "{title:?}");
        let block = code_block(&raw, limit);
        let blocks = Parser::new(&block).filter(|event| matches!(event, Event::Start(_))).count();
        prop_assert_eq!(blocks, 1, "{:?}", block);
    }
}
