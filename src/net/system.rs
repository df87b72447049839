//! The system calls that the standard library does not have. All of them are here.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use crate::error::{Error, Result, imap_status::*};

/// So many pieces are sent with one system call.
pub const PIECES: usize = 4;

/// A descriptor, and what is waited for on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watch {
    pub fd: RawFd,
    pub read: bool,
    pub write: bool,
}

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Polled {
    Ready,
    TimedOut,
    /// A signal arrived.
    Interrupted,
}

/// So many descriptors are waited for without memory of their own.
const FEW: usize = 4;

/// Waits until one of the descriptors is ready, or `wake`, whose wakes are thereby taken back; None: for ever.
pub fn poll(watches: &[Watch], wake: RawFd, timeout: Option<Duration>) -> Result<Polled> {
    let mut few = [libc::pollfd { fd: wake, events: libc::POLLIN, revents: 0 }; FEW + 1];
    let mut many = Vec::new();
    let polled = match few.get_mut(..=watches.len()) {
        Some(few) => few,
        None => {
            many.try_reserve_exact(watches.len() + 1)?;
            many.resize(watches.len() + 1, few[0]);
            &mut many[..]
        }
    };
    for (polled, watch) in polled[1..].iter_mut().zip(watches) {
        let read = if watch.read { libc::POLLIN } else { 0 };
        let write = if watch.write { libc::POLLOUT } else { 0 };
        *polled = libc::pollfd { fd: watch.fd, events: read | write, revents: 0 };
    }
    // Rounded up: a wait that ends too early would be repeated until the time has come.
    let milliseconds = timeout.map_or(-1, |timeout| {
        let rounded = timeout.as_nanos().div_ceil(1_000_000);
        i32::try_from(rounded).unwrap_or(i32::MAX)
    });
    // SAFETY: the array holds as many entries as are announced, and lives through the call.
    let ready = unsafe { libc::poll(polled.as_mut_ptr(), polled.len() as libc::nfds_t, milliseconds) };
    if polled[0].revents != 0 && ready > 0 {
        clear_wakes(wake);
    }
    if ready >= 0 {
        return Ok(if ready == 0 { Polled::TimedOut } else { Polled::Ready });
    }
    let error = io::Error::last_os_error();
    match error.kind() {
        io::ErrorKind::Interrupted => Ok(Polled::Interrupted),
        _ => Err(Error::system(IMAP_ERR_CLOSED, "cannot wait for the server", &error)),
    }
}

