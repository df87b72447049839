//! What LSUB told, for a stream of mailboxes: each is handed out as LIST names it, so the subscriptions come first and
//! are held until then.

use super::list::Places;
use crate::error::{NoMemory, Result};
use crate::model::{Arena, Growing, Mailbox, Text, imap_attribute::*, imap_mailbox};

#[derive(Default)]
pub struct Subscriptions {
    /// Every LSUB is answered.
    pub is_told: bool,
    places: Places,
    all: Vec<Subscription>,
}

pub struct Subscription {
    /// It is not subscribed, something below it is (RFC 3501 section 6.3.9).
    pub is_parent: bool,
    /// What is handed out if LIST does not name it; None: nothing, or LIST has named it.
    pub mailbox: Option<Growing<Mailbox>>,
}

impl Subscriptions {
    pub fn has(&self, name: &[u8]) -> bool {
        self.places.of(name).is_some()
    }

    /// Gives the memory that it takes.
    pub fn add(&mut self, name: &[u8], subscription: Subscription) -> Result<usize> {
        let size = subscription.mailbox.as_ref().map_or(0, |mailbox| mailbox.arena().size());
        self.all.try_reserve(1)?;
        self.places.note(name, self.all.len())?;
        self.all.push(subscription);
        Ok(size + size_of::<Subscription>() + Places::ENTRY)
    }

    /// A mailbox of LIST. Gives the memory that is free again.
    pub fn found(&mut self, name: &[u8]) -> (Option<Mark>, usize) {
        let place = self.places.of(name);
        let Some(known) = place.and_then(|place| self.all.get_mut(place)) else { return (None, 0) };
        let freed = known.mailbox.take().map_or(0, |mailbox| mailbox.arena().size());
        (Some(Mark { is_parent: known.is_parent }), freed)
    }

    /// Those that LIST did not name.
    pub fn missing(&mut self) -> impl Iterator<Item = Growing<Mailbox>> + use<> {
        std::mem::take(&mut self.all).into_iter().filter_map(|known| known.mailbox)
    }
}

/// That a mailbox is subscribed, or what is below it.
#[derive(Clone, Copy)]
pub struct Mark {
    pub is_parent: bool,
}

impl Mark {
    pub fn put_on<'a>(
        self,
        mailbox: imap_mailbox<'a>,
        arena: &'a Arena,
    ) -> Result<imap_mailbox<'a>, NoMemory> {
        if self.is_parent && mailbox.attributes & IMAP_ATTRIBUTE_NO_SELECT as u32 == 0 {
            let child_info = arena.texts(&[Text::fixed(c"SUBSCRIBED")])?;
            return Ok(imap_mailbox { child_info, ..mailbox });
        }
        let attributes = mailbox.attributes | IMAP_ATTRIBUTE_SUBSCRIBED as u32;
        Ok(imap_mailbox { attributes, ..mailbox })
    }
}
