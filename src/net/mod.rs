//! The only I/O: names to addresses, connecting, TLS, waiting. Nothing here blocks but [`poll`].

mod dial;
mod link;
mod resolve;
mod system;
mod tls;
mod wake;

pub use link::{Link, Progress, Read, Target};
pub use system::{Polled, Watch, poll, process_id, read_ready, rest_of_file};
pub use tls::{Ca, Identity, Tls};
pub use wake::Wake;
