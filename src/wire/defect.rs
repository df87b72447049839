//! What was wrong with a response that was understood all the same.

use crate::error::NoMemory;
use crate::model::{Arena, Few, List, imap_defect, imap_defect_kind};

#[derive(Default)]
pub struct Defects<'a> {
    found: Few<'a, imap_defect<'a>>,
}

/// So many are told of one response; the rest are as bad.
const MOST: usize = 100;
/// So many of the bytes that were not understood are shown.
const SHOWN: usize = 4096;

impl<'a> Defects<'a> {
    /// Notes a defect at `offset` of the response: `text` says what, `raw` are the bytes.
    pub fn note(
        &mut self,
        arena: &'a Arena,
        kind: imap_defect_kind,
        offset: usize,
        text: &'static std::ffi::CStr,
        raw: &[u8],
    ) -> Result<(), NoMemory> {
        if self.found.len() >= MOST {
            return Ok(());
        }
        let raw = &raw[..raw.len().min(SHOWN)];
        self.found.push(arena.put(imap_defect {
            kind,
            offset: offset as i64,
            text: crate::model::Text::fixed(text),
            raw: arena.raw(raw)?,
            raw_len: raw.len(),
        })?)
    }

    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    pub fn list(&self, arena: &'a Arena) -> Result<(List<'a, imap_defect<'a>>, usize), NoMemory> {
        self.found.list(arena)
    }
}
