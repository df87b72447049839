//! # Streams

use std::ffi::{CString, c_char};
use std::sync::Arc;

use super::boundary::{
    bytes_to_fill, clear, exclusive, free_object, guarded, imap_client, is_null, on_client, params,
    put_object, put_result, shared, text,
};
use super::requests::{begin, imap_request, on_request};
use crate::client::{Body, Client};
use crate::commands::{Fetch, command};
use crate::error::{Error, NoMemory, Result, imap_status};
use crate::model::*;
use crate::session::{Item, RequestId, Section};
use crate::wire::transfer::Transfer;

/// What imap_body_read() undoes.
#[repr(C)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum imap_decoding {
    /// Nothing: bytes as stored.
    IMAP_DECODING_NONE = 0,
    /// base64 and quoted-printable: the attachment as it was.
    IMAP_DECODING_TRANSFER = 1,
    /// That and the charset: UTF-8.
    IMAP_DECODING_TEXT = 2,
}

/// A section of a message that is read piece by piece. Opaque; one thread at a time.
#[allow(non_camel_case_types)]
pub struct imap_body {
    client: Arc<Client>,
    id: RequestId,
    /// The request is this body's own.
    is_own: bool,
    label: CString,
    uid: u32,
    size: i64,
    rest: Rest,
    decoder: Option<Decoder>,
}

/// What is still to be read.
enum Rest {
    Arriving,
    Here { bytes: Vec<u8>, at: usize },
    Nothing,
}

/// Undoes an encoding on the way; what the caller has no room for waits here.
struct Decoder {
    transfer: Transfer,
    ready: Vec<u8>,
    taken: usize,
    is_over: bool,
}

impl Drop for imap_body {
    fn drop(&mut self) {
        if !self.client.is_of_this_process() {
            return;
        }
        if self.is_own {
            self.client.forget(self.id);
        } else if matches!(self.rest, Rest::Arriving) {
            self.client.drop_body(self.id);
        }
    }
}

/// # Streams
///
/// For answers that should never be whole in memory. imap_stream() is imap_send() for FETCH, LIST, LSUB or SEARCH;
/// then take one item after the other:
///     while (imap_request_next_message(request, &message, &error) == IMAP_OK && message) { ...
///         imap_message_free(message); }
/// To read the bodies of such messages piece by piece too, before each message take its bodies with
/// imap_request_next_body(). imap_body_open() is all of that for one section of one message.
///
/// Nothing is read further ahead than 32 short messages. Until you read on, the connection stands still: a call of
/// another thread waits within its timeout, one of the thread that reads the stream fails with STATE, unless what
/// stands before its answer fits into IMAP_OPTION_SPOOL. A stream that you no longer want: imap_request_free().
///
/// What the server does not tell with LIST is asked for each mailbox here too, one question after the other once all
/// names are known; imap_send() asks many at once. Where several lists make one (the subscriptions, or several patterns,
/// without LIST-EXTENDED), the names that LSUB tells are held until LIST tells them too, and of all names a few bytes by
/// which they are known again; what is subscribed and is not there comes last. LIMIT: that is more than
/// IMAP_OPTION_MAX_RESULT.
///
/// PREVIEW where the server does not have it: which messages the set names is asked once at the beginning, then for 64
/// of them at a time their structures, the beginnings of their texts, and the messages with all else that you asked for.
/// Their UIDs are held (LIMIT: more than IMAP_OPTION_MAX_RESULT) and 64 previews; bodies are read as ever.
///
/// As imap_send(): `command` with `params` for its ?, gives a request to be freed with imap_request_free(). INVALID
/// if the command has no items. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_stream(
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
            client.submit_stream(self::command(text("command", command)?, values.as_deref())?)
        })
    }
}

/// The next message of a streamed FETCH, to be freed with imap_message_free(); NULL at the end. Its sections that
/// imap_request_next_body() did not give are held in it, those that were read have a size only. STATE if the
/// request is no such stream, or a body of it is open. Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_request_next_message(
    request: *mut imap_request,
    message: *mut *mut imap_message<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        next::<Message>(request, message, error, |item| match item {
            Item::Message(message) => Ok(message),
            other => Err(other),
        })
    }
}

/// The next body of the message that is arriving, in the order sent; to be read, or freed, before all else. NULL: it
/// has no more, take the message; or the stream is over. Sections that came in few bytes are copied from the message,
/// which keeps them. Free it with imap_body_free(). Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_request_next_body(
    request: *mut imap_request,
    body: *mut *mut imap_body,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        clear(body);
        on_request(request, error, |request| {
            if body.is_null() {
                return Err(is_null("body"));
            }
            if let Some(found) = request.client.next_body(request.id)? {
                put_object(body, imap_body::new(&request.client, request.id, false, None, found)?);
            }
            Ok(())
        })
    }
}

/// The next mailbox of a streamed LIST or LSUB, as a list of one, to be freed with imap_mailboxes_free(); NULL at the
/// end. Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_request_next_mailbox(
    request: *mut imap_request,
    mailbox: *mut *mut imap_mailboxes<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        next::<Mailboxes>(request, mailbox, error, |item| match item {
            Item::Mailbox(mailbox) => Ok(mailbox),
            other => Err(other),
        })
    }
}

