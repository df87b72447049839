//! What comes in: each response to whoever it belongs to, and what it says of the connection.

use super::numbering::Numbering;
use super::vanished::{is_earlier, vanished};
use super::{
    Ask, Capabilities, Claim, Dialogue, Effect, Entry, Facts, IdleStage, Outcome, Phase, Reply, Seen,
    Session, Source, Stage, Step, Transfer, Untagged, copy, quote,
};
use crate::error::{Error, Result, imap_status::*};
use crate::model::imap_state::*;
use crate::wire::cursor::Response;
use crate::wire::response::{Condition, Head, News};
use crate::wire::{capability as capability_list, code, event, search, status};

impl Session {
    pub(super) fn received(&mut self, bytes: usize) {
        self.moved = self.now;
        self.bytes_received += bytes as u64;
    }

    /// Makes the memory ready that the answer which is arriving will take.
    pub(super) fn prepare(&mut self, source: &mut dyn Source) {
        let takes_messages = |entry: &Entry| matches!(entry.rules().claim, Claim::Fetch(_));
        let Some(at) = self.entries.find_in_flight(takes_messages) else { return };
        let at = self.trunk(at);
        if let Some(memory) = self.entries[at].command.as_mut().and_then(|command| command.ahead()) {
            source.prepare(memory);
        }
    }

    /// One complete response. An error ends the connection.
    pub(super) fn response(&mut self, response: &Response<'_>) -> Result<()> {
        self.journal.received(response);
        self.show(response)?;
        let head = Head::of(response);
        if self.stage == Stage::Greeting {
            return self.greeting(response, head);
        }
        match head {
            Head::Continue { text } => self.continuation(response, text),
            Head::Tagged { tag, condition, text } => self.tagged(response, tag, condition, text),
            Head::Untagged { number, news, name, rest } => {
                self.untagged(&Untagged::data(response, number, news, name, rest))
            }
            Head::Condition { .. } if self.is_own(response) => {
                let message =
                    format!("the server answered neither OK, NO nor BAD: {}", quote(response.bytes));
                Err(Error::fatal(IMAP_ERR_PROTOCOL, message))
            }
            Head::Condition { condition, text } => self.untagged(&Untagged::state(response, condition, text)),
            Head::Unknown => Ok(()),
        }
    }

    /// `greeting = "*" SP (resp-cond-auth / resp-cond-bye) CRLF`; anything else ends the connection.
    pub(super) fn greeting(&mut self, response: &Response<'_>, head: Head<'_>) -> Result<()> {
        let is_untagged = response.bytes.starts_with(b"*");
        let (condition, text) = match head {
            Head::Condition { condition, text } if is_untagged => (condition, &response.bytes[text..]),
            _ => return Err(not_imap(response.bytes)),
        };
        match condition {
            Condition::Ok => self.facts.state = IMAP_STATE_NOT_AUTHENTICATED,
            Condition::Preauth => self.facts.state = IMAP_STATE_AUTHENTICATED,
            Condition::Bye => {
                self.bye = Some((copy(text)?, self.now));
                return Err(Error::fatal(IMAP_ERR_CLOSED, "the server refused the connection"));
            }
            _ => return Err(not_imap(response.bytes)),
        }
        self.facts.greeting = copy(text)?;
        self.facts.peer.learn(text);
        self.note_code(text)?;
        self.stage = Stage::Open;
        self.moved = self.now;
        self.schedule();
        Ok(())
    }

    /// "+": the first literal that waits may go, or a command is asked for more. One that nobody expects is passed
    /// over, unless a command takes whatever comes.
    pub(super) fn continuation(&mut self, response: &Response<'_>, text: &[u8]) -> Result<()> {
        if self.output.waiting().is_some() {
            self.output.go_on();
            return Ok(());
        }
        let is_idle = |entry: &Entry| entry.ask == Some(Ask::Idle) && entry.phase() == Phase::Sent;
        if self.idle.stage == IdleStage::Asked && self.entries.in_flight().any(|(_, entry)| is_idle(entry)) {
            self.idle.stage = IdleStage::Running { since: self.now };
            self.schedule();
            return Ok(());
        }
        if !self.asked(text)? {
            let untagged = Untagged::data(response, None, News::Other, b"+", 1);
            if let Some(at) = self.owner(&untagged) {
                self.offer_to(at, &untagged);
            }
        }
        Ok(())
    }

