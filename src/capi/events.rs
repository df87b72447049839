//! # Events

use std::ffi::{c_char, c_void};
use std::sync::Arc;

use super::boundary::{
    clear, deadline, free_result, imap_client, is_null, on_client, params, put_result, text,
};
use super::uploads::{Userdata, imap_release_callback};
use crate::client::Handle;
use crate::commands::{Idle, Notify};
use crate::error::imap_status;
use crate::model::{Event, Owned, imap_error, imap_event, imap_watch_means, try_box};

/// # Events
///
/// What the server tells unasked, in order, collects while other calls run: look after each with
/// imap_next_event(). imap_idle() waits for it, imap_watch() has it told of several mailboxes, imap_noop() asks
/// once. Every event is yours to free. Whoever prefers to be called: imap_add_handler().
///
/// The next event, to be freed with imap_event_free(); NULL: none now. What has arrived already is read first.
/// Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_next_event(
    client: *mut imap_client,
    event: *mut *mut imap_event<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        clear(event);
        on_client(client, error, |client| {
            if let Some(next) = client.next_event()? {
                put_result::<Event>(event, next);
            }
            Ok(())
        })
    }
}

/// Waits for the next event, to be freed with imap_event_free(), with IDLE (RFC 2177), or by NOOP every
/// IMAP_OPTION_POLL_INTERVAL where the server does not have it; NULL: none came within `timeout` milliseconds (-1: no
/// limit). Works in any state after the login; no mailbox needs to be selected, but only the selected one is told of.
/// Other threads' commands run meanwhile, as if nobody idled. IDLE is renewed after IMAP_OPTION_IDLE_RENEW; a server
/// that is gone is found after IMAP_OPTION_DEAD_PEER. After an event it goes on until something is sent.
/// Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_idle(
    client: *mut imap_client,
    timeout: i64,
    event: *mut *mut imap_event<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        clear(event);
        on_client(client, error, |client| {
            let until = deadline(timeout)?;
            if let Some(next) = client.idle(try_box(Idle)?, until)? {
                put_result::<Event>(event, next);
            }
            Ok(())
        })
    }
}

/// Has imap_idle(), and an IDLE that was sent, hear of these mailboxes too (an array of names that ends with NULL; NULL:
/// of the selected one alone) by the best means that the server has: NOTIFY, else IDLE and a STATUS of the others every
/// IMAP_OPTION_POLL_INTERVAL, else NOOP instead of IDLE. `means` tells which. The counts of each are told as
/// IMAP_EVENT_STATUS, at first and when they change. Stays in force until it is called anew, also after
/// imap_reconnect(). UNSUPPORTED: there is no NOTIFY, and IMAP_OPTION_EMULATE is off. Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_watch(
    client: *mut imap_client,
    mailboxes: *const *const c_char,
    means: *mut imap_watch_means,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        if !means.is_null() {
            means.write(imap_watch_means::IMAP_WATCH_NOTIFY);
        }
        on_client(client, error, |client| {
            let names = params(mailboxes)?;
            let used = client.watch_mailboxes(names.as_deref())?;
            if !means.is_null() {
                means.write(used);
            }
            Ok(())
        })
    }
}

/// NOTIFY (RFC 5465): which news the server tells by itself, of which mailboxes: "SET STATUS (selected (MessageNew
/// MessageExpunge)) (subtree ? (MessageNew))", "NONE"; a ? is a mailbox. With "selected", rather than
/// "selected-delayed", messages may vanish at any time: commands that name them by number are then INVALID. NO with the
/// code BADEVENT: the server does not have one of the events. Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_notify(
    client: *mut imap_client,
    events: *const c_char,
    params: *const *const c_char,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        on_client(client, error, |client| {
            let values = self::params(params)?;
            client.run(Notify::new(text("events", events)?, values.as_deref())?)
        })
    }
}

/// One event, valid during the call. Returns true to go on, false to hear no more.
#[allow(non_camel_case_types)]
pub type imap_event_callback =
    Option<unsafe extern "C" fn(userdata: *mut c_void, event: *const imap_event<'static>) -> bool>;

/// Calls `handler` with `userdata` for every response of the server, those that a command claims included, in the order
/// of arrival, while some call on this client runs: on the thread of that call, with no lock held. It may call back
/// into the client, but not wait in it (STATE). Large literals are left out. `release` (or NULL) is called with
/// `userdata` in the end. Gives the handler's id. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_add_handler(
    client: *mut imap_client,
    handler: imap_event_callback,
    userdata: *mut c_void,
    release: imap_release_callback,
    handler_id: *mut u32,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        let userdata = Userdata { data: userdata, release };
        if !handler_id.is_null() {
            handler_id.write(0);
        }
        on_client(client, error, |client| {
            if handler.is_none() {
                return Err(is_null("handler"));
            }
            let id = client.add_handler(Arc::new(Handler { handler, userdata }))?;
            if !handler_id.is_null() {
                handler_id.write(id);
            }
            Ok(())
        })
    }
}

/// The handler is told no more; one that runs now on another thread may still be running. 0 and ids that are gone do
/// nothing. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_remove_handler(client: *mut imap_client, handler_id: u32) {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        on_client(client, std::ptr::null_mut(), |client| {
            client.check()?;
            client.remove_handler(handler_id);
            Ok(())
        });
    }
}

struct Handler {
    handler: imap_event_callback,
    userdata: Userdata,
}

impl Handle for Handler {
    fn handle(&self, event: &Owned<Event>) -> bool {
        let event = std::ptr::from_ref(event.get()).cast();
        let Some(handler) = self.handler else { return false };
        // SAFETY: the caller's function with its own pointer; the event lives through the call.
        unsafe { handler(self.userdata.data, event) }
    }
}

/// NULL is fine. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_event_free(event: *mut imap_event<'static>) {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { free_result::<Event>(event) }
}
