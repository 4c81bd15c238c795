//! The one binary of integration tests; a file a subject.

mod yard;
