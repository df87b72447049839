//! Some servers do not understand the space that RFC 3501 has before the names of header fields:
//! `BODY[HEADER.FIELDS (DATE)]`. One that calls that BAD is asked again without it, and from then on if it helped.

use crate::session::{Effect, Facts, Reply};
use crate::wire::items::SPACED_FIELDS;

#[derive(Default)]
pub struct Spacing {
    /// The space was left out after a BAD.
    was_tightened: bool,
}

impl Spacing {
    /// Whether the space is to be left out.
    pub fn is_tight(&self, facts: &Facts) -> bool {
        self.was_tightened || facts.lacks(SPACED_FIELDS)
    }

    /// After the reply to a line that names header fields: whether it is to be sent again without the space.
    pub fn tightens(&mut self, reply: &Reply<'_>, facts: &Facts) -> bool {
        let is_new = reply.is_bad() && !self.is_tight(facts) && facts.settings.emulate;
        self.was_tightened |= is_new;
        is_new
    }

    /// What was learnt, once the line without it was understood.
    pub fn effect(&self) -> Effect {
        if self.was_tightened { Effect::Lacks(vec![SPACED_FIELDS]) } else { Effect::None }
    }
}
