//! The README's tables and its transcript are what the code says. With `CASTELLAN_REWRITE=1`
//! they are written anew instead of compared.

pub(crate) mod tables;
pub(crate) mod transcript;

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");

/// Compares the block between `<!-- name -->` and `<!-- /name -->` with `right`.
pub(crate) fn compare(name: &str, right: &str) {
    // Tests run side by side, and each may rewrite its own block of the same file.
    static ONE_AT_A_TIME: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock();
    let text = std::fs::read_to_string(README).unwrap();
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("\n<!-- /{name} -->"));
    let from = text.find(&begin).expect(&begin) + begin.len();
    let to = from + text[from..].find(&end).expect(&end);
    let right = right.trim_end();
    if std::env::var_os("CASTELLAN_REWRITE").is_some() {
        let new = format!("{}{right}{}", &text[..from], &text[to..]);
        std::fs::write(README, new).unwrap();
        return;
    }
    similar_asserts(&text[from..to], right, name);
}

fn similar_asserts(left: &str, right: &str, name: &str) {
    if left != right {
        let difference = similar::TextDiff::from_lines(left, right);
        panic!(
            "the README's {name} is not what the code says; CASTELLAN_REWRITE=1 cargo test readme rewrites it\n{}",
            difference.unified_diff().header("README.md", "the code")
        );
    }
}
