//! Trades the ticket for a lease.
//!
//! The key is drawn here, once, and every try carries it: so a lost answer costs nothing, and
//! whoever else comes with the same ticket has another key and is refused (X86).

use bytes::Bytes;
use http::HeaderMap;
use rand::RngCore;

use super::client::{CallError, Client, patiently};
use super::{WorkError, WorkOptions};
use crate::protocol::enter::{Exchange, Lease};
use crate::protocol::{EXCHANGE_PATH, VERSION};

/// A client with a lease, and the lease.
pub(super) async fn enter(
    client: Client,
    options: &WorkOptions,
) -> Result<(Client, Lease), WorkError> {
    let mut random = [0; 32];
    rand::rng().fill_bytes(&mut random);
    let exchange = Exchange {
        protocol: VERSION,
        ticket: options.ticket.clone(),
        key: hex::encode(random),
        run: options.run,
    };
    let body = serde_json::to_vec(&exchange)
        .map(Bytes::from)
        .map_err(|error| WorkError::Enter(CallError::Unsayable(error.to_string())))?;
    let lease: Lease = patiently(client.pace, || {
        client.post(EXCHANGE_PATH, HeaderMap::new(), body.clone())
    })
    .await
    .map_err(WorkError::Enter)?;
    let client = client
        .with_lease(&lease.task, lease.attempt, &exchange.key)
        .map_err(WorkError::Enter)?;
    Ok((client, lease))
}
