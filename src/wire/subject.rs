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

/// Leaders, and blobs that are not all that there is.
fn without_leaders(mut subject: &str) -> &str {
    loop {
        subject = subject.trim_start();
        if let Some(shorter) = without_leader(subject) {
            subject = shorter;
            continue;
        }
        match without_blob(subject) {
            Some(shorter) if !shorter.is_empty() => subject = shorter,
            _ => return subject,
        }
    }
}

/// `subj-leader = (*subj-blob subj-refwd) / WSP`; `subj-refwd = ("re" / ("fw" ["d"])) *WSP [subj-blob] ":"`
fn without_leader(subject: &str) -> Option<&str> {
    let mut rest = subject;
    while let Some(shorter) = without_blob(rest) {
        rest = shorter;
    }
    let behind = ["RE", "FWD", "FW"].iter().find_map(|word| rest.strip_prefix(word))?.trim_start();
    let behind = without_blob(behind).unwrap_or(behind);
    behind.strip_prefix(':')
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
        let subject = "[a] re: ".repeat(20_000) + &"(fwd)".repeat(20_000);
        assert_eq!(base(&subject), "[A]".repeat(0));
    }
}
