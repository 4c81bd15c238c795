//! Git as a hardened subprocess.
