//! Memory of messages that are handed out one by one: what a thread gives back serves for those that come next, without
//! the allocator. It goes with the thread.

#![forbid(unsafe_code)]

use std::cell::RefCell;

use super::owned::Blank;
use super::{Arena, Message, Owned};
use crate::error::NoMemory;

thread_local! {
    static SPARE: RefCell<Vec<Blank<Message>>> = const { RefCell::new(Vec::new()) };
}

/// So many are kept, and none that is larger.
const MOST: usize = 32;
const LARGEST: usize = 4096;

/// For a message of its own that takes about `room`, and no more than `limit`.
pub fn take(room: usize, limit: usize) -> Result<Blank<Message>, NoMemory> {
    // Where the thread ends nothing is spare.
    let spare = SPARE.try_with(|spare| spare.borrow_mut().pop()).ok().flatten();
    match spare.filter(|spare| spare.size() <= limit) {
        Some(spare) => Ok(spare),
        None => Blank::new(Arena::of_one(room.min(limit))?),
    }
}

/// Nobody needs it any more.
pub fn give_back(message: Box<Owned<Message>>) {
    if message.size() > LARGEST {
        return;
    }
    let blank = message.blank();
    let _ = SPARE.try_with(|spare| {
        let mut spare = spare.borrow_mut();
        if spare.len() < MOST && spare.try_reserve(1).is_ok() {
            spare.push(blank);
        }
    });
}
