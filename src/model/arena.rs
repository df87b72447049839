//! The memory of one result. Everything that the result points to lies here and goes at once.

use std::alloc::Layout;
use std::cell::{Cell, RefCell};
use std::fmt::Write;
use std::mem::MaybeUninit;

use bumpalo::Bump;

use super::set::imap_set;
use super::text::{Bytes, List, Scalars, Text, Texts};
use super::vector;
use super::{imap_flags, imap_texts};
use crate::error::NoMemory;

pub struct Arena {
    bump: Bump,
    kept: RefCell<Vec<Kept>>,
    kept_bytes: Cell<usize>,
    limit: Cell<usize>,
    flag_lists: RefCell<Vec<FlagList>>,
    /// Where text is written before its length is known.
    draft: Cell<Vec<u8>>,
    /// Lists of flags are not looked for twice.
    is_single: bool,
    /// Where the memory begins that was given out by `ahead`.
    seen: usize,
}

/// What was allocated elsewhere and joined the result without being copied.
enum Kept {
    Bytes(#[expect(dead_code, reason = "owned, read through the pointers of the result")] Vec<u8>),
    Set(#[expect(dead_code, reason = "as above")] Box<imap_set>),
    Pointers(#[expect(dead_code, reason = "as above")] Vec<*const ()>),
    Numbers(#[expect(dead_code, reason = "as above")] Vec<u32>),
    Signed(#[expect(dead_code, reason = "as above")] Vec<i32>),
}

/// A flag list that was made already: messages with equal flags share one.
struct FlagList {
    raw: *const [u8],
    made: *const imap_flags<'static>,
}

/// So much memory is of interest before it is used.
const AHEAD: usize = 128 * 1024;

/// The memory of a longer draft is not kept for the next one.
const LONGEST_DRAFT: usize = 4096;

/// So many different flag lists are remembered; more are rare and merely cost memory.
const FLAG_LISTS: usize = 64;

// SAFETY: an arena is reached by one owner while it is built, and is only read and dropped afterwards;
// the pointers that it keeps lead into itself.
unsafe impl Send for Arena {}

impl Default for Arena {
    fn default() -> Arena {
        Arena::new()
    }
}

impl Arena {
    pub fn new() -> Arena {
        Arena {
            bump: Bump::new(),
            kept: RefCell::new(Vec::new()),
            kept_bytes: Cell::new(0),
            limit: Cell::new(usize::MAX),
            flag_lists: RefCell::new(Vec::new()),
            draft: Cell::new(Vec::new()),
            is_single: false,
            seen: 0,
        }
    }

    /// The memory of one message, which has so much room at once.
    pub fn of_one(room: usize) -> Result<Arena, NoMemory> {
        let bump = Bump::try_with_capacity(room).map_err(|_| NoMemory)?;
        Ok(Arena { bump, is_single: true, ..Arena::new() })
    }

    /// Nothing is in it, and most of its memory is kept.
    pub fn clear(&mut self) {
        self.bump.reset();
        self.kept.get_mut().clear();
        self.kept_bytes.set(0);
        self.flag_lists.get_mut().clear();
    }

    /// From here on the result may hold so many bytes in all; beyond that allocations fail.
    pub fn set_limit(&self, bytes: usize) {
        self.limit.set(bytes);
        self.bump.set_allocation_limit(Some(bytes));
    }

    pub fn limit(&self) -> usize {
        self.limit.get()
    }

    /// Whether an allocation failed because of the limit rather than for want of memory.
    pub fn is_full(&self) -> bool {
        self.bump.allocated_bytes().saturating_add(self.kept_bytes.get()) >= self.limit.get() / 2
    }

    /// Memory that it takes.
    pub fn size(&self) -> usize {
        self.bump.allocated_bytes() + self.kept_bytes.get()
    }

    /// The memory that the next values will take, as far as it was not given out here before. None: it is too little for
    /// anybody to care.
    pub fn ahead(&mut self) -> Option<&mut [MaybeUninit<u8>]> {
        if self.bump.chunk_capacity() < AHEAD {
            return None;
        }
        // Values are laid down from the end of a chunk to its beginning: this byte is the last one.
        let last = self.bump.try_alloc_layout(Layout::new::<u8>()).ok()?.as_ptr();
        let room = self.bump.chunk_capacity().min(AHEAD);
        let ready = (last as usize).wrapping_sub(self.seen);
        let ready = if ready <= AHEAD { ready } else { 0 };
        if ready > AHEAD / 2 {
            return None;
        }
        self.seen = last as usize - room;
        // SAFETY: so much of the chunk before the last byte is free, and nobody can take it as long as self is borrowed.
        Some(unsafe { std::slice::from_raw_parts_mut(last.sub(room).cast(), room.saturating_sub(ready)) })
    }

    pub fn put<T: Copy>(&self, value: T) -> Result<&T, NoMemory> {
        self.bump.try_alloc(value).map(|made| &*made).map_err(|_| NoMemory)
    }

    /// A copy with one NUL behind it.
    pub fn bytes(&self, bytes: &[u8]) -> Result<&[u8], NoMemory> {
        self.joined([bytes])
    }

    /// A copy of the pieces, one behind the other, with one NUL behind all.
    #[inline]
    fn joined<const N: usize>(&self, pieces: [&[u8]; N]) -> Result<&[u8], NoMemory> {
        let len =
            pieces.iter().try_fold(0usize, |sum, piece| sum.checked_add(piece.len())).ok_or(NoMemory)?;
        let layout = Layout::array::<u8>(len.checked_add(1).ok_or(NoMemory)?).map_err(|_| NoMemory)?;
        let place = self.bump.try_alloc_layout(layout).map_err(|_| NoMemory)?.as_ptr();
        let mut written = 0;
        for piece in pieces {
            // SAFETY: `place` has room for all pieces and one more byte, and is not aliased.
            unsafe { std::ptr::copy_nonoverlapping(piece.as_ptr(), place.add(written), piece.len()) };
            written += piece.len();
        }
        // SAFETY: as above; all len + 1 bytes are written now, and live as long as self.
        unsafe {
            place.add(len).write(0);
            Ok(std::slice::from_raw_parts(place, len))
        }
    }

    /// A copy as a C pointer; its length is the caller's to note.
    pub fn raw(&self, bytes: &[u8]) -> Result<Bytes<'_>, NoMemory> {
        Ok(Bytes::terminated(self.bytes(bytes)?))
    }

    /// Text from bytes that are known to be valid UTF-8 without NUL or control characters, because the
    /// response was checked as a whole. A wrong claim gives wrong text, nothing worse.
    pub fn text_known(&self, text: &[u8]) -> Result<Text<'_>, NoMemory> {
        Ok(terminated_text(self.bytes(text)?))
    }

    /// Text from any bytes: what is not UTF-8, and control characters, become U+FFFD (TAB a space, CRLF
    /// nothing but a space).
    pub fn text(&self, bytes: &[u8]) -> Result<Text<'_>, NoMemory> {
        if is_clean(bytes) {
            return self.text_known(bytes);
        }
        let mut clean = Vec::new();
        clean_text(bytes, &mut clean)?;
        self.text_known(&clean)
    }

    /// Known text that `write` appends, and what it returns.
    pub fn text_written<T>(
        &self,
        write: impl FnOnce(&mut Vec<u8>) -> Result<T, NoMemory>,
    ) -> Result<(Text<'_>, T), NoMemory> {
        let mut draft = self.draft.take();
        draft.clear();
        let written = write(&mut draft)?;
        let text = self.text_known(&draft)?;
        if draft.capacity() <= LONGEST_DRAFT {
            self.draft.set(draft);
        }
        Ok((text, written))
    }

    /// Known text of several pieces.
    pub fn joined_known<const N: usize>(&self, pieces: [&[u8]; N]) -> Result<Text<'_>, NoMemory> {
        Ok(terminated_text(self.joined(pieces)?))
    }

    /// Known text: a mailbox, the address that it is with its host, and the host, which is the address' end.
    pub fn address_known(
        &self,
        mailbox: &[u8],
        host: &[u8],
    ) -> Result<(Text<'_>, Text<'_>, Text<'_>), NoMemory> {
        let both = self.joined([mailbox, b"\0", mailbox, b"@", host])?;
        let (first, address) = both.split_at(mailbox.len() + 1);
        let host = &address[mailbox.len() + 1..];
        Ok((Text::terminated(first), terminated_text(address), terminated_text(host)))
    }

    /// Clean bytes as text and as bytes, in one copy.
    pub fn text_and_raw(&self, bytes: &[u8]) -> Result<(Text<'_>, Bytes<'_>), NoMemory> {
        let copy = self.bytes(bytes)?;
        Ok((terminated_text(copy), Bytes::terminated(copy)))
    }

    /// Formatted text, bounded by what is formatted.
    pub fn format(&self, arguments: std::fmt::Arguments<'_>) -> Result<Text<'_>, NoMemory> {
        let mut text = FallibleString(Vec::new());
        text.write_fmt(arguments).map_err(|_| NoMemory)?;
        self.text(&text.0)
    }

    /// The array for C.
    pub fn list<'a, T>(&'a self, items: &[Option<&'a T>]) -> Result<List<'a, T>, NoMemory> {
        match items {
            [] => return Ok(List::EMPTY),
            [one @ Some(_)] => return Ok(List::of_one(self.put([*one, None])?)),
            _ => {}
        }
        let len = items.len() + 1;
        let layout = Layout::array::<Option<&T>>(len).map_err(|_| NoMemory)?;
        let place = self.bump.try_alloc_layout(layout).map_err(|_| NoMemory)?.as_ptr().cast::<Option<&T>>();
        // SAFETY: the place has room for all items and one more; a reference or none is a pointer to C.
        unsafe {
            std::ptr::copy_nonoverlapping(items.as_ptr(), place, items.len());
            place.add(items.len()).write(None);
            Ok(List::terminated(std::slice::from_raw_parts(place.cast(), len)))
        }
    }

    /// A text for each.
    pub fn texts_of<'a>(
        &'a self,
        all: impl IntoIterator<Item = impl AsRef<[u8]>>,
    ) -> Result<&'a imap_texts<'a>, NoMemory> {
        let mut texts = Vec::new();
        for text in all {
            texts.try_reserve(1)?;
            texts.push(self.text(text.as_ref())?);
        }
        self.texts(&texts)
    }

    pub fn texts<'a>(&'a self, items: &[Text<'a>]) -> Result<&'a imap_texts<'a>, NoMemory> {
        if items.is_empty() {
            return Ok(&imap_texts::EMPTY);
        }
        let all = items.iter().copied().chain(std::iter::once(Text::NONE));
        let items_in_place = Texts::terminated(self.array(items.len() + 1, all)?);
        self.put(imap_texts { items: items_in_place, count: items.len() })
    }

    fn array<T: Copy>(&self, len: usize, items: impl Iterator<Item = T>) -> Result<&[T], NoMemory> {
        let layout = Layout::array::<T>(len).map_err(|_| NoMemory)?;
        let place = self.bump.try_alloc_layout(layout).map_err(|_| NoMemory)?.as_ptr().cast::<T>();
        let mut written = 0;
        for item in items.take(len) {
            // SAFETY: written < len, and the place holds len elements of T, aligned for it.
            unsafe { place.add(written).write(item) };
            written += 1;
        }
        // SAFETY: the first `written` elements were just written; nobody writes to them again.
        Ok(unsafe { std::slice::from_raw_parts(place, written) })
    }

    /// Takes over a large literal, one NUL put behind it, without copying it.
    pub fn adopt(&self, mut bytes: Vec<u8>) -> Result<&[u8], NoMemory> {
        let total = self.kept_bytes.get().saturating_add(bytes.len());
        if total > self.limit.get() {
            return Err(NoMemory);
        }
        bytes.try_reserve_exact(1)?;
        bytes.push(0);
        let (place, len) = (bytes.as_ptr(), bytes.len() - 1);
        self.keep(Kept::Bytes(bytes))?;
        self.kept_bytes.set(total);
        // SAFETY: the vector is kept unchanged as long as self; moving it does not move its buffer.
        Ok(unsafe { std::slice::from_raw_parts(place, len) })
    }

    /// The same as a C pointer.
    pub fn adopt_raw(&self, bytes: Vec<u8>) -> Result<(Bytes<'_>, usize), NoMemory> {
        let kept = self.adopt(bytes)?;
        Ok((Bytes::terminated(kept), kept.len()))
    }

    /// The same as text: it must be valid UTF-8 without NUL.
    pub fn adopt_text(&self, text: Vec<u8>) -> Result<Text<'_>, NoMemory> {
        Ok(terminated_text(self.adopt(text)?))
    }

    pub fn set(&self, set: imap_set) -> Result<&imap_set, NoMemory> {
        let set = super::owned::try_box(set)?;
        let place: *const imap_set = &*set;
        self.keep(Kept::Set(set))?;
        // SAFETY: the box is kept as long as self, and only shared references to it are given out.
        Ok(unsafe { &*place })
    }

    /// Takes over the pointer array of a list that grew over many responses; it ends with NULL.
    pub(super) fn adopt_list<T>(&self, pointers: Vec<*const ()>) -> Result<List<'_, T>, NoMemory> {
        let place = pointers.as_ptr().cast::<*const T>();
        self.keep(Kept::Pointers(pointers))?;
        Ok(List::from_raw(place))
    }

