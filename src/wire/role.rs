//! What a mailbox is for, guessed by its name, where the server does not tell (RFC 6154 gives the roles).

#![forbid(unsafe_code)]

use crate::model::{imap_role, imap_role::*};

/// Names that mail programs and servers give, in lower case.
const NAMES: [(imap_role, &[&str]); 7] = [
    (
        IMAP_ROLE_DRAFTS,
        &[
            "drafts",
            "draft",
            "entwürfe",
            "brouillons",
            "borradores",
            "bozze",
            "rascunhos",
            "concepten",
            "черновики",
            "草稿",
            "草稿箱",
            "下書き",
        ],
    ),
    (
        IMAP_ROLE_SENT,
        &[
            "sent",
            "sent items",
            "sent messages",
            "sent mail",
            "sent-mail",
            "gesendet",
            "gesendete objekte",
            "gesendete elemente",
            "envoyés",
            "éléments envoyés",
            "messages envoyés",
            "enviados",
            "elementos enviados",
            "itens enviados",
            "inviata",
            "posta inviata",
            "verzonden",
            "verzonden items",
            "отправленные",
            "已发送",
            "已发送邮件",
            "送信済み",
        ],
    ),
    (
        IMAP_ROLE_TRASH,
        &[
            "trash",
            "deleted items",
            "deleted messages",
            "papierkorb",
            "gelöschte objekte",
            "gelöschte elemente",
            "corbeille",
            "éléments supprimés",
            "papelera",
            "elementos eliminados",
            "cestino",
            "posta eliminata",
            "lixeira",
            "prullenbak",
            "корзина",
            "удаленные",
            "已删除邮件",
            "ゴミ箱",
        ],
    ),
    (
        IMAP_ROLE_JUNK,
        &[
            "junk",
            "spam",
            "junk e-mail",
            "junk email",
            "bulk mail",
            "spamverdacht",
            "junk-e-mail",
            "pourriel",
            "indésirables",
            "courrier indésirable",
            "correo no deseado",
            "posta indesiderata",
            "lixo eletrônico",
            "ongewenste e-mail",
            "спам",
            "垃圾邮件",
            "迷惑メール",
        ],
    ),
    (
        IMAP_ROLE_ARCHIVE,
        &["archive", "archives", "archiv", "archivo", "archivio", "arquivo", "archief", "архив", "存档"],
    ),
    (IMAP_ROLE_ALL, &["all mail", "alle nachrichten", "tous les messages"]),
    (IMAP_ROLE_FLAGGED, &["starred", "flagged"]),
];

/// Only at the top, or right below INBOX or Gmail's own folder: deeper down a name says what it says to its owner.
pub fn guessed(name: &str, delimiter: Option<&str>) -> imap_role {
    if name.len() > LONGEST {
        return IMAP_ROLE_NONE;
    }
    let name = name.to_lowercase();
    let below = |parent: &str| name.strip_prefix(parent)?.strip_prefix(delimiter?);
    let own = ["inbox", "[gmail]", "[google mail]"].into_iter().find_map(below).unwrap_or(&name);
    let found = NAMES.iter().find(|(_, names)| names.contains(&own));
    found.map_or(IMAP_ROLE_NONE, |(role, _)| *role)
}

/// No name of a role is longer, in bytes.
const LONGEST: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_guessed_by_name_and_place() {
        for (name, delimiter, role) in [
            ("Drafts", Some("/"), IMAP_ROLE_DRAFTS),
            ("INBOX.Sent", Some("."), IMAP_ROLE_SENT),
            ("INBOX.Sent", Some("/"), IMAP_ROLE_NONE),
            ("[Gmail]/All Mail", Some("/"), IMAP_ROLE_ALL),
            ("ENTWÜRFE", None, IMAP_ROLE_DRAFTS),
            ("Éléments supprimés", Some("/"), IMAP_ROLE_TRASH),
            ("Work/Sent", Some("/"), IMAP_ROLE_NONE),
            ("Sentinel", Some("/"), IMAP_ROLE_NONE),
            ("INBOX/", Some("/"), IMAP_ROLE_NONE),
            ("", None, IMAP_ROLE_NONE),
        ] {
            assert_eq!(guessed(name, delimiter), role, "{name}");
        }
        assert!(
            NAMES
                .iter()
                .flat_map(|(_, names)| *names)
                .all(|name| name.len() < LONGEST - "[google mail]/".len())
        );
        assert!(NAMES.iter().flat_map(|(_, names)| *names).all(|name| name.to_lowercase() == **name));
    }
}
