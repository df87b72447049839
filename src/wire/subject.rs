//! Base subjects (RFC 5256 section 2.1): what is left of a subject without "Re:", "(fwd)" and the like.

#![forbid(unsafe_code)]

use super::casemap::casemap;
use crate::error::NoMemory;

/// What a subject is when messages are sorted or threaded by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    /// In the form that equal ones share.
    pub text: String,
    /// Something was taken away that answers and forwarded messages have.
    pub is_reply: bool,
}

impl Base {
    pub fn of(subject: &str) -> Result<Base, NoMemory> {
        let mut collapsed = String::new();
        collapsed.try_reserve(subject.len())?;
        for word in subject.split_ascii_whitespace() {
            collapsed.push_str(if collapsed.is_empty() { "" } else { " " });
            collapsed.push_str(word);
        }
        let (mut rest, mut is_reply) = (collapsed.as_str(), false);
        loop {
            rest = without_trailer(rest, &mut is_reply);
            rest = without_leaders(rest, &mut is_reply);
            // subj-fwd-hdr = "[fwd:", subj-fwd-trl = "]"
            match without(rest, "[fwd:").and_then(|inner| inner.strip_suffix(']')) {
                Some(inner) => (rest, is_reply) = (inner.trim(), true),
                None => return Ok(Base { text: casemap(rest)?, is_reply }),
            }
        }
    }
}

/// What is behind `prefix`, in any case.
fn without<'s>(subject: &'s str, prefix: &str) -> Option<&'s str> {
    let (head, rest) = subject.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// `subj-trailer = "(fwd)" / WSP`
fn without_trailer<'s>(mut subject: &'s str, is_reply: &mut bool) -> &'s str {
    const TRAILER: &str = "(fwd)";
    loop {
        subject = subject.trim_end();
        let place = subject.len().wrapping_sub(TRAILER.len());
        match subject.split_at_checked(place) {
            Some((shorter, trailer)) if trailer.eq_ignore_ascii_case(TRAILER) => {
                (subject, *is_reply) = (shorter, true);
            }
            _ => return subject,
        }
    }
}

/// `subj-leader = (*subj-blob subj-refwd) / WSP`, and blobs that are not all that there is.
fn without_leaders<'s>(mut subject: &'s str, is_reply: &mut bool) -> &'s str {
    loop {
        let mut last = subject.trim_start();
        let mut rest = last;
        while let Some(shorter) = without_blob(rest) {
            last = rest;
            rest = shorter;
        }
        match without_word(rest) {
            Some(behind) => (subject, *is_reply) = (behind, true),
            None if rest.is_empty() => return last,
            None => return rest,
        }
    }
}

/// `subj-refwd = ("re" / ("fw" ["d"])) *WSP [subj-blob] ":"`
fn without_word(subject: &str) -> Option<&str> {
    let behind = ["re", "fwd", "fw"].iter().find_map(|word| without(subject, word))?.trim_start();
    without_blob(behind).unwrap_or(behind).strip_prefix(':')
}

/// `subj-blob = "[" *BLOBCHAR "]" *WSP`
fn without_blob(subject: &str) -> Option<&str> {
    let inner = subject.strip_prefix('[')?;
    let end = inner.find([']', '['])?;
    Some(inner[end..].strip_prefix(']')?.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(subject: &str) -> String {
        Base::of(subject).unwrap().text
    }

    #[test]
    fn answers_have_the_subject_of_what_they_answer() {
        for (subject, is_reply) in [
            ("minutes of  today", false),
            ("[list] Minutes of\ttoday", false),
            ("Re: Minutes of today", true),
            ("re : Fwd: FW: minutes of today (fwd)", true),
            ("minutes of today (FWD)", true),
            ("[list] Re[2]: [list] minutes of today (fwd) (fwd) ", true),
            ("[Fwd: Re: minutes of today]", true),
            ("[fwd: minutes of today]", true),
        ] {
            let expected = Base { text: "MINUTES OF TODAY".into(), is_reply };
            assert_eq!(Base::of(subject).unwrap(), expected, "{subject}");
        }
        assert_eq!(base("[list]"), "[LIST]");
        assert_eq!(base("Re:"), "");
        assert_eq!(base("Rest: of it"), "REST: OF IT");
        assert_eq!(base("é(fwd"), "E\u{301}(FWD");
        assert_eq!(base("(fwé)"), "(FWE\u{301})");
        assert_eq!(base(""), "");
    }

    #[test]
    fn hostile_subjects_take_linear_time() {
        let many = |part: &str| part.repeat(1_000_000);
        assert_eq!(base(&(many("[a] re: ") + &many("(fwd)"))), "");
        assert_eq!(base(&(many("[a]") + "b")), "B");
        assert_eq!(base(&many("[a]")), "[A]");
        assert_eq!(base(&(many("[fwd:") + "b" + &many("]"))), "B");
    }
}
