//! # Requests

use std::ffi::c_char;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::boundary::{
    bytes, clear, deadline, free_object, free_result, give, guarded, imap_client, is_null, on_client, params,
    put_object, put_result, shared, text,
};
use super::error::raise;
use crate::client::{Client, Goal};
use crate::commands::{Raw, command};
use crate::error::{Error, NoMemory, Result, imap_status};
use crate::model::*;
use crate::sasl::Secret;
use crate::session::RequestId;
use crate::wire::cursor::Response;
use crate::wire::event;

/// A command in flight and its answer. Opaque; any thread.
#[allow(non_camel_case_types)]
pub struct imap_request {
    pub(super) client: Arc<Client>,
    pub(super) id: RequestId,
    /// The tagged reply, once somebody looked at it.
    reply: OnceLock<Option<Box<Owned<Event>>>>,
    /// What the server asked last, as the caller was told, with a NUL behind it.
    challenge: Mutex<Secret>,
}

impl Drop for imap_request {
    fn drop(&mut self) {
        if self.client.is_of_this_process() {
            self.client.forget(self.id);
        }
    }
}

/// Gives the request that `submit` makes.
///
/// # Safety
/// As boundary.rs says of the pointers.
pub(super) unsafe fn begin(
    client: *const imap_client,
    request: *mut *mut imap_request,
    error: *mut *mut imap_error<'static>,
    submit: impl FnOnce(&Client) -> Result<RequestId>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        clear(request);
        on_client(client, error, |client| {
            if request.is_null() {
                return Err(is_null("request"));
            }
            let id = submit(client)?;
            put_object(request, try_box(imap_request::new(client.clone(), id))?);
            Ok(())
        })
    }
}

/// # Requests
///
/// imap_send() starts any command and returns at once; write it as RFC 9051 does, without the tag:
///     imap_send(client, "STATUS ? (UNSEEN)", params, &request, &error);      do other things, then
///     imap_request_take_counts(request, &counts, &error);                    waits if need be
/// "UID FETCH", "UID SEARCH", ... speak of UIDs, without UID of message numbers. All that the functions above
/// do is done here too: checks, capabilities, encoding, splitting. Commands overlap as far as RFC 9051 section
/// 5.5 allows; others wait for their turn. "LOGIN ? ?" is the command itself, for servers whose mechanisms do
/// not work; for APPEND and REPLACE there is imap_send_upload(), for AUTHENTICATE and LOGOUT the functions above. Unknown commands are sent as they
/// are.
///
/// `params`: the values of the ? in `command`, NULL at the end; or NULL. Gives a request, to be freed with
/// imap_request_free(); what the server makes of it is told when it is taken. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_send(
    client: *mut imap_client,
    command: *const c_char,
    params: *const *const c_char,
    request: *mut *mut imap_request,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        begin(client, request, error, |client| {
            let values = self::params(params)?;
            client.submit(self::command(text("command", command)?, values.as_deref())?)
        })
    }
}

/// Whether its reply has come, or it failed; what has arrived already is read first. True for NULL. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_request_is_done(request: *const imap_request) -> bool {
    let mut is_done = true;
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        on_request(request, std::ptr::null_mut(), |request| {
            is_done = request.client.is_done(request.id)?;
            Ok(())
        });
    }
    is_done
}

/// Whether the next _take, _next_..., imap_request_write(), imap_request_challenge(), or imap_body_read() of its body would
/// not wait; what has arrived already is read first. True for NULL. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_request_is_ready(request: *const imap_request) -> bool {
    let mut is_ready = true;
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        on_request(request, std::ptr::null_mut(), |request| {
            is_ready = request.client.is_ready(request.id)?;
            Ok(())
        });
    }
    is_ready
}

/// How far it is, in bytes: sent, of an upload, and received otherwise; or in the server's own count (messages, mostly)
/// once it tells that (INPROGRESS, RFC 9585). `total` is -1 where it is not known. 0 and -1 for NULL. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_request_progress(
    request: *const imap_request,
    done: *mut i64,
    total: *mut i64,
) {
    let (mut so_far, mut in_all) = (0, None);
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        on_request(request, std::ptr::null_mut(), |request| {
            (so_far, in_all) = request.client.progress(request.id);
            Ok(())
        });
        let count = |bytes| i64::try_from(bytes).unwrap_or(i64::MAX);
        if !done.is_null() {
            done.write(count(so_far));
        }
        if !total.is_null() {
            total.write(in_all.map_or(-1, count));
        }
    }
}

/// Puts it before all that is not sent yet, but behind what changes the session (SELECT, ...). Otherwise the threads
/// that use a client take turns. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_request_hurry(request: *mut imap_request) {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        on_request(request, std::ptr::null_mut(), |request| {
            request.client.hurry(request.id);
            Ok(())
        });
    }
}

