//! Which message a number means, as far as that was told: an EXPUNGE tells the number alone.

use crate::error::NoMemory;

/// UIDs by message number; 0: not told.
#[derive(Default)]
pub struct Numbering {
    uids: Vec<u32>,
}

/// Of so many messages at most, so that an EXPUNGE costs little.
const MOST: u32 = 4096;

impl Numbering {
    /// Whether the UID of this message is kept.
    pub fn has_room_for(number: u32) -> bool {
        (1..=MOST).contains(&number)
    }

    pub fn note(&mut self, number: u32, uid: u32) -> Result<(), NoMemory> {
        let Some(place) = number.checked_sub(1).filter(|_| Numbering::has_room_for(number)) else {
            return Ok(());
        };
        let place = place as usize;
        if self.uids.len() <= place {
            self.uids.try_reserve(place + 1 - self.uids.len())?;
            self.uids.resize(place + 1, 0);
        }
        self.uids[place] = uid;
        Ok(())
    }

    /// 0: not known.
    pub fn uid_of(&self, number: u32) -> u32 {
        number.checked_sub(1).and_then(|place| self.uids.get(place as usize)).copied().unwrap_or(0)
    }

    /// This message is gone, those above it move down.
    pub fn expunge(&mut self, number: u32) {
        let place = number.checked_sub(1).map(|place| place as usize);
        if let Some(place) = place.filter(|place| *place < self.uids.len()) {
            self.uids.remove(place);
        }
    }

    /// Messages are gone whose numbers are not told.
    pub fn clear(&mut self) {
        self.uids.clear();
    }
}
