//! The pointers that a result is made of, typed: to C they are `const char *`, `const uint8_t *` and
//! `const T *const *`; here they carry the lifetime of the arena that they point into.

use std::ffi::{CStr, c_char};
use std::marker::PhantomData;
use std::ptr;

/// NUL-terminated UTF-8 without control characters, or absent.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub struct Text<'a>(*const c_char, PhantomData<&'a CStr>);

/// Bytes, one NUL behind them, or absent; their number stands beside it.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub struct Bytes<'a>(*const u8, PhantomData<&'a [u8]>);

/// Pointers to `T`, a NULL behind the last one; their number stands beside it.
#[repr(transparent)]
pub struct List<'a, T>(*const *const T, PhantomData<&'a [&'a T]>);

/// Texts, a NULL behind the last one.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub struct Texts<'a>(*const Text<'a>, PhantomData<&'a [Text<'a>]>);

/// Numbers, as many as stand beside them; absent if there are none.
#[repr(transparent)]
pub struct Scalars<'a, T>(*const T, PhantomData<&'a [T]>);

// SAFETY: all five point to memory that is never written to again and that outlives 'a.
unsafe impl Send for Text<'_> {}
unsafe impl Sync for Text<'_> {}
unsafe impl Send for Bytes<'_> {}
unsafe impl Sync for Bytes<'_> {}
unsafe impl<T: Sync> Send for List<'_, T> {}
unsafe impl<T: Sync> Sync for List<'_, T> {}
unsafe impl<T: Sync> Send for Scalars<'_, T> {}
unsafe impl<T: Sync> Sync for Scalars<'_, T> {}
unsafe impl Send for Texts<'_> {}
unsafe impl Sync for Texts<'_> {}

impl<'a> Text<'a> {
    pub const NONE: Text<'static> = Text(ptr::null(), PhantomData);
    pub const EMPTY: Text<'static> = Text::fixed(c"");

    pub const fn fixed(text: &'static CStr) -> Text<'static> {
        Text(text.as_ptr(), PhantomData)
    }

    /// `bytes` ends with its only NUL; the arena and constants make such.
    pub(super) fn terminated(bytes: &'a [u8]) -> Text<'a> {
        debug_assert_eq!(bytes.last(), Some(&0));
        Text(bytes.as_ptr().cast(), PhantomData)
    }

    /// The text from `offset` on: the tail of a text is a text too.
    pub fn tail(self, offset: usize) -> Text<'a> {
        match self.bytes() {
            // SAFETY: offset lies within the text or at its NUL.
            Some(bytes) if offset <= bytes.len() => Text(unsafe { self.0.add(offset) }, PhantomData),
            _ => Text::NONE,
        }
    }

    pub fn bytes(self) -> Option<&'a [u8]> {
        // SAFETY: not NULL means NUL-terminated and alive for 'a, by construction.
        (!self.0.is_null()).then(|| unsafe { CStr::from_ptr(self.0) }.to_bytes())
    }

    /// Whether it is just this word, without looking further than the first difference.
    pub fn is(self, word: &[u8]) -> bool {
        // SAFETY: all of the word is there, so the NUL is not before its end.
        self.starts_with(word) && unsafe { *self.0.add(word.len()) } == 0
    }

    /// Whether it begins with this word; so does none that is absent.
    pub fn starts_with(self, word: &[u8]) -> bool {
        let is_next = |(at, byte): (usize, u8)| {
            // SAFETY: not NULL means NUL-terminated, and no byte before this one was the NUL.
            byte != 0 && unsafe { *self.0.add(at) } as u8 == byte
        };
        !self.0.is_null() && word.iter().copied().enumerate().all(is_next)
    }

    pub fn get(self) -> Option<&'a str> {
        self.bytes().map(|bytes| std::str::from_utf8(bytes).unwrap_or(""))
    }

    pub fn is_none(self) -> bool {
        self.0.is_null()
    }

    /// Absent, or no characters.
    pub fn is_empty(self) -> bool {
        // SAFETY: not NULL means that there is at least the NUL.
        self.0.is_null() || unsafe { *self.0 } == 0
    }

    pub fn or(self, other: Text<'a>) -> Text<'a> {
        if self.is_none() { other } else { self }
    }

    pub fn as_ptr(self) -> *const c_char {
        self.0
    }
}