/// Reads from a descriptor of the caller's, which may be a blocking one; None: nothing there now.
pub fn read_ready(fd: RawFd, max: usize) -> io::Result<Option<Vec<u8>>> {
    let mut polled = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    // SAFETY: one entry, which lives through the call; no waiting.
    let ready = unsafe { libc::poll(&mut polled, 1, 0) };
    if ready == 0 {
        return Ok(None);
    }
    if ready > 0 && polled.revents & libc::POLLNVAL != 0 {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    let mut buffer: Vec<u8> = Vec::new();
    buffer.try_reserve_exact(max).map_err(|_| io::ErrorKind::OutOfMemory)?;
    // SAFETY: `max` bytes can be written to the vector's memory.
    let got = unsafe { libc::read(fd, buffer.as_mut_ptr().cast(), max) };
    match usize::try_from(got) {
        Ok(got) => {
            // SAFETY: read wrote so many bytes there.
            unsafe { buffer.set_len(got) };
            Ok(Some(buffer))
        }
        Err(_) => would_block(io::Error::last_os_error()).map(|()| None),
    }
}

fn seek(fd: RawFd, offset: u64, whence: libc::c_int) -> io::Result<u64> {
    let offset = libc::off_t::try_from(offset).map_err(|_| io::Error::from_raw_os_error(libc::EOVERFLOW))?;
    // SAFETY: no pointers.
    let at = unsafe { libc::lseek(fd, offset, whence) };
    u64::try_from(at).map_err(|_| io::Error::last_os_error())
}

/// How many bytes a file has from where its descriptor stands to its end.
pub fn rest_of_file(fd: RawFd) -> io::Result<u64> {
    let here = seek(fd, 0, libc::SEEK_CUR)?;
    let size = seek(fd, 0, libc::SEEK_END)?;
    seek(fd, here, libc::SEEK_SET)?;
    Ok(size.saturating_sub(here))
}

/// Passes over so many bytes of a file; where it stood before.
pub fn skip_in_file(fd: RawFd, size: u64) -> io::Result<u64> {
    let here = seek(fd, 0, libc::SEEK_CUR)?;
    seek(fd, here.saturating_add(size), libc::SEEK_SET)?;
    Ok(here)
}

/// Reads what a file has at a place, wherever its descriptor stands; 0: its end.
pub fn read_at(fd: RawFd, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let offset = libc::off_t::try_from(offset).map_err(|_| io::Error::from_raw_os_error(libc::EOVERFLOW))?;
    loop {
        // SAFETY: the buffer can be written to its length.
        let got = unsafe { libc::pread(fd, buffer.as_mut_ptr().cast(), buffer.len(), offset) };
        match usize::try_from(got) {
            Ok(got) => return Ok(got),
            Err(_) => {
                let error = io::Error::last_os_error();
                if error.kind() != io::ErrorKind::Interrupted {
                    return Err(error);
                }
            }
        }
    }
}

/// Receives into memory that need not be written before; None: nothing there now.
pub fn receive(socket: &impl AsRawFd, buffer: &mut Vec<u8>, max: usize) -> io::Result<Option<usize>> {
    buffer.try_reserve(max).map_err(|_| io::ErrorKind::OutOfMemory)?;
    let spare = buffer.spare_capacity_mut();
    let room = spare.len().min(max);
    // SAFETY: `room` bytes can be written behind the vector's end.
    let got = unsafe { libc::recv(socket.as_raw_fd(), spare.as_mut_ptr().cast(), room, 0) };
    // SAFETY: recv wrote so many bytes there.
    unsafe { appended(buffer, got, 0) }
}

/// Receives to the beginning of `into`, and what is more behind the end of `buffer`, at most `max` bytes there; None:
/// nothing there now.
pub fn receive_on(
    socket: &impl AsRawFd,
    into: &mut [u8],
    buffer: &mut Vec<u8>,
    max: usize,
) -> io::Result<Option<usize>> {
    buffer.try_reserve(max).map_err(|_| io::ErrorKind::OutOfMemory)?;
    let spare = buffer.spare_capacity_mut();
    let vectors = [
        libc::iovec { iov_base: into.as_mut_ptr().cast(), iov_len: into.len() },
        libc::iovec { iov_base: spare.as_mut_ptr().cast(), iov_len: spare.len().min(max) },
    ];
    // SAFETY: both pieces can be written for their lengths.
    let got = unsafe { libc::readv(socket.as_raw_fd(), vectors.as_ptr(), 2) };
    // SAFETY: what did not go into the first piece was written to the second.
    unsafe { appended(buffer, got, into.len()) }
}

/// What a call that reads came to.
///
/// # Safety
/// Of `got` bytes, if it is no error, those behind the first `elsewhere` were written behind the end of `buffer`.
unsafe fn appended(buffer: &mut Vec<u8>, got: libc::ssize_t, elsewhere: usize) -> io::Result<Option<usize>> {
    match usize::try_from(got) {
        Ok(got) => {
            // SAFETY: the caller's promise.
            unsafe { buffer.set_len(buffer.len() + got.saturating_sub(elsewhere)) };
            Ok(Some(got))
        }
        Err(_) => would_block(io::Error::last_os_error()).map(|()| None),
    }
}

/// Sends several pieces in a row without ever raising SIGPIPE; 0: no room now.
pub fn send(socket: &impl AsRawFd, pieces: &[&[u8]; PIECES]) -> io::Result<usize> {
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
    const FLAGS: libc::c_int = libc::MSG_NOSIGNAL;
    // Elsewhere the socket has SO_NOSIGPIPE.
    #[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
    const FLAGS: libc::c_int = 0;
    let mut vectors =
        pieces.map(|piece| libc::iovec { iov_base: piece.as_ptr().cast_mut().cast(), iov_len: piece.len() });
    // SAFETY: all zero is a message without address, pieces and control data.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = vectors.as_mut_ptr();
    message.msg_iovlen = pieces.iter().take_while(|piece| !piece.is_empty()).count() as _;
    // SAFETY: the pieces are readable for their lengths; what points to them lives through the call, and is not written.
    let sent = unsafe { libc::sendmsg(socket.as_raw_fd(), &message, FLAGS) };
    match usize::try_from(sent) {
        Ok(sent) => Ok(sent),
        Err(_) => would_block(io::Error::last_os_error()).map(|()| 0),
    }
}

/// Reads from a descriptor of any kind that does not block; None: nothing there now.
pub fn read(fd: RawFd, buffer: &mut Vec<u8>, max: usize) -> io::Result<Option<usize>> {
    buffer.try_reserve(max).map_err(|_| io::ErrorKind::OutOfMemory)?;
    let spare = buffer.spare_capacity_mut();
    let room = spare.len().min(max);
    // SAFETY: `room` bytes can be written behind the vector's end.
    let got = unsafe { libc::read(fd, spare.as_mut_ptr().cast(), room) };
    // SAFETY: read wrote so many bytes there.
    unsafe { appended(buffer, got, 0) }
}

/// Writes to a descriptor of any kind that does not block, without ever raising SIGPIPE; 0: no room now.
pub fn write(fd: RawFd, bytes: &[u8]) -> io::Result<usize> {
    // SAFETY: zeroed sets are what sigemptyset and the calls below fill; all pointers are to locals that live on. The
    // signal is blocked in this thread alone, and one that the write raised is taken back before that ends.
    unsafe {
        let (mut pipe, mut before, mut pending): (libc::sigset_t, libc::sigset_t, libc::sigset_t) =
            (std::mem::zeroed(), std::mem::zeroed(), std::mem::zeroed());
        libc::sigemptyset(&mut pipe);
        libc::sigaddset(&mut pipe, libc::SIGPIPE);
        libc::sigpending(&mut pending);
        let was_pending = libc::sigismember(&pending, libc::SIGPIPE) == 1;
        libc::pthread_sigmask(libc::SIG_BLOCK, &pipe, &mut before);
        let sent = libc::write(fd, bytes.as_ptr().cast(), bytes.len());
        let error = io::Error::last_os_error();
        if sent < 0 && error.raw_os_error() == Some(libc::EPIPE) && !was_pending {
            let mut taken = 0;
            libc::sigpending(&mut pending);
            if libc::sigismember(&pending, libc::SIGPIPE) == 1 {
                libc::sigwait(&pipe, &mut taken);
            }
        }
        libc::pthread_sigmask(libc::SIG_SETMASK, &before, std::ptr::null_mut());
        match usize::try_from(sent) {
            Ok(sent) => Ok(sent),
            Err(_) => would_block(error).map(|()| 0),
        }
    }
}

pub fn set_nonblocking(fd: RawFd) -> io::Result<()> {
    // SAFETY: no pointers.
    let flags = unsafe { libc::fcntl(fd, libc::F_GETFL) };
    // SAFETY: as above.
    if flags < 0 || unsafe { libc::fcntl(fd, libc::F_SETFL, flags | libc::O_NONBLOCK) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

fn would_block(error: io::Error) -> io::Result<()> {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(()),
        _ => Err(error),
    }
}

/// A descriptor pair to wake a `poll` with: reading end, writing end. One descriptor where the system can.
pub fn wake_descriptors() -> io::Result<(OwnedFd, Option<OwnedFd>)> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        // SAFETY: no pointers; the descriptor is new and nobody else's.
        let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: as above.
        Ok((unsafe { OwnedFd::from_raw_fd(fd) }, None))
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        let (reader, writer) = std::os::unix::net::UnixStream::pair()?;
        reader.set_nonblocking(true)?;
        writer.set_nonblocking(true)?;
        Ok((reader.into(), Some(writer.into())))
    }
}

