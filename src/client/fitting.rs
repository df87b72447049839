//! Files whose line ends become CRLF (IMAP_OPTION_APPEND_CRLF): read once to know how long they will be, since a literal
//! is announced with its size, and once more while they are sent.

use std::os::fd::RawFd;
use std::sync::Arc;

use super::Client;
use super::sync::Mutex;
use crate::commands::Append;
use crate::error::{Error, Result, imap_status::*};
use crate::net::{read_at, skip_in_file};
use crate::session::{Pull, Pulled, Supply, UploadSource};
use crate::wire::line_ends::LineEnds;

impl Client {
    /// The messages with the line ends that the options ask for. Reads files, without any lock.
    pub fn with_line_ends(&self, mut append: Append) -> Result<Append> {
        self.check()?;
        let is_asked = self.lock().session.facts().settings.append_crlf;
        if is_asked {
            append.fit_line_ends(&mut fitted)?;
        }
        Ok(append)
    }
}

/// A part of a file.
struct File {
    fd: RawFd,
    state: Mutex<State>,
}

struct State {
    offset: u64,
    left: u64,
    ends: LineEnds,
    /// What did not fit into the buffer of the last call.
    over: Vec<u8>,
}

/// So much is read at once.
const READ: usize = 64 * 1024;

/// The next `size` bytes of the file, which are then passed over in it.
fn fitted(fd: RawFd, size: u64, ends: &mut LineEnds) -> Result<Supply> {
    let failed = |error: &std::io::Error| {
        let what = "IMAP_OPTION_APPEND_CRLF needs a file, which can be read twice; cannot read it";
        Error { is_usable: true, ..Error::system(IMAP_ERR_INVALID, what, error) }
    };
    let start = skip_in_file(fd, size).map_err(|error| failed(&error))?;
    let state = State { offset: start, left: size, ends: *ends, over: Vec::new() };
    let mut buffer = Vec::new();
    buffer.try_reserve_exact(READ)?;
    buffer.resize(READ, 0);
    let (mut count, mut read) = (0u64, 0u64);
    while read < size {
        let room = usize::try_from(size - read).unwrap_or(READ).min(READ);
        match read_at(fd, start + read, &mut buffer[..room]).map_err(|error| failed(&error))? {
            0 => return Err(Error::invalid(too_short(size - read))),
            got => {
                count += ends.count(&buffer[..got]);
                read += got as u64;
            }
        }
    }
    let file: Arc<dyn Pull> = Arc::new(File { fd, state: Mutex::new(state) });
    Ok(Supply { source: UploadSource::Call(file), size: count })
}

fn too_short(missing: u64) -> String {
    format!("the file ends {missing} bytes before the size that was given for it")
}

impl Pull for File {
    fn pull(&self, buffer: &mut [u8]) -> Pulled {
        let mut state = self.state.lock();
        let mut got = 0;
        while got == 0 {
            if let Err(error) = state.fill(self.fd, buffer.len()) {
                return Pulled::Failed(error);
            }
            got = state.over.len().min(buffer.len());
        }
        buffer[..got].copy_from_slice(&state.over[..got]);
        state.over.drain(..got);
        Pulled::Bytes(got)
    }
}

impl State {
    /// Reads on if nothing is left over from before. What it reads may become no byte: the LF of a CRLF.
    fn fill(&mut self, fd: RawFd, room: usize) -> Result<()> {
        if !self.over.is_empty() {
            return Ok(());
        }
        // Every byte becomes two at most, so that little is left over.
        let wanted = usize::try_from(self.left).unwrap_or(READ).min(READ).min((room / 2).max(1));
        let mut read = Vec::new();
        read.try_reserve_exact(wanted)?;
        read.resize(wanted, 0);
        let got = match read_at(fd, self.offset, &mut read) {
            Ok(0) => return Err(Error::new(IMAP_ERR_STOPPED, too_short(self.left))),
            Ok(got) => got,
            Err(error) => {
                return Err(Error::system(IMAP_ERR_STOPPED, "cannot read the message to be sent", &error));
            }
        };
        self.offset += got as u64;
        self.left -= got as u64;
        self.ends.write(&read[..got], &mut self.over)?;
        Ok(())
    }
}
