//! Messages that are gone, by UID (RFC 7162 section 3.2.10).

use super::Untagged;
use crate::error::NoMemory;
use crate::model::imap_set;

/// `expunged-resp = "VANISHED" [SP "(EARLIER)"] SP known-uids`: whether they went before the mailbox was selected.
pub fn is_earlier(untagged: &Untagged<'_>) -> bool {
    let mut cursor = untagged.response.cursor(untagged.rest);
    cursor.take(b'(') && cursor.take_word(b"EARLIER")
}

/// Their UIDs; None if it tells none.
pub fn vanished(untagged: &Untagged<'_>) -> Option<Result<imap_set, NoMemory>> {
    let mut cursor = untagged.response.cursor(untagged.rest);
    if cursor.is_next(b'(') {
        cursor.skip_value();
    }
    imap_set::from_response(cursor.rest().trim_ascii())
}
