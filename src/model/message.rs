//! Messages as FETCH tells them.

#![forbid(unsafe_code)]

use super::rights::imap_entry;
use super::set::imap_set;
use super::text::{Bytes, List, Text, Texts};
use super::value::{imap_defect, imap_item, imap_origin, imap_pairs, imap_texts};

/// Bits of imap_flags.bits (RFC 9051 section 2.3.2 and registered keywords).
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum imap_flag {
    IMAP_FLAG_SEEN = 1,
    IMAP_FLAG_ANSWERED = 2,
    IMAP_FLAG_FLAGGED = 4,
    IMAP_FLAG_DELETED = 8,
    IMAP_FLAG_DRAFT = 16,
    IMAP_FLAG_RECENT = 32,
    IMAP_FLAG_FORWARDED = 64,
    IMAP_FLAG_MDN_SENT = 128,
    IMAP_FLAG_JUNK = 256,
    IMAP_FLAG_NOT_JUNK = 512,
    IMAP_FLAG_PHISHING = 1024,
    IMAP_FLAG_IMPORTANT = 2048,
    /// In permanent_flags: new keywords may be made.
    IMAP_FLAG_ANY = 4096,
}

/// Flags of a message or mailbox.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct imap_flags<'a> {
    /// IMAP_FLAG_...
    pub bits: u32,
    /// All others, as sent.
    pub keywords: Texts<'a>,
    pub keyword_count: usize,
    /// All of them in IMAP's form, good for imap_append(): "\Seen $Junk project-x".
    pub text: Text<'a>,
}

/// One address, or the head of an empty group (address NULL, group set).
#[repr(C)]
#[derive(Clone, Copy)]
pub struct imap_address<'a> {
    /// What to show: the name, else the address, else the group; never NULL.
    pub label: Text<'a>,
    /// "Zoë Müller"; NULL if none.
    pub name: Text<'a>,
    /// "zoe@example.org"; without "@" if the host is missing.
    pub address: Text<'a>,
    /// What stands before the "@".
    pub mailbox: Text<'a>,
    /// What stands behind it.
    pub host: Text<'a>,
    /// Name of the group that it belongs to, or NULL.
    pub group: Text<'a>,
    /// The name before decoding.
    pub raw_name: Bytes<'a>,
    pub raw_name_len: usize,
}

/// Addresses, in the order sent.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct imap_addresses<'a> {
    pub items: List<'a, imap_address<'a>>,
    pub count: usize,
}

/// ENVELOPE (RFC 9051 section 7.5.2). Address lists are never NULL, only empty.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct imap_envelope<'a> {
    /// "" if there is none (then raw_subject is NULL).
    pub subject: Text<'a>,
    pub from_list: &'a imap_addresses<'a>,
    pub sender_list: &'a imap_addresses<'a>,
    pub reply_to_list: &'a imap_addresses<'a>,
    pub to_list: &'a imap_addresses<'a>,
    pub cc_list: &'a imap_addresses<'a>,
    pub bcc_list: &'a imap_addresses<'a>,
    pub message_id: Text<'a>,
    pub in_reply_to: Text<'a>,
    /// The Date field in seconds since 1970 UTC: -1 if it cannot be understood.
    pub date: i64,
    /// Its zone in minutes east of UTC.
    pub date_zone: i32,
    /// The Date field as sent.
    pub date_text: Text<'a>,
    /// The Subject field before decoding.
    pub raw_subject: Bytes<'a>,
    pub raw_subject_len: usize,
}

