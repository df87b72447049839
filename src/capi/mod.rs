//! The C ABI. Its files are the sections of imap.h, in the header's order.

// The contract of every exported function is the same, and stands in boundary.rs and in imap.h.
#![allow(clippy::missing_safety_doc)]

mod adding;
mod boundary;
mod changing;
mod connecting;
mod error;
mod events;
mod fetching;
mod login;
mod mailboxes;
mod options;
mod requests;
mod searching;
mod selecting;
mod session;
mod sets;
