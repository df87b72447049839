//! # Capabilities and commands for any time

use std::ffi::c_char;

use super::boundary::{
    clear, free_result, give, imap_client, on_client, optional_text, params, put_first, text,
};
use crate::commands::{Capability, Compress, Enable, Identity, Plain, comparator, jmap_access, language};
use crate::error::imap_status;
use crate::model::{Pairs, TextList, imap_error, imap_pairs, imap_texts};

/// # Capabilities and commands for any time
///
/// The capabilities are known from the greeting on, kept up to date, and checked before each command.
///
/// Whether the server says so: "IDLE", "AUTH=PLAIN", "IMAP4rev2". Upper and lower case alike. False for NULL.
/// Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_has(client: *const imap_client, capability: *const c_char) -> bool {
    let mut has = false;
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        on_client(client, std::ptr::null_mut(), |client| {
            client.check()?;
            has = client.has(text("capability", capability)?);
            Ok(())
        });
    }
    has
}

/// Whether it was ENABLEd here: "CONDSTORE", "UTF8=ACCEPT". Upper and lower case alike. False for NULL. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_is_enabled(client: *const imap_client, capability: *const c_char) -> bool {
    let mut is_enabled = false;
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        on_client(client, std::ptr::null_mut(), |client| {
            client.check()?;
            is_enabled = client.is_enabled(text("capability", capability)?);
            Ok(())
        });
    }
    is_enabled
}

/// ENABLE (RFC 5161) of `capabilities`, separated by spaces: "CONDSTORE UTF8=ACCEPT"; before a mailbox is selected.
/// Gives those that the server enabled, to be freed with imap_texts_free(). Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_enable(
    client: *mut imap_client,
    capabilities: *const c_char,
    enabled: *mut *mut imap_texts<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        give::<TextList>(client, enabled, error, |client| {
            client.run(Enable::new(text("capabilities", capabilities)?)?)
        })
    }
}

/// CAPABILITY (RFC 9051 section 6.1.1): asks again. Gives the names in upper case, to be freed with
/// imap_texts_free(). Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_capability(
    client: *mut imap_client,
    capabilities: *mut *mut imap_texts<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { give::<TextList>(client, capabilities, error, |client| client.run(Capability::default())) }
}

/// ID (RFC 2971): `fields` are name, value, name, value, NULL, and say who you are: "name", "version", "vendor", ...; a NULL
/// array says nothing. Gives what the server says of itself, to be freed with imap_pairs_free(). Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_id(
    client: *mut imap_client,
    fields: *const *const c_char,
    server: *mut *mut imap_pairs<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        give::<Pairs>(client, server, error, |client| {
            let fields = params(fields)?;
            client.run(Identity::ask(fields.as_deref())?)
        })
    }
}

/// NOOP (RFC 9051 section 6.1.2): lets the server tell its news, which imap_next_event() gives. Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_noop(
    client: *mut imap_client,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { on_client(client, error, |client| client.run(Plain::noop())) }
}

/// COMPRESS=DEFLATE (RFC 4978), once logged in: all that follows is compressed, either way. Compressed secrets can be
/// guessed by whoever sees how long they are and has a say in what goes along with them: better not where strangers'
/// mail and secrets mix. Memory stays constant whatever the server sends; about 45 KB while idle. UNSUPPORTED: the server
/// lacks it; STATE: not logged in, or compressed already. Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_compress(
    client: *mut imap_client,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { on_client(client, error, |client| client.run(Compress::default())) }
}

/// LANGUAGE (RFC 5255): "de en" asks for the first of these languages that the server has, for its texts, and gives it;
/// NULL gives all that it has. Free the result with imap_texts_free(). NO: it has none of them. Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_language(
    client: *mut imap_client,
    tags: *const c_char,
    languages: *mut *mut imap_texts<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        give::<TextList>(client, languages, error, |client| {
            client.run(language(optional_text("tags", tags)?)?)
        })
    }
}

/// COMPARATOR (RFC 5255): asks for the first of `comparators` that the server has, "i;unicode-casemap i;octet"; NULL
/// changes nothing. Gives the one in use, and behind it those that were meant too. For servers with I18NLEVEL=2. Free the
/// result with imap_texts_free(). NO with the code BADCOMPARATOR: it has none of them. Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_comparator(
    client: *mut imap_client,
    comparators: *const c_char,
    active: *mut *mut imap_texts<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        give::<TextList>(client, active, error, |client| {
            client.run(comparator(optional_text("comparators", comparators)?)?)
        })
    }
}

/// GETJMAPACCESS (RFC 9698): the URL of the JMAP session that has the same mail. Free it with imap_text_free().
/// Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_getjmapaccess(
    client: *mut imap_client,
    url: *mut *mut c_char,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        clear(url);
        on_client(client, error, |client| {
            let urls = client.run(jmap_access())?;
            put_first(url, &urls)
        })
    }
}

/// NULL is fine. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_pairs_free(pairs: *mut imap_pairs<'static>) {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { free_result::<Pairs>(pairs) }
}

/// NULL is fine. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_texts_free(texts: *mut imap_texts<'static>) {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { free_result::<TextList>(texts) }
}
