//! Canaries in every disguise (X38, X63).

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use castellan::domain::change::secret::{Canaries, scan};

#[test]
fn x38_x63_a_canary_is_found_in_every_disguise() {
    let canary = "castellan-canary-7f3a9c2e51d8";
    let canaries = Canaries::new(&[canary]);
    let reversed: String = canary.chars().rev().collect();
    let disguises = [
        canary.to_owned(),
        reversed.clone(),
        canary.to_uppercase(),
        hex::encode(canary),
        hex::encode_upper(canary),
        hex::encode(&reversed),
        BASE64_STANDARD.encode(canary),
        BASE64_STANDARD.encode(format!("x{canary}y")),
        BASE64_STANDARD.encode(format!("xy{canary}")),
        BASE64_URL_SAFE_NO_PAD.encode(format!("{canary}zz")),
        BASE64_STANDARD.encode(&reversed),
        canary[7..].to_owned(),
        canary[..14].to_owned(),
        canary.chars().map(|c| format!("{c}\n")).collect(),
        canary
            .as_bytes()
            .chunks(5)
            .map(|part| format!("\"{}\" + ", String::from_utf8_lossy(part)))
            .collect(),
    ];
    for disguise in disguises {
        let content = format!("some text\n{disguise}\nmore text");
        assert!(
            !scan(content.as_bytes(), &canaries).is_empty(),
            "{disguise}"
        );
    }
    assert!(
        scan(
            b"ordinary text of a castellan canary in prose",
            &Canaries::new(&["Zq8rT2vWx5yB7nM4"])
        )
        .is_empty()
    );
}
