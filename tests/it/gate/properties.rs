//! What holds for all facts.