    /// Takes over numbers without copying them.
    pub fn numbers(&self, numbers: Vec<u32>) -> Result<Scalars<'_, u32>, NoMemory> {
        let (place, len) = (numbers.as_ptr(), numbers.len());
        self.keep(Kept::Numbers(numbers))?;
        // SAFETY: the vector is kept unchanged as long as self; moving it does not move its buffer.
        Ok(Scalars::of(unsafe { std::slice::from_raw_parts(place, len) }))
    }

    pub fn signed(&self, numbers: Vec<i32>) -> Result<Scalars<'_, i32>, NoMemory> {
        let (place, len) = (numbers.as_ptr(), numbers.len());
        self.keep(Kept::Signed(numbers))?;
        // SAFETY: as above.
        Ok(Scalars::of(unsafe { std::slice::from_raw_parts(place, len) }))
    }

    fn keep(&self, kept: Kept) -> Result<(), NoMemory> {
        let mut all = self.kept.borrow_mut();
        all.try_reserve(1)?;
        all.push(kept);
        Ok(())
    }

    /// The flag list of these bytes: made once for each content, as far as it is remembered.
    pub fn flags<'a>(
        &'a self,
        raw: &[u8],
        make: impl FnOnce(&'a Arena) -> Result<&'a imap_flags<'a>, NoMemory>,
    ) -> Result<&'a imap_flags<'a>, NoMemory> {
        if self.is_single {
            return make(self);
        }
        let known = self.flag_lists.borrow().iter().find_map(|list| {
            // SAFETY: both pointers lead into this arena.
            (unsafe { &*list.raw } == raw).then(|| unsafe { &*list.made.cast::<imap_flags<'a>>() })
        });
        if let Some(known) = known {
            return Ok(known);
        }
        let made = make(self)?;
        if self.flag_lists.borrow().len() < FLAG_LISTS {
            let raw = self.bytes(raw)?;
            let mut lists = self.flag_lists.borrow_mut();
            lists.try_reserve(1)?;
            lists.push(FlagList { raw, made: std::ptr::from_ref(made).cast() });
        }
        Ok(made)
    }
}

/// `bytes` has a NUL behind it, as all that `Arena::bytes` makes.
fn terminated_text(bytes: &[u8]) -> Text<'_> {
    // SAFETY: the byte behind is the NUL that Arena::bytes wrote, in the same allocation.
    Text::terminated(unsafe { std::slice::from_raw_parts(bytes.as_ptr(), bytes.len() + 1) })
}

