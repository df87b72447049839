//! Descriptors that the caller lends: connected already, never closed here.

#![forbid(unsafe_code)]

use std::os::fd::RawFd;

use super::layer::{Layer, Read, closed};
use super::socket::lost;
use super::system::{self, Watch};
use crate::error::{Error, Result, imap_status::*};

pub struct Descriptors {
    read: RawFd,
    write: RawFd,
    is_closed: bool,
}

impl Descriptors {
    /// Makes them non-blocking; they may be the same one.
    pub fn new(read: RawFd, write: RawFd) -> Result<Descriptors> {
        for fd in [read, write] {
            system::set_nonblocking(fd).map_err(|error| {
                let what = format!("the descriptor {fd} cannot be used");
                Error { is_usable: true, ..Error::system(IMAP_ERR_INVALID, &what, &error) }
            })?;
        }
        Ok(Descriptors { read, write, is_closed: false })
    }
}

impl Layer for Descriptors {
    fn below(&self) -> Option<&dyn Layer> {
        None
    }

    fn below_mut(&mut self) -> Option<&mut dyn Layer> {
        None
    }

    fn append(&mut self, buffer: &mut Vec<u8>, max: usize) -> Result<Read> {
        if self.is_closed {
            return Err(closed());
        }
        match system::read(self.read, buffer, max) {
            Ok(Some(0)) if max > 0 => Ok(Read::End),
            Ok(Some(count)) => Ok(Read::Bytes(count)),
            Ok(None) => Ok(Read::Blocked),
            Err(error) => Err(lost(&error)),
        }
    }

    fn read(&mut self, into: &mut [u8]) -> Result<Read> {
        let mut piece = Vec::new();
        let read = self.append(&mut piece, into.len())?;
        into[..piece.len()].copy_from_slice(&piece);
        Ok(read)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        match self.is_closed {
            true => Err(closed()),
            false => system::write(self.write, bytes).map_err(|error| lost(&error)),
        }
    }

    fn flush(&mut self) -> Result<bool> {
        Ok(true)
    }

    fn watch(&self, out: &mut Vec<Watch>, read: bool, write: bool) {
        if self.read == self.write {
            out.extend((read || write).then_some(Watch { fd: self.read, read, write }));
            return;
        }
        out.extend(write.then_some(Watch { fd: self.write, read: false, write: true }));
        out.extend(read.then_some(Watch { fd: self.read, read: true, write: false }));
    }

    /// They are the caller's: it closes them.
    fn close(&mut self) {
        self.is_closed = true;
    }
}