    /// It begins with the tag of a command that waits for its reply.
    fn is_own(&self, response: &Response<'_>) -> bool {
        response.cursor(0).atom().is_some_and(|tag| self.under_way(tag).is_some())
    }

    fn under_way(&self, tag: &[u8]) -> Option<usize> {
        let has_tag = |entry: &Entry| entry.tag.is_some_and(|known| known.as_bytes() == tag);
        self.entries.find_in_flight(has_tag)
    }

    pub(super) fn tagged(
        &mut self,
        response: &Response<'_>,
        tag: &[u8],
        condition: Condition,
        text: usize,
    ) -> Result<()> {
        // A reply to nothing that we asked: passed over.
        let Some(at) = self.under_way(tag) else { return Ok(()) };
        let limit = std::mem::take(&mut self.limit);
        if self.entries[at].phase() == Phase::Sending {
            if condition == Condition::Ok || self.output.waiting() != Some(self.entries[at].id) {
                let message = "the server answered a command before it was sent";
                return Err(Error::fatal(IMAP_ERR_PROTOCOL, message));
            }
            self.output.drop_line();
            self.journal.drop_line();
        }
        self.note_code(response.bytes.get(text..).unwrap_or_default())?;
        let is_early = self.facts.is_early();
        // A login runs alone: this is its reply, if there is one.
        self.journal.end_secret();
        self.idle.rest(self.now);
        if let Some(ask) = self.entries[at].ask {
            self.entries.remove(at);
            self.idle.ended(ask, condition == Condition::Ok, self.now);
            self.schedule();
            return Ok(());
        }
        let is_one_of_too_many = condition == Condition::Bad && self.is_one_of_too_many(at);
        if self.entries[at].branch_of.is_some() {
            return self.branch_tagged(at, response, tag, condition, text);
        }
        self.entries.set_phase(at, Phase::Queued);
        let entry = &mut self.entries[at];
        entry.dialogue = Dialogue::None;
        entry.tag = None;
        if is_one_of_too_many {
            entry.is_repeated = true;
            self.schedule();
            return Ok(());
        }
        let tells_capabilities = self.facts.capabilities_told != entry.capabilities_told;
        let command = entry.name;
        let reply = Reply {
            response: *response,
            condition,
            text,
            is_early,
            command,
            tag,
            tells_capabilities,
            limit: &limit,
        };
        let step = match (&mut entry.command, entry.failure.take()) {
            (None, _) => {
                let Some(given_up) = self.entries.remove(at) else { return Ok(()) };
                if given_up.is_login && reply.is_ok() {
                    let name = given_up.name;
                    let message = format!("the server accepted {name} though it was cancelled: connect anew");
                    return Err(Error::fatal(IMAP_ERR_CLOSED, message));
                }
                if given_up.alters_stream && reply.is_ok() {
                    self.apply(Effect::Compress)?;
                }
                self.schedule();
                return Ok(());
            }
            // We gave up, the server did not: it takes us for somebody that we are not.
            (Some(_), Some(failure)) => {
                Err(Error { is_usable: failure.is_usable && !reply.is_ok(), ..failure })
            }
            (Some(command), None) => {
                let step = command.tagged(&reply, &self.facts);
                if !reply.is_ok() && matches!(step, Ok(Step { is_done: false, .. })) {
                    self.journal.note(&format!("{}: done in another way", entry.name));
                }
                while let Some(item) = command.item() {
                    self.streams.push(entry.id, item)?;
                }
                step
            }
        };
        match step {
            Ok(step) => {
                let is_fatal = self.apply(step.effect);
                if step.is_done {
                    let sent = copy(response.bytes)?;
                    self.finish(at, sent);
                } else {
                    let entry = &mut self.entries[at];
                    if let Some(command) = &entry.command {
                        entry.is_login = command.is_login();
                        let rules = command.rules();
                        self.entries.set_rules(at, rules);
                    }
                }
                is_fatal?;
            }
            Err(error) => {
                let sent = copy(response.bytes)?;
                let Some(entry) = self.entries.remove(at) else { return Err(error) };
                let closes = entry.is_vital || !error.is_usable;
                let error = Error { is_usable: !closes, ..error.of_command(entry.name) };
                let why = closes.then(|| error.clone());
                let outcome = Outcome { result: Err(error), reply: sent, transfer: entry.transfer };
                self.outcomes.put(entry.id, outcome);
                if let Some(why) = why {
                    return Err(why);
                }
            }
        }
        self.schedule();
        Ok(())
    }

