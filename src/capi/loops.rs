//! # Event loops

use std::ffi::c_int;

use super::boundary::{imap_client, on_client};
use crate::error::imap_status;
use crate::model::imap_error;

/// Bits of imap_wants(); on Linux, macOS and the BSDs the values of POLLIN and POLLOUT.
#[repr(C)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum imap_want {
    IMAP_WANTS_READ = 1,
    IMAP_WANTS_WRITE = 4,
}

/// # Event loops
///
/// One thread can drive thousands of clients: imap_start() each, then for ever: poll() every imap_fd() for its
/// imap_wants(), no longer than its imap_timeout_ms(); imap_step() those that are ready or due; look at their
/// requests and events. Ask anew after each step and each other call on the client: all three change. Send "IDLE" to be told of
/// news until that request is cancelled. The calls that block may be used too; while a thread is inside one, it does
/// what the steps would do.
///
/// The descriptor to wait for: of the name lookup at first, then of the socket; -1: none now. Never read or close it.
/// Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_fd(client: *const imap_client) -> c_int {
    let mut fd = -1;
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        on_client(client, std::ptr::null_mut(), |client| {
            client.check()?;
            fd = client.watch().map_or(-1, |watch| watch.fd);
            Ok(())
        });
    }
    fd
}

/// What to wait for there: IMAP_WANTS_READ, IMAP_WANTS_WRITE, both or (0) neither. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_wants(client: *const imap_client) -> u32 {
    let mut wants = 0;
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        on_client(client, std::ptr::null_mut(), |client| {
            client.check()?;
            if let Some(watch) = client.watch() {
                let bit = |is_wanted, want: imap_want| if is_wanted { want as u32 } else { 0 };
                wants = bit(watch.read, imap_want::IMAP_WANTS_READ)
                    | bit(watch.write, imap_want::IMAP_WANTS_WRITE);
            }
            Ok(())
        });
    }
    wants
}

/// In how many milliseconds imap_step() is due though nothing arrives; -1: never. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_timeout_ms(client: *const imap_client) -> i64 {
    let mut timeout = -1;
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        on_client(client, std::ptr::null_mut(), |client| {
            client.check()?;
            if let Some(due) = client.step_due() {
                // Rounded up: a step that comes too early does nothing.
                timeout = i64::try_from(due.as_nanos().div_ceil(1_000_000)).unwrap_or(i64::MAX);
            }
            Ok(())
        });
    }
    timeout
}

/// Connects, reads, writes and works as far as it can without waiting. A failure is the connection's, and stays;
/// CANCELLED: imap_cancel() was called, and every request ended. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_step(
    client: *mut imap_client,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { on_client(client, error, |client| client.step()) }
}

/// A second descriptor to wait for, for reading: it tells that imap_step() is due before its time because another
/// thread sent or cancelled something. -1 if the system has none left. It is made by the first call, and stays;
/// never read or close it. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_wake_fd(client: *mut imap_client) -> c_int {
    let mut fd = -1;
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        on_client(client, std::ptr::null_mut(), |client| {
            fd = client.wake_fd()?;
            Ok(())
        });
    }
    fd
}
