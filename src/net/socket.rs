//! Plain TCP.

#![forbid(unsafe_code)]

use std::io::{self, Read as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::AsRawFd;

use super::layer::{Layer, Read};
use super::system::{self, PIECES, Watch};
use crate::error::{Error, Result, imap_status::*};

pub struct Socket {
    stream: TcpStream,
    peer: SocketAddr,
}

impl Socket {
    pub fn new(stream: TcpStream, peer: SocketAddr) -> Socket {
        Socket { stream, peer }
    }
}

impl Layer for Socket {
    fn below(&self) -> Option<&dyn Layer> {
        None
    }

    fn below_mut(&mut self) -> Option<&mut dyn Layer> {
        None
    }

    fn append(&mut self, buffer: &mut Vec<u8>, max: usize) -> Result<Read> {
        match system::receive(&self.stream, buffer, max) {
            Ok(Some(0)) if max > 0 => Ok(Read::End),
            Ok(Some(count)) => Ok(Read::Bytes(count)),
            Ok(None) => Ok(Read::Blocked),
            Err(error) => Err(lost(&error)),
        }
    }

    fn read(&mut self, into: &mut [u8]) -> Result<Read> {
        match (&self.stream).read(into) {
            Ok(0) if !into.is_empty() => Ok(Read::End),
            Ok(count) => Ok(Read::Bytes(count)),
            Err(error) if is_passing(&error) => Ok(Read::Blocked),
            Err(error) => Err(lost(&error)),
        }
    }

    fn read_on(&mut self, into: &mut [u8], behind: &mut Vec<u8>, max: usize) -> Result<Read> {
        match system::receive_on(&self.stream, into, behind, max) {
            Ok(Some(0)) if !into.is_empty() => Ok(Read::End),
            Ok(Some(count)) => Ok(Read::Bytes(count)),
            Ok(None) => Ok(Read::Blocked),
            Err(error) => Err(lost(&error)),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.write_pieces(&[bytes, &[], &[], &[]])
    }

    fn write_pieces(&mut self, pieces: &[&[u8]; PIECES]) -> Result<usize> {
        system::send(&self.stream, pieces).map_err(|error| lost(&error))
    }

    fn flush(&mut self) -> Result<bool> {
        Ok(true)
    }

    fn watch(&self, out: &mut Vec<Watch>, read: bool, write: bool) {
        // Without any interest it would still report its end, over and over.
        if read || write {
            out.push(Watch { fd: self.stream.as_raw_fd(), read, write });
        }
    }

    fn peer(&self) -> Option<SocketAddr> {
        Some(self.peer)
    }

    fn close(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

pub fn lost(error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::OutOfMemory => crate::error::NoMemory.into(),
        _ => Error::system(IMAP_ERR_CLOSED, "the connection was lost", error),
    }
}
