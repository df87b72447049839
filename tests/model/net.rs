//! A network of one process, for the model checker: descriptors are numbers, sockets are queues, and whoever polls waits
//! for what others do. Time does not pass: a wake-up that is lost is a deadlock, which the checker finds.

use std::collections::{HashMap, HashSet, VecDeque};
use std::net::SocketAddr;
use std::os::fd::RawFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use shuttle::sync::{Condvar, Mutex};

use super::{Layer, Lent, PIECES, Polled, Progress, Read, Target, Timeouts, Tls, Watch};
use crate::error::{Error, Result, imap_status::*};

#[derive(Default)]
struct World {
    last: RawFd,
    signalled: HashSet<RawFd>,
    sockets: HashMap<RawFd, Socket>,
}

#[derive(Default)]
struct Socket {
    to_client: VecDeque<u8>,
    to_server: VecDeque<u8>,
    is_closed: bool,
}

impl World {
    fn new_descriptor(&mut self) -> RawFd {
        self.last += 1;
        self.last
    }

    fn is_ready(&self, watch: &Watch) -> bool {
        match self.sockets.get(&watch.fd) {
            None => self.signalled.contains(&watch.fd),
            Some(socket) => watch.write || (watch.read && (socket.is_closed || !socket.to_client.is_empty())),
        }
    }
}

shuttle::lazy_static! {
    static ref WORLD: Mutex<World> = Mutex::new(World::default());
    static ref CHANGED: Condvar = Condvar::new();
}

/// Does something to the world, and tells all who wait.
fn change<R>(change: impl FnOnce(&mut World) -> R) -> R {
    let result = change(&mut WORLD.lock().expect("no thread panicked"));
    CHANGED.notify_all();
    result
}

pub struct Wake(RawFd);

impl Wake {
    pub fn take() -> Result<Wake> {
        Ok(Wake(change(World::new_descriptor)))
    }

    pub fn poll(&self, watches: &[Watch], timeout: Option<Duration>) -> Result<Polled> {
        let mut world = WORLD.lock().expect("no thread panicked");
        loop {
            if world.signalled.remove(&self.0) || watches.iter().any(|watch| world.is_ready(watch)) {
                return Ok(Polled::Ready);
            }
            if timeout == Some(Duration::ZERO) {
                return Ok(Polled::TimedOut);
            }
            world = CHANGED.wait(world).expect("no thread panicked");
        }
    }

    pub fn fd(&self) -> RawFd {
        self.0
    }

    pub fn signal_fd(&self) -> RawFd {
        self.0
    }

    pub fn signal(signal_fd: RawFd) {
        change(|world| world.signalled.insert(signal_fd));
    }

    pub fn clear(&self) {
        change(|world| world.signalled.remove(&self.0));
    }
}

impl Drop for Wake {
    fn drop(&mut self) {
        self.clear();
    }
}

/// The client's end of the only connection.
pub struct Link(RawFd);

impl Link {
    pub fn over(_: Box<dyn Layer>, target: Arc<Target>, timeouts: Timeouts, now: Instant) -> Result<Link> {
        Link::open(target, timeouts, now)
    }

    pub fn lent(&mut self) -> Option<&mut Lent> {
        None
    }

    pub fn open(_: Arc<Target>, _: Timeouts, _: Instant) -> Result<Link> {
        Ok(Link(change(|world| {
            let fd = world.new_descriptor();
            world.sockets.insert(fd, Socket::default());
            fd
        })))
    }

    pub fn advance(&mut self, _: Instant) -> Result<Progress> {
        Ok(Progress::Open)
    }

    pub fn secure(&mut self, _: &Tls, _: Option<Duration>, _: Instant) -> Result<()> {
        Err(Error::fatal(IMAP_ERR_TLS, "the model has no TLS"))
    }

    pub fn end_compression(&mut self) {}

    pub fn take_notes(&mut self) -> Vec<String> {
        Vec::new()
    }

    pub fn compress(&mut self, _: Vec<u8>) -> Result<()> {
        Err(Error::fatal(IMAP_ERR_INTERNAL, "the model has no compression"))
    }

