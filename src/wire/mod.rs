//! The grammar: bytes to values and back. Pure functions: no state, no I/O, no clock.

#![forbid(unsafe_code)]

pub mod address;
pub mod buffer;
pub mod capability;
pub mod casemap;
pub mod charset;
pub mod code;
pub mod content;
pub mod criteria;
pub mod cursor;
pub mod date;
pub mod decode;
pub mod defect;
pub mod envelope;
pub mod event;
mod extension;
pub mod fetch;
pub mod flags;
pub mod frame;
pub mod header;
pub mod id;
pub mod items;
pub mod known;
pub mod line;
pub mod line_ends;
pub mod list;
pub mod mime;
pub mod namespace;
pub mod parameter;
pub mod response;
pub mod returns;
pub mod rights;
pub mod role;
pub mod search;
pub mod section;
pub mod status;
pub mod structure;
pub mod subject;
pub mod thread;
pub mod threading;
pub mod transfer;
pub mod url;
pub mod urlauth;
pub mod utf7;
pub mod value;
pub mod words;
