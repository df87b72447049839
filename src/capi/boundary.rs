//! Where C ends and Rust begins: arguments are checked, outputs always written, panics stopped.
//!
//! What every exported function relies on, and imap.h asks of its callers: a pointer is NULL or points to
//! what its type says; objects came from this library and were not freed; text is NUL-terminated; arrays of
//! text end with NULL; `x_len` bytes can be read at `x`; nothing that is read is written meanwhile.

use std::ffi::{CStr, CString, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::error::raise;
use crate::client::Client;
use crate::error::{Error, Result, imap_status};
use crate::model::{Kind, Owned, TextList, imap_error};

/// A connection, or one being made. Opaque; any thread.
#[allow(non_camel_case_types)]
pub struct imap_client {
    pub(super) client: Arc<Client>,
}

/// Runs a call that may fail: writes `*error`, stops panics.
///
/// # Safety
/// `error` is NULL or can be written.
pub unsafe fn call(error: *mut *mut imap_error<'static>, run: impl FnOnce() -> Result<()>) -> imap_status {
    let result = catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| Err(fault()));
    // SAFETY: the caller's promise.
    unsafe { raise(result, error) }
}

/// Runs a call on a client; after a panic in it the client is good for being freed only.
///
/// # Safety
/// As in this file's head.
pub unsafe fn on_client(
    client: *const imap_client,
    error: *mut *mut imap_error<'static>,
    run: impl FnOnce(&Arc<Client>) -> Result<()>,
) -> imap_status {
    // SAFETY: the caller's promise.
    let client = unsafe { shared("client", client) }.map(|client| client.client.clone());
    let result = client.and_then(|client| guarded(&client, || run(&client)));
    // SAFETY: the caller's promise.
    unsafe { raise(result, error) }
}

/// Stops a panic; after it the client is good for being freed only, and whoever waits on it is told.
pub fn guarded(client: &Client, run: impl FnOnce() -> Result<()>) -> Result<()> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| {
        // A second panic must not get out either.
        let _ = catch_unwind(AssertUnwindSafe(|| client.poison(fault())));
        Err(fault())
    })
}

/// Runs a call on a client that gives a result.
///
/// # Safety
/// As in this file's head.
pub unsafe fn give<K: Kind>(
    client: *const imap_client,
    out: *mut *mut K::Of<'static>,
    error: *mut *mut imap_error<'static>,
    run: impl FnOnce(&Arc<Client>) -> Result<Box<Owned<K>>>,
) -> imap_status {
    // SAFETY: the caller's promise.
    unsafe {
        clear(out);
        on_client(client, error, |client| {
            put_result(out, run(client)?);
            Ok(())
        })
    }
}

/// Writes NULL.
///
/// # Safety
/// `out` is NULL or can be written.
pub unsafe fn clear<T>(out: *mut *mut T) {
    if !out.is_null() {
        // SAFETY: the caller's promise.
        unsafe { out.write(std::ptr::null_mut()) };
    }
}

/// Hands a result out, or frees it if nobody wants it.
///
/// # Safety
/// `out` is NULL or can be written.
pub unsafe fn put_result<K: Kind>(out: *mut *mut K::Of<'static>, result: Box<Owned<K>>) {
    if !out.is_null() {
        // SAFETY: the caller's promise.
        unsafe { out.write(result.into_c()) };
    }
}

/// Hands a text out, to be freed with imap_text_free(); it has no NUL inside, whatever it was made from.
///
/// # Safety
/// `out` is NULL or can be written.
pub unsafe fn put_text(out: *mut *mut c_char, mut text: Vec<u8>) -> Result<()> {
    text.retain(|byte| *byte != 0);
    text.try_reserve_exact(1)?;
    let text = CString::new(text).unwrap_or_default();
    if !out.is_null() {
        // SAFETY: the caller's promise.
        unsafe { out.write(text.into_raw()) };
    }
    Ok(())
}

/// Hands out the one text that an answer should have.
///
/// # Safety
/// As `put_text`.
pub unsafe fn put_first(out: *mut *mut c_char, texts: &Owned<TextList>) -> Result<()> {
    let Some(first) = texts.get().items.iter().next() else {
        return Err(Error::new(imap_status::IMAP_ERR_PROTOCOL, "the server said OK and gave no URL"));
    };
    // SAFETY: the caller's promise.
    unsafe { put_text(out, first.as_bytes().to_vec()) }
}

/// Frees a result.
///
/// # Safety
/// `result` is NULL or was handed out for this kind and not freed.
pub unsafe fn free_result<K: Kind>(result: *mut K::Of<'static>) {
    if !result.is_null() {
        // SAFETY: the caller's promise.
        drop(unsafe { Owned::<K>::from_c(result) });
    }
}

/// Hands an opaque object out.
///
/// # Safety
/// `out` is NULL or can be written.
pub unsafe fn put_object<T>(out: *mut *mut T, object: Box<T>) {
    if !out.is_null() {
        // SAFETY: the caller's promise.
        unsafe { out.write(Box::into_raw(object)) };
    }
}

