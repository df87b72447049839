//! SORT (RFC 5256, RFC 5957, RFC 5267, RFC 6203); a server that cannot is asked for what the keys need, and the order is
//! made here.

use std::cmp::Ordering;

use super::fetch::Named;
use super::gather::Gather;
use super::search::{Abilities, Answer, manner, numbers, origin, retries, sequence};
use super::targets::{Limit, limited};
use crate::error::{Error, Result};
use crate::model::{Arena, Numbers, Owned, imap_address, imap_addresses, imap_message};
use crate::session::{Claim, Command, Facts, Mailboxes, Next, Reply, Rules, Step, Untagged, unsupported};
use crate::wire::casemap::casemap;
use crate::wire::criteria::{Criteria, Manner};
use crate::wire::fetch::Asked;
use crate::wire::line::Line;
use crate::wire::returns::Sending;
use crate::wire::search::Found;
use crate::wire::subject::Base;

pub struct Sort {
    keys: Vec<(Key, Order)>,
    criteria: Criteria,
    manner: Manner,
    has_retried: bool,
    answer: Answer,
    /// It is sorted here.
    here: Option<Gather>,
    rows: Vec<Row>,
}

const SORT: Abilities = Abilities {
    returns: &["ESORT", "CONTEXT=SORT"],
    // RFC 9394 speaks of searches alone: Cyrus has it, and no part of a SORT.
    partial: &["CONTEXT=SORT"],
    context: &["CONTEXT=SORT"],
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Key {
    Arrival,
    Cc,
    Date,
    DisplayFrom,
    DisplayTo,
    From,
    Relevancy,
    Size,
    Subject,
    To,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Ascending,
    Descending,
}

/// A message and its keys, in the order of the keys.
struct Row {
    answer: u32,
    number: u32,
    keys: Vec<Value>,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    Number(i64),
    Text(String),
}

const KEYS: [(&str, Key); 10] = [
    ("ARRIVAL", Key::Arrival),
    ("CC", Key::Cc),
    ("DATE", Key::Date),
    ("DISPLAYFROM", Key::DisplayFrom),
    ("DISPLAYTO", Key::DisplayTo),
    ("FROM", Key::From),
    ("RELEVANCY", Key::Relevancy),
    ("SIZE", Key::Size),
    ("SUBJECT", Key::Subject),
    ("TO", Key::To),
];

impl Sort {
    /// "REVERSE DATE", with or without parentheses, and search criteria.
    pub fn new(keys: &str, criteria: &str, params: Option<&[&str]>) -> Result<Sort> {
        let keys = keys.trim();
        let keys = keys.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')).unwrap_or(keys);
        let mut all = Vec::new();
        let mut words = keys.split_ascii_whitespace();
        while let Some(word) = words.next() {
            let is_reverse = word.eq_ignore_ascii_case("REVERSE");
            let name = if is_reverse { words.next().unwrap_or_default() } else { word };
            let Some((_, key)) = KEYS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) else {
                let known = KEYS.map(|(name, _)| name).join(", ");
                return Err(Error::invalid(format!("a sort key is one of {known}, perhaps after REVERSE")));
            };
            all.try_reserve(1)?;
            all.push((*key, if is_reverse { Order::Descending } else { Order::Ascending }));
        }
        if all.is_empty() {
            return Err(Error::invalid("SORT needs a key, like DATE"));
        }
        let criteria = Criteria::parse(criteria, params)?;
        if criteria.source().is_some() {
            return Err(Error::invalid("SORT is for the selected mailbox: it has no IN (...)"));
        }
        if all.iter().any(|(key, _)| *key == Key::Relevancy) && !criteria.is_fuzzy() {
            return Err(Error::invalid("the sort key RELEVANCY goes with the search key FUZZY"));
        }
        Ok(Sort {
            keys: all,
            criteria,
            manner: Manner::as_given(),
            has_retried: false,
            answer: Answer::default(),
            here: None,
            rows: Vec::new(),
        })
    }

    /// How it is done, before the first line.
    fn choose(&mut self, facts: &Facts) -> Result<()> {
        let needs_display = self.keys.iter().any(|(key, _)| matches!(key, Key::DisplayFrom | Key::DisplayTo));
        let can = facts.has("SORT") && (!needs_display || facts.has("SORT=DISPLAY"));
        self.manner = manner(&self.criteria, facts, &SORT)?;
        if can {
            return Ok(());
        }
        if !self.sort_here(facts) {
            return Err(unsupported(if facts.has("SORT") { "SORT=DISPLAY" } else { "SORT" }));
        }
        Ok(())
    }

    /// False: it cannot be done.
    fn sort_here(&mut self, facts: &Facts) -> bool {
        let is_possible = facts.settings.emulate
            && self.keys.iter().all(|(key, _)| *key != Key::Relevancy)
            && self.criteria.returns().is_none_or(|returns| returns.is_computable());
        if is_possible {
            self.manner.returns = Sending::Without;
            self.answer = Answer::default();
            self.here = Some(Gather::default());
        }
        is_possible
    }

    /// `sort-criteria = "(" sort-criterion *(SP sort-criterion) ")"`
    fn criterion(&self) -> String {
        let mut keys = String::new();
        for (key, order) in &self.keys {
            let name = KEYS.iter().find(|(_, known)| known == key).map_or("", |(name, _)| *name);
            keys.push_str(if keys.is_empty() { "(" } else { " " });
            keys.push_str(if *order == Order::Descending { "REVERSE " } else { "" });
            keys.push_str(name);
        }
        keys + ")"
    }

    /// False: it is not an answer, but news of a message's flags.
    fn note_message(&mut self, untagged: &Untagged<'_>, facts: &Facts) -> Result<bool> {
        let arena = Arena::new();
        let Some(named) = Named::of(untagged, facts) else { return Ok(false) };
        let number = untagged.number.unwrap_or(0);
        let message = named.parse(untagged, Asked { flags: false, envelope: true }, facts, &arena)?;
        if message.envelope.is_none() {
            return Ok(false);
        }
        let mut keys = Vec::new();
        keys.try_reserve_exact(self.keys.len())?;
        for (key, _) in &self.keys {
            keys.push(value(*key, &message)?);
        }
        let answer = if self.criteria.by_uid() { message.uid } else { message.number };
        self.rows.try_reserve(1)?;
        self.rows.push(Row { answer, number, keys });
        Ok(true)
    }

    /// Equal ones stay in the order of the mailbox.
    fn arrange(&mut self) -> Result<()> {
        self.rows.sort_by_key(|row| row.number);
        self.rows.dedup_by_key(|row| row.number);
        let orders: Vec<Order> = self.keys.iter().map(|(_, order)| *order).collect();
        self.rows.sort_by(|a, b| {
            let pairs = a.keys.iter().zip(&b.keys).zip(&orders);
            let mut differing = pairs.map(|((a, b), order)| match order {
                Order::Ascending => a.cmp(b),
                Order::Descending => b.cmp(a),
            });
            differing.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
        });
        self.answer.found = Found { is_plain: true, ..Found::default() };
        for row in &self.rows {
            self.answer.found.set.push(row.answer)?;
        }
        Ok(())
    }
}

