"""Prints the mail of an inbox: inbox.py imaps://user@host"""

import sys

from imap import C, call, check, connect, ffi, sender, text

client = connect(sys.argv[1])
check("imap_examine", client, b"INBOX", ffi.NULL)
found = call("messages", "imap_fetch", client, b"1:*", b"FLAGS ENVELOPE RFC822.SIZE", ffi.NULL)
for message in ffi.unpack(found.items, found.count):
    new = "" if message.flags.bits & C.IMAP_FLAG_SEEN else "new"
    print(message.uid, new, message.size, sender(message.envelope), text(message.envelope.subject), sep="\t")
check("imap_logout", client)
