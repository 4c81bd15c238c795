//! The session of the scripted agent: a file in its home, which a later process may load.
//!
//! It forgets quietly what it cannot write: agents do.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The file below the home.
const FILE: &str = ".scripted/session";

/// The session's id on the first line, and what was noted on those behind it.
pub(crate) struct Memory {
    path: PathBuf,
    /// What it knows of the session that is open.
    noted: Mutex<String>,
    id: Mutex<String>,
}

impl Memory {
    #[expect(
        clippy::disallowed_methods,
        reason = "it is the agent: whoever starts it says where its home is"
    )]
    pub(crate) fn of_home() -> Self {
        let home = std::env::var("HOME").unwrap_or_default();
        Self {
            path: Path::new(&home).join(FILE),
            noted: Mutex::default(),
            id: Mutex::default(),
        }
    }

    /// Begins a new session, and gives its id.
    pub(crate) fn begin(&self) -> String {
        let id = format!("scripted-{}", std::process::id());
        *locked(&self.id) = id.clone();
        self.save();
        id
    }

    /// Takes a session up again: what was noted in it; `None` where there is no such session.
    pub(crate) fn load(&self, id: &str) -> Option<String> {
        let text = std::fs::read_to_string(&self.path).ok()?;
        let (known, noted) = text.split_once('\n')?;
        (known == id).then(|| {
            *locked(&self.id) = id.to_owned();
            *locked(&self.noted) = noted.to_owned();
            noted.to_owned()
        })
    }

    pub(crate) fn remember(&self, text: &str) {
        let mut noted = locked(&self.noted);
        noted.push_str(text);
        drop(noted);
        self.save();
    }

    pub(crate) fn recall(&self) -> String {
        match locked(&self.noted).as_str() {
            "" => "I remember nothing.".to_owned(),
            noted => format!("I remember: {noted}"),
        }
    }

    fn save(&self) {
        if let Some(folder) = self.path.parent() {
            let _ = std::fs::create_dir_all(folder);
        }
        let text = format!("{}\n{}", locked(&self.id), locked(&self.noted));
        let _ = std::fs::write(&self.path, text);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
