//! Threads made of messages (RFC 5256 section 3): by subject, or by what each message says that it answers. Whatever the
//! messages say, it costs no more than sorting them.

#![forbid(unsafe_code)]

use std::collections::HashMap;

use super::subject::Base;
use super::thread::Tree;
use crate::error::NoMemory;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    OrderedSubject,
    References,
    /// By references alone, the threads in the order of their latest arrivals.
    Refs,
}

/// What is known of one message.
pub struct Message<'m> {
    pub number: u32,
    /// What it is called in the answer: its UID or its number.
    pub answer: u32,
    /// When it was sent, or else arrived.
    pub date: i64,
    pub arrival: i64,
    pub subject: &'m str,
    /// Header fields, as they stand.
    pub message_id: &'m [u8],
    pub in_reply_to: &'m [u8],
    pub references: &'m [u8],
}

#[derive(Default)]
pub struct Messages {
    rows: Vec<Row>,
    /// Every message ID that was named, and its node.
    ids: HashMap<Vec<u8>, u32>,
    /// What the messages refer to, one after the other.
    references: Vec<u32>,
    size: usize,
}

struct Row {
    number: u32,
    answer: u32,
    date: i64,
    arrival: i64,
    subject: Base,
    id: Option<u32>,
    /// Its part of `Messages::references`.
    references: std::ops::Range<usize>,
}

const NONE: u32 = u32::MAX;

impl Messages {
    pub fn add(&mut self, message: &Message<'_>) -> Result<(), NoMemory> {
        let start = self.references.len();
        self.refer(message.references, usize::MAX)?;
        if self.references.len() == start {
            self.refer(message.in_reply_to, 1)?;
        }
        let references = start..self.references.len();
        let id = ids(message.message_id).next();
        let row = Row {
            number: message.number,
            answer: message.answer,
            date: message.date,
            arrival: message.arrival,
            subject: Base::of(message.subject)?,
            id: id.map(|id| self.node(id)).transpose()?,
            references,
        };
        self.size += size_of::<Row>() + row.subject.text.len();
        self.rows.try_reserve(1)?;
        self.rows.push(row);
        Ok(())
    }

    /// Memory that they take.
    pub fn size(&self) -> usize {
        self.size
    }

    fn refer(&mut self, field: &[u8], most: usize) -> Result<(), NoMemory> {
        for id in ids(field).take(most) {
            let node = self.node(id)?;
            self.references.try_reserve(1)?;
            self.references.push(node);
            self.size += size_of::<u32>();
        }
        Ok(())
    }

    /// The node of a message ID.
    fn node(&mut self, id: &[u8]) -> Result<u32, NoMemory> {
        let id = normal(id)?;
        if let Some(node) = self.ids.get(&id) {
            return Ok(*node);
        }
        let node = u32::try_from(self.ids.len()).ok().filter(|node| *node < NONE / 4).ok_or(NoMemory)?;
        self.size += 2 * size_of::<(Vec<u8>, u32)>() + id.len();
        self.ids.try_reserve(1)?;
        self.ids.insert(id, node);
        Ok(node)
    }

    pub fn tree(mut self, algorithm: Algorithm) -> Result<Tree, NoMemory> {
        self.rows.sort_by_key(|row| row.number);
        self.rows.dedup_by_key(|row| row.number);
        match algorithm {
            Algorithm::OrderedSubject => by_subject(&self.rows),
            Algorithm::References | Algorithm::Refs => {
                let links = Links::of(&self)?;
                let mut forest = Forest::of(&links, &self.rows)?;
                if algorithm == Algorithm::References {
                    forest.gather_subjects()?;
                }
                forest.tree(algorithm == Algorithm::Refs)
            }
        }
    }
}

/// `msg-id = "<" id-left "@" id-right ">"`: each of a field, without its brackets.
fn ids(field: &[u8]) -> impl Iterator<Item = &[u8]> {
    let parts = field.split(|byte| *byte == b'<').skip(1);
    let inner =
        parts.filter_map(|part| part.split(|byte| *byte == b'>').next().filter(|id| id.len() < part.len()));
    inner.filter(|id| id.contains(&b'@'))
}

