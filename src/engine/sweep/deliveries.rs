//! The App's own failed deliveries, which GitHub sends once more (W2, W3).
//!
//! The cursor stands before the first delivery that may still come: all attempts of a GUID
//! since then are in the list, so nothing has to be kept of them here.

use std::collections::{BTreeMap, BTreeSet};

use super::super::error::Remedy;
use super::super::{Engine, EngineError};
use super::{DELIVERIES_KEPT_S, OVERLAP_S};
use crate::domain::time::Timestamp;
use crate::github::sweep::ListedDelivery;

/// Redeliveries that one sweep asks for, so that a long outage is not answered by a flood (W11).
const REDELIVERIES_MAX: usize = 50;
/// How often one delivery is asked for: with a wrong secret none is ever taken.
const ATTEMPTS_MAX: usize = 3;
/// The cursor's name.
const CURSOR: &str = "sweep:deliveries:until";
/// The cursor that holds the GUIDs which GitHub will not deliver again.
const REFUSED: &str = "sweep:deliveries:refused";

impl Engine {
    /// Asks for the deliveries again that we did not take. GitHub keeps the GUID, so one that
    /// we did take after all is known.
    pub(super) async fn sweep_deliveries(&self, now: Timestamp) -> Result<(), EngineError> {
        let github = self.github()?;
        let kept = now.plus_s(-DELIVERIES_KEPT_S);
        let cursor = self.store.cursor(CURSOR).await?;
        let cursor = cursor.and_then(|value| value.parse().ok()).map(Timestamp);
        let since = cursor.map_or(kept, |cursor| cursor.plus_s(-OVERLAP_S).max(kept));
        let listed = github.deliveries_since(since).await?;
        if listed.cut {
            tracing::warn!(
                "more deliveries than are listed; the repositories' sweep finds the rest"
            );
        }
        let missed = missed(&listed.deliveries);
        let refused = self.store.cursor(REFUSED).await?;
        let refused: BTreeSet<String> = refused
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default();
        let (mut waiting, given_up): (Vec<&Missed<'_>>, Vec<_>) = missed
            .iter()
            .partition(|one| one.asked < ATTEMPTS_MAX && !refused.contains(one.guid));
        for delivery in &given_up {
            tracing::error!(
                delivery.guid = delivery.guid,
                "a delivery was not taken however often it was asked for"
            );
        }
        waiting.sort_by_key(|one| (one.asked, one.first));
        let until = waiting.iter().map(|one| one.first).min().unwrap_or(now);
        self.store.set_cursor(CURSOR, &until.0.to_string()).await?;
        let still: BTreeSet<&str> = given_up.iter().map(|one| one.guid).collect();
        let still = refused
            .into_iter()
            .filter(|guid| still.contains(guid.as_str()));
        self.ask_again(&waiting, still.collect()).await
    }

    /// Asks for the first of those that wait. What GitHub will not deliver again is not asked
    /// for another time: such a no stands in no list.
    async fn ask_again(
        &self,
        waiting: &[&Missed<'_>],
        mut refused: BTreeSet<String>,
    ) -> Result<(), EngineError> {
        let mut paused = Ok(true);
        for delivery in waiting.iter().take(REDELIVERIES_MAX) {
            let asked = self.github()?.redeliver(delivery.id).await;
            let asked = asked.map_err(EngineError::from);
            if let Err(error) = &asked
                && error.remedy(1, self.clock.now()) == Remedy::Park
            {
                refused.insert(delivery.guid.to_owned());
            }
            paused = self.bear_unless_paused("a redelivery", asked);
            if paused.is_err() {
                break;
            }
        }
        let text = serde_json::json!(refused).to_string();
        self.store.set_cursor(REFUSED, &text).await?;
        paused.map(drop)
    }
}

/// A delivery that was not taken in any of its attempts.
#[derive(Debug, PartialEq, Eq)]
struct Missed<'a> {
    guid: &'a str,
    /// Its newest attempt, by which it is asked for again.
    id: i64,
    /// When it was first delivered.
    first: Timestamp,
    /// How often it was asked for.
    asked: usize,
}

/// What was missed among `listed`. One whose first attempt is not there was dealt with before
/// the cursor went on past it.
fn missed(listed: &[ListedDelivery]) -> Vec<Missed<'_>> {
    let mut by_guid: BTreeMap<&str, Vec<&ListedDelivery>> = BTreeMap::new();
    for delivery in listed {
        by_guid.entry(&delivery.guid).or_default().push(delivery);
    }
    let taken: BTreeSet<&str> = listed
        .iter()
        .filter(|delivery| delivery.taken)
        .map(|delivery| delivery.guid.as_str())
        .collect();
    by_guid.retain(|guid, _| !taken.contains(guid));
    by_guid
        .into_iter()
        .filter_map(|(guid, attempts)| {
            let first = attempts.iter().find(|attempt| !attempt.again)?.at;
            let id = attempts.iter().map(|attempt| attempt.id).max()?;
            let asked = attempts.iter().filter(|attempt| attempt.again).count();
            Some(Missed {
                guid,
                id,
                first,
                asked,
            })
        })
        .collect()
}