/// Waits until it is done, at most `timeout` milliseconds; -1: as long as its own deadlines allow. Returns how it
/// ended, as the takes do. TIMEOUT: not done yet, and goes on. Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_request_wait(
    request: *mut imap_request,
    timeout: i64,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        on_request(request, error, |request| {
            request.client.wait(Goal::Done(request.id), deadline(timeout)?)?;
            request.client.result(request.id)
        })
    }
}

/// Ends it with CANCELLED. The connection stays good: what was sent is not taken back, but its answer is skipped, up to
/// IMAP_OPTION_DRAIN_BYTES and _DRAIN_TIMEOUT; a literal that is in memory is sent to its end, IDLE is ended with
/// DONE, an authentication with *. A login that the server accepts after all that closes the connection. An upload whose bytes come from elsewhere, and of which some were sent, cannot be ended otherwise than by
/// closing the connection. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_request_cancel(request: *mut imap_request) {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        on_request(request, std::ptr::null_mut(), |request| {
            request.client.cancel_request(request.id);
            Ok(())
        });
    }
}

/// Cancels it if it is not done, and frees it; NULL is fine. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_request_free(request: *mut imap_request) {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { free_object(request) }
}

/// The tagged reply; NULL until it has come. To be asked for before the answer is taken; lives as long as the
/// request. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_request_reply(request: *const imap_request) -> *const imap_event<'static> {
    let mut reply = std::ptr::null();
    // SAFETY: the caller's promise; see boundary.rs. The event lives as long as the request.
    unsafe {
        on_request(request, std::ptr::null_mut(), |request| {
            if let Some(event) = request.reply() {
                reply = std::ptr::from_ref(event.get()).cast();
            }
            Ok(())
        });
    }
    reply
}

impl imap_request {
    pub(super) fn new(client: Arc<Client>, id: RequestId) -> imap_request {
        imap_request { client, id, reply: OnceLock::new(), challenge: Mutex::default() }
    }

    fn reply(&self) -> Option<&Owned<Event>> {
        if let Some(known) = self.reply.get() {
            return known.as_deref();
        }
        let bytes = self.client.reply(self.id)?;
        let made: Result<Box<Owned<Event>>, NoMemory> =
            Owned::build(|arena| event::event(&Response::new(&bytes, &[]), false, false, arena));
        self.reply.get_or_init(|| made.ok()).as_deref()
    }

    /// Waits for the answer and gives it, once. An answer of another kind stays where it is.
    fn take<K: Kind>(&self) -> Result<Box<Owned<K>>> {
        self.client.wait(Goal::Done(self.id), None)?;
        self.client.result(self.id)?;
        if !self.client.gives::<Box<Owned<K>>>(self.id) {
            let message = "this request's command gives another kind of answer: see imap_request_take_...()";
            return Err(Error::new(imap_status::IMAP_ERR_STATE, message));
        }
        // The reply goes with the answer: keep it for who asks later.
        self.reply();
        self.client.take(self.id)
    }
}

/// Runs a call on a request of this process.
///
/// # Safety
/// As in boundary.rs.
pub(super) unsafe fn on_request(
    request: *const imap_request,
    error: *mut *mut imap_error<'static>,
    run: impl FnOnce(&imap_request) -> Result<()>,
) -> imap_status {
    // SAFETY: the caller's promise.
    let request = unsafe { shared("request", request) };
    let result = request.and_then(|request| {
        request.client.check()?;
        guarded(&request.client, || run(request))
    });
    // SAFETY: the caller's promise.
    unsafe { raise(result, error) }
}

/// # Safety
/// As in boundary.rs.
unsafe fn take<K: Kind>(
    request: *mut imap_request,
    out: *mut *mut K::Of<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise.
    unsafe {
        clear(out);
        on_request(request, error, |request| {
            put_result(out, request.take::<K>()?);
            Ok(())
        })
    }
}

/// What the server asks in an authentication of imap_send_authenticate(): its bytes, decoded, which are good until they
/// are answered or the request is freed; NULL when it asks no more and has said OK. Fails as the request does: AUTH, when
/// the server refused. Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_request_challenge(
    request: *mut imap_request,
    data: *mut *const u8,
    data_len: *mut usize,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        let put = |asked: *const u8, length: usize| {
            if !data.is_null() {
                data.write(asked);
            }
            if !data_len.is_null() {
                data_len.write(length);
            }
        };
        put(std::ptr::null(), 0);
        on_request(request, error, |request| {
            request.client.make_way()?;
            let Some(asked) = request.client.challenge(request.id)? else { return Ok(()) };
            let mut kept = request.challenge.lock().unwrap_or_else(PoisonError::into_inner);
            *kept = Secret::concat(&[asked.as_bytes(), b"\0"])?;
            put(kept.as_bytes().as_ptr(), asked.as_bytes().len());
            Ok(())
        })
    }
}

