//! The input buffer of the connection that rested last, for the one that reads next. A client at rest keeps none: without
//! this each round trip would allocate one and give it back, which costs as much as a short answer's parsing.

use parking_lot::Mutex;

static SPARE: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// One that has grown beyond this for a long line is not kept.
const MOST: usize = 128 * 1024;

/// An empty buffer, with memory if there is some.
pub fn take() -> Vec<u8> {
    // Whoever finds it locked, perhaps for ever in the child of a fork, does without.
    SPARE.try_lock().map(|mut spare| std::mem::take(&mut *spare)).unwrap_or_default()
}

pub fn give(mut buffer: Vec<u8>) {
    if (1..=MOST).contains(&buffer.capacity()) {
        buffer.clear();
        if let Some(mut spare) = SPARE.try_lock() {
            std::mem::swap(&mut *spare, &mut buffer);
        }
    }
}
