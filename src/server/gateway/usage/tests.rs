//! Usage of all four dialects, whole and cut off, split at every byte.

use super::*;

const MESSAGES: &str = "event: message_start\r\ndata: {\"type\":\"message_start\",\"message\":{\"content\":[],\"usage\":{\"input_tokens\":12,\"cache_creation_input_tokens\":3,\"cache_read_input_tokens\":40,\"output_tokens\":1}}}\r\n\r\nevent: content_block_delta\r\ndata: {\"type\":\"content_block_delta\",\"delta\":{\"text\":\"say \\\"usage\\\": {\\\"output_tokens\\\": 0} \u{e4}\"}}\r\n\r\nevent: message_delta\r\ndata: {\"type\":\"message_delta\",\"delta\":{},\"usage\":{\"output_tokens\":25}}\r\n\r\nevent: message_stop\r\ndata: {\"type\":\"message_stop\"}\r\n\r\n";
const RESPONSES: &str = "event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"usage\":null}}\n\nevent: response.output_text.delta\ndata: {\"delta\":\"x\"}\n\nevent: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"usage\":{\"input_tokens\":55,\"input_tokens_details\":{\"cached_tokens\":40},\"output_tokens\":25,\"total_tokens\":80}}}\n\n";
const CHAT: &str = "data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}],\"usage\":null}\n\ndata: {\"choices\":[],\"usage\":{\"prompt_tokens\":55,\"completion_tokens\":25,\"prompt_tokens_details\":{\"cached_tokens\":40}}}\n\ndata: [DONE]\n\n";
const GEMINI: &str = "data: {\"candidates\":[{\"content\":{}}],\"usageMetadata\":{\"promptTokenCount\":55,\"cachedContentTokenCount\":40,\"candidatesTokenCount\":1}}\r\n\r\ndata: {\"candidates\":[{\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":55,\"cachedContentTokenCount\":40,\"candidatesTokenCount\":20,\"thoughtsTokenCount\":5}}\r\n\r\n";

const SEEN: Tokens = Tokens {
    input: 15,
    cache_read: 40,
    cache_write: 0,
    output: 25,
};

fn streams() -> [(Dialect, &'static str, Tokens); 4] {
    let messages = Tokens {
        input: 12,
        cache_write: 3,
        ..SEEN
    };
    [
        (Dialect::Messages, MESSAGES, messages),
        (Dialect::Responses, RESPONSES, SEEN),
        (Dialect::Chat, CHAT, SEEN),
        (Dialect::Gemini, GEMINI, SEEN),
    ]
}

fn read(dialect: Dialect, is_events: bool, pieces: &[&[u8]], ends: bool) -> Usage {
    let mut tap = Tap::new(dialect);
    tap.begins(is_events);
    for piece in pieces {
        tap.passes(piece);
    }
    if ends {
        tap.ends();
    }
    tap.usage()
}

#[test]
fn events_split_at_every_byte_say_what_they_cost() {
    for (dialect, text, tokens) in streams() {
        let expected = Usage {
            tokens: Some(tokens),
            whole: true,
        };
        for at in 0..=text.len() {
            let (before, after) = text.as_bytes().split_at(at);
            assert_eq!(
                read(dialect, true, &[before, after], true),
                expected,
                "{dialect:?} {at}"
            );
        }
        let single: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
        assert_eq!(read(dialect, true, &single, true), expected);
    }
}

#[test]
fn a_stream_that_is_cut_off_anywhere_is_never_whole() {
    for (dialect, text, _) in streams() {
        for at in 0..text.len() {
            let part = text.as_bytes().get(..at).unwrap();
            assert!(!read(dialect, true, &[part], false).whole);
            // Where the connection just closes, only the last words tell.
            let usage = read(dialect, true, &[part], true);
            let rest = text.get(at..).unwrap_or_default();
            assert!(
                !usage.whole || rest.trim().len() <= 1,
                "{dialect:?} {at} {rest}"
            );
        }
    }
}

#[test]
fn documents_say_what_they_cost() {
    for (dialect, document) in [
        (
            Dialect::Messages,
            "{\"usage\":{\"input_tokens\":15,\"cache_read_input_tokens\":40,\"cache_creation_input_tokens\":null,\"output_tokens\":25}}",
        ),
        (
            Dialect::Responses,
            "{\"usage\":{\"input_tokens\":55,\"input_tokens_details\":{\"cached_tokens\":40},\"output_tokens\":25}}",
        ),
        (
            Dialect::Chat,
            "{\"usage\":{\"prompt_tokens\":55,\"completion_tokens\":25,\"prompt_tokens_details\":{\"cached_tokens\":40}}}",
        ),
        (
            Dialect::Gemini,
            "{\"usageMetadata\":{\"promptTokenCount\":55,\"cachedContentTokenCount\":40,\"candidatesTokenCount\":25}}",
        ),
        (
            Dialect::Gemini,
            "[{\"usageMetadata\":{\"promptTokenCount\":55}},{\"usageMetadata\":{\"promptTokenCount\":50,\"toolUsePromptTokenCount\":5,\"cachedContentTokenCount\":40,\"candidatesTokenCount\":25}}]",
        ),
    ] {
        let usage = read(dialect, false, &[document.as_bytes()], true);
        assert_eq!(
            usage,
            Usage {
                tokens: Some(SEEN),
                whole: true
            },
            "{document}"
        );
        let half = document.as_bytes().get(..document.len() - 1).unwrap();
        assert_eq!(read(dialect, false, &[half], true), Usage::default());
    }
}

#[test]
fn what_is_too_long_is_not_kept_and_what_is_absurd_is_not_known() {
    let mut tap = Tap::new(Dialect::Chat);
    tap.begins(true);
    let piece = vec![b'x'; 1024 * 1024];
    tap.passes(b"data: ");
    for _ in 0..20 {
        tap.passes(&piece);
    }
    assert!(tap.kept.capacity() <= KEPT_BYTES_MAX);
    tap.passes(b"\n\n");
    tap.passes(CHAT.as_bytes());
    tap.ends();
    assert!(tap.usage().whole, "the next line is read again");
    for absurd in ["-1", "1e99", "\"7\"", "1.5"] {
        let text = format!("{{\"usage\":{{\"prompt_tokens\":{absurd},\"completion_tokens\":1}}}}");
        assert_eq!(
            read(Dialect::Chat, false, &[text.as_bytes()], true),
            Usage::default()
        );
    }
}