fn value(key: Key, message: &imap_message<'_>) -> Result<Value> {
    let envelope = message.envelope;
    let text = |text: Option<&str>| -> Result<Value> { Ok(Value::Text(casemap(text.unwrap_or_default())?)) };
    Ok(match key {
        Key::Relevancy => Value::Number(0),
        Key::Arrival => Value::Number(message.internal_date),
        Key::Size => Value::Number(message.size),
        // A date that cannot be understood is that of the arrival (RFC 5256 section 2.2).
        Key::Date => Value::Number(
            envelope.map(|one| one.date).filter(|date| *date != -1).unwrap_or(message.internal_date),
        ),
        Key::Subject => {
            Value::Text(Base::of(envelope.and_then(|one| one.subject.get()).unwrap_or_default())?.text)
        }
        Key::From => text(mailbox(first(envelope.map(|one| one.from_list))))?,
        Key::To => text(mailbox(first(envelope.map(|one| one.to_list))))?,
        Key::Cc => text(mailbox(first(envelope.map(|one| one.cc_list))))?,
        Key::DisplayFrom => text(displayed(first(envelope.map(|one| one.from_list))))?,
        Key::DisplayTo => text(displayed(first(envelope.map(|one| one.to_list))))?,
    })
}

fn first<'a>(list: Option<&'a imap_addresses<'a>>) -> Option<&'a imap_address<'a>> {
    list.and_then(|list| list.items.iter().next())
}

