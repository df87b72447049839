# Who wrote the recent messages, and about what: recent.rb imaps://user@host

require_relative "imap"

IMAP.connect(ARGV.fetch(0)) do |client|
  IMAP.check(:imap_examine, client, "INBOX", nil)
  recent = IMAP.call(:imap_search, client, "RECENT", nil)
  uids = IMAP.imap_set_text(IMAP::Numbers.new(recent)[:set])
  found = IMAP.call(:imap_fetch, client, uids, "ENVELOPE", nil)
  IMAP::Messages.new(found).to_a.each do |message|
    from = message.envelope.from
    puts "#{from ? from[:label] : '(nobody)'}: \t#{message.envelope[:subject]}"
  end
  IMAP.imap_messages_free(found)
  IMAP.imap_numbers_free(recent)
end
