//! # Uploads

use std::ffi::{c_char, c_int, c_void};
use std::mem::MaybeUninit;
use std::sync::Arc;

use super::boundary::{
    bytes, call, exclusive, free_object, give, imap_client, is_null, optional_text, shared, text,
};
use super::requests::{begin, imap_request, on_request};
use crate::client;
use crate::commands::{Append, NewMessage, Replaced};
use crate::error::{Error, Result, imap_status};
use crate::model::{Assigned, imap_assigned, imap_error, try_box};
use crate::session::{Pull, Pulled, UploadSource};

/// What a read or write callback returns. 0, which a raised exception gives, stops everything.
#[repr(C)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum imap_io {
    IMAP_IO_FAILED = 0,
    IMAP_IO_DONE = 1,
    /// Nothing now: ask again soon.
    IMAP_IO_AGAIN = 2,
    /// No more bytes will come.
    IMAP_IO_FINISHED = 3,
}

/// Up to capacity bytes into buffer, their number into length.
#[allow(non_camel_case_types)]
pub type imap_read_callback = Option<
    unsafe extern "C" fn(
        userdata: *mut c_void,
        buffer: *mut u8,
        capacity: usize,
        length: *mut usize,
    ) -> MaybeUninit<imap_io>,
>;

/// Some of data onwards, the number taken into length.
#[allow(non_camel_case_types)]
pub type imap_write_callback = Option<
    unsafe extern "C" fn(
        userdata: *mut c_void,
        data: *const u8,
        data_len: usize,
        length: *mut usize,
    ) -> MaybeUninit<imap_io>,
>;

impl imap_io {
    /// What a function of the caller's answered; a number that is none of these is a failure.
    pub(super) fn of(answer: MaybeUninit<imap_io>) -> imap_io {
        // SAFETY: a function that returns an enumeration returns four bytes: they are read as the number that they are.
        let number = unsafe { answer.as_ptr().cast::<u32>().read() };
        let known = [imap_io::IMAP_IO_DONE, imap_io::IMAP_IO_AGAIN, imap_io::IMAP_IO_FINISHED];
        known.into_iter().find(|known| *known as u32 == number).unwrap_or(imap_io::IMAP_IO_FAILED)
    }
}

/// Releases what was given as userdata; called exactly once, when it is no longer needed.
#[allow(non_camel_case_types)]
pub type imap_release_callback = Option<unsafe extern "C" fn(userdata: *mut c_void)>;

/// One or more messages to be appended. Opaque; one thread at a time.
#[allow(non_camel_case_types)]
#[derive(Default)]
pub struct imap_upload {
    messages: Vec<NewMessage>,
    /// Whose place the message takes, if the upload says that.
    replaced: Option<Replaced>,
    /// The first adder that failed: the command fails with it.
    failed: Option<Error>,
}

/// # Uploads
///
/// imap_append() is for one message in memory. An imap_upload is for more: several messages, long ones that are sent as
/// they are read, in constant memory, and ones that are put together from what the server has. For each message call imap_upload_add_message(), then add its pieces in
/// order; line ends must be CRLF, and there must be no NUL but in bytes. As with options, the adders may go unchecked:
/// the first that failed makes the command fail.
///
/// A new upload, to be freed with imap_upload_free(); NULL if there is no memory. Blocks: no.
#[unsafe(no_mangle)]
pub extern "C" fn imap_upload_new() -> *mut imap_upload {
    try_box(imap_upload::default()).map_or(std::ptr::null_mut(), Box::into_raw)
}

/// NULL is fine. Requests that send it are not disturbed. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_upload_free(upload: *mut imap_upload) {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { free_object(upload) }
}

/// Begins a message. `flags` as "\\Seen $Junk", or NULL; `internal_date` in seconds since 1970 UTC, -1: now, and its
/// `zone` in minutes east. INVALID if they cannot be. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_upload_add_message(
    upload: *mut imap_upload,
    flags: *const c_char,
    internal_date: i64,
    zone: i32,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        add(upload, error, |messages| {
            let flags = optional_text("flags", flags)?.unwrap_or_default();
            let new = NewMessage::new(flags, internal_date, zone)?;
            messages.try_reserve(1)?;
            messages.push(new);
            Ok(())
        })
    }
}

