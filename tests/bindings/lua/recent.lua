-- Who wrote the recent messages, and about what: recent.lua imaps://user@host

package.path = arg[0]:gsub("[^/]*$", "?.lua;") .. package.path
local imap = require("imap")
local ffi, C = imap.ffi, imap.C

local client = imap.connect(arg[1])
imap.check("imap_examine", client, "INBOX", nil)
local recent = imap.call("imap_numbers", "imap_numbers_free", "imap_search", client, "RECENT", nil)
local found = imap.call("imap_messages", "imap_messages_free", "imap_fetch", client,
  C.imap_set_text(recent.set), "ENVELOPE", nil)
for i = 0, tonumber(found.count) - 1 do
  local envelope = found.items[i].envelope
  local from = envelope.from_list
  print((from.count > 0 and ffi.string(from.items[0].label) or "(nobody)") .. ": \t" ..
    ffi.string(envelope.subject))
end
imap.check("imap_logout", client)