/// Whether bytes can be text as they are: UTF-8 without control characters.
pub fn is_clean(bytes: &[u8]) -> bool {
    is_printable(bytes) || (!bytes.iter().any(|byte| byte.is_ascii_control()) && is_clean_utf8(bytes))
}

/// Whether all are printable ASCII.
pub fn is_printable(bytes: &[u8]) -> bool {
    printable(bytes) == bytes.len()
}

/// How many printable ASCII characters `bytes` begins with.
pub fn printable(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    while let Some((vectors, behind)) = rest.split_first_chunk::<{ 4 * VECTOR }>() {
        // Without a way out before the end of these the compiler makes vector code of it.
        let mut highest = [0; VECTOR];
        for vector in vectors.chunks_exact(VECTOR) {
            for at in 0..VECTOR {
                highest[at] = vector[at].wrapping_sub(b' ').max(highest[at]);
            }
        }
        if !highest.iter().all(|highest| *highest <= b'~' - b' ') {
            break;
        }
        rest = behind;
    }
    while let Some((sixteen, behind)) = rest.split_first_chunk() {
        let hits = vector::unprintable(sixteen);
        if hits != 0 {
            return bytes.len() - rest.len() + hits.trailing_zeros() as usize;
        }
        rest = behind;
    }
    if let (false, Some(last)) = (rest.is_empty(), bytes.last_chunk::<VECTOR>()) {
        // All before the rest are printable.
        let hits = vector::unprintable(last);
        return bytes.len() - if hits == 0 { 0 } else { VECTOR - hits.trailing_zeros() as usize };
    }
    bytes.len() - rest.len() + rest.iter().take_while(|byte| matches!(byte, b' '..=b'~')).count()
}

