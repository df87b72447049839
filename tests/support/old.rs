//! A small mail server of another time: one of RFC 1730, one of RFC 3501 without any extension, or one that speaks
//! IMAP4rev2 and nothing older. What its standard does not have is BAD to it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use native_tls::TlsAcceptor;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    Rfc1730,
    Rev1,
    Rev2,
}

/// Names of mailboxes, and what is in them.
type Mail = Arc<Mutex<Vec<(String, Vec<Message>)>>>;

#[derive(Clone)]
struct Message {
    uid: u32,
    flags: String,
    date: &'static str,
    text: String,
}

/// Starts it; gives its port. It serves until the test ends.
pub fn start(age: Age, acceptor: TlsAcceptor) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its number").port();
    super::note_shown("server\tscripted");
    let message = |uid: u32, date, subject: &str| Message {
        uid,
        flags: String::new(),
        date,
        text: format!("From: Ann <ann@example.org>\r\nSubject: {subject}\r\n\r\nHello {subject}\r\n"),
    };
    let inbox = vec![
        message(3, " 1-Mar-2003 10:00:00 +0000", "one"),
        message(5, "17-Apr-2003 10:00:00 +0000", "two"),
        message(9, "18-Apr-2003 10:00:00 +0000", "three"),
    ];
    let mail: Mail =
        Arc::new(Mutex::new(vec![("INBOX".to_owned(), inbox), ("Drafts".to_owned(), Vec::new())]));
    std::thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let (acceptor, mail) = (acceptor.clone(), mail.clone());
            std::thread::spawn(move || {
                if let Ok(stream) = acceptor.accept(socket) {
                    let _ = Session { age, stream: BufReader::new(stream), mail, selected: None }.serve();
                }
            });
        }
    });
    port
}

struct Session {
    age: Age,
    stream: BufReader<native_tls::TlsStream<TcpStream>>,
    mail: Mail,
    selected: Option<String>,
}

impl Session {
    fn send(&mut self, text: &str) -> std::io::Result<()> {
        self.stream.get_mut().write_all(text.as_bytes())
    }

