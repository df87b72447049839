//! libimap: the IMAP client that any language can call. A Rust core behind a C ABI, `include/imap.h`.
//!
//! ```text
//! C caller -> capi -> client -> commands -> session -> wire -> model      calls go down
//!                       |                     ^
//!                       v                     | bytes
//!                      net -------------------+                           answers come up as values
//! ```
//!
//! Each layer names only those below it; `net` stands beside `commands`: `client` alone names it.
//!
//! - [`error`]: what a call came to, and the one error of all layers.
//! - [`model`]: the structs of imap.h, and the arena that each result lives in.
//! - [`wire`]: the grammar, bytes to values and back. Pure.
//! - [`sasl`]: mechanisms, challenge in, response out. Pure.
//! - [`session`]: the protocol as a state machine. No sockets, no threads, no clock.
//! - [`commands`]: one file per command family.
//! - [`net`]: the only I/O.
//! - [`client`]: the thread-safe client: one lock, one reading thread at a time.
//! - `capi`: the C ABI, a file for each section of imap.h.

mod capi;
pub mod client;
pub mod commands;
pub mod error;
pub mod model;
pub mod net;
pub mod sasl;
pub mod session;
pub mod wire;