/// The next numbers of a streamed SEARCH, some thousands of them, to be freed with imap_numbers_free(); NULL at the
/// end. Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_request_next_numbers(
    request: *mut imap_request,
    numbers: *mut *mut imap_numbers<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        next::<Numbers>(request, numbers, error, |item| match item {
            Item::Numbers(numbers) => Ok(numbers),
            other => Err(other),
        })
    }
}

/// # Safety
/// As in boundary.rs.
unsafe fn next<K: Kind>(
    request: *mut imap_request,
    out: *mut *mut K::Of<'static>,
    error: *mut *mut imap_error<'static>,
    of_kind: impl FnOnce(Item) -> std::result::Result<Box<Owned<K>>, Item>,
) -> imap_status {
    // SAFETY: the caller's promise.
    unsafe {
        clear(out);
        on_request(request, error, |request| {
            let Some(item) = request.client.next_item(request.id)? else { return Ok(()) };
            match of_kind(item) {
                Ok(item) => put_result(out, item),
                Err(other) => {
                    request.client.put_back(request.id, other);
                    let message = "this stream has items of another kind: see imap_request_next_...()";
                    return Err(Error::new(imap_status::IMAP_ERR_STATE, message));
                }
            }
            Ok(())
        })
    }
}

/// For messages of imap_request_next_message() only. Their memory serves for those that come next: a thread that frees
/// them keeps 128 KiB of it at most, until it ends. NULL is fine. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_message_free(message: *mut imap_message<'static>) {
    if !message.is_null() {
        // SAFETY: the caller's promise; see boundary.rs.
        spare::give_back(unsafe { Owned::<Message>::from_c(message) });
    }
}

/// Opens a section of the message with this UID in the selected mailbox: "" all of it, "TEXT", "1.2", to be read in
/// pieces from byte `offset` on, without marking the message seen. Nothing of it is held in memory. `decode`: what
/// imap_body_read() undoes; it needs a part ("1.2") from its beginning, else INVALID. NO if there is no such message
/// or section. Free it with imap_body_free(). Blocks: yes, until the body begins.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_body_open(
    client: *mut imap_client,
    uid: u32,
    section: *const c_char,
    offset: i64,
    decode: std::mem::MaybeUninit<imap_decoding>,
    body: *mut *mut imap_body,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        clear(body);
        on_client(client, error, |client| {
            if body.is_null() {
                return Err(is_null("body"));
            }
            // SAFETY: every caller passes four initialised bytes; they are read as the number that they are.
            let decode = known(decode.as_ptr().cast::<u32>().read())?;
            put_object(body, open(client, uid, text("section", section)?, offset, decode)?);
            Ok(())
        })
    }
}

fn known(decode: u32) -> Result<imap_decoding> {
    use imap_decoding::*;
    let all = [IMAP_DECODING_NONE, IMAP_DECODING_TRANSFER, IMAP_DECODING_TEXT];
    let found = all.into_iter().find(|known| *known as u32 == decode);
    found.ok_or_else(|| Error::invalid(format!("there is no imap_decoding {decode}")))
}

fn open(
    client: &Arc<Client>,
    uid: u32,
    section: &str,
    offset: i64,
    decode: imap_decoding,
) -> Result<Box<imap_body>> {
    if uid == 0 {
        return Err(Error::invalid("the UID of the message is 0"));
    }
    if section.contains(['[', ']']) {
        return Err(Error::invalid("a section is what stands between the brackets of BODY[...]"));
    }
    let Some(offset) = u64::try_from(offset).ok() else {
        return Err(Error::invalid(format!("a body has no byte {offset}")));
    };
    let decoder = match decode {
        imap_decoding::IMAP_DECODING_NONE => None,
        imap_decoding::IMAP_DECODING_TRANSFER => Some(decoder(client, uid, section, offset, false)?),
        imap_decoding::IMAP_DECODING_TEXT => Some(decoder(client, uid, section, offset, true)?),
    };
    let partial = if offset > 0 { format!("<{offset}.{}>", u32::MAX) } else { String::new() };
    let items = format!("BODY.PEEK[{section}]{partial}");
    client.make_way()?;
    let id = client.submit_stream(try_box(Fetch::new(&uid.to_string(), &items, None)?)?)?;
    match client.next_body(id).and_then(|found| found.ok_or_else(|| no_section(uid, section))) {
        Ok(found) => {
            let opened = imap_body::new(client, id, true, decoder, found);
            Ok(opened.inspect_err(|_| client.forget(id))?)
        }
        Err(error) => {
            client.forget(id);
            Err(error)
        }
    }
}

fn no_section(uid: u32, section: &str) -> Error {
    let message = format!("the mailbox has no message with UID {uid}, or that has no section \"{section}\"");
    Error::new(imap_status::IMAP_ERR_NO, message)
}

