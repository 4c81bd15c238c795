//! Where a file lies: its name, and the folders above it.

/// The last part of a path.
pub(super) fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Whether a path goes through a folder of one of these names.
pub(super) fn is_below(path: &str, folders: &[&str]) -> bool {
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    parts.iter().any(|part| folders.contains(part))
}
