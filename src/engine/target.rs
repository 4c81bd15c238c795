//! The repository of a notice, of a task or of a row, for a call.

use crate::domain::notice::Place;
use crate::domain::task::Task;
use crate::github::Target;
use crate::store::Repository;

impl From<&Place> for Target {
    fn from(place: &Place) -> Self {
        Self {
            installation: place.installation,
            repository: place.repository,
            name: place.name.clone(),
        }
    }
}

impl From<&Task> for Target {
    fn from(task: &Task) -> Self {
        Self {
            installation: task.installation,
            repository: task.repository,
            name: task.name.clone(),
        }
    }
}

impl From<&Repository> for Target {
    fn from(repository: &Repository) -> Self {
        Self {
            installation: repository.installation,
            repository: repository.id,
            name: repository.name.clone(),
        }
    }
}
