//! # Text, dates, parsing

use std::ffi::{CString, c_char};

use super::boundary::{bytes, call, clear, free_result, put_result, put_text, text};
use crate::error::{Error, NoMemory, Result, imap_status};
use crate::model::{
    Event, Events, Flags, Growing, Owned, Pairs, imap_error, imap_events, imap_flags, imap_pairs,
};
use crate::sasl;
use crate::wire::cursor::Response;
use crate::wire::date::{self, Moment};
use crate::wire::frame;
use crate::wire::{event, flags, header, mime, utf7};

/// # Text, dates, parsing
///
/// The library does all this by itself; here it is for whoever needs it alone. Texts are freed with
/// imap_text_free().
///
/// A mailbox name in UTF-8 to modified UTF-7 (RFC 3501 section 5.1.3), as servers store it. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_encode_utf7(
    name: *const c_char,
    encoded: *mut *mut c_char,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { give_text(encoded, error, |out| Ok(utf7::encode(self::text("name", name)?, out)?)) }
}

/// And back; what is not valid is kept as it stands. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_decode_utf7(
    encoded: *const c_char,
    name: *mut *mut c_char,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        give_text(name, error, |out| {
            utf7::decode(self::text("encoded", encoded)?.as_bytes(), out)?;
            Ok(())
        })
    }
}

/// The value of a header field, of `data_len` bytes: encoded words (RFC 2047), raw 8-bit, folded lines; to UTF-8. What
/// cannot be understood is kept. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_decode_header(
    data: *const u8,
    data_len: usize,
    value: *mut *mut c_char,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        give_text(value, error, |out| {
            mime::decode_words(bytes("data", data, data_len)?, out)?;
            Ok(())
        })
    }
}

/// A header (BODY[HEADER], or a whole message), of `data_len` bytes, to its fields in order: names as they stand, values
/// unfolded and decoded. Free it with imap_pairs_free(). Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_parse_header(
    data: *const u8,
    data_len: usize,
    fields: *mut *mut imap_pairs<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        clear(fields);
        call(error, || {
            let data = bytes("data", data, data_len)?;
            put_result::<Pairs>(fields, Owned::build(|arena| header::fields(data, arena))?);
            Ok(())
        })
    }
}

/// "\\Seen $Junk", with or without parentheses, as a FETCH would tell it. Free it with imap_flags_free().
/// Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_parse_flags(
    text: *const c_char,
    flags: *mut *mut imap_flags<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        clear(flags);
        call(error, || {
            let text = self::text("text", text)?.trim();
            let inner = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(text);
            let list = format!("({inner})");
            let made: Result<Box<Owned<Flags>>> = Owned::build(|arena| {
                let mut cursor = Response::new(list.as_bytes(), &[]).cursor(0);
                let not = || Error::invalid("flags are words like \\Seen or $Junk, separated by spaces");
                let known = flags::flags(&mut cursor, arena).ok_or_else(not)??;
                if cursor.is_at_end() { Ok(*known) } else { Err(not()) }
            });
            put_result::<Flags>(flags, made?);
            Ok(())
        })
    }
}

/// NULL is fine. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_flags_free(flags: *mut imap_flags<'static>) {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { free_result::<Flags>(flags) }
}

/// An IMAP date or date-time ("17-Jul-1996", "17-Jul-1996 02:44:25 -0700", quoted or not), or the date of a header
/// ("Wed, 17 Jul 1996 02:23:25 -0700"). Gives seconds since 1970 UTC, -1 after a failure, and the zone in minutes east.
/// INVALID if it is none. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_parse_date(
    text: *const c_char,
    seconds: *mut i64,
    zone: *mut i32,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        put(seconds, -1);
        put(zone, 0);
        call(error, || {
            let text = self::text("text", text)?.trim().trim_matches('"').as_bytes();
            let day =
                || date::parse_date(text).and_then(|(year, month, day)| Moment::midnight(year, month, day));
            let found = date::parse_internal(text).or_else(day).or_else(|| date::parse_header(text));
            let Some(moment) = found else {
                return Err(Error::invalid("this is no date: write 1-Apr-2003, or as a header does"));
            };
            put(seconds, moment.seconds);
            put(zone, moment.zone);
            Ok(())
        })
    }
}

/// "17-Jul-1996 02:44:25 -0700" for seconds since 1970 UTC in a zone of so many minutes east; with `date_only`
/// "17-Jul-1996". INVALID beyond the year 9999, and for a zone that is none. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_format_date(
    seconds: i64,
    zone: i32,
    date_only: bool,
    text: *mut *mut c_char,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        give_text(text, error, |out| {
            let moment = Moment { seconds, zone };
            let is_zone = (-24 * 60..=24 * 60).contains(&zone);
            let formatted = if is_zone { date::format_internal(moment) } else { None };
            let (Some(formatted), Some((year, month, day))) = (formatted, moment.date()) else {
                return Err(Error::invalid("this moment cannot be written as an IMAP date"));
            };
            if date_only {
                date::format_date(year, month, day, out)?;
            } else {
                out.try_reserve(formatted.len())?;
                out.extend_from_slice(formatted.trim_ascii());
            }
            Ok(())
        })
    }
}

/// SASLprep (RFC 4013) of a user name or password: one spelling for what looks the same. INVALID if it has a character
/// that is forbidden. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_saslprep(
    text: *const c_char,
    prepared: *mut *mut c_char,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        give_text(prepared, error, |out| {
            let done = sasl::saslprep("text", self::text("text", text)?)?;
            out.try_reserve(done.as_bytes().len())?;
            out.extend_from_slice(done.as_bytes());
            Ok(())
        })
    }
}

/// Responses of a server, `data_len` bytes of them, as a client would see them, without any connection. What does not
/// end is left out. Free the result with imap_events_free(). Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_parse_responses(
    data: *const u8,
    data_len: usize,
    events: *mut *mut imap_events<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        clear(events);
        call(error, || {
            let mut list = Growing::<Event>::new(usize::MAX);
            frame::each_response(bytes("data", data, data_len)?, |response| {
                let mut tellings = event::Tellings::of(response);
                while let Some(telling) = tellings.next_telling()? {
                    list.push(|arena| telling.event(false, false, arena))?;
                }
                Ok(())
            })?;
            put_result::<Events>(
                events,
                list.finish::<Events, NoMemory>(|_, items, count| Ok(imap_events { items, count }))?,
            );
            Ok(())
        })
    }
}

/// Frees a text that a call gave as char **; NULL is fine. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_text_free(text: *mut c_char) {
    if !text.is_null() {
        // SAFETY: the caller's promise: it was made by put_text().
        drop(unsafe { CString::from_raw(text) });
    }
}

/// # Safety
/// As in boundary.rs.
unsafe fn give_text(
    out: *mut *mut c_char,
    error: *mut *mut imap_error<'static>,
    make: impl FnOnce(&mut Vec<u8>) -> Result<()>,
) -> imap_status {
    // SAFETY: the caller's promise.
    unsafe {
        clear(out);
        call(error, || {
            let mut made = Vec::new();
            make(&mut made)?;
            put_text(out, made)
        })
    }
}

/// # Safety
/// `out` is NULL or can be written.
unsafe fn put<T>(out: *mut T, value: T) {
    if !out.is_null() {
        // SAFETY: the caller's promise.
        unsafe { out.write(value) };
    }
}
