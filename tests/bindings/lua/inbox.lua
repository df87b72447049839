-- Prints the mail of an inbox: inbox.lua imaps://user@host

package.path = arg[0]:gsub("[^/]*$", "?.lua;") .. package.path
local imap = require("imap")
local ffi, C = imap.ffi, imap.C

local client = imap.connect(arg[1])
imap.check("imap_examine", client, "INBOX", nil)
local found = imap.call("imap_messages", "imap_messages_free", "imap_fetch", client, "1:*",
  "FLAGS ENVELOPE RFC822.SIZE", nil)
for i = 0, tonumber(found.count) - 1 do
  local message = found.items[i]
  local from = message.envelope.from_list
  local is_seen = bit.band(message.flags.bits, C.IMAP_FLAG_SEEN) ~= 0
  print(table.concat({ message.uid, is_seen and "" or "new", tonumber(message.size),
    from.count > 0 and ffi.string(from.items[0].label) or "(nobody)", ffi.string(message.envelope.subject) }, "\t"))
end
imap.check("imap_logout", client)
