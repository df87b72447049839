//! STATUS (RFC 9051 section 7.3.4).

#![forbid(unsafe_code)]

use std::borrow::Cow;

use memchr::{memchr_iter, memmem};

use super::cursor::{Cursor, Response, Str};
use super::{decode, known, list, value};
use crate::error::NoMemory;
use crate::model::{Arena, Few, Text, imap_counts};

/// `mailbox-data = "STATUS" SP mailbox SP "(" [status-att-list] ")"`; `rest` is where the mailbox begins.
pub fn counts<'a>(
    response: &Response<'_>,
    rest: usize,
    is_utf8: bool,
    arena: &'a Arena,
) -> Result<imap_counts<'a>, NoMemory> {
    let mut cursor = response.cursor(rest);
    let mut counts = imap_counts::EMPTY;
    if let Some(name) = name(&mut cursor) {
        counts.mailbox = list::decoded_name(&name.bytes()?, is_utf8, arena)?;
    }
    let mut others = Few::new();
    cursor.take(b'(');
    while !cursor.take(b')') {
        let Some(item) = cursor.atom() else { break };
        if item.eq_ignore_ascii_case(b"MAILBOXID") {
            counts.mailbox_id = object_id(&mut cursor, arena)?;
        } else if item.eq_ignore_ascii_case(b"APPENDLIMIT") && cursor.take_nil() {
            // No limit.
        } else if !counted(item, &mut cursor, &mut counts) {
            others.push(value::item(item, &mut cursor, arena)?)?;
        }
    }
    (counts.others, counts.other_count) = others.list(arena)?;
    Ok(counts)
}

/// The mailbox that a STATUS response is about, as sent; escapes are undone.
pub fn name_of<'b>(response: &Response<'b>, rest: usize) -> Cow<'b, [u8]> {
    let name = name(&mut response.cursor(rest));
    name.and_then(|name| list::unescaped(name).ok()).unwrap_or_default()
}

/// Whether a STATUS response is about `mailbox`.
pub fn is_about(
    response: &Response<'_>,
    rest: usize,
    mailbox: &str,
    is_utf8: bool,
) -> Result<bool, NoMemory> {
    list::is_name_of(&name_of(response, rest), mailbox, is_utf8)
}

/// The mailbox: all that stands before the list.
fn name<'b>(cursor: &mut Cursor<'b>) -> Option<Str<'b>> {
    list::name(cursor, status_list)
}

/// Where the list of items begins: the first that begins with an item known here, since in a list with a damaged value
/// quotes and parentheses do not tell where it began; else the list that ends the line.
fn status_list(line: &[u8]) -> Option<usize> {
    let mut lists = memmem::find_iter(line, b" (").map(|space| space + 1);
    lists.find(|at| is_items(&line[at + 1..])).or_else(|| list::last_list(line))
}

fn is_items(inner: &[u8]) -> bool {
    let item = inner.split(|byte| *byte == b' ').next().unwrap_or_default();
    item.eq_ignore_ascii_case(b"MAILBOXID") || count(item, &mut { imap_counts::EMPTY }).is_some()
}

