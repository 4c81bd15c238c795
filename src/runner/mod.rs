//! What runs inside one job of GitHub Actions.
