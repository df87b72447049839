//! SORT (RFC 5256, RFC 5957, RFC 5267); a server that cannot is asked for what the keys need, and the order is made
//! here.

use std::cmp::Ordering;

use super::search::of;
use super::targets::Targets;
use crate::error::{Error, Result};
use crate::model::{Arena, Numbers, Owned, imap_addresses, imap_message, imap_origin};
use crate::session::{Claim, Command, Facts, Mailboxes, Next, Reply, Rules, Sequence, Step, Untagged};
use crate::wire::criteria::Criteria;
use crate::wire::fetch::{self, Asked, Limits};
use crate::wire::line::Line;
use crate::wire::search::{self, Found};
use crate::wire::subject;

pub struct Sort {
    keys: Vec<(Key, Order)>,
    criteria: Criteria,
    stage: Stage,
    found: Found,
    targets: Option<Targets>,
    at: usize,
    rows: Vec<Row>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Key {
    Arrival,
    Cc,
    Date,
    DisplayFrom,
    DisplayTo,
    From,
    Size,
    Subject,
    To,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Ascending,
    Descending,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Server,
    /// Which messages; then what the keys need of each.
    Search,
    Fetch,
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

const KEYS: [(&str, Key); 9] = [
    ("ARRIVAL", Key::Arrival),
    ("CC", Key::Cc),
    ("DATE", Key::Date),
    ("DISPLAYFROM", Key::DisplayFrom),
    ("DISPLAYTO", Key::DisplayTo),
    ("FROM", Key::From),
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
        Ok(Sort {
            keys: all,
            criteria: Criteria::parse(criteria, params)?,
            stage: Stage::Server,
            found: Found::default(),
            targets: None,
            at: 0,
            rows: Vec::new(),
        })
    }

    fn choose(&mut self, facts: &Facts) -> Result<()> {
        if self.stage != Stage::Server {
            return Ok(());
        }
        let needs_display = self.keys.iter().any(|(key, _)| matches!(key, Key::DisplayFrom | Key::DisplayTo));
        let can = facts.has("SORT") && (!needs_display || facts.has("SORT=DISPLAY"));
        if self.criteria.has_return() && (!can || !facts.has("ESORT")) {
            return Err(crate::session::unsupported("ESORT"));
        }
        if !can {
            self.stage = Stage::Search;
        }
        Ok(())
    }

    /// `sort = ["UID" SP] "SORT" [RETURN] SP sort-criteria SP search-criteria`
    fn write_sort(&self, line: &mut Line) -> Result<()> {
        let mut keys = String::new();
        for (key, order) in &self.keys {
            let name = KEYS.iter().find(|(_, known)| known == key).map_or("", |(name, _)| *name);
            let reverse = if *order == Order::Descending { "REVERSE " } else { "" };
            keys.push_str(if keys.is_empty() { "" } else { " " });
            keys.push_str(reverse);
            keys.push_str(name);
        }
        self.criteria.encode_sort(&keys, line)
    }

    /// False: it is not an answer, but news of a message's flags.
    fn note_message(&mut self, untagged: &Untagged<'_>, facts: &Facts) -> Result<bool> {
        let arena = Arena::new();
        let limits = Limits { nesting: facts.settings.max_nesting, addresses: facts.settings.max_addresses };
        let number = untagged.number.unwrap_or(0);
        let asked = Asked { flags: false, envelope: true };
        let message = fetch::message(&untagged.response, number, untagged.rest, asked, &limits, &arena)?;
        if message.envelope.is_none() {
            return Ok(false);
        }
        let keys = self.keys.iter().map(|(key, _)| value(*key, &message)).collect();
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
        self.found = Found::default();
        for row in &self.rows {
            self.found.set.push(row.answer)?;
        }
        Ok(())
    }
}

fn value(key: Key, message: &imap_message<'_>) -> Value {
    let envelope = message.envelope;
    let first = |list: Option<&imap_addresses<'_>>, displayed: bool| {
        let address = list.and_then(|list| list.items.iter().next());
        let text = address.and_then(|one| if displayed { one.label.get() } else { one.mailbox.get() });
        Value::Text(text.unwrap_or_default().to_uppercase())
    };
    match key {
        Key::Arrival => Value::Number(message.internal_date),
        Key::Size => Value::Number(message.size),
        // A date that cannot be understood is that of the arrival (RFC 5256 section 2.2).
        Key::Date => Value::Number(
            envelope.map(|one| one.date).filter(|date| *date != -1).unwrap_or(message.internal_date),
        ),
        Key::Subject => {
            Value::Text(subject::base(envelope.and_then(|one| one.subject.get()).unwrap_or_default()))
        }
        Key::From => first(envelope.map(|one| one.from_list), false),
        Key::To => first(envelope.map(|one| one.to_list), false),
        Key::Cc => first(envelope.map(|one| one.cc_list), false),
        Key::DisplayFrom => first(envelope.map(|one| one.from_list), true),
        Key::DisplayTo => first(envelope.map(|one| one.to_list), true),
    }
}

