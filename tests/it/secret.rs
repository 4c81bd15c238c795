//! Which finds of a scan for secrets are new (X63).

use castellan::domain::change::secret::scan_new;

#[test]
fn x63_placeholders_and_old_finds_hide_no_secret_behind_them() {
    // In two parts, so that no scanner takes this file for a leak.
    let key = |end: &str| format!("key AK{}{end}\n", "IAQWERTYUIOPASDF");
    let real = concat!("password = \"kX9vQ2", "mLr8Tz5WbN4cJ7y\"\n");
    let placeholders = "token = \"your-token-goes-here-example-1\"\n".repeat(150);
    let old_ones: String = (0..30)
        .map(|i| {
            key(&format!(
                "{}{}",
                char::from(b'A' + i % 26),
                char::from(b'A' + i / 26)
            ))
        })
        .collect();
    for (old, new, line) in [
        (String::new(), format!("{placeholders}{real}"), 151),
        (old_ones.clone(), format!("{old_ones}{real}"), 31),
        (old_ones.clone(), format!("{old_ones}{}", key("ZZ")), 31),
    ] {
        let found: Vec<_> = scan_new(new.as_bytes(), old.as_bytes());
        let lines: Vec<_> = found.iter().map(|found| found.line).collect();
        assert_eq!(lines, [line]);
    }
    assert_eq!(scan_new(old_ones.as_bytes(), b"").len(), 20);
}