/// Where an item's number goes.
enum Count<'c> {
    Large(&'c mut i64),
    Small(&'c mut u32),
}

fn count<'c>(item: &[u8], counts: &'c mut imap_counts<'_>) -> Option<Count<'c>> {
    Some(match known::folded(item, &mut [0; known::LONGEST]) {
        b"messages" => Count::Large(&mut counts.messages),
        b"unseen" => Count::Large(&mut counts.unseen),
        b"recent" => Count::Large(&mut counts.recent),
        b"deleted" => Count::Large(&mut counts.deleted),
        b"uidnext" => Count::Small(&mut counts.uid_next),
        b"uidvalidity" => Count::Small(&mut counts.uid_validity),
        b"highestmodseq" => Count::Large(&mut counts.highest_modseq),
        b"size" => Count::Large(&mut counts.size),
        b"deleted-storage" => Count::Large(&mut counts.deleted_storage),
        b"appendlimit" => Count::Large(&mut counts.append_limit),
        _ => return None,
    })
}

/// `status-att-val`: false if this item is not known or has no number, and nothing was taken.
fn counted(item: &[u8], cursor: &mut Cursor<'_>, counts: &mut imap_counts<'_>) -> bool {
    let Some(count) = count(item, counts) else { return false };
    let start = cursor.mark();
    let Some(number) = number(cursor) else {
        cursor.go_to(start);
        return false;
    };
    match count {
        Count::Large(place) => *place = number,
        Count::Small(place) => *place = u32::try_from(number).unwrap_or(0),
    }
    true
}

/// `"(" objectid ")"` (RFC 8474). Cyrus 3.12 may send any bytes as the id: it ends where the items go on or end.
fn object_id<'a>(cursor: &mut Cursor<'_>, arena: &'a Arena) -> Result<Text<'a>, NoMemory> {
    if !cursor.take(b'(') {
        return Ok(decode::astring(cursor, arena)?.unwrap_or(Text::NONE));
    }
    let start = cursor.clone();
    if let Some(id) = cursor.string().filter(|_| cursor.take(b')')) {
        return decode::text(arena, &id, cursor.is_clean);
    }
    *cursor = start;
    let rest = cursor.rest();
    let is_end = |at: &usize| matches!(&rest[at + 1..], [] | [b')'] | [b' ', ..]);
    let end = memchr_iter(b')', rest).find(is_end).unwrap_or(rest.len());
    cursor.advance(end + 1);
    arena.text(rest[..end].trim_ascii())
}

/// A number that is all of the next word.
fn number(cursor: &mut Cursor<'_>) -> Option<i64> {
    let number = cursor.number()?;
    let ends = cursor.peek().is_none_or(|next| matches!(next, b' ' | b')'));
    i64::try_from(number).ok().filter(|_| ends)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sent: &[u8], mailbox: &str, expected: [i64; 8], others: &[&str]) {
        let arena = Arena::new();
        let response = Response::new(sent, &[]);
        let counts = counts(&response, 0, false, &arena).unwrap();
        let (uid_next, uid_validity) = (i64::from(counts.uid_next), i64::from(counts.uid_validity));
        let (messages, unseen, recent, deleted) =
            (counts.messages, counts.unseen, counts.recent, counts.deleted);
        let found =
            [messages, unseen, recent, deleted, uid_next, uid_validity, counts.highest_modseq, counts.size];
        assert_eq!(counts.mailbox.get(), Some(mailbox));
        assert_eq!(found, expected, "{mailbox}");
        assert_eq!(counts.others.iter().map(|item| item.name.get().unwrap()).collect::<Vec<_>>(), others);
    }

    #[test]
    fn counts_of_the_rfcs() {
        check(
            b"blurdybloop (MESSAGES 231 UIDNEXT 44292)",
            "blurdybloop",
            [231, -1, -1, -1, 44292, 0, -1, -1],
            &[],
        );
        check(
            b"\"a \\\"b\\\"\" (SIZE 4294967297 DELETED 3 HIGHESTMODSEQ 7 MAILBOXID (F22) UNSEEN 1)",
            "a \"b\"",
            [-1, 1, -1, 3, 0, 0, 7, 4294967297],
            &[],
        );
    }

    #[test]
    fn counts_as_servers_send_them() {
        let none = [-1, -1, -1, -1, 0, 0, -1, -1];
        check(b"\"INBOX\" ()", "INBOX", none, &[]);
        check(b"Sent Items (UIDNEXT 1)", "Sent Items", [-1, -1, -1, -1, 1, 0, -1, -1], &[]);
        check(
            b"Letters (2020) (RECENT 1 X (a (b)))",
            "Letters (2020)",
            [-1, -1, 1, -1, 0, 0, -1, -1],
            &["X"],
        );
        check("Społeczności (MESSAGES 0)".as_bytes(), "Społeczności", [0, -1, -1, -1, 0, 0, -1, -1], &[]);
        check(b"Entw&APw-rfe(unseen 2)", "Entwürfe", [-1, 2, -1, -1, 0, 0, -1, -1], &[]);
        check(
            b"x (MESSAGES -1 UNSEEN 4x UIDNEXT 9999999999 RECENT 2",
            "x",
            [-1, -1, 2, -1, 0, 0, -1, -1],
            &["MESSAGES", "UNSEEN"],
        );
        check(b"\"say \"hi\" all\" (MESSAGES 3)", "say \"hi\" all", [3, -1, -1, -1, 0, 0, -1, -1], &[]);
        check(b"Post (old) (a) (MESSAGES 3", "Post (old) (a)", [3, -1, -1, -1, 0, 0, -1, -1], &[]);
        check(b"(MESSAGES 3)", "", [3, -1, -1, -1, 0, 0, -1, -1], &[]);
        check(b"INBOX", "INBOX", none, &[]);
    }

    #[test]
    fn a_damaged_id_costs_only_itself() {
        for id in
            ["D x", "D\"", "D(", "D)x", "D '\u{11}\u{b0}U", "(", "\"", "\"D", "((\"))x", "{5}", "", "\"F22\""]
        {
            let sent = format!("Box (MESSAGES 1 MAILBOXID ({id}) DELETED 2 RECENT 3)");
            check(sent.as_bytes(), "Box", [1, -1, 3, 2, 0, 0, -1, -1], &[]);
            assert!(is_about(&Response::new(sent.as_bytes(), &[]), 0, "Box", false).unwrap(), "{id}");
            let last = format!("Box (MESSAGES 1 MAILBOXID ({id}))");
            check(last.as_bytes(), "Box", [1, -1, -1, -1, 0, 0, -1, -1], &[]);
        }
    }

    #[test]
    fn names_for_routing() {
        let is_about = |sent: &[u8], mailbox| is_about(&Response::new(sent, &[]), 0, mailbox, false).unwrap();
        assert!(is_about(b"\"Entw&APw-rfe\" (MESSAGES 1)", "Entwürfe"));
        assert!(is_about(b"inbox (MESSAGES 1)", "INBOX"));
        assert!(is_about(b"Sent Items (MESSAGES 1 X (1 2))", "Sent Items"));
        assert!(!is_about(b"Sent (MESSAGES 1)", "Sent Items"));
        let name = name_of(&Response::new(br#""a\\b" ()"#, &[]), 0).into_owned();
        assert_eq!(name, br"a\b");
    }
}
