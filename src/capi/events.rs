//! # Events

use super::boundary::{clear, free_result, imap_client, on_client, put_result};
use crate::error::imap_status;
use crate::model::{Event, imap_error, imap_event};

/// # Events
///
/// What the server tells unasked, in order, collects while other calls run: look after each. imap_noop() asks
/// for news. Every event is yours to free.
///
/// The next event, to be freed with imap_event_free(); NULL: none now. What has arrived already is read first.
/// Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_next_event(
    client: *mut imap_client,
    event: *mut *mut imap_event<'static>,
    error: *mut *mut imap_error<'static>,
) -> imap_status {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe {
        clear(event);
        on_client(client, error, |client| {
            if let Some(next) = client.next_event()? {
                put_result::<Event>(event, next);
            }
            Ok(())
        })
    }
}

/// NULL is fine. Blocks: no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn imap_event_free(event: *mut imap_event<'static>) {
    // SAFETY: the caller's promise; see boundary.rs.
    unsafe { free_result::<Event>(event) }
}