/// One part of a message (BODYSTRUCTURE). Parts come flat, each before its children.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct imap_part<'a> {
    /// "1.2", as in BODY[1.2]; "" for the root of a multipart message.
    pub section: Text<'a>,
    /// 0 for the root.
    pub depth: u32,
    /// Index of the part that holds it; -1 for the root.
    pub parent: i32,
    /// Lower case: "text/plain", "multipart/mixed", "message/rfc822".
    pub media_type: Text<'a>,
    /// The charset parameter.
    pub charset: Text<'a>,
    /// Lower case: "base64"; "" for a multipart.
    pub encoding: Text<'a>,
    /// In bytes, as encoded; -1: absent.
    pub size: i64,
    /// -1: absent.
    pub lines: i64,
    /// Lower case: "attachment", "inline", or NULL.
    pub disposition: Text<'a>,
    /// From either place, decoded, without directories; still hostile.
    pub filename: Text<'a>,
    pub content_id: Text<'a>,
    pub description: Text<'a>,
    pub location: Text<'a>,
    pub md5: Text<'a>,
    pub languages: &'a imap_texts<'a>,
    /// Of the media type, decoded (RFC 2231 and 2047), names in lower case.
    pub parameters: &'a imap_pairs<'a>,
    /// Of the disposition, in the same form.
    pub disposition_parameters: &'a imap_pairs<'a>,
    /// Of a message/rfc822 part.
    pub envelope: Option<&'a imap_envelope<'a>>,
    /// Extension data, and parts that were not understood.
    pub extension: Option<&'a imap_item<'a>>,
}

/// Bytes of BODY[...], BINARY[...] or RFC822...; or the size of BINARY.SIZE[...].
#[repr(C)]
#[derive(Clone, Copy)]
pub struct imap_section<'a> {
    /// As sent, upper case: "BODY[1.2.MIME]", "RFC822.HEADER".
    pub label: Text<'a>,
    /// "1.2.MIME"; "" is the whole message.
    pub section: Text<'a>,
    /// Where it begins in the section, in bytes; -1: all of it.
    pub offset: i64,
    /// NULL: NIL, or the bytes were read as an imap_body.
    pub data: Bytes<'a>,
    pub data_len: usize,
    /// How many bytes the server sent, whether they are here or not, or what BINARY.SIZE says; -1: NIL.
    pub size: i64,
}

/// What is rarer in a FETCH answer. Absent as everywhere.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct imap_details<'a> {
    /// Zone of INTERNALDATE in minutes east of UTC.
    pub internal_date_zone: i32,
    /// INTERNALDATE as sent.
    pub internal_date_text: Text<'a>,
    /// BODYSTRUCTURE or BODY, flat.
    pub parts: List<'a, imap_part<'a>>,
    pub part_count: usize,
    pub sections: List<'a, imap_section<'a>>,
    pub section_count: usize,
    /// EMAILID (RFC 8474): the same for all copies of a message.
    pub email_id: Text<'a>,
    /// THREADID: the same for all messages of a thread.
    pub thread_id: Text<'a>,
    /// The beginning of the text, in one line (RFC 8970); made here where the server has no PREVIEW.
    pub preview: Text<'a>,
    /// When the message came into this mailbox (RFC 8514), in seconds since 1970 UTC.
    pub save_date: i64,
    /// ANNOTATION (RFC 5257): one for each attribute of an entry.
    pub annotations: List<'a, imap_entry<'a>>,
    pub annotation_count: usize,
    /// X-GM-MSGID, 64 bits, as text.
    pub gmail_message_id: Text<'a>,
    /// X-GM-THRID.
    pub gmail_thread_id: Text<'a>,
    /// X-GM-LABELS, in UTF-8: "\Inbox", "two words"; empty if not asked for.
    pub gmail_labels: &'a imap_texts<'a>,
    /// Items that this version does not know.
    pub others: List<'a, imap_item<'a>>,
    pub other_count: usize,
    pub defects: List<'a, imap_defect<'a>>,
    pub defect_count: usize,
}

/// One message as far as it was fetched.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct imap_message<'a> {
    pub uid: u32,
    /// Message number when the answer arrived; 0 under UIDONLY (RFC 9586).
    pub number: u32,
    /// NULL: not asked for. If the answer lacks it: an empty one, and a defect. So for envelope.
    pub flags: Option<&'a imap_flags<'a>>,
    /// MODSEQ (RFC 7162).
    pub modseq: i64,
    /// RFC822.SIZE in bytes.
    pub size: i64,
    /// INTERNALDATE in seconds since 1970 UTC.
    pub internal_date: i64,
    pub envelope: Option<&'a imap_envelope<'a>>,
    /// Never NULL. New items go there: this struct stays at 56 bytes.
    pub details: &'a imap_details<'a>,
}

