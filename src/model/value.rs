//! Small things that many results are made of, and what the library has no struct for.

#![forbid(unsafe_code)]

use super::text::{Bytes, List, Text, Texts};

/// A name and its value: header field, body parameter, extension.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct imap_pair<'a> {
    pub name: Text<'a>,
    /// NULL: NIL.
    pub value: Text<'a>,
}

/// Pairs, in the order sent.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct imap_pairs<'a> {
    pub items: List<'a, imap_pair<'a>>,
    pub count: usize,
}

/// Texts, in the order sent.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct imap_texts<'a> {
    pub items: Texts<'a>,
    pub count: usize,
}

/// Shape of an imap_value.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum imap_value_kind {
    IMAP_VALUE_NIL = 0,
    IMAP_VALUE_ATOM = 1,
    IMAP_VALUE_NUMBER = 2,
    IMAP_VALUE_STRING = 3,
    IMAP_VALUE_LIST = 4,
}

/// A value of a kind that the library has no struct for. Lists are flat, in the order sent: what follows a
/// list with a greater depth is inside it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct imap_value<'a> {
    pub kind: imap_value_kind,
    pub depth: u32,
    /// Atom, number or string as text; NULL for lists and NIL.
    pub text: Text<'a>,
    /// The same as sent.
    pub data: Bytes<'a>,
    pub data_len: usize,
    /// -1 if it is not a number.
    pub number: i64,
}

/// Something the server sent that this version does not know, kept whole.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct imap_item<'a> {
    pub name: Text<'a>,
    pub values: List<'a, imap_value<'a>>,
    pub value_count: usize,
    pub raw: Bytes<'a>,
    pub raw_len: usize,
}

/// What was wrong with something that the server sent and that was understood all the same.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum imap_defect_kind {
    /// Does not follow the grammar.
    IMAP_DEFECT_SYNTAX = 0,
    /// A field is missing.
    IMAP_DEFECT_MISSING = 1,
    /// Cannot be decoded: charset, encoded word, base64, modified UTF-7.
    IMAP_DEFECT_ENCODING = 2,
    /// A number is out of bounds.
    IMAP_DEFECT_NUMBER = 3,
    /// Deeper, longer or more than the limits allow; cut there.
    IMAP_DEFECT_LIMIT = 4,
    /// Belongs to no message, mailbox or command that we know.
    IMAP_DEFECT_FOREIGN = 5,
}

/// One fault of the server in a result.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct imap_defect<'a> {
    pub kind: imap_defect_kind,
    /// Where in the response, in bytes.
    pub offset: i64,
    /// One line that says what was wrong.
    pub text: Text<'a>,
    /// The bytes that were not understood.
    pub raw: Bytes<'a>,
    pub raw_len: usize,
}

impl<'a> imap_defect<'a> {
    /// Of the answer as a whole.
    pub fn of_answer(kind: imap_defect_kind, text: Text<'a>) -> imap_defect<'a> {
        imap_defect { kind, offset: 0, text, raw: Bytes::NONE, raw_len: 0 }
    }
}

/// Who did it, or who says so.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum imap_origin {
    IMAP_ORIGIN_SERVER = 0,
    /// Done by other commands, with what the documentation of the call says was lost.
    IMAP_ORIGIN_EMULATED = 1,
    /// Concluded from a name.
    IMAP_ORIGIN_GUESSED = 2,
}

impl imap_pairs<'static> {
    pub const EMPTY: imap_pairs<'static> = imap_pairs { items: List::EMPTY, count: 0 };
}

impl imap_texts<'static> {
    pub const EMPTY: imap_texts<'static> = imap_texts { items: Texts::EMPTY, count: 0 };
}
