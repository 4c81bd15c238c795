//! Names and the addresses that they lead to: the machine's own resolver, or what a test says.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::{TcpStream, lookup_host};

/// Who looks up names and connects.
#[derive(Clone, Debug, Default)]
pub enum Resolve {
    /// This machine.
    #[default]
    System,
    /// For tests: no name is looked up anywhere, and no address is really the one that it is.
    Fixed(Arc<Fixed>),
}

/// A small internet for tests. Its addresses are judged like all others.
#[derive(Debug, Default)]
pub struct Fixed {
    /// Names and their addresses.
    pub names: BTreeMap<String, Vec<IpAddr>>,
    /// Where one really arrives who connects to an address; nowhere, where it is not in here.
    pub leads: BTreeMap<SocketAddr, SocketAddr>,
    /// The names that were looked up.
    pub asked: Mutex<Vec<String>>,
}

impl Resolve {
    /// The addresses of `host`.
    pub(super) async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        match self {
            Self::System => {
                // The dot at its end keeps the machine's own search domains out of it.
                let whole = format!("{host}.");
                let found = lookup_host((whole.as_str(), 0)).await?;
                Ok(found.map(|address| address.ip()).collect())
            }
            Self::Fixed(fixed) => {
                let mut asked = fixed.asked.lock().unwrap_or_else(PoisonError::into_inner);
                asked.push(host.to_owned());
                let found = fixed.names.get(host).cloned();
                found.ok_or_else(|| io::ErrorKind::NotFound.into())
            }
        }
    }

    pub(super) async fn connect(&self, address: IpAddr, port: u16) -> io::Result<TcpStream> {
        let address = SocketAddr::new(address, port);
        match self {
            Self::System => TcpStream::connect(address).await,
            Self::Fixed(fixed) => match fixed.leads.get(&address) {
                Some(lead) => TcpStream::connect(lead).await,
                None => Err(io::ErrorKind::ConnectionRefused.into()),
            },
        }
    }
}
