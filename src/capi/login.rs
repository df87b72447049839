//! # Logging in

use std::ffi::c_char;

use super::boundary::{bytes, imap_client, on_client, optional_text, text};
use super::requests::{begin, imap_request};
use crate::client::Credentials;
use crate::commands::{Authenticate, ProxyAuth};
use crate::error::imap_status;
use crate::model::{imap_error, try_box};

/// # Logging in
///
/// Passwords go over TLS only, unless IMAP_OPTION_DANGER_PLAINTEXT_LOGIN. AUTH: refused; the connection can be
/// used for another try. A mechanism of your own: imap_send_authenticate().
///
/// Logs in the best way that both sides have: SCRAM-SHA-512, -256 or -1, PLAIN, the LOGIN command (RFC 9051
/// section 6.2.3). AUTH: wrong, or the server could not prove that it knows the password (then the connection
/// is closed); STATE: it would go in the clear; UNSUPPORTED: the server takes no password (LOGINDISABLED), or offered
/// SCRAM at an earlier try on this connection and does so no longer: then the password is shown to it only if PLAIN or
/// LOGIN is named (imap_authenticate(), imap_send()). Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_login(
    client: *mut imap_client,
    user: *const c_char,
    password: *const c_char,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        on_client(client, error, |client| {
            client.login(Credentials::new(text("user", user)?, text("password", password)?, None)?)
        })
    }
}

/// AUTHENTICATE (RFC 9051 section 6.2.2) with the first of `mechanisms` that the server has: "OAUTHBEARER XOAUTH2" with a
/// token as `secret`; "SCRAM-SHA-256 PLAIN" with a password, also SCRAM-SHA-512, SCRAM-SHA-1, all three with -PLUS (bound to
/// the TLS channel by tls-server-end-point, which many servers refuse), DIGEST-MD5, CRAM-MD5, LOGIN (the mechanism, not the
/// command); "EXTERNAL" with the client's certificate and "ANONYMOUS" with neither user nor secret
/// (NULL; a user is then a trace for the server's log). `act_as` is the user to become, or NULL. Never falls back to a
/// weaker one by itself. As imap_login(); INVALID: a mechanism that libimap does not know; UNSUPPORTED: the server has
/// none of them. What a server says of a token that it refuses is the error's server_data. Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_authenticate(
    client: *mut imap_client,
    mechanisms: *const c_char,
    user: *const c_char,
    secret: *const c_char,
    act_as: *const c_char,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        on_client(client, error, |client| {
            let user = optional_text("user", user)?.unwrap_or_default();
            let secret = optional_text("secret", secret)?.unwrap_or_default();
            let act_as = optional_text("act_as", act_as)?;
            client.login(Credentials::with(text("mechanisms", mechanisms)?, user, secret, act_as)?)
        })
    }
}

/// AUTHENTICATE with a mechanism of your own, with its first bytes, `data_len` of them, if it has any (NULL: none). Gives a
/// request, to be freed with imap_request_free(): call imap_request_challenge() and imap_request_respond() in turn until
/// the server asks no more; imap_request_cancel() gives up, and the connection stays good. Meanwhile other calls of the
/// thread that has to answer fail with STATE rather than wait. What it lets anybody read on the way is for you to know.
/// UNSUPPORTED, when it is waited for: the server does not offer it. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_send_authenticate(
    client: *mut imap_client,
    mechanism: *const c_char,
    data: *const u8,
    data_len: usize,
    request: *mut *mut imap_request,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        begin(client, request, error, |client| {
            let first = bytes("data", data, data_len)?;
            let first = if data.is_null() { None } else { Some(first) };
            client.submit(try_box(Authenticate::new(text("mechanism", mechanism)?, first)?)?)
        })
    }
}

/// PROXYAUTH: an administrator goes on as `user`, on servers of Netscape's line; before a mailbox is selected. NO: not
/// allowed. Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_proxyauth(
    client: *mut imap_client,
    user: *const c_char,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { on_client(client, error, |client| client.run(ProxyAuth::new(text("user", user)?)?)) }
}

/// UNAUTHENTICATE (RFC 8437): back to before the login, so that another user can log in on the same connection. The
/// mailbox is no longer selected, nothing is enabled, watched or compressed any more; credentials that were kept for
/// imap_reconnect() are wiped. UNSUPPORTED: the server does not have it. Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_unauthenticate(
    client: *mut imap_client,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { on_client(client, error, |client| client.unauthenticate()) }
}
