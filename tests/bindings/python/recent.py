"""Who wrote the recent messages, and about what: recent.py imaps://user@host"""

import sys

from imap import C, call, check, connect, ffi, sender, text

client = connect(sys.argv[1])
check("imap_examine", client, b"INBOX", ffi.NULL)
recent = call("numbers", "imap_search", client, b"RECENT", ffi.NULL)
found = call("messages", "imap_fetch", client, C.imap_set_text(recent.set), b"ENVELOPE", ffi.NULL)
for message in ffi.unpack(found.items, found.count):
    print(f"{sender(message.envelope)}: \t{text(message.envelope.subject)}")
check("imap_logout", client)
