//! # Sets

use std::ffi::c_char;

use super::boundary::{call, clear, exclusive, free_object, put_object, shared, text};
use crate::error::{Error, Result, imap_status};
use crate::model::{imap_error, imap_set, try_box};

/// # Sets
///
/// UIDs or message numbers as IMAP writes them: "1:5,9,20:*", of message numbers "#1:5". A set keeps order and
/// repetitions as parsed and added; the other changes leave it sorted and merged. It stays ranges:
/// "1:4294967295" costs nothing. `*` counts as 4294967295. Mixing UIDs and numbers is INVALID.
///     for (uint64_t at = 0; (uid = imap_set_next(set, &at)) != 0;) ...
///
/// Parses a set, to be freed with imap_set_free(). "" is the empty set. INVALID: it is malformed. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_set_parse(
    text: *const c_char,
    set: *mut *mut imap_set,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        clear(set);
        call(error, || {
            put_object(set, try_box(imap_set::parse(self::text("text", text)?)?)?);
            Ok(())
        })
    }
}

/// A copy of your own, to be freed with imap_set_free(): for sets that belong to a result. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_set_copy(
    set: *const imap_set,
    copy: *mut *mut imap_set,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        clear(copy);
        call(error, || {
            put_object(copy, try_box(shared("set", set)?.copy()?)?);
            Ok(())
        })
    }
}

/// Frees a set that was parsed or copied, never one of a result; NULL is fine. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_set_free(set: *mut imap_set) {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { free_object(set) }
}

/// The set as IMAP writes it. Lives as long as the set, until it is changed; NULL if there is no memory, and for
/// NULL. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_set_text(set: *const imap_set) -> *const c_char {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { look(set, std::ptr::null(), |set| set.text().map(|text| text.as_ptr().cast())) }
}

/// How many numbers, repetitions counted; 0 for NULL. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_set_count(set: *const imap_set) -> u64 {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { look(set, 0, |set| Some(set.count())) }
}

/// Whether the number is in it; false for NULL. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_set_contains(set: *const imap_set, number: u32) -> bool {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { look(set, false, |set| Some(set.contains(number))) }
}

/// Whether all of `other` is in it; false for NULL, or if there is no memory. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_set_includes(set: *const imap_set, other: *const imap_set) -> bool {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { look(set, false, |set| set.includes(other.as_ref()?).ok()) }
}

/// Whether any of `other` is in it; false for NULL, or if there is no memory. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_set_overlaps(set: *const imap_set, other: *const imap_set) -> bool {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { look(set, false, |set| set.overlaps(other.as_ref()?).ok()) }
}

/// Smallest and largest number; both 0 if it is empty or NULL. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_set_bounds(set: *const imap_set, lowest: *mut u32, highest: *mut u32) {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        let bounds = look(set, (0, 0), imap_set::bounds);
        if !lowest.is_null() {
            lowest.write(bounds.0);
        }
        if !highest.is_null() {
            highest.write(bounds.1);
        }
    }
}

/// The number at `place`, counted from 0; 0 beyond the end. In two sets that run side by side, the partner.
/// Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_set_at(set: *const imap_set, place: u64) -> u32 {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { look(set, 0, |set| set.at(place)) }
}

/// The place of a number, counted from 0; -1: it is not there. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_set_find(set: *const imap_set, number: u32) -> i64 {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { look(set, -1, |set| set.find(number).and_then(|place| i64::try_from(place).ok())) }
}

/// The next number; begin with *at = 0, and leave it alone between. Returns 0 at the end. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_set_next(set: *const imap_set, at: *mut u64) -> u32 {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { look(set, 0, |set| set.next(at.as_mut()?)) }
}

/// The next span, first <= last; begin with *at = 0, and leave it alone between. False at the end. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_set_next_span(
    set: *const imap_set,
    at: *mut u64,
    first: *mut u32,
    last: *mut u32,
) -> bool {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        let span = look(set, None, |set| Some(set.next_span(at.as_mut()?)));
        if !first.is_null() {
            first.write(span.map_or(0, |span| span.first));
        }
        if !last.is_null() {
            last.write(span.map_or(0, |span| span.last));
        }
        span.is_some()
    }
}

/// Adds `first` to `last` behind what is there; 0 is INVALID. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_set_add(
    set: *mut imap_set,
    first: u32,
    last: u32,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { change(set, error, |set| Ok(set.push_span(nonzero(first)?, nonzero(last)?)?)) }
}

/// Takes `first` to `last` away; 0 is INVALID. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_set_remove(
    set: *mut imap_set,
    first: u32,
    last: u32,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { change(set, error, |set| Ok(set.remove(nonzero(first)?, nonzero(last)?)?)) }
}

/// Sorts and merges: the shortest text, each number once. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_set_sort(
    set: *mut imap_set,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        change(set, error, |set| {
            set.sort();
            Ok(())
        })
    }
}

/// Adds all of `other`. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_set_unite(
    set: *mut imap_set,
    other: *const imap_set,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { combine(set, other, error, imap_set::unite) }
}

/// Takes all of `other` away. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_set_subtract(
    set: *mut imap_set,
    other: *const imap_set,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { combine(set, other, error, imap_set::subtract) }
}

/// Keeps what is in `other` too. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_set_intersect(
    set: *mut imap_set,
    other: *const imap_set,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { combine(set, other, error, imap_set::intersect) }
}

fn nonzero(number: u32) -> Result<u32> {
    if number == 0 { Err(Error::invalid("there is no message 0")) } else { Ok(number) }
}

/// # Safety
/// As in boundary.rs.
unsafe fn look<T>(set: *const imap_set, absent: T, look: impl FnOnce(&imap_set) -> Option<T>) -> T {
    // SAFETY: the caller's promise. Looking at a set does not panic, but for a fault of ours.
    let found = unsafe { set.as_ref() }
        .map(|set| std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| look(set))).unwrap_or(None));
    found.flatten().unwrap_or(absent)
}

/// # Safety
/// As in boundary.rs.
unsafe fn change(
    set: *mut imap_set,
    error: *mut *mut imap_error<'static>,
    change: impl FnOnce(&mut imap_set) -> Result<()>,
) -> imap_status {
    // SAFETY: the caller's promise.
    unsafe { call(error, || change(exclusive("set", set)?)) }
}

/// # Safety
/// As in boundary.rs; the two sets may be the same.
unsafe fn combine(
    set: *mut imap_set,
    other: *const imap_set,
    error: *mut *mut imap_error<'static>,
    combine: fn(&mut imap_set, &imap_set) -> Result<(), crate::error::NoMemory>,
) -> imap_status {
    // SAFETY: the caller's promise; the other set is copied before this one is borrowed to be changed.
    unsafe {
        call(error, || {
            let other = shared("other", other)?.copy()?;
            let set = exclusive("set", set)?;
            if !set.is_empty() && !other.is_empty() && set.is_of_numbers() != other.is_of_numbers() {
                return Err(Error::invalid("one set is of UIDs, the other of message numbers"));
            }
            Ok(combine(set, &other)?)
        })
    }
}