    /// Some servers take no more than so many STATUS commands at once, and call the others BAD: those are sent again.
    fn is_one_of_too_many(&mut self, at: usize) -> bool {
        let in_flight = self.statuses_in_flight();
        let entry = &self.entries[at];
        let is_wanted = entry.command.is_some() || entry.branch_of.is_some();
        let is_refused = in_flight > 1 && entry.is_status() && !entry.is_repeated && is_wanted;
        if is_refused {
            self.facts.peer.slow_down(in_flight);
            self.journal
                .note(&format!("STATUS: no more than {} at once from here on", self.facts.peer.max_status));
        }
        is_refused
    }

    pub(super) fn statuses_in_flight(&self) -> usize {
        self.entries.in_flight().filter(|(_, entry)| !entry.is_spread() && entry.is_status()).count()
    }

    /// The reply to one line of a request that has several under way.
    fn branch_tagged(
        &mut self,
        at: usize,
        response: &Response<'_>,
        tag: &[u8],
        condition: Condition,
        text: usize,
    ) -> Result<()> {
        let is_early = self.facts.is_early();
        let trunk = self.trunk(at);
        let entry = &mut self.entries[trunk];
        let (id, name) = (entry.id, entry.name);
        entry.reply = copy(response.bytes)?;
        let tells_capabilities = false;
        let reply = Reply {
            response: *response,
            condition,
            text,
            is_early,
            command: name,
            tag,
            tells_capabilities,
            limit: &[],
        };
        let Some(command) = &mut entry.command else { return Ok(()) };
        let step = command.tagged(&reply, &self.facts);
        while let Some(item) = command.item() {
            self.streams.push(id, item)?;
        }
        self.entries.remove(at);
        let trunk = self.entries.position(id).unwrap_or_default();
        match step {
            Ok(step) => {
                self.apply(step.effect)?;
                self.go_on(trunk);
            }
            Err(error) if error.is_usable => self.end(trunk, error),
            Err(error) => return Err(error.of_command(name)),
        }
        self.schedule();
        Ok(())
    }

    /// The call is over: its value is made.
    pub(super) fn finish(&mut self, at: usize, reply: Vec<u8>) {
        let Some(entry) = self.entries.remove(at) else { return };
        if entry.is_opening && !self.entries.iter().any(|entry| entry.is_opening) {
            self.events.push(event::connection(None).ok(), self.facts.settings.max_events);
        }
        if let Some(command) = entry.command {
            let result = command.finish().map_err(|error| error.of_command(entry.name));
            self.outcomes.put(entry.id, Outcome { result, reply, transfer: entry.transfer });
        }
    }

