//! # Searching

use std::ffi::c_char;

use super::boundary::{free_result, give, imap_client, params, text};
use crate::commands::{Search, Sort};
use crate::error::imap_status;
use crate::model::{Numbers, imap_error, imap_numbers};

/// # Searching
///
/// `criteria` are search keys, after RETURN (...) and CHARSET if you want them (UTF-8 is declared when
/// needed): "UNSEEN FROM ? SINCE ?", "RETURN (MIN MAX COUNT) ALL", "# UNSEEN" for message numbers. Give
/// imap_set_text(found->set) to imap_fetch(), or walk the set with imap_set_next().
///
/// SEARCH (RFC 9051 section 6.4.4). `params`: the values of the ? in `criteria`, NULL at the end; or NULL.
/// Nothing found is an empty set, no error. Free the result with imap_numbers_free(). Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_search(
    client: *mut imap_client,
    criteria: *const c_char,
    params: *const *const c_char,
    found: *mut *mut imap_numbers<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        give::<Numbers>(client, found, error, |client| {
            let values = self::params(params)?;
            client.run(Search::new(text("criteria", criteria)?, values.as_deref())?)
        })
    }
}

/// SORT (RFC 5256) of the messages that match `criteria`: `keys` as "REVERSE DATE SUBJECT", of ARRIVAL, CC, DATE, FROM,
/// SIZE, SUBJECT, TO, DISPLAYFROM, DISPLAYTO. The set of the result is in that order. Where the server cannot, it is made
/// here from the messages' envelopes, and origin is IMAP_ORIGIN_EMULATED; RETURN (...) in the criteria needs a server with
/// ESORT. `params`, and the result, as with imap_search(). Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_sort(
    client: *mut imap_client,
    keys: *const c_char,
    criteria: *const c_char,
    params: *const *const c_char,
    found: *mut *mut imap_numbers<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        give::<Numbers>(client, found, error, |client| {
            let values = self::params(params)?;
            client.run(Sort::new(text("keys", keys)?, text("criteria", criteria)?, values.as_deref())?)
        })
    }
}

/// NULL is fine. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_numbers_free(numbers: *mut imap_numbers<'static>) {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { free_result::<Numbers>(numbers) }
}