/// Without quotes and spaces: equal ones can be written in several ways.
fn normal(id: &[u8]) -> Result<Vec<u8>, NoMemory> {
    let mut normal = Vec::new();
    normal.try_reserve_exact(id.len())?;
    normal.extend(id.iter().filter(|byte| !matches!(byte, b'"' | b'\\' | b' ' | b'\t' | b'\r' | b'\n')));
    Ok(normal)
}

/// ORDEREDSUBJECT: the first message of each subject, and all others as its children.
fn by_subject(rows: &[Row]) -> Result<Tree, NoMemory> {
    let mut order: Vec<&Row> = Vec::new();
    order.try_reserve_exact(rows.len())?;
    order.extend(rows);
    order.sort_by(|a, b| {
        a.subject.text.cmp(&b.subject.text).then(a.date.cmp(&b.date)).then(a.number.cmp(&b.number))
    });
    let mut threads: Vec<&[&Row]> = Vec::new();
    for thread in order.chunk_by(|a, b| a.subject.text == b.subject.text) {
        threads.try_reserve(1)?;
        threads.push(thread);
    }
    threads.sort_by_key(|thread| (thread[0].date, thread[0].number));
    let mut tree = Tree::default();
    for thread in threads {
        let first = tree.push(thread[0].answer, None)?;
        for row in &thread[1..] {
            tree.push(row.answer, Some(first))?;
        }
    }
    Ok(tree)
}

/// Step 1: which message is whose parent. Nodes are message IDs, and messages that have none of their own.
struct Links {
    parent: Vec<u32>,
    /// On the way to the root of each node's tree.
    up: Vec<u32>,
    /// The message of a node; NONE: it is missing.
    row: Vec<u32>,
    /// The node of a message.
    node: Vec<u32>,
}

impl Links {
    fn of(messages: &Messages) -> Result<Links, NoMemory> {
        let known = messages.ids.len();
        let most = known + messages.rows.len();
        let mut links =
            Links { parent: filled(most, NONE)?, up: Vec::new(), row: filled(most, NONE)?, node: Vec::new() };
        links.up.try_reserve_exact(most)?;
        links.up.extend(0..most as u32);
        links.node.try_reserve_exact(messages.rows.len())?;
        for (at, row) in messages.rows.iter().enumerate() {
            // The first message with an ID has it; others, and those without, have one of their own.
            let own = row.id.filter(|id| links.row[*id as usize] == NONE);
            let node = own.unwrap_or((known + at) as u32);
            links.row[node as usize] = at as u32;
            links.node.push(node);
        }
        for (at, row) in messages.rows.iter().enumerate() {
            let references = messages.references.get(row.references.clone()).unwrap_or_default();
            for pair in references.windows(2) {
                // A message that is still to come has its parent set then, whatever it was given before.
                let child = links.row[pair[1] as usize];
                if child == NONE || (child as usize) < at {
                    links.link(pair[0], pair[1]);
                }
            }
            if let Some(last) = references.last() {
                links.link(*last, links.node[at]);
            }
        }
        Ok(links)
    }

    /// Makes `parent` the parent of `child`, unless that has one already or is among its ancestors.
    fn link(&mut self, parent: u32, child: u32) {
        if self.parent[child as usize] != NONE {
            return;
        }
        // The child is a root: it is an ancestor if it is the root above the parent.
        let root = self.root(parent);
        if root != child {
            self.parent[child as usize] = parent;
            self.up[child as usize] = root;
        }
    }

    fn root(&mut self, node: u32) -> u32 {
        let mut at = node as usize;
        while self.up[at] as usize != at {
            self.up[at] = self.up[self.up[at] as usize];
            at = self.up[at] as usize;
        }
        at as u32
    }
}

/// Steps 2 to 6: the messages under the root, without those that are missing, except where one holds a thread together.
/// Nodes here are the messages, by their place, and behind them the missing ones.
struct Forest<'r> {
    rows: &'r [Row],
    /// NONE: under the root. Of a missing one: another that took its children over.
    parent: Vec<u32>,
    /// Of each missing one the earliest child.
    first: Vec<u32>,
}

