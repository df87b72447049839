//! What a connection is made of: layers, each over the one below it. Plain TCP, TLS, DEFLATE and what a caller lends
//! are all this: bytes in, bytes out, and what to wait for.

#![forbid(unsafe_code)]

use std::net::SocketAddr;

use super::lent::Lent;
use super::server_hello::Agreed;
use super::system::{PIECES, Watch};
use crate::error::{Error, Result, imap_status::*};

/// What reading came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    Bytes(usize),
    Blocked,
    End,
}

/// Nothing here waits. What a layer does not do itself, the one below it does.
pub trait Layer: Send {
    fn below(&self) -> Option<&dyn Layer>;

    fn below_mut(&mut self) -> Option<&mut dyn Layer>;

    /// Goes on with its making; true once bytes can pass.
    fn advance(&mut self) -> Result<bool> {
        Ok(true)
    }

    /// Appends at most `max` bytes to `buffer`.
    fn append(&mut self, buffer: &mut Vec<u8>, max: usize) -> Result<Read>;

    /// Writes to the beginning of `into`.
    fn read(&mut self, into: &mut [u8]) -> Result<Read>;

    /// The same; what is more may be appended to `behind`, at most `max` bytes.
    fn read_on(&mut self, into: &mut [u8], _behind: &mut Vec<u8>, _max: usize) -> Result<Read> {
        self.read(into)
    }

    /// Takes what there is room for; 0: none now.
    fn write(&mut self, bytes: &[u8]) -> Result<usize>;

    /// The same of pieces in a row; the empty ones stand at the end.
    fn write_pieces(&mut self, pieces: &[&[u8]; PIECES]) -> Result<usize> {
        self.write(pieces[0])
    }

    /// Sends what is queued. True: nothing is left.
    fn flush(&mut self) -> Result<bool>;

    /// Compression ends here, either way (RFC 8437 section 2).
    fn end_compression(&mut self) {}

    /// Bytes are here that a poll would not tell of.
    fn is_buffered(&self) -> bool {
        self.below().is_some_and(Layer::is_buffered)
    }

    /// Gives memory back that an idle connection does not need.
    fn rest(&mut self) {
        if let Some(below) = self.below_mut() {
            below.rest();
        }
    }

    /// Ends the stream, though a thread may be polling its descriptor, which stays.
    fn close(&mut self) {
        if let Some(below) = self.below_mut() {
            below.close();
        }
    }

    /// What to poll for.
    fn watch(&self, out: &mut Vec<Watch>, read: bool, write: bool) {
        if let Some(below) = self.below() {
            below.watch(out, read, write);
        }
    }

    fn peer(&self) -> Option<SocketAddr> {
        self.below().and_then(Layer::peer)
    }

    /// TLS protects what passes.
    fn is_tls(&self) -> bool {
        self.below().is_some_and(Layer::is_tls)
    }

    /// The version and cipher of TLS.
    fn agreed(&self) -> Option<Agreed> {
        self.below()?.agreed()
    }

    /// The server's certificate, DER.
    fn certificate(&self) -> Option<Vec<u8>> {
        self.below()?.certificate()
    }

    /// tls-server-end-point (RFC 5929 section 4) of that certificate.
    fn channel_binding(&self) -> Option<Vec<u8>> {
        self.below()?.channel_binding()
    }

    /// The queues at the bottom, if functions of the caller's carry the bytes.
    fn lent(&mut self) -> Option<&mut Lent> {
        self.below_mut()?.lent()
    }
}

/// A layer at the place of one that is gone.
pub struct Gone;

impl Layer for Gone {
    fn below(&self) -> Option<&dyn Layer> {
        None
    }

    fn below_mut(&mut self) -> Option<&mut dyn Layer> {
        None
    }

    fn append(&mut self, _: &mut Vec<u8>, _: usize) -> Result<Read> {
        Err(closed())
    }

    fn read(&mut self, _: &mut [u8]) -> Result<Read> {
        Err(closed())
    }

    fn write(&mut self, _: &[u8]) -> Result<usize> {
        Err(closed())
    }

    fn flush(&mut self) -> Result<bool> {
        Ok(true)
    }
}

pub fn closed() -> Error {
    Error::fatal(IMAP_ERR_CLOSED, "the connection is closed")
}
