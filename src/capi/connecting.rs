//! # Connecting

use std::ffi::{c_char, c_int, c_void};
use std::mem::MaybeUninit;
use std::sync::Arc;

use super::boundary::{
    call, clear, free_object, free_result, give, imap_client, is_null, on_client, optional_text, put_object,
    put_result, put_text, text,
};
use super::options::imap_options;
use super::uploads::{Userdata, imap_io, imap_read_callback, imap_release_callback, imap_write_callback};
use crate::client::{Carried, Carrier, Carry, Client, Config};
use crate::commands::Plain;
use crate::error::{Error, Result, imap_status};
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

/// imap_start() over descriptors that are connected already: a socket twice, the pipes of a child. They are made
/// non-blocking, stay yours to close, and must stay open until the client and its requests are freed. `host` is for TLS
/// and for messages; NULL is fine. imap_reconnect() cannot bring such a client back. INVALID: no such descriptor.
/// Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_start_fd(
    read_fd: c_int,
    write_fd: c_int,
    host: *const c_char,
    options: *const imap_options,
    client: *mut *mut imap_client,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        start(options, client, error, |options| {
            let config = options.config(optional_text("host", host)?.unwrap_or_default(), None, None)?;
            Client::start(Config { carrier: Carrier::Descriptors(read_fd, write_fd), ..config })
        })
    }
}

/// imap_start() over your own functions, each called with `userdata`, by one thread at a time, with no lock held; one
/// may read while another writes. They return IMAP_IO_DONE and a number of bytes, IMAP_IO_AGAIN for none now,
/// IMAP_IO_FINISHED when there will be no more, anything else to end the connection with STOPPED. If they wait, so do
/// the calls, which then cannot be cancelled; if they return IMAP_IO_AGAIN, drive the client with imap_step() when
/// something can go on, and after imap_timeout_ms(); calls that wait ask every 20 ms. Inside them the client can be sent
/// requests and asked for what is known; what waits gives STATE. `release` (or NULL) is called with `userdata` exactly
/// once: after the client and its requests are freed, or when this fails. `host` is for TLS and for messages.
/// Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_start_callbacks(
    read: imap_read_callback,
    write: imap_write_callback,
    userdata: *mut c_void,
    release: imap_release_callback,
    host: *const c_char,
    options: *const imap_options,
    client: *mut *mut imap_client,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        // Released also if the call fails: exactly once in any case.
        let userdata = Userdata { data: userdata, release };
        start(options, client, error, |options| {
            if read.is_none() || write.is_none() {
                return Err(is_null("read or write"));
            }
            let functions = Arc::new(Functions { read, write, userdata });
            let config = options.config(optional_text("host", host)?.unwrap_or_default(), None, None)?;
            Client::start(Config { carrier: Carrier::Functions(functions), ..config })
        })
    }
}

struct Functions {
    read: imap_read_callback,
    write: imap_write_callback,
    userdata: Userdata,
}

impl Carry for Functions {
    fn read(&self, into: &mut [u8]) -> Carried {
        let (mut length, capacity) = (0, into.len());
        let Some(read) = self.read else { return Carried::End };
        // SAFETY: the caller's function, with its own pointer and a buffer of that capacity.
        let answer = unsafe { read(self.userdata.data, into.as_mut_ptr(), capacity, &raw mut length) };
        carried("read", answer, length, capacity)
    }

    fn write(&self, bytes: &[u8]) -> Carried {
        let mut length = 0;
        let Some(write) = self.write else { return Carried::End };
        // SAFETY: the caller's function, with its own pointer and bytes that live through the call.
        let answer = unsafe { write(self.userdata.data, bytes.as_ptr(), bytes.len(), &raw mut length) };
        carried("write", answer, length, bytes.len())
    }
}

fn carried(name: &str, answer: MaybeUninit<imap_io>, length: usize, most: usize) -> Carried {
    let stopped = |why: &str| {
        let message = format!("the {name} callback {why}");
        Carried::Failed(Error::fatal(imap_status::IMAP_ERR_STOPPED, message))
    };
    match imap_io::of(answer) {
        imap_io::IMAP_IO_DONE if length > most => stopped("says that it moved more than it was given"),
        imap_io::IMAP_IO_DONE => Carried::Bytes(length),
        imap_io::IMAP_IO_AGAIN => Carried::Blocked,
        imap_io::IMAP_IO_FINISHED => Carried::End,
        imap_io::IMAP_IO_FAILED => stopped("failed"),
    }
}

/// Takes over the timeouts, limits and log of `options` (NULL: their defaults); all else stays as it was at the start.
/// Those of commands hold from now on, also for commands that run; those of connecting hold for imap_reconnect().
/// Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_configure(
    client: *mut imap_client,
    options: *const imap_options,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        on_client(client, error, |client| {
            let config = match options.as_ref() {
                Some(options) => options.config("", None, None)?,
                None => imap_options::default().config("", None, None)?,
            };
            client.configure(config)
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