const VECTOR: usize = 16;

/// The same of several lines, each ending with CRLF or LF.
pub fn are_clean_lines(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    loop {
        rest = &rest[printable(rest)..];
        match rest {
            [] => return true,
            [b'\r', b'\n', behind @ ..] | [b'\n', behind @ ..] => rest = behind,
            _ => break,
        }
    }
    let is_clean_line = |line: &[u8]| is_clean(line.strip_suffix(b"\r").unwrap_or(line));
    is_clean(bytes)
        || (memchr::memchr(b'\n', bytes).is_some() && bytes.split(|byte| *byte == b'\n').all(is_clean_line))
}

fn is_clean_utf8(bytes: &[u8]) -> bool {
    // C1 controls are two bytes, the first of them 0xC2: look only where there is one.
    std::str::from_utf8(bytes).is_ok()
        && memchr::memchr_iter(0xc2, bytes).all(|at| bytes.get(at + 1).is_none_or(|next| *next >= 0xa0))
}

/// Any bytes as text for display: see [`Arena::text`].
pub fn clean_text(bytes: &[u8], out: &mut Vec<u8>) -> Result<(), NoMemory> {
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            let shown = match character {
                '\t' | '\n' => ' ',
                '\r' => continue,
                other if other.is_control() => char::REPLACEMENT_CHARACTER,
                other => other,
            };
            push_char(shown, out)?;
        }
        if !chunk.invalid().is_empty() {
            push_char(char::REPLACEMENT_CHARACTER, out)?;
        }
    }
    Ok(())
}

fn push_char(character: char, out: &mut Vec<u8>) -> Result<(), NoMemory> {
    let mut buffer = [0; 4];
    let bytes = character.encode_utf8(&mut buffer).as_bytes();
    out.try_reserve(bytes.len())?;
    out.extend_from_slice(bytes);
    Ok(())
}

struct FallibleString(Vec<u8>);

impl Write for FallibleString {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0.try_reserve(text.len()).map_err(|_| std::fmt::Error)?;
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_ends_what_is_printable_unless_it_is() {
        for (length, byte) in (0..80).flat_map(|length| (0..=u8::MAX).map(move |byte| (length, byte))) {
            let mut bytes = vec![b'~'; length];
            bytes.extend_from_slice(&[byte, b'x', 0x80, 0xff, b' ']);
            let is_printable = byte.is_ascii_graphic() || byte == b' ';
            assert_eq!(printable(&bytes), if is_printable { length + 2 } else { length }, "{byte}");
            assert_eq!(printable(&bytes[..length]), length);
        }
    }
}
