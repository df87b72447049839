//! An event as text, in the form of the cases of `tests/wire`; `tests/c/show.h` writes the same from C.

use std::fmt::Write;

use imap::model::*;

pub fn event(event: &imap_event<'_>) -> String {
    let mut out = String::new();
    let kind = format!("{:?}", event.kind);
    write!(out, "{} {}", kind.trim_start_matches("IMAP_EVENT_"), show(event.name)).unwrap();
    if event.number != 0 {
        write!(out, " {}", event.number).unwrap();
    }
    if let Some(text) = event.text.get() {
        write!(out, " text=\"{text}\"").unwrap();
    }
    out.push('\n');
    if event.is_earlier {
        out.push_str("  is_earlier\n");
    }
    if let Some(code) = event.code {
        response_code(code, &mut out);
    }
    use imap_event_kind::{IMAP_EVENT_CAPABILITY, IMAP_EVENT_METADATA, IMAP_EVENT_OTHER};
    let is_generic = matches!(event.kind, IMAP_EVENT_OTHER | IMAP_EVENT_CAPABILITY | IMAP_EVENT_METADATA);
    if is_generic && event.value_count > 0 {
        values(event.values, &mut out);
    }
    if event.kind == imap_event_kind::IMAP_EVENT_SEARCH {
        let way = if event.is_removed { "out" } else { "in" };
        writeln!(out, "  update {} at {} {way}", event.update_id, event.position).unwrap();
    }
    if !event.set.is_empty() {
        writeln!(out, "  set {}", set(event.set)).unwrap();
    }
    if let Some(found) = event.mailbox {
        mailbox(found, &mut out);
    }
    if let Some(found) = event.counts {
        counts(found, &mut out);
    }
    if let Some(found) = event.message {
        message(found, &mut out);
    }
    if let Some(found) = event.flags {
        flags(found, &mut out);
    }
    out
}

fn response_code(code: &imap_response_code<'_>, out: &mut String) {
    write!(out, "  code {}", show(code.name)).unwrap();
    number(" number", code.number, out);
    quoted(" text", code.text, out);
    joined(" texts", code.texts, out);
    if !code.set.is_empty() {
        write!(out, " set={}", set(code.set)).unwrap();
    }
    if let Some(assigned) = code.assigned {
        let (sources, uids) = (set(assigned.sources), set(assigned.uids));
        write!(out, " assigned={}:{sources}:{uids}", assigned.uid_validity).unwrap();
    }
    out.push('\n');
}

fn mailbox(mailbox: &imap_mailbox<'_>, out: &mut String) {
    write!(out, "  mailbox \"{}\"", show(mailbox.name)).unwrap();
    quoted(" delimiter", mailbox.delimiter, out);
    if mailbox.attributes != 0 {
        write!(out, " attributes={}", mailbox.attributes).unwrap();
    }
    if mailbox.role != imap_role::IMAP_ROLE_NONE {
        write!(out, " role={}", mailbox.role as u32).unwrap();
    }
    joined(" names", mailbox.attribute_names, out);
    joined(" child_info", mailbox.child_info, out);
    quoted(" old_name", mailbox.old_name, out);
    out.push('\n');
    others(mailbox.others, out);
}

fn counts(counts: &imap_counts<'_>, out: &mut String) {
    write!(out, "  counts \"{}\"", show(counts.mailbox)).unwrap();
    number(" messages", counts.messages, out);
    number(" unseen", counts.unseen, out);
    number(" recent", counts.recent, out);
    number(" deleted", counts.deleted, out);
    number32(" uid_next", counts.uid_next, out);
    number32(" uid_validity", counts.uid_validity, out);
    number(" highest_modseq", counts.highest_modseq, out);
    number(" size", counts.size, out);
    number(" deleted_storage", counts.deleted_storage, out);
    number(" append_limit", counts.append_limit, out);
    plain(" mailbox_id", counts.mailbox_id, out);
    out.push('\n');
    others(counts.others, out);
}

