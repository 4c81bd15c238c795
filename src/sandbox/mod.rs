//! bubblewrap as a hardened subprocess: one command, no network, no secret, bounded.