/// Answers it with `data_len` bytes, which the library encodes; none is an answer too. STATE: the server has asked for
/// nothing. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_request_respond(
    request: *mut imap_request,
    data: *const u8,
    data_len: usize,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        on_request(request, error, |request| {
            request.client.respond(request.id, bytes("data", data, data_len)?)
        })
    }
}

/// The answer of FETCH or STORE, to be freed with imap_messages_free(). Waits for it. Each take gives its answer
/// once; STATE if the command gives no such thing, and the answer stays to be taken. Otherwise as the function of
/// the command. Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_request_take_messages(
    request: *mut imap_request,
    messages: *mut *mut imap_messages<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { take::<Messages>(request, messages, error) }
}

/// The same for SEARCH, SORT, EXPUNGE and UIDBATCHES; imap_numbers_free(). Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_request_take_numbers(
    request: *mut imap_request,
    numbers: *mut *mut imap_numbers<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { take::<Numbers>(request, numbers, error) }
}

/// The same for ESEARCH; imap_numbers_list_free(). Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_request_take_numbers_list(
    request: *mut imap_request,
    list: *mut *mut imap_numbers_list<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { take::<NumbersList>(request, list, error) }
}

/// The same for THREAD; imap_threads_free(). Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_request_take_threads(
    request: *mut imap_request,
    threads: *mut *mut imap_threads<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { take::<Threads>(request, threads, error) }
}

/// The same for COPY and MOVE; imap_assigned_free(). Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_request_take_assigned(
    request: *mut imap_request,
    assigned: *mut *mut imap_assigned<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { take::<Assigned>(request, assigned, error) }
}

/// The same for LIST and LSUB; imap_mailboxes_free(). Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_request_take_mailboxes(
    request: *mut imap_request,
    mailboxes: *mut *mut imap_mailboxes<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { take::<Mailboxes>(request, mailboxes, error) }
}

/// The same for STATUS; imap_counts_free(). Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_request_take_counts(
    request: *mut imap_request,
    counts: *mut *mut imap_counts<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { take::<Counts>(request, counts, error) }
}

/// The same for SELECT and EXAMINE; imap_selected_free(). Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_request_take_selected(
    request: *mut imap_request,
    selected: *mut *mut imap_selected<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { take::<Selected>(request, selected, error) }
}

/// The same for NAMESPACE; imap_namespaces_free(). Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_request_take_namespaces(
    request: *mut imap_request,
    namespaces: *mut *mut imap_namespaces<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { take::<Namespaces>(request, namespaces, error) }
}

/// The same for ID; imap_pairs_free(). Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_request_take_pairs(
    request: *mut imap_request,
    pairs: *mut *mut imap_pairs<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { take::<Pairs>(request, pairs, error) }
}

/// The same for GETACL, LISTRIGHTS and MYRIGHTS; imap_acl_free(). Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_request_take_acl(
    request: *mut imap_request,
    acl: *mut *mut imap_acl<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { take::<Acl>(request, acl, error) }
}

/// The same for GETQUOTA, GETQUOTAROOT and SETQUOTA; imap_quotas_free(). Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_request_take_quotas(
    request: *mut imap_request,
    quotas: *mut *mut imap_quotas<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { take::<Quotas>(request, quotas, error) }
}

/// The same for GETMETADATA; imap_entries_free(). Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_request_take_entries(
    request: *mut imap_request,
    entries: *mut *mut imap_entries<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { take::<Entries>(request, entries, error) }
}

/// The same for CAPABILITY and ENABLE; imap_texts_free(). Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_request_take_texts(
    request: *mut imap_request,
    texts: *mut *mut imap_texts<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { take::<TextList>(request, texts, error) }
}

/// The same for a command that libimap does not know: its responses, generic, the tagged one last;
/// imap_events_free(). Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_request_take_events(
    request: *mut imap_request,
    events: *mut *mut imap_events<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { take::<Events>(request, events, error) }
}

/// Any command in its own words, and all responses that come until its tagged one, which is the last: for
/// commands that have no function. Nothing else runs meanwhile. INVALID for those that change what the library
/// must know (SELECT, LOGIN, ...), with the name of their function. `params` as with imap_send(). Free the
/// result with imap_events_free(). Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_command(
    client: *mut imap_client,
    command: *const c_char,
    params: *const *const c_char,
    events: *mut *mut imap_events<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        give::<Events>(client, events, error, |client| {
            let values = self::params(params)?;
            client.run(Raw::new(text("command", command)?, values.as_deref())?)
        })
    }
}

/// NULL is fine. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_events_free(events: *mut imap_events<'static>) {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { free_result::<Events>(events) }
}