/// An annotation (RFC 5257) of the message that was begun last, to be called before its pieces are added or after: entry
/// "/comment", attribute "value.priv" or "value.shared"; the value is copied. The command is UNSUPPORTED where the
/// server does not have ANNOTATE-EXPERIMENT-1. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_upload_add_annotation(
    upload: *mut imap_upload,
    entry: *const c_char,
    attribute: *const c_char,
    value: *const u8,
    value_len: usize,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        add(upload, error, |messages| {
            let (entry, attribute) = (text("entry", entry)?, text("attribute", attribute)?);
            last(messages)?.add_annotation(entry, attribute, bytes("value", value, value_len)?)
        })
    }
}

/// The next `data_len` bytes of the message that was begun last; they are copied. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_upload_add_bytes(
    upload: *mut imap_upload,
    data: *const u8,
    data_len: usize,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { add(upload, error, |messages| last(messages)?.add_bytes(bytes("data", data, data_len)?)) }
}

/// The next `size` bytes come from a descriptor, from where it stands; -1: all to its end, which must be a file's. It
/// stays yours, and must stay open until the command is done; a pipe or socket may be slow, and is waited for. With
/// IMAP_OPTION_APPEND_CRLF it is read once before, by the call that sends the upload, so it must be a file's.
/// INVALID if it cannot be read. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_upload_add_fd(
    upload: *mut imap_upload,
    fd: c_int,
    size: i64,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        add(upload, error, |messages| {
            if fd < 0 {
                return Err(Error::invalid(format!("there is no descriptor {fd}")));
            }
            let rest = |fd| {
                client::rest_of_file(fd).map_err(|failed| {
                    let what = "the size of the descriptor's file is not known: give it";
                    Error { is_usable: true, ..Error::system(imap_status::IMAP_ERR_INVALID, what, &failed) }
                })
            };
            let size = if size == -1 { rest(fd)? } else { checked_size(size)? };
            last(messages)?.add(UploadSource::Descriptor(fd), size)
        })
    }
}

/// The next `size` bytes come from `read`, which is called with `userdata` while the command is sent, on a thread that
/// is inside a call on the client, with no lock held. It returns IMAP_IO_DONE and how many bytes it wrote, or
/// IMAP_IO_AGAIN; anything else ends the command with STOPPED, and the connection with it. `release` (or NULL) is
/// called with `userdata` when neither the upload nor a request needs it any more. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_upload_add_reader(
    upload: *mut imap_upload,
    size: i64,
    read: imap_read_callback,
    userdata: *mut c_void,
    release: imap_release_callback,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        // Released also if the call fails: exactly once in any case.
        let userdata = Userdata { data: userdata, release };
        add(upload, error, |messages| {
            if read.is_none() {
                return Err(is_null("read"));
            }
            let reader: Arc<dyn Pull> = Arc::new(Reader { read, userdata });
            last(messages)?.add(UploadSource::Call(reader), checked_size(size)?)
        })
    }
}

/// The next `size` bytes will be given to imap_request_write(): for imap_send_upload(). Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_upload_add_later(
    upload: *mut imap_upload,
    size: i64,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { add(upload, error, |messages| last(messages)?.add(UploadSource::Later, checked_size(size)?)) }
}

/// Says which message of the selected mailbox the upload takes the place of, for imap_replace() and imap_send_upload()
/// with a `uid` of 0: by its number, "#4", or "#*" for the last one known (RFC 8508 section 3.2), or by its UID, "42". A
/// number means what it means when the command is sent: UIDs are safer. Where the server does not have REPLACE it is
/// first asked for the UID of that number, and nothing but this UID is deleted. INVALID if it is not one message; the
/// command is INVALID where numbers mean nothing (UIDONLY, or NOTIFY of the selected mailbox), and NO or BAD if there is
/// no such message. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_upload_set_replaced(
    upload: *mut imap_upload,
    message: *const c_char,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        change(upload, error, |upload| {
            upload.replaced = Some(Replaced::parse(text("message", message)?)?);
            Ok(())
        })
    }
}

