//! Deliveries: patched from recordings, signed, sent in order, logged, and sent again on request.
//!
//! Knows what may go wrong on the way (lost, swallowed, doubled, held); not what a delivery means.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::model::{Delivery, DeliveryRule, Fate};
use super::templates::{Names, patch, payload};
use super::world::World;

/// How long GitHub waits for a receiver (W1).
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(10);
/// For how long GitHub keeps a delivery for another attempt.
const KEPT_MS: i64 = 3 * 24 * 3600 * 1000;

/// In which order held deliveries go out.
#[derive(Clone, Debug)]
pub enum Order {
    /// As they happened.
    AsHappened,
    /// The newest first.
    Reversed,
    /// Shuffled by this seed.
    Shuffled(u64),
}

/// The value of `X-Hub-Signature-256` for a body.
#[must_use]
pub fn signature(secret: &str, body: &[u8]) -> String {
    // HMAC takes a key of any length; there is no other error.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

impl World {
    /// Something happened: the App is told, if it is installed there and subscribed to the event.
    pub(super) fn tell(
        &mut self,
        event: &str,
        action: Option<&str>,
        repo: i64,
        sender: &str,
        what: Value,
    ) {
        let Some(installation) = self.installation_of(repo).filter(|one| !one.suspended) else {
            return;
        };
        let installation = installation.id;
        self.tell_installation(event, action, installation, Some(repo), sender, what);
    }

    /// The same, of an installation; it need not exist any more.
    pub(super) fn tell_installation(
        &mut self,
        event: &str,
        action: Option<&str>,
        installation: i64,
        repo: Option<i64>,
        sender: &str,
        what: Value,
    ) {
        if !self.manifest.hears(event) || self.app.webhook_url.is_none() {
            return;
        }
        let shown = repo.and_then(|id| self.repos.get(&id));
        let full_name = shown.map_or_else(
            || format!("{sender}/none"),
            super::model::Repository::full_name,
        );
        let mut body = payload(
            event,
            action,
            &Names {
                base_url: &self.base_url,
                full_name: &full_name,
            },
        );
        if let Some(shown) = shown {
            patch(&mut body, json!({"repository": self.show_repo(shown)}));
        }
        patch(&mut body, json!({"sender": self.show_user(sender)}));
        if !event.starts_with("installation") {
            let node = super::shapes::node_id("MDIzOkludGVncmF0aW9uSW5zdGFsbGF0aW9u", installation);
            patch(
                &mut body,
                json!({"installation": {"id": installation, "node_id": node}}),
            );
        }
        if let Some(action) = action {
            patch(&mut body, json!({"action": action}));
        }
        patch(&mut body, what);
        let fate = self.fate_of(event, action);
        if fate == Some(Fate::Swallowed) {
            return;
        }
        let delivery = Delivery {
            id: self.next("delivery"),
            guid: self.guid(),
            event: event.to_owned(),
            action: action.map(str::to_owned),
            installation: Some(installation),
            repo,
            body: body.to_string(),
            at: self.clock.now(),
            again: false,
            status: None,
            answer: String::new(),
            lost: fate == Some(Fate::Lost),
        };
        let id = delivery.id;
        self.hooks.log.push(delivery);
        self.enqueue(id);
        if fate == Some(Fate::Doubled) {
            self.send_again(id);
        }
    }

    fn enqueue(&mut self, id: i64) {
        match &mut self.hooks.held {
            Some(held) => held.push(id),
            None => self.hooks.queue.push_back(id),
        }
    }

    fn fate_of(&mut self, event: &str, action: Option<&str>) -> Option<Fate> {
        let full = action.map_or_else(|| event.to_owned(), |action| format!("{event}.{action}"));
        let meant = |rule: &&mut DeliveryRule| {
            rule.left > 0 && (rule.filter == "*" || rule.filter == event || rule.filter == full)
        };
        let rule = self.hooks.rules.iter_mut().find(meant)?;
        rule.left -= 1;
        Some(rule.fate)
    }

    fn guid(&mut self) -> String {
        let text = self.secret("guid");
        let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
        format!(
            "{}-{}-11f1-{}-{}",
            part(0, 8),
            part(8, 12),
            part(16, 20),
            part(20, 32)
        )
    }

    /// Another attempt of a delivery, under the same GUID; its id, if there is such a delivery.
    pub(super) fn send_again(&mut self, id: i64) -> Option<i64> {
        let known = self.hooks.log.iter().find(|delivery| delivery.id == id)?;
        if self.clock.now().since_ms(known.at) > KEPT_MS {
            return None;
        }
        let mut again = Delivery {
            again: true,
            status: None,
            lost: false,
            answer: String::new(),
            ..known.clone()
        };
        again.id = self.next("delivery");
        again.at = self.clock.now();
        let id = again.id;
        self.hooks.log.push(again);
        self.enqueue(id);
        Some(id)
    }

    /// The deliveries that GitHub still keeps, newest first.
    pub(super) fn kept_deliveries(&self) -> impl Iterator<Item = &Delivery> {
        let now = self.clock.now();
        self.hooks
            .log
            .iter()
            .rev()
            .filter(move |delivery| now.since_ms(delivery.at) <= KEPT_MS)
    }

    /// A delivery as the App's deliveries API lists it.
    pub(super) fn show_delivery(&self, delivery: &Delivery, whole: bool) -> Value {
        let code = delivery.status.unwrap_or(0);
        let status = match code {
            200..=299 => "OK",
            0 => "failed to connect to host",
            _ => "Invalid HTTP Response: the receiver said no",
        };
        let mut shown = json!({
            "id": delivery.id, "guid": delivery.guid, "delivered_at": delivery.at.to_string(),
            "redelivery": delivery.again, "duration": 0.01, "status": status, "status_code": code,
            "event": delivery.event, "action": delivery.action, "installation_id": delivery.installation,
            "repository_id": delivery.repo, "throttled_at": null,
        });
        if whole {
            let request = serde_json::from_str::<Value>(&delivery.body).unwrap_or_default();
            patch(
                &mut shown,
                json!({
                    "url": self.app.webhook_url,
                    "request": {"headers": {"X-GitHub-Delivery": delivery.guid, "X-GitHub-Event": delivery.event},
                                "payload": request},
                    "response": {"headers": {}, "payload": delivery.answer},
                }),
            );
        }
        shown
    }
}

/// A client that sends deliveries as GitHub does.
pub(super) fn client() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .timeout(DELIVERY_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .user_agent("GitHub-Hookshot/0000yard")
        .build()
}