fn message(message: &imap_message<'_>, out: &mut String) {
    write!(out, "  message number={}", message.number).unwrap();
    number32(" uid", message.uid, out);
    number(" size", message.size, out);
    number(" modseq", message.modseq, out);
    number(" internal_date", message.internal_date, out);
    if message.internal_date != -1 {
        write!(out, " zone={}", message.details.internal_date_zone).unwrap();
    }
    out.push('\n');
    if let Some(found) = message.flags {
        flags(found, out);
    }
    if let Some(found) = message.envelope {
        envelope(found, out);
    }
    for found in message.details.parts.iter() {
        part(found, out);
    }
    for found in message.details.sections.iter() {
        section(found, out);
    }
    extensions(message.details, out);
    others(message.details.others, out);
    for defect in message.details.defects.iter() {
        let kind = format!("{:?}", defect.kind);
        writeln!(out, "  defect {}", kind.trim_start_matches("IMAP_DEFECT_")).unwrap();
    }
}

fn extensions(details: &imap_details<'_>, out: &mut String) {
    let mut line = String::new();
    plain(" email_id", details.email_id, &mut line);
    plain(" thread_id", details.thread_id, &mut line);
    quoted(" preview", details.preview, &mut line);
    number(" save_date", details.save_date, &mut line);
    plain(" gmail_message_id", details.gmail_message_id, &mut line);
    plain(" gmail_thread_id", details.gmail_thread_id, &mut line);
    joined(" gmail_labels", details.gmail_labels, &mut line);
    if !line.is_empty() {
        writeln!(out, "  extension{line}").unwrap();
    }
    for entry in details.annotations.iter() {
        write!(out, "  annotation {}", show(entry.name)).unwrap();
        if let Some(attribute) = entry.attribute.get() {
            write!(out, " {attribute}").unwrap();
        }
        // SAFETY: the length beside the bytes is theirs.
        match unsafe { entry.value.get(entry.value_len) } {
            None => out.push_str(" NIL\n"),
            Some(value) => writeln!(out, " \"{}\"", escaped(value)).unwrap(),
        }
    }
}

fn flags(flags: &imap_flags<'_>, out: &mut String) {
    write!(out, "  flags bits={}", flags.bits).unwrap();
    let keywords: Vec<&str> = flags.keywords.iter().collect();
    if !keywords.is_empty() {
        write!(out, " keywords={}", keywords.join("|")).unwrap();
    }
    let text = show(flags.text);
    writeln!(out, "{}{text}", if text.is_empty() { "" } else { " " }).unwrap();
}

fn envelope(envelope: &imap_envelope<'_>, out: &mut String) {
    let raw = if same(envelope) { "" } else { " raw" };
    writeln!(out, "  subject \"{}\"{raw}", show(envelope.subject)).unwrap();
    if envelope.date != -1 {
        writeln!(out, "  date {} zone={}", envelope.date, envelope.date_zone).unwrap();
    }
    addresses("from", envelope.from_list, out);
    addresses("sender", envelope.sender_list, out);
    addresses("reply_to", envelope.reply_to_list, out);
    addresses("to", envelope.to_list, out);
    addresses("cc", envelope.cc_list, out);
    addresses("bcc", envelope.bcc_list, out);
    if let Some(text) = envelope.in_reply_to.get() {
        writeln!(out, "  in_reply_to {}", if text.is_empty() { "\"\"" } else { text }).unwrap();
    }
    if let Some(text) = envelope.message_id.get() {
        writeln!(out, "  message_id {text}").unwrap();
    }
}

/// Whether the subject stands as it was sent.
fn same(envelope: &imap_envelope<'_>) -> bool {
    // SAFETY: the length beside the bytes is theirs.
    let raw = unsafe { envelope.raw_subject.get(envelope.raw_subject_len) };
    raw.is_none_or(|raw| envelope.subject.bytes() == Some(raw))
}

fn addresses(field: &str, list: &imap_addresses<'_>, out: &mut String) {
    for address in list.items.iter() {
        write!(out, "  {field}").unwrap();
        if let Some(name) = address.name.get() {
            write!(out, " \"{name}\"").unwrap();
        }
        if let Some(text) = address.address.get() {
            write!(out, " <{text}>").unwrap();
        }
        quoted(" group", address.group, out);
        out.push('\n');
    }
}

