//! ENVELOPE (RFC 9051 section 7.5.2).

use super::cursor::Cursor;
use super::decode::Decoded;
use super::defect::Defects;
use super::plain::{Irregular, Plain};
use super::{address, date, decode};
use crate::error::NoMemory;
use crate::model::{Arena, Text, imap_addresses, imap_defect_kind::*, imap_envelope};

/// `envelope = "(" env-date SP env-subject SP env-from SP env-sender SP env-reply-to SP env-to SP env-cc SP
/// env-bcc SP env-in-reply-to SP env-message-id ")"`; None if it is none at all.
pub fn envelope<'a>(
    cursor: &mut Cursor<'_>,
    most_addresses: usize,
    defects: &mut Defects<'a>,
    arena: &'a Arena,
) -> Result<Option<&'a imap_envelope<'a>>, NoMemory> {
    cursor.skip_spaces();
    if let Some(mut sent) = cursor.as_plain() {
        match regular(&mut sent, most_addresses, arena) {
            Ok(envelope) => {
                cursor.go_on(sent);
                return Ok(Some(arena.put(envelope)?));
            }
            Err(Irregular::NoMemory) => return Err(NoMemory),
            // It is read anew, by whoever can say what is odd.
            Err(Irregular::Otherwise) => {}
        }
    }
    let start = cursor.at();
    if !cursor.take(b'(') {
        return Ok(None);
    }
    let mut envelope = imap_envelope::EMPTY;
    let mut state = State { left: most_addresses, from: None, is_odd: false, is_cut: false };
    let is_complete = fields(cursor, &mut envelope, &mut state, arena)?;
    if !is_complete {
        let text = c"ENVELOPE has fewer fields than it should";
        defects.note(arena, IMAP_DEFECT_MISSING, start, text, cursor.since(start))?;
    }
    if !cursor.take(b')') {
        state.is_odd = true;
        while !cursor.is_at_end() && !cursor.take(b')') {
            cursor.skip_value();
        }
    }
    if state.is_odd {
        let text = c"ENVELOPE is malformed: what was understood is here";
        defects.note(arena, IMAP_DEFECT_SYNTAX, start, text, cursor.since(start))?;
    }
    if state.is_cut {
        let text = c"ENVELOPE has more addresses than IMAP_OPTION_MAX_ADDRESSES";
        defects.note(arena, IMAP_DEFECT_LIMIT, start, text, &[])?;
    }
    Ok(Some(arena.put(envelope)?))
}

/// One without literals, groups and oddities.
fn regular<'a>(
    sent: &mut Plain<'_>,
    mut left: usize,
    arena: &'a Arena,
) -> Result<imap_envelope<'a>, Irregular> {
    let mut envelope = imap_envelope::EMPTY;
    sent.take(b"(")?;
    if let Some(date) = sent.nstring()? {
        envelope.date_text = arena.text_known(date)?;
        if let Some(sent) = date::parse_header(date) {
            (envelope.date, envelope.date_zone) = (sent.seconds, sent.zone);
        }
    }
    sent.take(b" ")?;
    if let Some(subject) = sent.nwords()? {
        set_subject(&mut envelope, &decode::plain_header(arena, subject)?);
    }
    let mut from: (&[u8], _) = (&[], &imap_addresses::EMPTY);
    for list in lists(&mut envelope) {
        sent.take(b" ")?;
        if sent.take(b"NIL").is_ok() {
            continue;
        }
        let (repeated, known) = from;
        if !repeated.is_empty() && sent.take(repeated).is_ok() {
            *list = known;
            continue;
        }
        let start = sent.rest();
        *list = address::regular(sent, &mut left, arena)?;
        if repeated.is_empty() && list.count > 0 {
            from = (&start[..start.len() - sent.rest().len()], *list);
        }
    }
    for field in [&mut envelope.in_reply_to, &mut envelope.message_id] {
        sent.take(b" ")?;
        *field = sent.nstring()?.map_or(Ok(Text::NONE), |text| arena.text_known(text))?;
    }
    sent.take(b")")?;
    Ok(envelope)
}

