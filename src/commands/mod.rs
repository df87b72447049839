//! One file per command family: what it sends, which responses it claims, what it returns.

#![forbid(unsafe_code)]

mod append;
mod ask;
mod batches;
mod authenticate;
mod capability;
mod compress;
mod content;
mod contexts;
mod copying;
mod enable;
mod expunge;
mod fetch;
mod gather;
mod id;
mod idle;
mod jmap;
mod language;
mod list;
mod list_options;
mod login;
mod multisearch;
mod metadata;
mod namespace;
mod notify;
mod opening;
mod partial;
mod plain;
mod portions;
mod preview;
mod raw;
mod rights;
mod search;
mod select;
mod sort;
mod spacing;
mod status;
mod store;
mod subscriptions;
mod table;
mod targets;
mod thread;
mod told;
mod urlauth;
mod user;

pub use append::{Append, NewMessage, Replaced};
pub use authenticate::Authenticate;
pub use batches::Batches;
pub use capability::Capability;
pub use compress::Compress;
pub use content::Content;
pub use contexts::CancelUpdate;
pub use copying::Copying;
pub use enable::Enable;
pub use expunge::Expunge;
pub use fetch::Fetch;
pub use id::Identity;
pub use idle::Idle;
pub use jmap::jmap_access;
pub use language::{comparator, language};
pub use list::List;
pub use login::Login;
pub use metadata::{Annotate, Annotations, Metadata};
pub use multisearch::MultiSearch;
pub use namespace::Namespace;
pub use notify::Notify;
pub use opening::Opening;
pub use partial::Partial;
pub use plain::Plain;
pub use raw::Raw;
pub use rights::{Limits, Rights};
pub use search::Search;
pub use select::{Select, Since};
pub use sort::Sort;
pub use status::Status;
pub use store::Store;
pub use table::command;
pub use thread::Thread;
pub use urlauth::{Behind, genurlauth, resetkey};
pub use user::{ProxyAuth, Unauthenticate};

use crate::error::Result;

fn copy(text: &str) -> Result<String> {
    let mut copied = String::new();
    copied.try_reserve_exact(text.len())?;
    copied.push_str(text);
    Ok(copied)
}

fn copy_bytes(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut copied = Vec::new();
    copied.try_reserve_exact(bytes.len())?;
    copied.extend_from_slice(bytes);
    Ok(copied)
}