/// Next comes a message or part that the server has (CATENATE, RFC 4469), named by a URL (RFC 5092):
/// "/INBOX;UIDVALIDITY=7/;UID=20" is a whole message, "/INBOX/;UID=20/;SECTION=1.2" a part of one. The command fails
/// with UNSUPPORTED if the server does not have CATENATE; with NO and the code BADURL, whose text is the URL, if there
/// is nothing behind it. INVALID: it is empty, or has spaces, quotes or other characters than ASCII. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_upload_add_url(
    upload: *mut imap_upload,
    url: *const c_char,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { add(upload, error, |messages| last(messages)?.add_url(text("url", url)?)) }
}

fn checked_size(size: i64) -> Result<u64> {
    match u64::try_from(size) {
        Ok(size) if size > 0 => Ok(size),
        _ => Err(Error::invalid(format!("the size of a piece cannot be {size}"))),
    }
}

fn last(messages: &mut [NewMessage]) -> Result<&mut NewMessage> {
    messages.last_mut().ok_or_else(|| Error::invalid("call imap_upload_add_message() first"))
}

/// # Safety
/// As in boundary.rs.
unsafe fn add(
    upload: *mut imap_upload,
    error: *mut *mut imap_error<'static>,
    add: impl FnOnce(&mut Vec<NewMessage>) -> Result<()>,
) -> imap_status {
    // SAFETY: the caller's promise.
    unsafe { change(upload, error, |upload| add(&mut upload.messages)) }
}

/// # Safety
/// As in boundary.rs.
unsafe fn change(
    upload: *mut imap_upload,
    error: *mut *mut imap_error<'static>,
    change: impl FnOnce(&mut imap_upload) -> Result<()>,
) -> imap_status {
    // SAFETY: the caller's promise.
    unsafe {
        call(error, || {
            let upload = exclusive("upload", upload)?;
            change(upload).inspect_err(|failed| {
                upload.failed.get_or_insert_with(|| failed.clone());
            })
        })
    }
}

impl imap_upload {
    fn messages(&self) -> Result<&[NewMessage]> {
        match &self.failed {
            Some(failed) => Err(failed.clone()),
            None => Ok(&self.messages),
        }
    }

    fn append(&self, mailbox: &str) -> Result<Append> {
        if self.replaced.is_some() {
            return Err(Error::invalid("the upload takes the place of a message: give it to imap_replace()"));
        }
        Append::all(mailbox, self.messages()?)
    }

    /// In place of the message with this UID, or if that is 0 of the one that the upload names. None: of no message.
    fn replace(&self, uid: u32, mailbox: &str) -> Result<Option<Append>> {
        let messages = self.messages()?;
        let replaced = match (uid, self.replaced) {
            (0, None) => return Ok(None),
            (0, Some(named)) => named,
            (uid, None) => Replaced::Uid(uid),
            _ => {
                return Err(Error::invalid(
                    "the upload names the message that it replaces: give 0 as its UID",
                ));
            }
        };
        Append::replace(replaced, mailbox, messages).map(Some)
    }
}

/// APPEND (RFC 9051 section 6.3.12) of all messages of the upload to `mailbox`: in one command where the server has
/// MULTIAPPEND (RFC 3502: then all are added or none), else one after the other (then origin is IMAP_ORIGIN_EMULATED). A
/// server that takes only so many at once (SAVELIMIT, RFC 9738) gets them in several commands: after an error the
/// earlier ones were added. Free the result, with their UIDs in order, with imap_assigned_free(). Otherwise as
/// imap_append(); STOPPED: a reader gave up; UNSUPPORTED: a URL, and no CATENATE. Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_append_upload(
    client: *mut imap_client,
    mailbox: *const c_char,
    upload: *const imap_upload,
    assigned: *mut *mut imap_assigned<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        give::<Assigned>(client, assigned, error, |client| {
            let append = shared("upload", upload)?.append(text("mailbox", mailbox)?)?;
            client.run(client.with_line_ends(append)?)
        })
    }
}