    fn serve(&mut self) -> std::io::Result<()> {
        self.send("* OK ready\r\n")?;
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let line = line.trim_end().to_owned();
            let (tag, command) = line.split_once(' ').unwrap_or((&line, ""));
            let answer = self.answer(command)?;
            let reply = match answer.map(|data| data.replace("TAG \"x\"", &format!("TAG \"{tag}\""))) {
                Some(data) => format!("{data}{tag} OK done\r\n"),
                None => format!("{tag} BAD what is {command}?\r\n"),
            };
            self.send(&reply)?;
        }
    }

    /// The untagged data; None: this server does not know the command.
    fn answer(&mut self, command: &str) -> std::io::Result<Option<String>> {
        let words: Vec<&str> = command.split(' ').collect();
        let name = |at: usize| words.get(at).map_or("", |word| word.trim_matches('"')).to_owned();
        let is_rev2 = self.age == Age::Rev2;
        Ok(match words[0] {
            "CAPABILITY" => Some(format!(
                "* CAPABILITY {}\r\n",
                match self.age {
                    Age::Rfc1730 => "IMAP4",
                    Age::Rev1 => "IMAP4rev1",
                    Age::Rev2 => "IMAP4rev2 AUTH=PLAIN",
                }
            )),
            "LOGIN" | "NOOP" => Some(String::new()),
            "CHECK" if !is_rev2 => Some(String::new()),
            "AUTHENTICATE" if is_rev2 => Some(String::new()),
            "IDLE" if is_rev2 => {
                self.send("+ idling\r\n")?;
                self.stream.read_line(&mut String::new())?;
                Some(String::new())
            }
            "ENABLE" if is_rev2 => Some("* ENABLED IMAP4rev2\r\n".to_owned()),
            "LOGOUT" => Some("* BYE\r\n".to_owned()),
            "SELECT" | "EXAMINE" => self.select(&name(1)),
            "CLOSE" => {
                self.selected = None;
                Some(String::new())
            }
            "CREATE" => {
                self.mail.lock().expect("the mail").push((name(1), Vec::new()));
                Some(String::new())
            }
            "LIST" if words[1] == "(SUBSCRIBED)" => {
                is_rev2.then(|| "* LIST (\\Subscribed) \"/\" INBOX\r\n".to_owned())
            }
            "LIST" => Some(self.list(&name(2))),
            "LSUB" if !is_rev2 => Some("* LSUB () \"/\" INBOX\r\n".to_owned()),
            "STATUS" if self.age != Age::Rfc1730 => self.status(&name(1), command),
            "APPEND" => Some(self.append(&name(1), command)?),
            "SEARCH" => self.search(&command[7..], false),
            "EXPUNGE" => Some(self.expunge()),
            "FETCH" => self.fetch(words[1], &command[words[1].len() + 7..]),
            "COPY" => self.copy(words[1], &name(2)),
            "UID" => match words[1] {
                "SEARCH" => self.search(&command[11..], true),
                "FETCH" => self.fetch(words[2], &command[words[2].len() + 11..]),
                "STORE" => self.store(words[2], command),
                "COPY" => self.copy(words[2], &name(3)),
                _ => None,
            },
            _ => None,
        })
    }

    fn select(&mut self, name: &str) -> Option<String> {
        let mail = self.mail.lock().expect("the mail");
        let (_, all) = mail.iter().find(|(known, _)| known == name)?;
        let recent = match self.age {
            Age::Rev2 => format!("* LIST () \"/\" {name}\r\n"),
            _ => format!("* {} RECENT\r\n", all.len()),
        };
        // UID validity is told by all three, the next UID by none before RFC 3501.
        let next = if self.age == Age::Rfc1730 { "" } else { "* OK [UIDNEXT 10] next\r\n" };
        let count = all.len();
        drop(mail);
        self.selected = Some(name.to_owned());
        Some(format!(
            "* FLAGS (\\Seen \\Deleted)\r\n* {count} EXISTS\r\n{recent}* OK [UIDVALIDITY 7] x\r\n{next}"
        ))
    }

    fn list(&self, pattern: &str) -> String {
        let mail = self.mail.lock().expect("the mail");
        let is_listed = |name: &String| pattern == "*" || pattern == name;
        let names = mail.iter().map(|(name, _)| name).filter(|name| is_listed(name));
        names.map(|name| format!("* LIST () \"/\" \"{name}\"\r\n")).collect()
    }

    fn status(&self, name: &str, command: &str) -> Option<String> {
        let mail = self.mail.lock().expect("the mail");
        let (_, all) = mail.iter().find(|(known, _)| known == name)?;
        let (count, size) = (all.len(), all.iter().map(|message| message.text.len()).sum::<usize>());
        let items = command.split_once('(')?.1.trim_end_matches(')').split(' ');
        let mut told = Vec::new();
        for item in items {
            told.push(match (item, self.age) {
                ("MESSAGES" | "UNSEEN", _) => format!("{item} {count}"),
                ("UIDNEXT", _) => "UIDNEXT 10".to_owned(),
                ("UIDVALIDITY", _) => "UIDVALIDITY 7".to_owned(),
                ("RECENT", Age::Rev1) => format!("RECENT {count}"),
                ("SIZE", Age::Rev2) => format!("SIZE {size}"),
                ("DELETED", Age::Rev2) => "DELETED 0".to_owned(),
                _ => return None,
            });
        }
        Some(format!("* STATUS \"{name}\" ({})\r\n", told.join(" ")))
    }

    fn append(&mut self, name: &str, command: &str) -> std::io::Result<String> {
        let marker = command.rsplit_once('{').map_or("", |(_, marker)| marker).trim_end_matches('}');
        if !marker.ends_with('+') {
            self.send("+ go\r\n")?;
        }
        let mut text = vec![0; marker.trim_end_matches('+').parse().unwrap_or(0)];
        self.stream.read_exact(&mut text)?;
        let mut end = String::new();
        self.stream.read_line(&mut end)?;
        let mut mail = self.mail.lock().expect("the mail");
        if let Some((_, all)) = mail.iter_mut().find(|(known, _)| known == name) {
            let text = String::from_utf8_lossy(&text).into_owned();
            all.push(Message {
                uid: 20,
                flags: "\\Seen".to_owned(),
                date: "19-Apr-2003 10:00:00 +0000",
                text,
            });
        }
        Ok(String::new())
    }

    /// Numbers and messages of the selected mailbox.
    fn messages(&self) -> Vec<(usize, Message)> {
        let mail = self.mail.lock().expect("the mail");
        let selected = mail.iter().find(|(name, _)| Some(name) == self.selected.as_ref());
        selected.map_or(Vec::new(), |(_, all)| all.iter().cloned().enumerate().collect())
    }

    fn search(&self, criteria: &str, by_uid: bool) -> Option<String> {
        let is_found = |message: &Message| match criteria {
            "ALL" => true,
            "BEFORE 1-May-2003 SINCE 1-Apr-2003" => message.date.contains("Apr"),
            _ if criteria.starts_with("TEXT ") => message.text.contains(criteria[5..].trim_matches('"')),
            "RECENT" => self.age != Age::Rev2,
            _ => false,
        };
        let is_known = ["ALL", "BEFORE", "TEXT"].iter().any(|key| criteria.starts_with(key))
            || (criteria == "RECENT" && self.age != Age::Rev2);
        let found = self.messages().into_iter().filter(|(_, message)| is_found(message));
        let numbers: Vec<String> = found
            .map(|(at, message)| if by_uid { message.uid.to_string() } else { (at + 1).to_string() })
            .collect();
        is_known.then(|| match self.age {
            Age::Rev2 if numbers.is_empty() => {
                format!("* ESEARCH (TAG \"x\"){}\r\n", if by_uid { " UID" } else { "" })
            }
            Age::Rev2 => format!("* ESEARCH (TAG \"x\") UID ALL {}\r\n", numbers.join(",")),
            _ => format!("* SEARCH {}\r\n", numbers.join(" ")),
        })
    }

    fn fetch(&self, set: &str, items: &str) -> Option<String> {
        let mut out = String::new();
        for (at, message) in self.messages().into_iter().filter(|(_, message)| is_in(set, message.uid)) {
            let mut told = Vec::new();
            for item in items.trim_matches(['(', ')']).split(' ') {
                let text = &message.text;
                let subject =
                    text.lines().find_map(|line| line.strip_prefix("Subject: ")).unwrap_or_default();
                let literal = format!("{{{}}}\r\n{text}", text.len());
                told.push(match (item, self.age == Age::Rfc1730) {
                    ("UID", _) => format!("UID {}", message.uid),
                    ("FLAGS", _) => format!("FLAGS ({})", message.flags),
                    ("INTERNALDATE", _) => format!("INTERNALDATE \"{}\"", message.date),
                    ("RFC822.SIZE", _) => format!("RFC822.SIZE {}", text.len()),
                    ("ENVELOPE", _) => format!(
                        "ENVELOPE (NIL \"{subject}\" ((\"Ann\" NIL \"ann\" \"example.org\")) NIL NIL NIL NIL NIL NIL NIL)"
                    ),
                    ("BODYSTRUCTURE", _) => {
                        format!("BODYSTRUCTURE (\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" {} 1)", text.len())
                    }
                    ("BODY.PEEK[]", false) => format!("BODY[] {literal}"),
                    ("RFC822.PEEK", true) => format!("RFC822 {literal}"),
                    _ => return None,
                });
            }
            out.push_str(&format!("* {} FETCH ({})\r\n", at + 1, told.join(" ")));
        }
        Some(out)
    }

    fn store(&self, set: &str, command: &str) -> Option<String> {
        let flag = command.split_once("+FLAGS.SILENT (")?.1.trim_end_matches(')');
        let mut mail = self.mail.lock().expect("the mail");
        for (_, all) in mail.iter_mut().filter(|(name, _)| Some(name) == self.selected.as_ref()) {
            all.iter_mut()
                .filter(|message| is_in(set, message.uid))
                .for_each(|message| message.flags = flag.to_owned());
        }
        Some(String::new())
    }

    fn copy(&self, set: &str, name: &str) -> Option<String> {
        let copied: Vec<Message> = self
            .messages()
            .into_iter()
            .map(|(_, message)| message)
            .filter(|one| is_in(set, one.uid))
            .collect();
        let mut mail = self.mail.lock().expect("the mail");
        let (_, all) = mail.iter_mut().find(|(known, _)| known == name)?;
        all.extend(copied);
        Some(String::new())
    }

    fn expunge(&self) -> String {
        let mut out = String::new();
        let mut mail = self.mail.lock().expect("the mail");
        for (_, all) in mail.iter_mut().filter(|(name, _)| Some(name) == self.selected.as_ref()) {
            while let Some(at) = all.iter().position(|message| message.flags.contains("\\Deleted")) {
                all.remove(at);
                out.push_str(&format!("* {} EXPUNGE\r\n", at + 1));
            }
        }
        out
    }
}

fn is_in(set: &str, uid: u32) -> bool {
    set.split(',').any(|span| {
        let (first, last) = span.split_once(':').unwrap_or((span, span));
        let number = |text: &str| text.parse().unwrap_or(u32::MAX);
        (number(first)..=number(last)).contains(&uid)
    })
}
