//! The only I/O: names to addresses, connecting, TLS, compression, waiting. Nothing here blocks but [`poll`].

#![cfg_attr(model, allow(dead_code))]

mod certificate;
mod channel;
mod deflate;
mod descriptors;
mod dial;
mod layer;
mod lent;
mod link;
mod proxy;
mod resolve;
mod server_hello;
mod socket;
mod system;
mod tls;
mod wake;

pub use certificate::{Pin, pins};
pub use descriptors::Descriptors;
pub use layer::{Layer, Read};
pub use lent::{Lent, QUEUED};
#[cfg(not(model))]
pub use link::Link;
pub use link::{Progress, Target, Timeouts};
pub use proxy::Proxy;
pub use server_hello::Agreed;
pub use system::{
    PIECES, Polled, Watch, prepare, process_id, read_at, read_ready, rest_of_file, skip_in_file,
};
pub use tls::{Ca, Identity, Tls};
#[cfg(not(model))]
pub use wake::Wake;

/// In place of the system's, for the model checker.
#[cfg(model)]
#[path = "../../tests/model/net.rs"]
pub mod model;
#[cfg(model)]
pub use model::{Link, Wake};