/// Frees an opaque object; a panic in that goes no further.
///
/// # Safety
/// `object` is NULL or was handed out by `put_object` and not freed.
pub unsafe fn free_object<T>(object: *mut T) {
    if !object.is_null() {
        // SAFETY: the caller's promise.
        let object = unsafe { Box::from_raw(object) };
        let _ = catch_unwind(AssertUnwindSafe(|| drop(object)));
    }
}

/// # Safety
/// `object` is NULL or alive for the call.
pub unsafe fn shared<'a, T>(what: &str, object: *const T) -> Result<&'a T> {
    // SAFETY: the caller's promise.
    unsafe { object.as_ref() }.ok_or_else(|| is_null(what))
}

/// # Safety
/// `object` is NULL or alive, and used by nobody else during the call.
pub unsafe fn exclusive<'a, T>(what: &str, object: *mut T) -> Result<&'a mut T> {
    // SAFETY: the caller's promise.
    unsafe { object.as_mut() }.ok_or_else(|| is_null(what))
}

/// # Safety
/// `text` is NULL or NUL-terminated and unchanged during the call.
pub unsafe fn text<'a>(what: &str, text: *const c_char) -> Result<&'a str> {
    // SAFETY: the caller's promise.
    unsafe { optional_text(what, text) }?.ok_or_else(|| is_null(what))
}

/// # Safety
/// As `text`.
pub unsafe fn optional_text<'a>(what: &str, text: *const c_char) -> Result<Option<&'a str>> {
    if text.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller's promise.
    match unsafe { CStr::from_ptr(text) }.to_str() {
        Ok(text) => Ok(Some(text)),
        Err(_) => Err(Error::invalid(format!("{what} is not valid UTF-8"))),
    }
}

/// # Safety
/// `data` is NULL or has `len` readable bytes, unchanged during the call.
pub unsafe fn bytes<'a>(what: &str, data: *const u8, len: usize) -> Result<&'a [u8]> {
    if data.is_null() {
        return if len == 0 { Ok(&[]) } else { Err(is_null(what)) };
    }
    if isize::try_from(len).is_err() {
        return Err(Error::invalid(format!("{what} is longer than memory can be")));
    }
    // SAFETY: the caller's promise; the length was checked.
    Ok(unsafe { std::slice::from_raw_parts(data, len) })
}

/// # Safety
/// `data` is NULL or has `len` bytes that can be written and are used by nobody else during the call.
pub unsafe fn bytes_to_fill<'a>(what: &str, data: *mut u8, len: usize) -> Result<&'a mut [u8]> {
    if data.is_null() {
        return if len == 0 { Ok(&mut []) } else { Err(is_null(what)) };
    }
    if isize::try_from(len).is_err() {
        return Err(Error::invalid(format!("{what} is longer than memory can be")));
    }
    // SAFETY: the caller's promise; the length was checked. What was there is overwritten, not read.
    Ok(unsafe { std::slice::from_raw_parts_mut(data, len) })
}

/// The values of a text's placeholders.
///
/// # Safety
/// `params` is NULL or an array of texts that ends with NULL.
pub unsafe fn params<'a>(params: *const *const c_char) -> Result<Option<Vec<&'a str>>> {
    if params.is_null() {
        return Ok(None);
    }
    let mut values = Vec::new();
    let mut next = params;
    // SAFETY: the caller's promise: the array ends with NULL.
    while let Some(value) = unsafe { optional_text("a value of params", *next) }? {
        values.try_reserve(1)?;
        values.push(value);
        // SAFETY: a value was here, so the array goes on.
        next = unsafe { next.add(1) };
    }
    Ok(Some(values))
}

/// When a wait of so many milliseconds ends; -1: never.
pub fn deadline(timeout: i64) -> Result<Option<Instant>> {
    // More would overflow the clock.
    const LONGEST: i64 = 1 << 40;
    match timeout {
        -1 => Ok(None),
        0..=LONGEST => Ok(Some(Instant::now() + Duration::from_millis(timeout.unsigned_abs()))),
        _ => Err(Error::invalid(format!("a timeout cannot be {timeout}"))),
    }
}

pub fn is_null(what: &str) -> Error {
    Error::invalid(format!("{what} is NULL"))
}

pub fn fault() -> Error {
    Error::fatal(
        imap_status::IMAP_ERR_INTERNAL,
        "a fault in libimap: please report it with this call's arguments",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capi::error::imap_error_free;
    use crate::error::imap_status::*;

    #[test]
    fn a_panic_stops_here() {
        let mut error = std::ptr::null_mut();
        // SAFETY: the error can be written, is one, and is freed once.
        unsafe {
            assert_eq!(call(&mut error, || panic!("on purpose")), IMAP_ERR_INTERNAL);
            assert_eq!((*error).status, IMAP_ERR_INTERNAL);
            imap_error_free(error);
            assert_eq!(call(std::ptr::null_mut(), || panic!("on purpose")), IMAP_ERR_INTERNAL);
        }
    }
}
