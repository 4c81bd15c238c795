//! octocrab, App authentication and webhook signatures, and only here.