    pub fn watch(&self, out: &mut Vec<Watch>, read: bool, write: bool) {
        if read || write {
            out.push(Watch { fd: self.0, read, write });
        }
    }

    pub fn deadline(&self) -> Option<Instant> {
        None
    }

    fn take(&mut self, most: usize) -> (Read, Vec<u8>) {
        change(|world| {
            let Some(socket) = world.sockets.get_mut(&self.0) else { return (Read::End, Vec::new()) };
            let count = most.min(socket.to_client.len());
            let bytes: Vec<u8> = socket.to_client.drain(..count).collect();
            match (count, socket.is_closed) {
                (0, true) => (Read::End, bytes),
                (0, false) => (Read::Blocked, bytes),
                _ => (Read::Bytes(count), bytes),
            }
        })
    }

    pub fn append(&mut self, buffer: &mut Vec<u8>, max: usize) -> Result<Read> {
        let (read, bytes) = self.take(max);
        buffer.extend(bytes);
        Ok(read)
    }

    pub fn read(&mut self, into: &mut [u8]) -> Result<Read> {
        let (read, bytes) = self.take(into.len());
        into[..bytes.len()].copy_from_slice(&bytes);
        Ok(read)
    }

    pub fn read_on(&mut self, into: &mut [u8], behind: &mut Vec<u8>, max: usize) -> Result<Read> {
        let (read, bytes) = self.take(into.len() + max);
        let (here, more) = bytes.split_at(bytes.len().min(into.len()));
        into[..here.len()].copy_from_slice(here);
        behind.extend_from_slice(more);
        Ok(read)
    }

    pub fn write(&mut self, pieces: &[&[u8]; PIECES]) -> Result<usize> {
        let bytes = pieces.concat();
        change(|world| match world.sockets.get_mut(&self.0) {
            Some(socket) if !socket.is_closed => {
                socket.to_server.extend(&bytes);
                Ok(bytes.len())
            }
            _ => Err(Error::fatal(IMAP_ERR_CLOSED, "the connection was lost")),
        })
    }

    pub fn flush(&mut self) -> Result<bool> {
        Ok(true)
    }

    pub fn is_unsent(&mut self) -> bool {
        false
    }

    pub fn buffered(&self) -> bool {
        false
    }

    pub fn idle(&mut self) {}

    pub fn peer(&self) -> Option<SocketAddr> {
        None
    }

    pub fn is_tls(&self) -> bool {
        false
    }

    pub fn agreed(&self) -> Option<super::Agreed> {
        None
    }

    pub fn certificate(&self) -> Option<Vec<u8>> {
        None
    }

    pub fn channel_binding(&self) -> Option<Vec<u8>> {
        None
    }

    pub fn shut_down(&mut self) {
        change(|world| {
            if let Some(socket) = world.sockets.get_mut(&self.0) {
                socket.is_closed = true;
            }
        });
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.shut_down();
    }
}

/// Serves the connection: what each line of the client is answered, until the client goes.
pub fn serve(greeting: &str, mut answer: impl FnMut(&str) -> String) {
    let mut world = WORLD.lock().expect("no thread panicked");
    let mut is_greeted = false;
    loop {
        let Some(socket) = world.sockets.values_mut().next() else {
            world = CHANGED.wait(world).expect("no thread panicked");
            continue;
        };
        let end = socket.to_server.iter().position(|byte| *byte == b'\n');
        let said = match end {
            _ if !std::mem::replace(&mut is_greeted, true) => greeting.to_owned(),
            Some(end) => {
                let line: Vec<u8> = socket.to_server.drain(..=end).collect();
                answer(String::from_utf8_lossy(&line).trim_end())
            }
            None if socket.is_closed => return,
            None => {
                world = CHANGED.wait(world).expect("no thread panicked");
                continue;
            }
        };
        socket.to_client.extend(said.bytes());
        drop(world);
        CHANGED.notify_all();
        // Others may run between one answer and the next.
        shuttle::thread::yield_now();
        world = WORLD.lock().expect("no thread panicked");
    }
}
