//! # Connecting

use std::ffi::c_char;
use std::sync::Arc;

use super::boundary::{
    call, clear, free_object, free_result, give, imap_client, is_null, on_client, optional_text, put_object,
    put_result, put_text, text,
};
use super::options::imap_options;
use crate::client::Client;
use crate::commands::Plain;
use crate::error::{Result, imap_status};
use crate::model::{
    Connection, Selected, imap_connection, imap_error, imap_selected, imap_state, imap_tls, try_box,
};
use crate::wire::url;

/// # Connecting
///
/// imap_connect() returns with TLS verified and the greeting read, and logged in if the options name a user
/// and a password. imap_logout() says goodbye; imap_client_free() is right at any time and never waits.
///
/// Connects to `host`, a name or an IP address; NULL or "" is this machine. `options` may be NULL: port 993,
/// implicit TLS, the system's trusted certificates. Gives the client, to be freed with imap_client_free().
/// CONNECT: no address found or none reached; TLS; CERTIFICATE; TIMEOUT; CLOSED: the server refused;
/// PROTOCOL: no IMAP server; AUTH. Blocks: yes, within the timeouts of the options.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_connect(
    host: *const c_char,
    options: *const imap_options,
    client: *mut *mut imap_client,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        start(options, client, error, |options| {
            let host = optional_text("host", host)?.unwrap_or_default();
            let made = Client::start(options.config(host, None, None)?)?;
            made.finish_opening()?;
            Ok(made)
        })
    }
}

/// As imap_connect(), to imap[s]://[user@]host[:port]/ (RFC 5092). imaps: implicit TLS; imap: STARTTLS,
/// unless IMAP_OPTION_TLS says IMAP_TLS_NONE. A user in the URL is logged in with IMAP_OPTION_PASSWORD. A path is
/// checked and left aside; a password has no place in a URL: INVALID. Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_connect_url(
    url: *const c_char,
    options: *const imap_options,
    client: *mut *mut imap_client,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        start(options, client, error, |options| {
            let url = url::parse(text("url", url)?)?;
            let tls = match url.is_tls {
                true => imap_tls::IMAP_TLS_IMPLICIT,
                false if options.is_plaintext() => imap_tls::IMAP_TLS_NONE,
                false => imap_tls::IMAP_TLS_STARTTLS,
            };
            let mut config = options.config(&url.host, url.port.as_deref(), Some(tls))?;
            if let Some(user) = url.user {
                config.login = options.credentials(&user)?;
            }
            let made = Client::start(config)?;
            made.finish_opening()?;
            Ok(made)
        })
    }
}

/// As imap_connect(), but only begins. Commands can be called or sent at once and wait for it; a failure is
/// theirs. The name is looked up beside, on a short-lived thread. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_start(
    host: *const c_char,
    options: *const imap_options,
    client: *mut *mut imap_client,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        start(options, client, error, |options| {
            Client::start(options.config(optional_text("host", host)?.unwrap_or_default(), None, None)?)
        })
    }
}

/// # Safety
/// As in boundary.rs.
unsafe fn start(
    options: *const imap_options,
    out: *mut *mut imap_client,
    error: *mut *mut imap_error<'static>,
    start: impl FnOnce(&imap_options) -> Result<Arc<Client>>,
) -> imap_status {
    // SAFETY: the caller's promise.
    unsafe {
        clear(out);
        call(error, || {
            if out.is_null() {
                return Err(is_null("client"));
            }
            let defaults;
            let options = match options.as_ref() {
                Some(options) => options,
                None => {
                    defaults = imap_options::default();
                    &defaults
                }
            };
            put_object(out, try_box(imap_client { client: start(options)? })?);
            Ok(())
        })
    }
}

/// Brings a client whose connection has ended back, with the same options; logs in as before if
/// IMAP_OPTION_KEEP_CREDENTIALS is on, enables and watches what was enabled and watched, and selects the mailbox again
/// that was selected. `selected` (NULL if none was, or nobody logged in) says what changed meanwhile, as
/// imap_resync() does; without CONDSTORE `changed` has the messages whose flags are not as they were last told here. Free
/// it with imap_selected_free(). Requests that were never sent are sent now; those that were have failed, and the error's
/// may_be_done says which may have run. STATE: the connection stands. Otherwise as imap_connect() and imap_login().
/// Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_reconnect(
    client: *mut imap_client,
    selected: *mut *mut imap_selected<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        clear(selected);
        on_client(client, error, |client| {
            if let Some(found) = client.reconnect()? {
                put_result::<Selected>(selected, found);
            }
            Ok(())
        })
    }
}

/// LOGOUT (RFC 9051 section 6.1.3), and closes. The server's BYE is no error. Afterwards every call gives
/// CLOSED. Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_logout(
    client: *mut imap_client,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { on_client(client, error, |client| client.run(Plain::logout())) }
}

/// Closes without LOGOUT and wakes every waiting call with CLOSED: the way to end a client that other threads
/// still use. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_disconnect(client: *mut imap_client) {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        on_client(client, std::ptr::null_mut(), |client| {
            client.check()?;
            client.disconnect();
            Ok(())
        });
    }
}

/// Makes all calls that wait on this client return CANCELLED, or the next one if none waits; for one among
/// several there is imap_request_cancel(). The connection stays good, unless it was being made. May be
/// called in a signal handler. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_cancel(client: *mut imap_client) {
    // SAFETY: the caller's promise; see boundary.rs. No more than atomics and a write: a signal handler may.
    if let Some(client) = unsafe { client.as_ref() } {
        client.client.cancel();
    }
}

/// Closes the connection if it is open, and frees the client; NULL is fine. Requests may outlive it: they end
/// with CLOSED. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_client_free(client: *mut imap_client) {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        let Some(object) = client.as_ref() else { return };
        // A forked child leaves it alone: the parent's locks may be held in this copy, and the connection is
        // not the child's to touch.
        if object.client.is_of_this_process() {
            imap_disconnect(client);
            free_object(client);
        }
    }
}

/// Where the session stands; LOGOUT for NULL and when closed. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_get_state(client: *const imap_client) -> imap_state {
    let mut state = imap_state::IMAP_STATE_LOGOUT;
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        on_client(client, std::ptr::null_mut(), |client| {
            client.check()?;
            state = client.state();
            Ok(())
        });
    }
    state
}

/// Peer, TLS, capabilities, greeting, counters, as they are now. Free it with imap_connection_free().
/// Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_get_connection(
    client: *const imap_client,
    connection: *mut *mut imap_connection<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { give::<Connection>(client, connection, error, |client| client.connection()) }
}

/// The last traffic, secrets hidden, one line each: "1.204 C: A1 NOOP", with the seconds since the client was made, and
/// C: for what was sent, S: for what was received, #: for what the library did. Literals are told by their size, long
/// lines are cut. Free it with imap_text_free(). Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_get_trace(
    client: *const imap_client,
    trace: *mut *mut c_char,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        clear(trace);
        on_client(client, error, |client| put_text(trace, client.trace()?))
    }
}

/// NULL is fine. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_connection_free(connection: *mut imap_connection<'static>) {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { free_result::<Connection>(connection) }
}
