//! THREAD (RFC 5256 section 4, BASE.7.2): messages and those that answer them.

#![forbid(unsafe_code)]

use super::cursor::Response;
use crate::error::NoMemory;

/// Threads, flat: each message before those that answer it. The three run side by side.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tree {
    /// 0: a message that is missing but holds the others together.
    pub numbers: Vec<u32>,
    pub depths: Vec<u32>,
    /// -1: none.
    pub parents: Vec<i32>,
}

/// No node of a tree.
const NONE: u32 = u32::MAX;

/// A list that is open.
struct Open {
    /// Whose children what comes next is.
    node: u32,
    /// So many more lists without members of their own are open within.
    inner: u32,
}

impl Tree {
    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// Memory that it takes.
    pub fn size(&self) -> usize {
        12 * self.numbers.len()
    }

    /// Adds a node behind all that are there, and says which it is.
    pub fn push(&mut self, number: u32, parent: Option<u32>) -> Result<u32, NoMemory> {
        let node = i32::try_from(self.numbers.len()).map_err(|_| NoMemory)?;
        self.numbers.try_reserve(1)?;
        self.depths.try_reserve(1)?;
        self.parents.try_reserve(1)?;
        let depth = parent.and_then(|parent| self.depths.get(parent as usize)).map_or(0, |depth| depth + 1);
        self.numbers.push(number);
        self.depths.push(depth);
        self.parents.push(parent.and_then(|parent| i32::try_from(parent).ok()).unwrap_or(-1));
        Ok(node as u32)
    }

    /// No message has grandchildren (RFC 5256, ORDEREDSUBJECT): all are children of the first one.
    pub fn flatten(&mut self) {
        let mut first = -1;
        for (at, (depth, parent)) in self.depths.iter_mut().zip(&mut self.parents).enumerate() {
            if *depth == 0 {
                first = i32::try_from(at).unwrap_or(-1);
            } else {
                (*depth, *parent) = (1, first);
            }
        }
    }
}

/// `thread-data = "THREAD" [SP 1*thread-list]`, `thread-list = "(" (thread-members / thread-nested) ")"`, `thread-members =
/// nz-number *(SP nz-number) [SP thread-nested]`, `thread-nested = 2*thread-list`. What is no number is passed over, lists
/// that do not close end with the response. False if it has defects.
pub fn thread(response: &Response<'_>, rest: usize, tree: &mut Tree) -> Result<bool, NoMemory> {
    let mut is_clean = true;
    let mut open: Vec<Open> = Vec::new();
    // Lists that have begun, and have no member yet.
    let mut begun = 0;
    let bytes = response.bytes.get(rest..).unwrap_or_default();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            b' ' => {}
            b'(' => begun += 1,
            b')' if begun > 0 => begun -= 1,
            b')' => match open.last_mut() {
                Some(last) if last.inner > 0 => last.inner -= 1,
                Some(_) => drop(open.pop()),
                None => is_clean = false,
            },
            _ => {
                let word = &bytes[at - 1..];
                let length = word.iter().take_while(|byte| !matches!(byte, b' ' | b'(' | b')')).count();
                at += length - 1;
                let number =
                    std::str::from_utf8(&word[..length]).ok().and_then(|word| word.parse::<u32>().ok());
                match number.filter(|number| *number > 0) {
                    Some(number) => member(number, std::mem::take(&mut begun), &mut open, tree)?,
                    None => is_clean = false,
                }
            }
        }
    }
    Ok(is_clean && begun == 0 && open.is_empty())
}

