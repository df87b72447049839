//! A list that is being made: the first elements on the stack, since most lists of mail are short.

#![forbid(unsafe_code)]

use super::arena::Arena;
use super::text::List;
use crate::error::NoMemory;

const INLINE: usize = 8;

pub struct Few<'a, T> {
    /// The first ones, until there are more.
    inline: [Option<&'a T>; INLINE],
    more: Vec<Option<&'a T>>,
    count: usize,
}

impl<'a, T> Few<'a, T> {
    pub fn new() -> Few<'a, T> {
        Few { inline: [None; INLINE], more: Vec::new(), count: 0 }
    }

    #[inline]
    pub fn push(&mut self, item: &'a T) -> Result<(), NoMemory> {
        match self.inline.get_mut(self.count) {
            Some(place) => *place = Some(item),
            None => self.push_behind(item)?,
        }
        self.count += 1;
        Ok(())
    }

    #[cold]
    fn push_behind(&mut self, item: &'a T) -> Result<(), NoMemory> {
        if self.more.is_empty() {
            self.more.try_reserve(2 * INLINE)?;
            self.more.extend(self.inline);
        }
        self.more.try_reserve(1)?;
        self.more.push(Some(item));
        Ok(())
    }

    /// Puts another in the place of one that is there.
    pub fn set(&mut self, at: usize, item: &'a T) {
        let all = if self.more.is_empty() { &mut self.inline[..self.count] } else { &mut self.more[..] };
        if let Some(place) = all.get_mut(at) {
            *place = Some(item);
        }
    }

    pub fn len(&self) -> usize {
        self.count
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub fn iter(&self) -> impl Iterator<Item = &'a T> {
        self.all().iter().flatten().copied()
    }

    /// The array for C, and its length.
    pub fn list(&self, arena: &'a Arena) -> Result<(List<'a, T>, usize), NoMemory> {
        Ok((arena.list(self.all())?, self.count))
    }

    fn all(&self) -> &[Option<&'a T>] {
        if self.more.is_empty() { &self.inline[..self.count.min(INLINE)] } else { &self.more }
    }
}

impl<T> Default for Few<'_, T> {
    fn default() -> Self {
        Few::new()
    }
}
