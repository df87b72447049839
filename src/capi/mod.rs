//! The C ABI. Its files are the sections of imap.h, in the header's order.

// The contract of every exported function is the same, and stands in boundary.rs and in imap.h.
#![allow(clippy::missing_safety_doc)]

mod boundary;
mod error;
mod options;
mod connecting;
mod session;
mod login;
mod mailboxes;
mod selecting;
mod searching;
mod fetching;
mod changing;
mod adding;
mod events;
mod requests;
mod streams;
mod uploads;
mod loops;
mod sets;
mod rights;
mod urlauth;
mod text;