/// A number, the first in `begun` lists.
fn member(number: u32, begun: u32, open: &mut Vec<Open>, tree: &mut Tree) -> Result<(), NoMemory> {
    open.try_reserve(2)?;
    let mut parent = open.last().map(|last| last.node).filter(|node| *node != NONE);
    if begun > 1 {
        // Siblings without a parent that was found: only a thread as a whole can be so.
        if parent.is_none() {
            parent = Some(tree.push(0, None)?);
        }
        open.push(Open { node: parent.unwrap_or(NONE), inner: begun - 2 });
    }
    let node = tree.push(number, parent)?;
    match open.last_mut() {
        Some(last) if begun == 0 => last.node = node,
        _ if begun > 0 => open.push(Open { node, inner: 0 }),
        // A number outside of all lists is a thread by itself.
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "number/depth/parent"
    fn nodes(sent: &[u8]) -> (String, bool) {
        let mut tree = Tree::default();
        let is_clean = thread(&Response::new(sent, &[]), 9, &mut tree).unwrap();
        let all = tree.numbers.iter().zip(&tree.depths).zip(&tree.parents);
        let text: Vec<String> =
            all.map(|((number, depth), parent)| format!("{number}/{depth}/{parent}")).collect();
        (text.join(" "), is_clean)
    }

    #[test]
    fn threads_of_the_rfc() {
        for (sent, expected) in [
            ("", ""),
            ("(2)(3 6 (4 23)(44 7 96))", "2/0/-1 3/0/-1 6/1/1 4/2/2 23/3/3 44/2/2 7/3/5 96/4/6"),
            ("((3)(5))", "0/0/-1 3/1/0 5/1/0"),
            (
                "(166)((174)(175)(176 180))(200 202)",
                "166/0/-1 0/0/-1 174/1/1 175/1/1 176/1/1 180/2/4 200/0/-1 202/1/6",
            ),
            ("((177)(188 (184)(189))(185 186))", "0/0/-1 177/1/0 188/1/0 184/2/2 189/2/2 185/1/0 186/2/5"),
        ] {
            assert_eq!(nodes(format!("* THREAD {sent}").as_bytes()), (expected.to_owned(), true), "{sent}");
        }
    }

    #[test]
    fn threads_as_they_should_not_be() {
        for (sent, expected) in [
            ("(1 (2)(3", "1/0/-1 2/1/0 3/1/0"),
            ("1 2)(3)", "1/0/-1 2/0/-1 3/0/-1"),
            ("(1 x 0 99999999999 2)", "1/0/-1 2/1/0"),
            ("(1))(2)", "1/0/-1 2/0/-1"),
            ("(1 (2", "1/0/-1 2/1/0"),
        ] {
            assert_eq!(nodes(format!("* THREAD {sent}").as_bytes()), (expected.to_owned(), false), "{sent}");
        }
        for (sent, expected) in [
            ("(())()((1)())", "0/0/-1 1/1/0"),
            ("(1 ((2)(3))(4))(5)", "1/0/-1 2/1/0 3/1/0 4/1/0 5/0/-1"),
            ("((((1))(2)) (3))", "0/0/-1 1/1/0 2/1/0 3/1/0"),
            ("( 7  8 )", "7/0/-1 8/1/0"),
        ] {
            assert_eq!(nodes(format!("* THREAD {sent}").as_bytes()), (expected.to_owned(), true), "{sent}");
        }
    }

    #[test]
    fn depth_costs_neither_stack_nor_time() {
        let many = |part: &str| part.repeat(1_000_000);
        for sent in [many("("), many("(1"), many("(1 (2)"), many("()"), many(")"), many("((1)") + &many(")")]
        {
            nodes(format!("* THREAD {sent}").as_bytes());
        }
        let deep = format!("* THREAD {}{}", many("(1"), many(")"));
        let mut tree = Tree::default();
        assert_eq!(thread(&Response::new(deep.as_bytes(), &[]), 9, &mut tree), Ok(true));
        assert_eq!((tree.len(), tree.depths.last()), (1_000_000, Some(&999_999)));
        tree.flatten();
        assert_eq!((tree.depths[999_999], tree.parents[999_999], tree.depths[0]), (1, 0, 0));
    }
}