/// REPLACE (RFC 8508): puts the one message of the upload into `mailbox` in place of the message with this UID in the
/// selected one; 0: of the one that imap_upload_set_replaced() named, which can be a number. Where the server does not
/// have it: APPEND, STORE and UID EXPUNGE, which are not atomic (then origin is IMAP_ORIGIN_EMULATED); UNSUPPORTED
/// without UIDPLUS. Free the result with imap_assigned_free(). Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_replace(
    client: *mut imap_client,
    uid: u32,
    mailbox: *const c_char,
    upload: *const imap_upload,
    assigned: *mut *mut imap_assigned<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        give::<Assigned>(client, assigned, error, |client| {
            let append = shared("upload", upload)?.replace(uid, text("mailbox", mailbox)?)?;
            let append =
                append.ok_or_else(|| Error::invalid("the UID of the message to be replaced is 0"))?;
            client.run(client.with_line_ends(append)?)
        })
    }
}

/// APPEND, or REPLACE of what `uid` names, or imap_upload_set_replaced(), as a request, to be freed with
/// imap_request_free(); take the answer with imap_request_take_assigned(). The upload may be freed at once. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_send_upload(
    client: *mut imap_client,
    uid: u32,
    mailbox: *const c_char,
    upload: *const imap_upload,
    request: *mut *mut imap_request,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        begin(client, request, error, |client| {
            let (upload, mailbox) = (shared("upload", upload)?, text("mailbox", mailbox)?);
            let append = match upload.replace(uid, mailbox)? {
                Some(replace) => replace,
                None => upload.append(mailbox)?,
            };
            client.submit(try_box(client.with_line_ends(append)?)?)
        })
    }
}

/// Gives an upload the bytes of imap_upload_add_later(), at most `data_len`, as soon as they can be sent; `length`
/// tells how many were taken. STATE: it has all of them. Blocks: yes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_request_write(
    request: *mut imap_request,
    data: *const u8,
    data_len: usize,
    length: *mut usize,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        if !length.is_null() {
            length.write(0);
        }
        on_request(request, error, |request| {
            if length.is_null() {
                return Err(is_null("length"));
            }
            let data = bytes("data", data, data_len)?;
            if !data.is_empty() {
                length.write(request.client.write(request.id, data)?);
            }
            Ok(())
        })
    }
}

/// A pointer of the caller's, released in the end.
pub(super) struct Userdata {
    pub data: *mut c_void,
    pub release: imap_release_callback,
}

// SAFETY: imap.h says that it is handed to the caller's function on any thread, by one at a time.
unsafe impl Send for Userdata {}
// SAFETY: as above.
unsafe impl Sync for Userdata {}

impl Drop for Userdata {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            // SAFETY: the caller gave both for this; it happens once.
            unsafe { release(self.data) };
        }
    }
}

struct Reader {
    read: imap_read_callback,
    userdata: Userdata,
}

impl Pull for Reader {
    fn pull(&self, buffer: &mut [u8]) -> Pulled {
        let (mut length, capacity) = (0, buffer.len());
        let Some(read) = self.read else { return Pulled::Blocked };
        // SAFETY: the caller's function, with its own pointer and a buffer of that capacity.
        let answer = unsafe { read(self.userdata.data, buffer.as_mut_ptr(), capacity, &raw mut length) };
        let stopped = |why: &str| {
            Pulled::Failed(Error::new(
                imap_status::IMAP_ERR_STOPPED,
                format!("the reader of the message {why}"),
            ))
        };
        match imap_io::of(answer) {
            imap_io::IMAP_IO_DONE if length > buffer.len() => {
                stopped("says that it wrote more than there was room for")
            }
            imap_io::IMAP_IO_DONE if length > 0 => Pulled::Bytes(length),
            imap_io::IMAP_IO_DONE | imap_io::IMAP_IO_AGAIN => Pulled::Blocked,
            imap_io::IMAP_IO_FINISHED => stopped("ended before the size that was given for it"),
            imap_io::IMAP_IO_FAILED => stopped("failed"),
        }
    }
}
