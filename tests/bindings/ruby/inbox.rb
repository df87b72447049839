# Prints the mail of an inbox: inbox.rb imaps://user@host

require_relative "imap"

IMAP.connect(ARGV.fetch(0)) do |client|
  IMAP.check(:imap_examine, client, "INBOX", nil)
  found = IMAP.call(:imap_fetch, client, "1:*", "FLAGS ENVELOPE RFC822.SIZE", nil)
  IMAP::Messages.new(found).to_a.each do |message|
    from = message.envelope.from
    puts [message[:uid], message.seen? ? "" : "new", message[:size], from ? from[:label] : "(nobody)",
          message.envelope[:subject]].join("\t")
  end
  IMAP.imap_messages_free(found)
end