impl Command for Sort {
    type Output = Box<Owned<Numbers>>;

    fn name(&self) -> &'static str {
        match (self.stage, self.criteria.by_uid()) {
            (Stage::Server, true) => "UID SORT",
            (Stage::Server, false) => "SORT",
            (Stage::Search, true) => "UID SEARCH",
            (Stage::Search, false) => "SEARCH",
            (Stage::Fetch, true) => "UID FETCH",
            (Stage::Fetch, false) => "FETCH",
        }
    }

    fn rules(&self) -> Rules {
        let uses = self.criteria.uses_numbers();
        let sequence = if uses { Sequence::Uses } else { Sequence::Renumbers };
        let claim = match (&self.stage, &self.targets) {
            (Stage::Fetch, Some(targets)) => Claim::Fetch(targets.messages()),
            _ => Claim::Named(&["SORT", "SEARCH", "ESEARCH"]),
        };
        Rules { claim, sequence, mailboxes: Mailboxes::Ignores }
    }

    fn line(&mut self, facts: &Facts, line: &mut Line) -> Result<Next> {
        facts.needs_selected()?;
        self.choose(facts)?;
        for capability in self.criteria.needs().filter(|needs| *needs != "ESEARCH") {
            facts.needs(capability)?;
        }
        match self.stage {
            Stage::Server => self.write_sort(line)?,
            Stage::Search => self.criteria.encode(line)?,
            Stage::Fetch => {
                let Some(piece) = self.targets.as_ref().and_then(|targets| targets.piece(self.at)) else {
                    return Ok(Next::Nothing);
                };
                line.word(self.name())?;
                line.raw(b" ")?;
                line.raw(piece)?;
                line.word("(UID INTERNALDATE RFC822.SIZE ENVELOPE)")?;
            }
        }
        Ok(Next::Send)
    }

    fn untagged(&mut self, untagged: &Untagged<'_>, facts: &Facts) -> Result<bool> {
        if untagged.is("FETCH") {
            return self.note_message(untagged, facts);
        } else if untagged.is("ESEARCH") {
            search::esearch(&untagged.response, untagged.rest, &mut self.found)?;
        } else {
            search::search(&untagged.response, untagged.rest, &mut self.found)?;
        }
        Ok(true)
    }

    fn tagged(&mut self, reply: &Reply<'_>, _: &Facts) -> Result<Step> {
        reply.ok()?;
        match self.stage {
            Stage::Server => return Ok(Step::DONE),
            Stage::Search if self.found.set.is_empty() => return Ok(Step::DONE),
            Stage::Search => {
                let set = self.found.set.sorted()?;
                let text = set.text().and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default();
                let text = text.trim_end_matches('\0');
                let numbers = if self.criteria.by_uid() { text.to_owned() } else { format!("#{text}") };
                self.targets = Some(Targets::parse(&numbers)?);
                self.stage = Stage::Fetch;
            }
            Stage::Fetch => self.at += 1,
        }
        if self.targets.as_ref().is_some_and(|targets| targets.piece(self.at).is_some()) {
            return Ok(Step::AGAIN);
        }
        self.arrange()?;
        Ok(Step::DONE)
    }

    fn finish(self) -> Result<Self::Output> {
        of(
            self.found,
            match self.stage {
                Stage::Server => imap_origin::IMAP_ORIGIN_SERVER,
                _ => imap_origin::IMAP_ORIGIN_EMULATED,
            },
        )
    }
}