/// The answer of FETCH and STORE.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct imap_messages<'a> {
    pub items: List<'a, imap_message<'a>>,
    pub count: usize,
    /// STORE with UNCHANGEDSINCE: messages that were left alone because they had changed.
    pub modified: &'a imap_set,
    /// FETCH with VANISHED: messages that are gone.
    pub vanished: &'a imap_set,
    /// Where a MESSAGELIMIT (RFC 9738) stopped the server for good: the lowest UID done.
    pub limited_at: u32,
    pub origin: imap_origin,
    /// What was wrong with responses that are not in items.
    pub defects: List<'a, imap_defect<'a>>,
    pub defect_count: usize,
}

/// What a person reads of a message, and what hangs on it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct imap_content<'a> {
    /// The best text part as UTF-8, lines ended by LF; "" if there is none. HTML if only that was sent.
    pub text: Text<'a>,
    pub is_html: bool,
    /// NULL: there is no text.
    pub text_part: Option<&'a imap_part<'a>>,
    /// All other parts that hold something, in order; a message within is one.
    pub attachments: List<'a, imap_part<'a>>,
    pub attachment_count: usize,
    /// With ENVELOPE, BODYSTRUCTURE, FLAGS, size and date; never NULL.
    pub message: &'a imap_message<'a>,
}

impl imap_flags<'static> {
    pub const EMPTY: imap_flags<'static> =
        imap_flags { bits: 0, keywords: Texts::EMPTY, keyword_count: 0, text: Text::EMPTY };
}

impl imap_addresses<'static> {
    pub const EMPTY: imap_addresses<'static> = imap_addresses { items: List::EMPTY, count: 0 };
}

impl imap_envelope<'static> {
    pub const EMPTY: imap_envelope<'static> = imap_envelope {
        subject: Text::EMPTY,
        from_list: &imap_addresses::EMPTY,
        sender_list: &imap_addresses::EMPTY,
        reply_to_list: &imap_addresses::EMPTY,
        to_list: &imap_addresses::EMPTY,
        cc_list: &imap_addresses::EMPTY,
        bcc_list: &imap_addresses::EMPTY,
        message_id: Text::NONE,
        in_reply_to: Text::NONE,
        date: -1,
        date_zone: 0,
        date_text: Text::NONE,
        raw_subject: Bytes::NONE,
        raw_subject_len: 0,
    };
}

impl imap_part<'static> {
    pub const EMPTY: imap_part<'static> = imap_part {
        section: Text::EMPTY,
        depth: 0,
        parent: -1,
        media_type: Text::EMPTY,
        charset: Text::NONE,
        encoding: Text::EMPTY,
        size: -1,
        lines: -1,
        disposition: Text::NONE,
        filename: Text::NONE,
        content_id: Text::NONE,
        description: Text::NONE,
        location: Text::NONE,
        md5: Text::NONE,
        languages: &imap_texts::EMPTY,
        parameters: &imap_pairs::EMPTY,
        disposition_parameters: &imap_pairs::EMPTY,
        envelope: None,
        extension: None,
    };
}

impl imap_details<'static> {
    pub const EMPTY: imap_details<'static> = imap_details {
        internal_date_zone: 0,
        internal_date_text: Text::NONE,
        parts: List::EMPTY,
        part_count: 0,
        sections: List::EMPTY,
        section_count: 0,
        email_id: Text::NONE,
        thread_id: Text::NONE,
        preview: Text::NONE,
        save_date: -1,
        annotations: List::EMPTY,
        annotation_count: 0,
        gmail_message_id: Text::NONE,
        gmail_thread_id: Text::NONE,
        gmail_labels: &imap_texts::EMPTY,
        others: List::EMPTY,
        other_count: 0,
        defects: List::EMPTY,
        defect_count: 0,
    };
}

impl imap_message<'static> {
    pub const EMPTY: imap_message<'static> = imap_message {
        uid: 0,
        number: 0,
        flags: None,
        modseq: -1,
        size: -1,
        internal_date: -1,
        envelope: None,
        details: &imap_details::EMPTY,
    };
}

#[cfg(target_pointer_width = "64")]
const _: () = assert!(std::mem::size_of::<imap_message<'static>>() == 56);