fn part(part: &imap_part<'_>, out: &mut String) {
    write!(out, "  part \"{}\" {}", show(part.section), show(part.media_type)).unwrap();
    plain(" charset", part.charset, out);
    if part.encoding.get().is_some_and(|encoding| !encoding.is_empty()) {
        plain(" encoding", part.encoding, out);
    }
    number(" size", part.size, out);
    number(" lines", part.lines, out);
    number32(" depth", part.depth, out);
    plain(" disposition", part.disposition, out);
    plain(" filename", part.filename, out);
    plain(" id", part.content_id, out);
    quoted(" description", part.description, out);
    joined(" languages", part.languages, out);
    plain(" location", part.location, out);
    plain(" md5", part.md5, out);
    if let Some(envelope) = part.envelope {
        quoted(" envelope", envelope.subject, out);
    }
    out.push('\n');
    // The others stand in the line already, or name no more than how the part was sent.
    for pair in part.parameters.items.iter() {
        if !["charset", "name", "boundary", "format"].contains(&show(pair.name)) {
            writeln!(out, "  parameter {}=\"{}\"", show(pair.name), show(pair.value)).unwrap();
        }
    }
}

fn section(section: &imap_section<'_>, out: &mut String) {
    write!(out, "  section {}", show(section.label)).unwrap();
    number(" offset", section.offset, out);
    // SAFETY: the length beside the bytes is theirs.
    match unsafe { section.data.get(section.data_len) } {
        None if section.size >= 0 => writeln!(out, " size={}", section.size).unwrap(),
        None => out.push_str(" NIL\n"),
        Some(data) => writeln!(out, " \"{}\"", escaped(data)).unwrap(),
    }
}

fn escaped(data: &[u8]) -> String {
    String::from_utf8_lossy(data).replace('\r', "\\r").replace('\n', "\\n").replace('\0', "\\0")
}

fn others(items: List<'_, imap_item<'_>>, out: &mut String) {
    for item in items.iter() {
        writeln!(out, "  other {} values={}", show(item.name), item.value_count).unwrap();
    }
}

/// Generic values as IMAP writes them, every string in quotes.
fn values(values: List<'_, imap_value<'_>>, out: &mut String) {
    let mut depth = 0;
    out.push_str("  values");
    for value in values.iter() {
        while depth > value.depth {
            out.push(')');
            depth -= 1;
        }
        if !out.ends_with('(') {
            out.push(' ');
        }
        match value.kind {
            imap_value_kind::IMAP_VALUE_LIST => {
                out.push('(');
                depth += 1;
            }
            imap_value_kind::IMAP_VALUE_NIL => out.push_str("NIL"),
            imap_value_kind::IMAP_VALUE_STRING => write!(out, "\"{}\"", show(value.text)).unwrap(),
            _ => out.push_str(show(value.text)),
        }
    }
    out.extend((0..depth).map(|_| ')'));
    out.push('\n');
}

fn show<'a>(text: Text<'a>) -> &'a str {
    text.get().unwrap_or("NULL")
}

fn set(set: &imap_set) -> String {
    set.spans()
        .iter()
        .map(|span| match span.first == span.last {
            true => span.first.to_string(),
            false => format!("{}:{}", span.first, span.last),
        })
        .collect::<Vec<_>>()
        .join(",")
}

fn number(label: &str, value: i64, out: &mut String) {
    if value != -1 {
        write!(out, "{label}={value}").unwrap();
    }
}

fn number32(label: &str, value: u32, out: &mut String) {
    if value != 0 {
        write!(out, "{label}={value}").unwrap();
    }
}

fn plain(label: &str, text: Text<'_>, out: &mut String) {
    if let Some(text) = text.get() {
        write!(out, "{label}={text}").unwrap();
    }
}

fn quoted(label: &str, text: Text<'_>, out: &mut String) {
    if let Some(text) = text.get() {
        write!(out, "{label}=\"{text}\"").unwrap();
    }
}

fn joined(label: &str, texts: &imap_texts<'_>, out: &mut String) {
    if texts.count > 0 {
        write!(out, "{label}={}", texts.items.iter().collect::<Vec<_>>().join("|")).unwrap();
    }
}
