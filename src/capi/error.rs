//! # Version, statuses, errors

use std::ffi::{CStr, c_char};

use super::boundary::free_result;
use crate::error::{Error, Result, imap_status, imap_status::*};
use crate::model::{Failure, Owned, Text, imap_code, imap_error, imap_error as c_error};
use crate::wire::code;
use crate::wire::cursor::Response;

/// # Version, statuses, errors
///
/// The version of the library that runs, as "0.1.0": compare with IMAP_VERSION, which you compiled with. The
/// text is constant. Blocks: no.
#[unsafe(no_mangle)]
pub extern "C" fn imap_version() -> *const c_char {
    VERSION.as_ptr()
}

const VERSION: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
    Ok(version) => version,
    Err(_) => panic!("the version holds a NUL"),
};

/// The name of a status, as "IMAP_ERR_NO"; "?" for a number that is none. The text is constant. Blocks: no.
#[unsafe(no_mangle)]
pub extern "C" fn imap_status_name(status: std::mem::MaybeUninit<imap_status>) -> *const c_char {
    // SAFETY: every caller passes four initialised bytes; they are read as the number that they are.
    let number = unsafe { status.as_ptr().cast::<u32>().read() } as usize;
    STATUS_NAMES.get(number).copied().unwrap_or(c"?").as_ptr()
}

const STATUS_NAMES: [&CStr; 21] = [
    c"IMAP_OK",
    c"IMAP_ERR_INVALID",
    c"IMAP_ERR_NO",
    c"IMAP_ERR_BAD",
    c"IMAP_ERR_CLOSED",
    c"IMAP_ERR_AUTH",
    c"IMAP_ERR_CONNECT",
    c"IMAP_ERR_TLS",
    c"IMAP_ERR_CERTIFICATE",
    c"IMAP_ERR_TIMEOUT",
    c"IMAP_ERR_CANCELLED",
    c"IMAP_ERR_INTERRUPTED",
    c"IMAP_ERR_PROTOCOL",
    c"IMAP_ERR_UNSUPPORTED",
    c"IMAP_ERR_STATE",
    c"IMAP_ERR_READ_ONLY",
    c"IMAP_ERR_LIMIT",
    c"IMAP_ERR_STOPPED",
    c"IMAP_ERR_FORKED",
    c"IMAP_ERR_NO_MEMORY",
    c"IMAP_ERR_INTERNAL",
];

/// Frees an error; NULL is fine. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_error_free(error: *mut imap_error<'static>) {
    if std::ptr::eq(error, &raw const OUT_OF_MEMORY.0) {
        return;
    }
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { free_result::<Failure>(error) }
}

/// The status of a result, and the error for who wants to know.
///
/// # Safety
/// `error` is NULL or can be written.
#[inline]
pub unsafe fn raise(result: Result<()>, error: *mut *mut imap_error<'static>) -> imap_status {
    let failed = result.err();
    if !error.is_null() {
        // SAFETY: the caller's promise.
        unsafe { error.write(failed.as_ref().map_or(std::ptr::null_mut(), make)) };
    }
    failed.map_or(IMAP_OK, |failed| failed.status)
}

/// When there is no memory for an error there is this one; freeing it does nothing.
struct Fixed(imap_error<'static>);
static OUT_OF_MEMORY: Fixed = Fixed(imap_error {
    status: IMAP_ERR_NO_MEMORY,
    message: Text::fixed(c"memory ran out"),
    server_text: Text::NONE,
    server_data: Text::NONE,
    code: None,
    command: Text::NONE,
    os_code: 0,
    is_early: false,
    is_usable: true,
    may_be_done: false,
    is_retryable: true,
    retry_after: -1,
    trace: Text::NONE,
});

#[cold]
fn make(error: &Error) -> *mut imap_error<'static> {
    let made: Result<Box<Owned<Failure>>> = Owned::build(|arena| {
        let reply = match &error.reply {
            Some(reply) => Some(code::reply(&Response::new(&reply.text, &[]), 0, arena)?),
            None => None,
        };
        let known = reply.as_ref().and_then(|reply| reply.code);
        Ok(c_error {
            status: error.status,
            message: arena.text(error.message.as_bytes())?,
            server_text: reply.as_ref().map_or(Text::NONE, |reply| reply.text),
            server_data: match error.reply.as_ref().and_then(|said| said.data.as_deref()) {
                Some(data) => arena.text(data)?,
                None => Text::NONE,
            },
            code: known,
            command: match error.command {
                Some(command) => arena.text(command.as_bytes())?,
                None => Text::NONE,
            },
            os_code: error.os_code,
            is_early: error.reply.as_ref().is_some_and(|reply| reply.is_early),
            is_usable: error.is_usable,
            may_be_done: error.may_be_done,
            is_retryable: is_retryable(error, known.map(|code| code.code)),
            retry_after: match known {
                Some(code) if code.code == imap_code::IMAP_CODE_THROTTLED => code.number,
                _ => -1,
            },
            trace: match &error.trace {
                Some(trace) => arena.text_known(trace)?,
                None => Text::NONE,
            },
        })
    });
    match made {
        Ok(made) => made.into_c(),
        Err(_) => (&raw const OUT_OF_MEMORY.0).cast_mut(),
    }
}

/// Whether waiting, or connecting anew, is likely to help.
fn is_retryable(error: &Error, code: Option<imap_code>) -> bool {
    use imap_code::*;
    match error.status {
        IMAP_ERR_NO | IMAP_ERR_BAD | IMAP_ERR_AUTH => matches!(
            code,
            Some(IMAP_CODE_UNAVAILABLE | IMAP_CODE_INUSE | IMAP_CODE_LIMIT | IMAP_CODE_THROTTLED)
        ),
        IMAP_ERR_CLOSED | IMAP_ERR_CONNECT | IMAP_ERR_TIMEOUT | IMAP_ERR_CANCELLED | IMAP_ERR_INTERRUPTED
        | IMAP_ERR_NO_MEMORY => true,
        _ => false,
    }
}
