//! The merge gate: every row of its truth table as a file that anybody can judge, and what holds
//! for all facts.

mod cases;
mod codeowners;
mod command;
mod evidence_page;
mod properties;
mod rows;

use std::path::{Path, PathBuf};

use castellan::domain::gate::read::{Sample, read};

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/gate")
}

/// All samples by name, as `10a`.
pub(crate) fn samples() -> Vec<(String, Sample)> {
    let mut samples: Vec<(String, Sample)> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let sample = read(&std::fs::read(&path).unwrap());
            let sample = sample.unwrap_or_else(|error| panic!("{name}: {error}"));
            (name, sample)
        })
        .collect();
    samples.sort_by(|a, b| a.0.cmp(&b.0));
    samples
}

/// One sample.
pub(crate) fn sample(name: &str) -> Sample {
    let bytes = std::fs::read(folder().join(format!("{name}.json"))).unwrap();
    read(&bytes).unwrap()
}