    pub(super) fn apply(&mut self, effect: Effect) -> Result<()> {
        match effect {
            Effect::None => {}
            Effect::Authenticated => self.facts.state = IMAP_STATE_AUTHENTICATED,
            Effect::Selected(mut mirror) => {
                let compares = self.facts.settings.is_kept && mirror.highest_modseq.is_none();
                mirror.seen = compares.then(Seen::default);
                self.facts.selected = Some(mirror);
                self.facts.state = IMAP_STATE_SELECTED;
            }
            Effect::Unselected => self.unselect(),
            Effect::Updating(tag) => {
                if let Some(mirror) = self.facts.selected.as_deref_mut() {
                    mirror.updates.try_reserve(1)?;
                    mirror.updates.push(tag);
                }
            }
            Effect::NotUpdating(tag) => {
                if let Some(mirror) = self.facts.selected.as_deref_mut() {
                    mirror.updates.retain(|known| *known != tag);
                }
            }
            Effect::Enabled(names) => {
                self.facts.is_utf8 |= names.iter().any(|name| name == "UTF8=ACCEPT" || name == "IMAP4REV2");
                self.facts.enabled.extend(names);
            }
            Effect::Lacks(capabilities) => self.facts.set_lacking(capabilities),
            Effect::StartTls => self.stage = Stage::Securing,
            Effect::Renumbering(is_at_any_time) => self.facts.renumbers_at_any_time = is_at_any_time,
            Effect::Unauthenticated => {
                if self.facts.is_compressed {
                    self.stage = Stage::Decompressing;
                }
                self.unselect();
                self.facts.renumbers_at_any_time = false;
                self.facts.state = IMAP_STATE_NOT_AUTHENTICATED;
                self.facts.enabled = Vec::new();
                self.facts.is_utf8 = false;
                self.idle.watch(&[], self.now);
            }
            Effect::Compress => self.stage = Stage::Compressing,
            Effect::Logout => {
                self.bye = None;
                self.has_left = true;
                let message = "the connection was closed by imap_logout(): connect anew";
                return Err(Error::fatal(IMAP_ERR_CLOSED, message));
            }
        }
        Ok(())
    }

    pub(super) fn unselect(&mut self) {
        self.facts.selected = None;
        if self.facts.state == IMAP_STATE_SELECTED {
            self.facts.state = IMAP_STATE_AUTHENTICATED;
        }
    }

    pub(super) fn untagged(&mut self, untagged: &Untagged<'_>) -> Result<()> {
        if untagged.is_message() {
            self.note_message(untagged)?;
        } else {
            if untagged.condition == Some(Condition::Bye) {
                self.goodbye(untagged)?;
            }
            if !self.note(untagged)? {
                return Ok(());
            }
        }
        let is_taken = match self.owner(untagged) {
            None => false,
            Some(at) => match self.entries[at].ask {
                Some(Ask::Status(watched)) => self.idle.is_old(watched, untagged.response.bytes)?,
                _ => self.offer_to(at, untagged),
            },
        };
        // How far a command is, is news also where the command takes all that comes.
        if !is_taken || is_progress(untagged) {
            self.tell(untagged);
        }
        self.renumber(untagged);
        Ok(())
    }

    /// What was told with the numbers as they were is told: from here on they mean others.
    fn renumber(&mut self, untagged: &Untagged<'_>) {
        match (untagged.news, untagged.number, self.facts.selected.as_deref_mut()) {
            (News::Expunge, Some(number), Some(mirror)) => mirror.numbering.expunge(number),
            (News::Vanished, None, Some(mirror)) if !is_earlier(untagged) => mirror.numbering.clear(),
            _ => {}
        }
    }

    /// The first goodbye starts the clock, a second one ends the matter: some servers repeat it for ever.
    pub(super) fn goodbye(&mut self, untagged: &Untagged<'_>) -> Result<()> {
        if self.bye.is_some() {
            return Err(Error::fatal(IMAP_ERR_CLOSED, "the server said goodbye"));
        }
        let text = untagged.response.bytes.get(untagged.rest..).unwrap_or_default();
        self.bye = Some((copy(text)?, self.now));
        Ok(())
    }

    /// Whose response this is, by its head alone.
    pub(super) fn owner(&self, untagged: &Untagged<'_>) -> Option<usize> {
        let tag = if untagged.is_message() { None } else { correlator(untagged) };
        let is_owner = |entry: &Entry| match (tag, &entry.rules().claim) {
            // It names the command that it answers.
            (Some(tag), Claim::Named(names) | Claim::Correlated(names)) => {
                let is_own = entry.tag.is_some_and(|own| own.as_bytes() == tag);
                is_own && names.iter().any(|name| untagged.condition.is_some() || untagged.is(name))
            }
            _ => claims(&entry.rules().claim, untagged, &self.facts),
        };
        self.entries.find_in_flight(is_owner)
    }

