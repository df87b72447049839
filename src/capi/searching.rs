//! # Searching

use std::ffi::c_char;

use super::boundary::{free_result, give, imap_client, on_client, optional_text, params, text};
use crate::commands::{Batches, CancelUpdate, MultiSearch, Search, Sort, Thread};
use crate::error::imap_status;
use crate::model::{
    Numbers, NumbersList, Threads, imap_error, imap_numbers, imap_numbers_list, imap_threads,
};

/// # Searching
///
/// `criteria` are search keys, after RETURN (...) and CHARSET if you want them (UTF-8 is declared when
/// needed): "UNSEEN FROM ? SINCE ?", "RETURN (COUNT PARTIAL -1:-100) ALL", "RETURN (SAVE) FLAGGED" for $,
/// "# UNSEEN" for message numbers. Give imap_set_text(found->set) to imap_fetch(), or walk the set with
/// imap_set_next().
///
/// SEARCH (RFC 9051 section 6.4.4). `params`: the values of the ? in `criteria`, NULL at the end; or NULL.
/// Nothing found is an empty set, no error. Where the server does not know MIN, MAX, COUNT, ALL or PARTIAL of RETURN, they
/// are computed here from all numbers; OLDER and YOUNGER become BEFORE and SINCE, which are exact to the day (in UTC); then
/// origin is IMAP_ORIGIN_EMULATED. UNSUPPORTED for any other key or option that the server does not have. A server that
/// cannot search in UTF-8 is asked once more in a charset that it names, if the text can be written in that. RETURN (UPDATE)
/// keeps the answer up to date: see IMAP_EVENT_SEARCH. A server that looks at so many messages at a time (MESSAGELIMIT,
/// RFC 9738) is asked again until it has seen all; if that cannot be, as with SAVE, a defect says how far it came.
/// Free the result with imap_numbers_free(). Blocks: yes.
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
/// RELEVANCY, SIZE, SUBJECT, TO, DISPLAYFROM, DISPLAYTO. The set of the result is in that order, MIN and MAX of RETURN are
/// its first and last. Where the server cannot, it is made here from the messages' envelopes, and origin is
/// IMAP_ORIGIN_EMULATED. `params`, RETURN and the result as with imap_search(). Blocks: yes.
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

/// THREAD (RFC 5256) of the messages that match `criteria`, which has no RETURN: `algorithm` is "REFERENCES", "REFS",
/// "ORDEREDSUBJECT" or another that the server has; NULL: the best that it has, in this order. Where the server cannot,
/// these three are made here, from envelopes and the References of all messages that match, and origin is
/// IMAP_ORIGIN_EMULATED. `params` as with imap_search(). Free the result with imap_threads_free(). Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_thread(
    client: *mut imap_client,
    algorithm: *const c_char,
    criteria: *const c_char,
    params: *const *const c_char,
    threads: *mut *mut imap_threads<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        give::<Threads>(client, threads, error, |client| {
            let values = self::params(params)?;
            let algorithm = optional_text("algorithm", algorithm)?;
            client.run(Thread::new(algorithm, text("criteria", criteria)?, values.as_deref())?)
        })
    }
}

/// ESEARCH in several mailboxes (RFC 7377): "IN (mailboxes ? subtree ? personal) RETURN (ALL COUNT) FROM ?"; without IN, in
/// the selected one. A value in IN is a mailbox. One imap_numbers for each mailbox with a match, with its mailbox and
/// uid_validity set, of UIDs. UPDATE and SAVE are for imap_search(). UNSUPPORTED if the server does not have MULTISEARCH.
/// `params` as with imap_search(). Free the result with imap_numbers_list_free(). Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_esearch(
    client: *mut imap_client,
    criteria: *const c_char,
    params: *const *const c_char,
    found: *mut *mut imap_numbers_list<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        give::<NumbersList>(client, found, error, |client| {
            let values = self::params(params)?;
            client.run(MultiSearch::new(text("criteria", criteria)?, values.as_deref())?)
        })
    }
}

/// CANCELUPDATE (RFC 5267): ends the events of a search with RETURN (UPDATE). They end by themselves when another mailbox
/// is selected. INVALID if there is no such search. Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_cancelupdate(
    client: *mut imap_client,
    update_id: u32,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { on_client(client, error, |client| client.run(CancelUpdate::new(update_id))) }
}

/// UIDBATCHES (RFC 10022): the selected mailbox cut into spans of about `size` messages (servers want at least 500),
/// newest first; spans `first` to `last`, counted from 1, or 0 and 0 for all. Walk them with imap_set_next_span(); total is
/// how many they are. NO with TOOFEW or TOOMANY: the size, or the number of spans, is not to the server's liking.
/// UNSUPPORTED if the server does not have it. Free the result with imap_numbers_free(). Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_uidbatches(
    client: *mut imap_client,
    size: u32,
    first: u32,
    last: u32,
    batches: *mut *mut imap_numbers<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { give::<Numbers>(client, batches, error, |client| client.run(Batches::new(size, first, last)?)) }
}

/// NULL is fine. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_numbers_free(numbers: *mut imap_numbers<'static>) {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { free_result::<Numbers>(numbers) }
}

/// NULL is fine. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_numbers_list_free(list: *mut imap_numbers_list<'static>) {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { free_result::<NumbersList>(list) }
}

/// NULL is fine. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_threads_free(threads: *mut imap_threads<'static>) {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { free_result::<Threads>(threads) }
}