/// Makes a wake descriptor ready. Safe in a signal handler: one system call, errno kept.
pub fn wake(fd: RawFd) {
    let one = 1u64.to_ne_bytes();
    let kept = io::Error::last_os_error().raw_os_error();
    // SAFETY: eight readable bytes. That the descriptor is full already is as good.
    unsafe { libc::write(fd, one.as_ptr().cast(), one.len()) };
    if let Some(kept) = kept {
        set_errno(kept);
    }
}

fn set_errno(value: i32) {
    // SAFETY: the address of this thread's errno.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    unsafe {
        *libc::__errno_location() = value;
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    unsafe {
        *libc::__error() = value;
    }
}

/// Takes all wakes back.
pub fn clear_wakes(fd: RawFd) {
    let mut bytes = [0u8; 64];
    // SAFETY: the buffer can be written for its length; the descriptor does not block.
    while unsafe { libc::read(fd, bytes.as_mut_ptr().cast(), bytes.len()) } == bytes.len() as isize {}
}

/// Gives memory its pages before it is written to, all by one call, where the system can.
pub fn prepare(memory: &mut [MaybeUninit<u8>]) {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        const PAGE: usize = 4096;
        // Where pages are larger, or the call is not known, the system says so and does nothing.
        let start = memory.as_ptr().align_offset(PAGE).min(memory.len());
        let pages = &mut memory[start..];
        let size = pages.len() / PAGE * PAGE;
        // SAFETY: these pages lie within the slice, and the call changes no byte of them.
        unsafe { libc::madvise(pages.as_mut_ptr().cast(), size, libc::MADV_POPULATE_WRITE) };
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = memory;
}

/// This process. The system is asked once: what it said is remembered where a fork empties it.
pub fn process_id() -> u32 {
    static KNOWN: OnceLock<Option<&'static AtomicU32>> = OnceLock::new();
    let Some(known) = KNOWN.get_or_init(emptied_by_fork) else { return std::process::id() };
    match known.load(Relaxed) {
        0 => {
            let id = std::process::id();
            known.store(id, Relaxed);
            id
        }
        id => id,
    }
}

/// A number that is 0 in each process which is forked from this one; None: the system does not do that.
fn emptied_by_fork() -> Option<&'static AtomicU32> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        let size = std::mem::size_of::<AtomicU32>();
        let access = libc::PROT_READ | libc::PROT_WRITE;
        let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: a mapping of its own, whose address the system chooses.
        let page = unsafe { libc::mmap(std::ptr::null_mut(), size, access, kind, -1, 0) };
        // SAFETY: that mapping, if there is one; it is rounded up to a page.
        if page == libc::MAP_FAILED || unsafe { libc::madvise(page, size, libc::MADV_WIPEONFORK) } != 0 {
            return None;
        }
        // SAFETY: zeroed, aligned to a page, and never unmapped.
        Some(unsafe { &*page.cast::<AtomicU32>() })
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    None
}
