//! Base subjects (RFC 5256 section 2.1): what is left of a subject without "Re:", "(fwd)" and the like.

#![forbid(unsafe_code)]

/// In upper case, so that equal ones are the same text.
pub fn base(subject: &str) -> String {
    let collapsed = subject.split_whitespace().collect::<Vec<_>>().join(" ").to_uppercase();
    let mut rest = collapsed.as_str();
    loop {
        rest = without_trailer(rest);
        rest = without_leaders(rest);
        // "[fwd:" subject "]"
        match rest.strip_prefix("[FWD:").and_then(|inner| inner.strip_suffix(']')) {
            Some(inner) => rest = inner.trim(),
            None => return rest.to_owned(),
        }
    }
}

/// `subj-trailer = "(fwd)" / WSP`
fn without_trailer(mut subject: &str) -> &str {
    loop {
        subject = subject.trim_end();
        match subject.strip_suffix("(FWD)") {
            Some(shorter) => subject = shorter,
            None => return subject,
        }
    }
}

/// `subj-leader = (*subj-blob subj-refwd) / WSP`, and blobs that are not all that there is.
fn without_leaders(mut subject: &str) -> &str {
    loop {
        let mut last = subject.trim_start();
        let mut rest = last;
        while let Some(shorter) = without_blob(rest) {
            last = rest;
            rest = shorter;
        }
        match without_word(rest) {
            Some(behind) => subject = behind,
            None if rest.is_empty() => return last,
            None => return rest,
        }
    }
}

/// `subj-refwd = ("re" / ("fw" ["d"])) *WSP [subj-blob] ":"`
fn without_word(subject: &str) -> Option<&str> {
    let behind = ["RE", "FWD", "FW"].iter().find_map(|word| subject.strip_prefix(word))?.trim_start();
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

    #[test]
    fn answers_have_the_subject_of_what_they_answer() {
        for subject in [
            "minutes of  today",
            "Re: Minutes of today",
            "re : Fwd: FW: minutes of today (fwd)",
            "[list] Re[2]: [list] minutes of today (fwd) (fwd) ",
            "[Fwd: Re: minutes of today]",
        ] {
            assert_eq!(base(subject), "MINUTES OF TODAY", "{subject}");
        }
        assert_eq!(base("[list]"), "[LIST]");
        assert_eq!(base("Re:"), "");
        assert_eq!(base("Rest: of it"), "REST: OF IT");
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