impl<'r> Forest<'r> {
    fn of(links: &Links, rows: &'r [Row]) -> Result<Forest<'r>, NoMemory> {
        let order = links.downwards()?;
        // The nearest message above that stays, the node itself included: itself if it is a message or a root.
        let mut stays: Vec<u32> = filled(links.parent.len(), NONE)?;
        for node in &order {
            let (node, parent) = (*node as usize, links.parent[*node as usize]);
            let is_kept = parent == NONE || links.row[node] != NONE;
            stays[node] = if is_kept { node as u32 } else { stays[parent as usize] };
        }
        let above = |at: usize| match links.parent[links.node[at] as usize] {
            NONE => NONE,
            parent => stays[parent as usize],
        };
        let mut children: Vec<u32> = filled(links.parent.len(), 0)?;
        for at in 0..rows.len() {
            if let Some(count) = children.get_mut(above(at) as usize) {
                *count += 1;
            }
        }
        let mut forest = Forest { rows, parent: Vec::new(), first: Vec::new() };
        forest.parent.try_reserve_exact(rows.len())?;
        // The missing roots that stay, by their node.
        let mut missing: Vec<u32> = filled(links.parent.len(), NONE)?;
        forest.parent.resize(rows.len(), NONE);
        for at in 0..rows.len() {
            let node = above(at);
            if node == NONE {
                continue;
            }
            let row = links.row[node as usize];
            if row != NONE {
                forest.parent[at] = row;
            } else if children[node as usize] > 1 {
                if missing[node as usize] == NONE {
                    missing[node as usize] = forest.add_missing(at as u32)?;
                }
                forest.put(at as u32, missing[node as usize]);
            }
        }
        Ok(forest)
    }

    fn add_missing(&mut self, first: u32) -> Result<u32, NoMemory> {
        let node = self.parent.len() as u32;
        self.parent.try_reserve(1)?;
        self.first.try_reserve(1)?;
        self.parent.push(NONE);
        self.first.push(first);
        Ok(node)
    }

    /// Makes a message a child; of a missing one it may be the earliest.
    fn put(&mut self, child: u32, parent: u32) {
        self.parent[child as usize] = parent;
        if self.is_missing(parent) {
            let at = parent as usize - self.rows.len();
            if self.key(child) < self.key(self.first[at]) {
                self.first[at] = self.shown(child);
            }
        }
    }

    fn is_missing(&self, node: u32) -> bool {
        node as usize >= self.rows.len()
    }

    /// The message that stands for a node: a missing one's earliest child.
    fn shown(&self, node: u32) -> u32 {
        match (node as usize).checked_sub(self.rows.len()) {
            Some(at) => self.first[at],
            None => node,
        }
    }

    fn key(&self, node: u32) -> (i64, u32) {
        let shown = self.shown(node);
        (self.rows[shown as usize].date, shown)
    }

    fn roots(&self) -> Result<Vec<u32>, NoMemory> {
        let mut roots = Vec::new();
        for (node, parent) in self.parent.iter().enumerate() {
            if *parent == NONE {
                roots.try_reserve(1)?;
                roots.push(node as u32);
            }
        }
        roots.sort_by_key(|node| self.key(*node));
        Ok(roots)
    }

    /// Step 5: threads of one subject become one.
    fn gather_subjects(&mut self) -> Result<(), NoMemory> {
        let roots = self.roots()?;
        let rows = self.rows;
        let mut table: HashMap<&'r str, u32> = HashMap::new();
        table.try_reserve(roots.len())?;
        for node in &roots {
            let subject = &rows[self.shown(*node) as usize].subject;
            if subject.text.is_empty() {
                continue;
            }
            let known = table.entry(&subject.text).or_insert(*node);
            let is_reply = |node: u32| rows[node as usize].subject.is_reply;
            let gives_way = !self.is_missing(*known)
                && (self.is_missing(*node) || (is_reply(*known) && !is_reply(*node)));
            if gives_way {
                *known = *node;
            }
        }
        for node in &roots {
            let subject = &rows[self.shown(*node) as usize].subject;
            let Some(known) = table.get_mut(subject.text.as_str()).filter(|known| *known != node) else {
                continue;
            };
            match (self.is_missing(*known), self.is_missing(*node)) {
                // Its children follow it when the tree is made.
                (true, true) => {
                    let (kept, gone) = (*known as usize - rows.len(), *node as usize - rows.len());
                    if self.key(self.first[gone]) < self.key(self.first[kept]) {
                        self.first[kept] = self.first[gone];
                    }
                    self.parent[*node as usize] = *known;
                }
                (true, false) => self.put(*node, *known),
                (false, false) if subject.is_reply && !rows[*known as usize].subject.is_reply => {
                    self.put(*node, *known);
                }
                _ => {
                    let missing = self.add_missing(*known)?;
                    self.put(*known, missing);
                    self.put(*node, missing);
                    *known = missing;
                }
            }
        }
        Ok(())
    }

    /// Step 6: all in the order of their dates; the threads themselves by their latest arrivals if they are to be.
    fn tree(mut self, by_arrival: bool) -> Result<Tree, NoMemory> {
        let mut roots = self.roots()?;
        for at in 0..self.rows.len() {
            let parent = self.parent[at];
            if parent != NONE && self.is_missing(parent) && self.parent[parent as usize] != NONE {
                self.parent[at] = self.parent[parent as usize];
            }
        }
        // Siblings side by side; each knows where its children are.
        let mut siblings: Vec<u32> = Vec::new();
        siblings.try_reserve_exact(self.rows.len())?;
        siblings.extend((0..self.rows.len() as u32).filter(|at| self.parent[*at as usize] != NONE));
        siblings.sort_by_key(|at| (self.parent[*at as usize], self.key(*at)));
        let mut spans: Vec<(u32, u32)> = filled(self.parent.len(), (0, 0))?;
        let mut start = 0;
        for family in siblings.chunk_by(|a, b| self.parent[*a as usize] == self.parent[*b as usize]) {
            let end = start + family.len() as u32;
            spans[self.parent[family[0] as usize] as usize] = (start, end);
            start = end;
        }
        let children = |node: u32| {
            let (start, end) = spans[node as usize];
            &siblings[start as usize..end as usize]
        };
        if by_arrival {
            let mut latest: HashMap<u32, i64> = HashMap::new();
            latest.try_reserve(roots.len())?;
            for root in &roots {
                latest.insert(*root, self.latest(*root, children)?);
            }
            roots.sort_by_key(|root| (latest.get(root).copied(), self.key(*root)));
        }
        let mut tree = Tree::default();
        let mut open: Vec<(u32, Option<u32>)> = Vec::new();
        for root in roots {
            open.try_reserve(1)?;
            open.push((root, None));
            while let Some((node, parent)) = open.pop() {
                let answer = self.rows.get(node as usize).map_or(0, |row| row.answer);
                let place = tree.push(answer, parent)?;
                let below = children(node);
                open.try_reserve(below.len())?;
                open.extend(below.iter().rev().map(|child| (*child, Some(place))));
            }
        }
        Ok(tree)
    }

    /// When the latest message of a thread arrived.
    fn latest<'c>(&self, root: u32, children: impl Fn(u32) -> &'c [u32]) -> Result<i64, NoMemory> {
        let mut latest = i64::MIN;
        let mut open = Vec::new();
        open.try_reserve(1)?;
        open.push(root);
        while let Some(node) = open.pop() {
            latest = latest.max(self.rows.get(node as usize).map_or(i64::MIN, |row| row.arrival));
            let below = children(node);
            open.try_reserve(below.len())?;
            open.extend(below);
        }
        Ok(latest)
    }
}