/// What the structure of the message says of the part's encoding.
fn decoder(client: &Arc<Client>, uid: u32, section: &str, offset: u64, is_text: bool) -> Result<Decoder> {
    let is_part = !section.is_empty() && section.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if !is_part || offset > 0 {
        return Err(Error::invalid("only a part (\"1.2\") can be decoded, from its beginning on"));
    }
    let messages = client.run(Fetch::new(&uid.to_string(), "BODYSTRUCTURE", None)?)?;
    let Some(message) = messages.get().items.iter().next() else { return Err(no_section(uid, section)) };
    let part = message.details.parts.iter().find(|part| part.section.get() == Some(section));
    let Some(part) = part else { return Err(no_section(uid, section)) };
    let charset = is_text.then(|| part.charset.bytes().unwrap_or(b"utf-8"));
    let transfer = Transfer::new(part.encoding.get().unwrap_or_default(), charset);
    Ok(Decoder { transfer, ready: Vec::new(), taken: 0, is_over: false })
}

/// Reads the next bytes, at most `capacity`, into `buffer`; `length`, which may not be NULL, tells how many: 0 is the
/// end. While a body is half read, other answers of the connection wait. Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_body_read(
    body: *mut imap_body,
    buffer: *mut u8,
    capacity: usize,
    length: *mut usize,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        if !length.is_null() {
            length.write(0);
        }
        super::boundary::call(error, || {
            let body = exclusive("body", body)?;
            if length.is_null() {
                return Err(is_null("length"));
            }
            let into = bytes_to_fill("buffer", buffer, capacity)?;
            if into.is_empty() {
                return Err(Error::invalid("the buffer has no room: 0 bytes read would mean the end"));
            }
            body.client.check()?;
            let client = body.client.clone();
            guarded(&client, || {
                length.write(body.read(into)?);
                Ok(())
            })
        })
    }
}

/// Size as announced, before decoding; -1: not told, or NULL. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_body_size(body: *const imap_body) -> i64 {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { shared("body", body) }.map_or(-1, |body| body.size)
}

/// The message's UID; 0: the server did not name it before the body, or NULL. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_body_uid(body: *const imap_body) -> u32 {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { shared("body", body) }.map_or(0, |body| body.uid)
}

/// As imap_section's label, "BODY[1.2]"; lives as long as the body. NULL for NULL. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_body_label(body: *const imap_body) -> *const c_char {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { shared("body", body) }.map_or(std::ptr::null(), |body| body.label.as_ptr())
}

/// Also before its end: the rest is skipped as it comes; of one from imap_body_open() at most IMAP_OPTION_DRAIN_BYTES,
/// then the connection is given up. NULL is fine. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_body_free(body: *mut imap_body) {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { free_object(body) }
}

impl imap_body {
    fn new(
        client: &Arc<Client>,
        id: RequestId,
        is_own: bool,
        decoder: Option<Decoder>,
        found: Body,
    ) -> Result<Box<imap_body>, NoMemory> {
        let (label, uid, size, rest) = match found {
            Body::Arriving { label, uid, size } => (label, uid, size, Rest::Arriving),
            Body::Here(Section { label, uid, bytes }) => {
                (label, uid, bytes.len() as u64, Rest::Here { bytes, at: 0 })
            }
        };
        try_box(imap_body {
            client: client.clone(),
            id,
            is_own,
            label: CString::new(label).unwrap_or_default(),
            uid,
            size: i64::try_from(size).unwrap_or(-1),
            rest,
            decoder,
        })
    }

    /// The next bytes as the caller wants them.
    fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        let Some(mut decoder) = self.decoder.take() else { return self.read_stored(into) };
        let result = decoder.read(into, |buffer| self.read_stored(buffer));
        self.decoder = Some(decoder);
        result
    }

    /// The next bytes as stored.
    fn read_stored(&mut self, into: &mut [u8]) -> Result<usize> {
        match &mut self.rest {
            Rest::Nothing => Ok(0),
            Rest::Here { bytes, at } => {
                let count = (bytes.len() - *at).min(into.len());
                into[..count].copy_from_slice(&bytes[*at..*at + count]);
                *at += count;
                Ok(count)
            }
            Rest::Arriving => {
                let count = self.client.read_body(self.id, into)?;
                if count == 0 {
                    self.rest = Rest::Nothing;
                }
                Ok(count)
            }
        }
    }
}

impl Decoder {
    fn read(&mut self, into: &mut [u8], mut stored: impl FnMut(&mut [u8]) -> Result<usize>) -> Result<usize> {
        while self.taken == self.ready.len() && !self.is_over {
            self.ready.clear();
            self.taken = 0;
            let mut buffer = [0; DECODED];
            let count = stored(&mut buffer)?;
            self.is_over = count == 0;
            self.transfer.decode(&buffer[..count], self.is_over, &mut self.ready)?;
        }
        let count = (self.ready.len() - self.taken).min(into.len());
        into[..count].copy_from_slice(&self.ready[self.taken..self.taken + count]);
        self.taken += count;
        Ok(count)
    }
}

/// So many bytes are decoded at once.
const DECODED: usize = 16 * 1024;
