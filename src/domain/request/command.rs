//! The strict grammar of `/agent …` in a comment.