impl Links {
    /// All nodes, each behind its parent.
    fn downwards(&self) -> Result<Vec<u32>, NoMemory> {
        let count = self.parent.len();
        // Children of a node, as a chain: the first, and of each the next one.
        let (mut first, mut next) = (filled(count, NONE)?, filled(count, NONE)?);
        let mut order = Vec::new();
        order.try_reserve_exact(count)?;
        for (node, parent) in self.parent.iter().enumerate() {
            match self.parent.get(*parent as usize) {
                None => order.push(node as u32),
                Some(_) => {
                    next[node] = first[*parent as usize];
                    first[*parent as usize] = node as u32;
                }
            }
        }
        let mut at = 0;
        while let Some(node) = order.get(at) {
            let mut child = first[*node as usize];
            while child != NONE {
                order.push(child);
                child = next[child as usize];
            }
            at += 1;
        }
        Ok(order)
    }
}

fn filled<T: Clone>(count: usize, value: T) -> Result<Vec<T>, NoMemory> {
    let mut all = Vec::new();
    all.try_reserve_exact(count)?;
    all.resize(count, value);
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "id date subject references": messages in the order of the mailbox, as threads in IMAP's form.
    fn threads(algorithm: Algorithm, messages: &[(&str, i64, &str, &str)]) -> String {
        let mut all = Messages::default();
        for (at, (id, date, subject, references)) in messages.iter().enumerate() {
            let number = at as u32 + 1;
            let bracketed =
                |text: &str| text.split_whitespace().map(|id| format!("<{id}@x>")).collect::<String>();
            let (message_id, references) = (bracketed(id), bracketed(references));
            all.add(&Message {
                number,
                answer: number,
                date: *date,
                arrival: 1000 - date,
                subject,
                message_id: message_id.as_bytes(),
                in_reply_to: b"",
                references: references.as_bytes(),
            })
            .unwrap();
        }
        shown(&all.tree(algorithm).unwrap())
    }

    /// Each node and, in brackets, its children.
    fn shown(tree: &Tree) -> String {
        let mut text = String::new();
        let mut depth = 0;
        for (at, number) in tree.numbers.iter().enumerate() {
            let next = tree.depths[at];
            (next..depth).for_each(|_| text.push(')'));
            text.push_str(if next > depth || (at > 0 && next == depth + 1) { "(" } else { " " });
            text.push_str(&number.to_string());
            depth = next;
        }
        (0..depth).for_each(|_| text.push(')'));
        text.trim().to_owned()
    }

    const REFERENCES: Algorithm = Algorithm::References;

    #[test]
    fn references_make_threads() {
        let replies =
            [("a", 1, "x", ""), ("c", 3, "Re: x", "a b"), ("b", 2, "Re: x", "a"), ("d", 9, "y", "")];
        assert_eq!(threads(REFERENCES, &replies), "1(3(2)) 4");
        // A message that is missing within a thread is left out, at its head it holds its answers together.
        assert_eq!(threads(REFERENCES, &[("a", 1, "x", ""), ("c", 3, "z", "a b")]), "1(2)");
        assert_eq!(threads(REFERENCES, &[("b", 2, "y", "a"), ("c", 1, "z", "a")]), "0(2 1)");
        assert_eq!(threads(REFERENCES, &[("b", 1, "y", "a")]), "1");
        // Cut references; an ID that two messages have; messages without.
        assert_eq!(
            threads(REFERENCES, &[("a", 1, "x", ""), ("c", 3, "z", "b"), ("b", 2, "y", "a")]),
            "1(3(2))"
        );
        assert_eq!(
            threads(REFERENCES, &[("a", 2, "x", ""), ("a", 1, "y", ""), ("b", 3, "z", "a")]),
            "2 1(3)"
        );
        assert_eq!(threads(REFERENCES, &[("", 2, "x", ""), ("", 1, "y", "")]), "2 1");
    }

    #[test]
    fn threads_of_one_subject_become_one() {
        let replies = [("a", 1, "x", ""), ("b", 2, "Re: x", ""), ("c", 3, "[l] RE: X", "")];
        assert_eq!(threads(REFERENCES, &replies), "1(2 3)");
        // No answer: both hang on a message that is not there.
        assert_eq!(
            threads(REFERENCES, &[("a", 2, "x", ""), ("b", 1, "x", ""), ("c", 3, "x", "")]),
            "0(2 1 3)"
        );
        assert_eq!(threads(REFERENCES, &[("a", 2, "", ""), ("b", 1, "", "")]), "2 1");
        // The original came later than its answer.
        assert_eq!(threads(REFERENCES, &[("a", 1, "Re: x", ""), ("b", 2, "x", "")]), "2(1)");
        let missing = [
            ("b", 1, "x", "a"),
            ("c", 2, "x", "a"),
            ("e", 3, "x", "d"),
            ("f", 4, "x", "d"),
            ("g", 0, "x", ""),
        ];
        assert_eq!(threads(REFERENCES, &missing), "0(5 1 2 3 4)");
        assert_eq!(threads(Algorithm::Refs, &missing), "0(3 4) 0(1 2) 5");
    }

    #[test]
    fn subjects_alone_make_threads() {
        let all = [
            ("a", 3, "x", ""),
            ("b", 1, "Re: x", "a"),
            ("c", 2, "y", ""),
            ("d", 9, "fwd: X", ""),
            ("e", 0, "", ""),
        ];
        assert_eq!(threads(Algorithm::OrderedSubject, &all), "5 2(1 4) 3");
        assert_eq!(threads(Algorithm::OrderedSubject, &[]), "");
    }

    #[test]
    fn references_in_circles_have_an_end() {
        assert_eq!(threads(REFERENCES, &[("a", 1, "x", "a")]), "1");
        assert_eq!(threads(REFERENCES, &[("a", 1, "x", "b"), ("b", 2, "y", "a")]), "2(1)");
        assert_eq!(
            threads(REFERENCES, &[("a", 1, "x", "b c a"), ("b", 2, "y", "c a b"), ("c", 3, "z", "a b c")]),
            "3(1(2))"
        );
        assert_eq!(threads(REFERENCES, &[("a", 1, "x", "p q p q p")]), "1");
    }

    #[test]
    fn ids_are_written_in_several_ways() {
        let found = |field: &[u8]| {
            ids(field).map(|id| String::from_utf8(normal(id).unwrap()).unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(
            found(
                b"References: <\"01KF8JCEOCBS0045PS\"@xxx.yyy.com>\r\n <a@b><> <nothing> x <c@\r\n d> <e@f"
            ),
            ["01KF8JCEOCBS0045PS@xxx.yyy.com", "a@b", "c@d"]
        );
        let message =
            |id: &'static [u8], in_reply_to: &'static [u8], references: &'static [u8], number| Message {
                number,
                answer: 10 * number,
                date: i64::from(number),
                arrival: 0,
                subject: "",
                message_id: id,
                in_reply_to,
                references,
            };
        let mut all = Messages::default();
        all.add(&message(b"<a@x>", b"", b"", 1)).unwrap();
        all.add(&message(b"<b@x>", b"your mail of today <\"a\"@x> <c@x>", b"nothing", 2)).unwrap();
        all.add(&message(b"<c@x>", b"<a@x>", b"<b@x>", 3)).unwrap();
        assert_eq!(shown(&all.tree(REFERENCES).unwrap()), "10(20(30))");
    }

    #[test]
    fn hostile_references_take_linear_time() {
        let id = |number: usize| format!("<{number}@x>");
        let message = |number: usize, references: &str, subject: &str| {
            let mut all = Messages::default();
            let (message_id, number) = (id(number), number as u32);
            let one = Message {
                number,
                answer: number,
                date: 0,
                arrival: 0,
                subject,
                message_id: message_id.as_bytes(),
                in_reply_to: b"",
                references: references.as_bytes(),
            };
            all.add(&one).unwrap();
            all
        };
        // A million references of one message, and the same back again.
        let many: String = (0..500_000).chain((0..500_000).rev()).map(id).collect();
        assert_eq!(message(7, &many, "x").tree(REFERENCES).unwrap().len(), 1);
        // A chain of messages, each the answer to the one before, and one of answers to the one behind.
        for step in [-1, 1] {
            let mut chain = Messages::default();
            for number in 1..=200_000i64 {
                let (message_id, references) = (format!("<{number}@x>"), format!("<{}@x>", number + step));
                let one = Message {
                    number: number as u32,
                    answer: number as u32,
                    date: 0,
                    arrival: 0,
                    subject: "Re: the same",
                    message_id: message_id.as_bytes(),
                    in_reply_to: b"",
                    references: references.as_bytes(),
                };
                chain.add(&one).unwrap();
            }
            let tree = chain.tree(REFERENCES).unwrap();
            assert_eq!((tree.len(), tree.depths.iter().max()), (200_000, Some(&199_999)));
        }
    }
}