    pub(super) fn offer_to(&mut self, at: usize, untagged: &Untagged<'_>) -> bool {
        let size = untagged.response.bytes.len();
        let at = self.trunk(at);
        let entry = &mut self.entries[at];
        let Some(command) = &mut entry.command else {
            self.bytes_wasted += size as u64;
            return true;
        };
        let counts_bytes = entry.transfer.total.is_none() && !entry.transfer.is_told;
        entry.transfer.done += if counts_bytes { size as u64 } else { 0 };
        let (id, is_stream) = (entry.id, entry.is_stream);
        let mut is_full = false;
        let taken = command.untagged(untagged, &self.facts).and_then(|is_taken| {
            while let Some(item) = is_stream.then(|| command.item()).flatten() {
                is_full |= self.streams.push(id, item)?;
            }
            Ok(is_taken)
        });
        if is_full {
            self.note_stall();
        }
        match taken {
            Ok(is_taken) => is_taken,
            Err(error) => {
                self.end(at, error);
                true
            }
        }
    }

    /// Keeps the facts up to date. False: the response is nonsense, to be passed over.
    pub(super) fn note(&mut self, untagged: &Untagged<'_>) -> Result<bool> {
        if untagged.condition.is_some() {
            let resp_text = untagged.response.bytes.get(untagged.rest..).unwrap_or_default();
            self.note_progress(resp_text);
            self.note_code(resp_text)?;
            if code::head(resp_text).is_some_and(|(head, _)| head.name.eq_ignore_ascii_case(b"MESSAGELIMIT"))
            {
                self.limit = copy(resp_text)?;
            }
            return Ok(true);
        }
        let text = untagged.response.bytes.get(untagged.rest..).unwrap_or_default();
        match untagged.news {
            News::Id => self.facts.peer.learn(text),
            News::Capability => self.learn_capabilities(text)?,
            _ => {}
        }
        let Some(mirror) = self.facts.selected.as_deref_mut() else { return Ok(true) };
        match (untagged.news, untagged.number) {
            (News::Exists, Some(number)) => mirror.exists = Some(number),
            (News::Recent, Some(number)) => mirror.recent = number,
            (News::Expunge, Some(number)) => {
                let exists = mirror.exists.unwrap_or(u32::MAX);
                if number == 0 || number > exists {
                    return Ok(false);
                }
                mirror.exists = mirror.exists.map(|exists| exists - 1);
            }
            (News::Vanished, None) if !is_earlier(untagged) => {
                let gone = vanished(untagged).transpose()?.map_or(0, |gone| gone.count());
                let gone = u32::try_from(gone).unwrap_or(u32::MAX);
                mirror.exists = mirror.exists.map(|exists| exists.saturating_sub(gone));
            }
            (News::Flags, None) => mirror.flags = copy(text)?,
            _ => {}
        }
        Ok(true)
    }

    /// What is kept of a message by itself.
    fn note_message(&mut self, untagged: &Untagged<'_>) -> Result<()> {
        let Some(mirror) = self.facts.selected.as_deref_mut() else { return Ok(()) };
        if let Some(seen) = &mut mirror.seen {
            let mark = || Seen::mark_of(untagged.response, untagged.rest);
            if let Some((uid, mark)) = untagged.uid().zip(mark()) {
                seen.note(uid, mark)?;
            }
        }
        let number = untagged.number.filter(|_| untagged.news == News::Fetch);
        if let Some(number) = number.filter(|number| Numbering::has_room_for(*number)) {
            if let Some(uid) = untagged.uid() {
                mirror.numbering.note(number, uid)?;
            }
        }
        Ok(())
    }

