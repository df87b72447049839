//! Answers that are words and no more: languages, comparators, URLs.

use super::ask::Answer;
use crate::error::Result;
use crate::model::{Owned, TextList};
use crate::session::{Facts, Untagged};

#[derive(Default)]
pub struct Told {
    words: Vec<String>,
}

impl Answer for Told {
    type Output = Box<Owned<TextList>>;

    const RESPONSES: &'static [&'static str] = &["LANGUAGE", "COMPARATOR", "JMAPACCESS", "GENURLAUTH"];

    /// The last one holds. Lists within the answer are read as if they had no parentheses.
    fn take(&mut self, untagged: &Untagged<'_>, _: &Facts) -> Result<bool> {
        self.words.clear();
        let mut cursor = untagged.response.cursor(untagged.rest);
        while !cursor.is_at_end() {
            if cursor.take(b'(') || cursor.take(b')') {
                continue;
            }
            let Some(word) = cursor.astring() else { break };
            self.words.try_reserve(1)?;
            self.words.push(String::from_utf8_lossy(&word.bytes()?).into_owned());
        }
        Ok(true)
    }

    fn finish(self) -> Result<Self::Output> {
        Owned::build(|arena| Ok(*arena.texts_of(&self.words)?))
    }
}