/// `addr-mailbox`; a group begins with an address that has the group's name there.
fn mailbox<'a>(address: Option<&'a imap_address<'a>>) -> Option<&'a str> {
    address.and_then(|one| one.group.get().or(one.mailbox.get()))
}

/// RFC 5957 section 3
fn displayed<'a>(address: Option<&'a imap_address<'a>>) -> Option<&'a str> {
    let name = address.filter(|one| one.group.is_none()).and_then(|one| one.name.get());
    let whole = address.filter(|one| one.group.is_none()).and_then(|one| one.address.get());
    name.filter(|name| !name.is_empty()).or(whole).or(mailbox(address))
}

impl Command for Sort {
    type Output = Box<Owned<Numbers>>;

    fn name(&self) -> &'static str {
        match &self.here {
            Some(gather) => gather.name(&self.criteria),
            None if self.criteria.by_uid() => "UID SORT",
            None => "SORT",
        }
    }

    fn rules(&self) -> Rules {
        if let Some(gather) = &self.here {
            return gather.rules(&self.criteria);
        }
        let claim = Claim::Named(&["SORT", "SEARCH", "ESEARCH"]);
        Rules { claim, sequence: sequence(&self.criteria), mailboxes: Mailboxes::Ignores }
    }

    fn line(&mut self, facts: &Facts, line: &mut Line) -> Result<Next> {
        facts.needs_selected()?;
        if self.here.is_none() {
            self.choose(facts)?;
        }
        if let Some(gather) = &mut self.here {
            let items = "(UID INTERNALDATE RFC822.SIZE ENVELOPE)";
            return gather.line(&self.criteria, self.manner, items, line);
        }
        self.criteria.encode_ordered(self.name(), &self.criterion(), self.manner, line)?;
        Ok(Next::Send)
    }

    fn untagged(&mut self, untagged: &Untagged<'_>, facts: &Facts) -> Result<bool> {
        match &mut self.here {
            Some(_) if untagged.is_message() => self.note_message(untagged, facts),
            Some(gather) => gather.note(untagged, facts),
            None if untagged.is("SEARCH") => Ok(false),
            None => self.answer.take(untagged, facts),
        }
    }

    fn tagged(&mut self, reply: &Reply<'_>, facts: &Facts) -> Result<Step> {
        if !self.has_retried && retries(&mut self.criteria, reply)? {
            self.has_retried = true;
            self.answer = Answer::default();
            return Ok(Step::AGAIN);
        }
        let Some(gather) = &mut self.here else {
            // The order of a part of the messages cannot be put together with that of the others.
            return match Limit::of(reply) {
                None => self.answer.tagged(&mut self.criteria, self.manner, reply),
                Some(_) if self.sort_here(facts) => Ok(Step::AGAIN),
                Some(limit) => Err(reply.ok().err().unwrap_or_else(|| limited(limit.lowest))),
            };
        };
        if gather.go_on(&mut self.criteria, reply)? {
            return Ok(Step::AGAIN);
        }
        self.arrange()?;
        Ok(Step::DONE)
    }

    fn finish(mut self) -> Result<Self::Output> {
        let is_emulated = self.answer.conclude(&self.criteria, self.manner, true)? || self.here.is_some();
        numbers(self.answer, origin(is_emulated))
    }
}