    /// How far a command is, in the server's count (RFC 9585).
    fn note_progress(&mut self, resp_text: &[u8]) {
        let Some((tag, done, total)) = code::head(resp_text).and_then(|(head, _)| code::progress(&head))
        else {
            return;
        };
        let is_its = |entry: &&mut Entry| entry.tag.is_some_and(|known| known.as_bytes() == tag);
        if let (Some(entry), Some(done)) = (self.entries.iter_mut().find(is_its), done) {
            entry.transfer = Transfer { done, total, is_told: true };
        }
    }

    pub(super) fn learn_capabilities(&mut self, atoms: &[u8]) -> Result<()> {
        self.facts.set_capabilities(Some(Capabilities::from_atoms(capability_list::atoms(atoms))?));
        self.facts.capabilities_told = self.facts.capabilities_told.wrapping_add(1);
        // Names are in UTF-8 from the first one on.
        self.facts.is_utf8 |= self.facts.is_rev2_only();
        Ok(())
    }

    /// What a response code says of the connection or the selected mailbox.
    pub(super) fn note_code(&mut self, resp_text: &[u8]) -> Result<()> {
        let Some((code, _)) = code::head(resp_text) else { return Ok(()) };
        if code.name.eq_ignore_ascii_case(b"CAPABILITY") {
            self.learn_capabilities(code.argument)?;
        } else if code.name.eq_ignore_ascii_case(b"CLOSED") {
            self.unselect();
        } else if let Some(mirror) = self.facts.selected.as_deref_mut() {
            mirror.note_code(&code)?;
        }
        Ok(())
    }
}

fn is_progress(untagged: &Untagged<'_>) -> bool {
    let resp_text = || untagged.response.bytes.get(untagged.rest..).unwrap_or_default();
    let is_code = |(head, _): (code::CodeHead<'_>, &[u8])| head.name.eq_ignore_ascii_case(b"INPROGRESS");
    untagged.condition.is_some() && code::head(resp_text()).is_some_and(is_code)
}

fn claims(claim: &Claim, untagged: &Untagged<'_>, facts: &Facts) -> bool {
    match claim {
        Claim::Nothing => false,
        Claim::Everything => true,
        Claim::Named(names) | Claim::Correlated(names) => names.iter().any(|name| untagged.is(name)),
        Claim::Status(mailbox) => {
            let is_about = || status::is_about(untagged.response, untagged.rest, mailbox, facts.is_utf8);
            untagged.news == News::Status && is_about().unwrap_or(false)
        }
        Claim::Fetch(messages) if untagged.news == News::Vanished => {
            messages.takes_vanished && is_earlier(untagged)
        }
        Claim::Fetch(messages) => {
            let named = match messages.by_uid {
                true => untagged.uid(),
                false => untagged.number.filter(|_| untagged.news == News::Fetch),
            };
            named.is_some_and(|named| messages.contains(named))
        }
        Claim::Expunge => untagged.news == News::Expunge || is_vanished(untagged),
        Claim::Copied => {
            untagged.condition.is_some() || untagged.news == News::Expunge || is_vanished(untagged)
        }
    }
}

/// The tag of the command that a response says it is about.
#[inline(never)]
fn correlator<'b>(untagged: &Untagged<'b>) -> Option<&'b [u8]> {
    if matches!(untagged.news, News::Esearch | News::UidBatches) {
        return search::tag(untagged.response, untagged.rest);
    }
    // "NOUPDATE" SP quoted (RFC 5267 section 4.3.1)
    let text = untagged.response.bytes.get(untagged.rest..).filter(|_| untagged.condition.is_some())?;
    let (code, _) = code::head(text)?;
    let tag = code.argument.strip_prefix(b"\"").and_then(|tag| tag.strip_suffix(b"\""));
    code.name.eq_ignore_ascii_case(b"NOUPDATE").then(|| tag.unwrap_or(code.argument))
}

/// Messages that are gone now: those that went before the mailbox was selected are an answer to who asked for them.
fn is_vanished(untagged: &Untagged<'_>) -> bool {
    untagged.news == News::Vanished && !is_earlier(untagged)
}

fn not_imap(line: &[u8]) -> Error {
    Error::fatal(IMAP_ERR_PROTOCOL, format!("this is no IMAP server: it greets with \"{}\"", quote(line)))
}