fn set_subject<'a>(envelope: &mut imap_envelope<'a>, decoded: &Decoded<'a>) {
    envelope.subject = decoded.text;
    (envelope.raw_subject, envelope.raw_subject_len) = (decoded.raw, decoded.raw_len);
}

/// The lists of addresses in the order of the RFC.
fn lists<'e, 'a>(envelope: &'e mut imap_envelope<'a>) -> [&'e mut &'a imap_addresses<'a>; 6] {
    [
        &mut envelope.from_list,
        &mut envelope.sender_list,
        &mut envelope.reply_to_list,
        &mut envelope.to_list,
        &mut envelope.cc_list,
        &mut envelope.bcc_list,
    ]
}

struct State<'a, 'b> {
    /// Addresses that there may still be.
    left: usize,
    /// The From list as sent: Sender and Reply-To mostly repeat it.
    from: Option<(&'b [u8], &'a imap_addresses<'a>)>,
    is_odd: bool,
    is_cut: bool,
}

/// False: it ended before its last field.
fn fields<'a, 'b>(
    cursor: &mut Cursor<'b>,
    envelope: &mut imap_envelope<'a>,
    state: &mut State<'a, 'b>,
    arena: &'a Arena,
) -> Result<bool, NoMemory> {
    envelope.date_text = text(cursor, state, arena)?;
    if let Some(sent) = envelope.date_text.bytes().and_then(date::parse_header) {
        (envelope.date, envelope.date_zone) = (sent.seconds, sent.zone);
    }
    match cursor.nstring() {
        Some(Some(subject)) => {
            set_subject(envelope, &decode::header(arena, subject, cursor.is_clean)?);
        }
        Some(None) => {}
        None => return Ok(false),
    }
    for list in lists(envelope) {
        if cursor.is_next(b')') {
            return Ok(false);
        }
        *list = addresses(cursor, state, arena)?;
    }
    for field in [&mut envelope.in_reply_to, &mut envelope.message_id] {
        if cursor.is_at_end() || cursor.is_next(b')') {
            return Ok(false);
        }
        *field = text(cursor, state, arena)?;
    }
    Ok(true)
}

fn text<'a>(
    cursor: &mut Cursor<'_>,
    state: &mut State<'a, '_>,
    arena: &'a Arena,
) -> Result<Text<'a>, NoMemory> {
    match cursor.nstring() {
        Some(Some(string)) => decode::text(arena, &string, cursor.is_clean),
        Some(None) => Ok(Text::NONE),
        None => {
            state.is_odd = true;
            cursor.skip_value();
            Ok(Text::NONE)
        }
    }
}

fn addresses<'a, 'b>(
    cursor: &mut Cursor<'b>,
    state: &mut State<'a, 'b>,
    arena: &'a Arena,
) -> Result<&'a imap_addresses<'a>, NoMemory> {
    cursor.skip_spaces();
    if let Some((sent, list)) = state.from {
        if cursor.rest().starts_with(sent) {
            cursor.advance(sent.len());
            return Ok(list);
        }
    }
    let start = cursor.at();
    let Some(parsed) = address::list(cursor, &mut state.left, arena)? else {
        state.is_odd = true;
        cursor.skip_value();
        return Ok(&imap_addresses::EMPTY);
    };
    state.is_odd |= parsed.is_odd;
    state.is_cut |= parsed.is_cut;
    let sent = cursor.since(start);
    // Large literals are taken once: such a list is not repeated.
    let has_literals = !cursor.is_one_line && sent.contains(&b'{');
    if state.from.is_none() && parsed.list.count > 0 && sent.last() == Some(&b')') && !has_literals {
        state.from = Some((sent, parsed.list));
    }
    Ok(parsed.list)
}
