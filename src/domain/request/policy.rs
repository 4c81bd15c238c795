//! The repository's own `.github/castellan.yml`, read from the base.
