//! A list that is being made: the first elements on the stack, since most lists of mail are short.

#![forbid(unsafe_code)]

use super::arena::Arena;
use super::text::List;
use crate::error::NoMemory;

const INLINE: usize = 8;

pub struct Few<'a, T> {
    inline: [Option<&'a T>; INLINE],
    more: Vec<&'a T>,
    count: usize,
}

impl<'a, T> Few<'a, T> {
    pub fn new() -> Few<'a, T> {
        Few { inline: [None; INLINE], more: Vec::new(), count: 0 }
    }

    pub fn push(&mut self, item: &'a T) -> Result<(), NoMemory> {
        match self.inline.get_mut(self.count) {
            Some(place) => *place = Some(item),
            None => {
                if self.more.is_empty() {
                    self.more.try_reserve(2 * INLINE)?;
                    self.more.extend(self.inline.iter().flatten().copied());
                }
                self.more.try_reserve(1)?;
                self.more.push(item);
            }
        }
        self.count += 1;
        Ok(())
    }

    pub fn len(&self) -> usize {
        self.count
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub fn iter(&self) -> impl Iterator<Item = &'a T> {
        let inline = if self.more.is_empty() { &self.inline[..self.count.min(INLINE)] } else { &[] };
        inline.iter().flatten().copied().chain(self.more.iter().copied())
    }

    /// The array for C, and its length.
    pub fn list(&self, arena: &'a Arena) -> Result<(List<'a, T>, usize), NoMemory> {
        Ok((arena.list(self.iter(), self.count)?, self.count))
    }
}

impl<T> Default for Few<'_, T> {
    fn default() -> Self {
        Few::new()
    }
}