impl<'a> super::message::imap_section<'a> {
    /// The bytes, if there are any.
    pub fn bytes(&self) -> Option<&'a [u8]> {
        if self.data.is_none() {
            return None;
        }
        // SAFETY: sections are made by the parser alone, from an arena's bytes and their number.
        Some(unsafe { std::slice::from_raw_parts(self.data.0.cast(), self.data_len) })
    }
}

impl<'a> super::mailbox::imap_mailbox<'a> {
    /// The name as sent.
    pub fn raw(&self) -> Option<&'a [u8]> {
        if self.raw_name.is_none() {
            return None;
        }
        // SAFETY: mailboxes are made by the parser alone, from an arena's bytes and their number.
        Some(unsafe { std::slice::from_raw_parts(self.raw_name.0.cast(), self.raw_name_len) })
    }
}

impl<'a> Bytes<'a> {
    pub const NONE: Bytes<'static> = Bytes(ptr::null(), PhantomData);

    pub const fn fixed(bytes: &'static CStr) -> Bytes<'static> {
        Bytes(bytes.as_ptr().cast(), PhantomData)
    }

    /// `bytes` must have a NUL behind it that is not part of it; the arena makes such.
    pub(super) fn terminated(bytes: &'a [u8]) -> Bytes<'a> {
        Bytes(bytes.as_ptr(), PhantomData)
    }

    /// # Safety
    /// `len` is the number that stands beside these bytes.
    pub unsafe fn get(self, len: usize) -> Option<&'a [u8]> {
        // SAFETY: by construction and the caller's promise.
        (!self.0.is_null()).then(|| unsafe { std::slice::from_raw_parts(self.0, len) })
    }

    pub fn is_none(self) -> bool {
        self.0.is_null()
    }
}

impl<T> Clone for Scalars<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Scalars<'_, T> {}

impl<'a, T> Scalars<'a, T> {
    /// `numbers` lives for 'a.
    pub(super) fn of(numbers: &'a [T]) -> Scalars<'a, T> {
        Scalars(if numbers.is_empty() { ptr::null() } else { numbers.as_ptr() }, PhantomData)
    }
}

impl<T> Clone for List<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for List<'_, T> {}

impl<'a, T> List<'a, T> {
    /// No elements: C sees an array that holds the closing NULL alone.
    pub const EMPTY: List<'a, T> = List(NULL_END.0.as_ptr().cast(), PhantomData);

    /// `pointers` ends with NULL and lives for 'a, as do all that it points to.
    pub(super) fn terminated(pointers: &'a [*const T]) -> List<'a, T> {
        debug_assert!(pointers.last().is_some_and(|last| last.is_null()));
        List(pointers.as_ptr(), PhantomData)
    }

    /// A list of one element; the place behind it is empty.
    pub const fn of_one(items: &'a [Option<&'a T>; 2]) -> List<'a, T> {
        assert!(items[0].is_some() && items[1].is_none());
        List(items.as_ptr().cast(), PhantomData)
    }

    pub(super) const fn from_raw(pointers: *const *const T) -> List<'a, T> {
        List(pointers, PhantomData)
    }

    pub fn iter(self) -> impl Iterator<Item = &'a T> {
        let mut next = self.0;
        std::iter::from_fn(move || {
            // SAFETY: the array ends with NULL, and the step beyond it is never made.
            let item = unsafe { (*next).as_ref() }?;
            // SAFETY: as above: an element was here, so the array goes on.
            next = unsafe { next.add(1) };
            Some(item)
        })
    }
}

impl<'a> Texts<'a> {
    pub const EMPTY: Texts<'static> = Texts(NULL_END.0.as_ptr().cast(), PhantomData);

    pub(super) fn terminated(texts: &'a [Text<'a>]) -> Texts<'a> {
        debug_assert!(texts.last().is_some_and(|last| last.is_none()));
        Texts(texts.as_ptr(), PhantomData)
    }

    pub fn iter(self) -> impl Iterator<Item = &'a str> {
        let mut next = self.0;
        std::iter::from_fn(move || {
            // SAFETY: the array ends with an absent text, and the step beyond it is never made.
            let item = unsafe { *next }.get()?;
            // SAFETY: as above.
            next = unsafe { next.add(1) };
            Some(item)
        })
    }
}

struct NullEnd([*const (); 1]);
// SAFETY: a NULL pointer that is never written.
unsafe impl Sync for NullEnd {}
static NULL_END: NullEnd = NullEnd([ptr::null()]);
