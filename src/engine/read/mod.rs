//! One delivery into facts. A delivery stays unread until what it says is recorded, so a
//! crash in between only means that it is read again.

mod click;
mod command;
mod judged;
mod request;
mod world;

use super::error::Remedy;
use super::{Engine, EngineError};
use crate::domain::notice::Notice;
use crate::github::payload;
use crate::store::{Delivery, DeliveryEnd, StoreError};

/// What reading a notice came to, in a few words for the record.
pub(super) enum Reading {
    /// Something came of it.
    Done(&'static str),
    /// It does not concern us.
    Ignored(String),
}

impl Engine {
    /// Reads the oldest delivery that is due. Gives whether there was one.
    ///
    /// # Errors
    /// The store did not answer; nothing is lost.
    pub async fn read_next(&self) -> Result<bool, EngineError> {
        let Some(github) = &self.github else {
            return Ok(false);
        };
        let now = self.clock.now();
        let Some(delivery) = self.store.next_delivery(now).await? else {
            return Ok(false);
        };
        let end = match payload::read(&delivery.event, &delivery.body, github.app_id()) {
            Ok(notice) => self.read_delivery(&delivery, &notice).await?,
            Err(error) => {
                tracing::warn!(delivery.guid, error = %error, "a delivery is not what we know");
                DeliveryEnd::Unparsed(error.to_string())
            }
        };
        self.store.settle_delivery(&delivery.guid, &end).await?;
        Ok(true)
    }

    async fn read_delivery(
        &self,
        delivery: &Delivery,
        notice: &Notice,
    ) -> Result<DeliveryEnd, EngineError> {
        match self.read_notice(notice).await {
            Ok(Reading::Done(what)) => Ok(DeliveryEnd::Read(what.to_owned())),
            Ok(Reading::Ignored(why)) => Ok(DeliveryEnd::Ignored(why)),
            // What became of it there is not ours to hear (H16).
            Err(EngineError::Github(error)) if error.is_of_repository() => Ok(
                DeliveryEnd::Ignored("not a repository of that installation any more".to_owned()),
            ),
            // The store's own trouble is not the delivery's: it stays as it is.
            Err(error @ EngineError::Store(StoreError::Database { .. })) => Err(error),
            Err(error) => {
                let now = self.clock.now();
                let said = error.chain();
                Ok(match error.remedy(delivery.tries, now) {
                    Remedy::Again(at) | Remedy::Pause(at) => {
                        tracing::info!(
                            delivery.guid,
                            error = said,
                            "a delivery is read again later"
                        );
                        DeliveryEnd::Later(at, said)
                    }
                    Remedy::Park => {
                        tracing::error!(delivery.guid, error = said, "a delivery is parked");
                        DeliveryEnd::Parked(said)
                    }
                })
            }
        }
    }

    /// Deals with what a delivery or the sweep says.
    pub(super) async fn read_notice(&self, notice: &Notice) -> Result<Reading, EngineError> {
        match notice {
            Notice::Labeled {
                place,
                number,
                sender,
                text,
            } => {
                self.read_label(place, *number, sender.as_ref(), text.as_ref())
                    .await
            }
            Notice::Commented { .. } | Notice::Clicked { .. } => self.read_command(notice).await,
            Notice::Unlabeled {
                place,
                number,
                sender,
            } => self.read_unlabel(place, *number, sender).await,
            Notice::TextEdited { place, number } => self.read_edit(place, *number).await,
            Notice::IssueEnded { place, number, how } => {
                self.read_issue_end(place, *number, how).await
            }
            Notice::BranchPushed {
                place,
                branch,
                after,
                sender,
            } => self.read_push(place, branch, after.as_ref(), sender).await,
            Notice::PullEnded {
                place,
                number,
                merged,
            } => self.read_pull_end(place, *number, *merged).await,
            Notice::Reviewed {
                place,
                number,
                review,
            } => self.read_review(place, *number, *review).await,
            Notice::Published { place, head, run } => self.read_published(place, head, *run).await,
            Notice::GroupBuilt { place, group } => self.read_group(place, group).await,
            Notice::GroupGone { place, head } => self.read_group_end(place, head).await,
            Notice::PullTouched { place, number } => self.read_touch(place, *number).await,
            Notice::RunEnded {
                place,
                run,
                conclusion,
            } => self.read_run_end(place, *run, conclusion).await,
            Notice::ChecksReported { place, head } => self.read_checks(place, head).await,
            Notice::Renamed { .. }
            | Notice::RepositoryClosed { .. }
            | Notice::Installed { .. }
            | Notice::Uninstalled { .. }
            | Notice::Suspended { .. } => self.read_reach(notice).await,
            Notice::Nothing { because } => Ok(Reading::Ignored(because.clone())),
        }
    }

    /// Deals with what says where the App may work.
    async fn read_reach(&self, notice: &Notice) -> Result<Reading, EngineError> {
        match notice {
            Notice::Renamed { place } => self.read_rename(place).await,
            Notice::RepositoryClosed { place, how } => self.read_repository_end(place, how).await,
            Notice::Installed {
                installation,
                account,
                since,
                repositories,
            } => {
                self.read_install(*installation, *account, *since, repositories)
                    .await
            }
            Notice::Uninstalled {
                installation,
                repositories,
            } => {
                self.read_uninstall(*installation, repositories.as_deref())
                    .await
            }
            Notice::Suspended {
                installation,
                suspended,
            } => self.read_suspension(*installation, *suspended).await,
            _ => Ok(Reading::Ignored("nothing of where we may work".to_owned())),
        }
    }
}
