# Drives a client from Ruby's own loop, with IO.select: select.rb imaps://user@host

require_relative "imap"

IMAP.begin(ARGV.fetch(0)) do |client|
  request = IMAP.call(:imap_send, client, "EXAMINE INBOX", nil)
  until IMAP.imap_request_is_done(request)
    wants = IMAP.imap_wants(client)
    fd = IMAP.imap_fd(client)
    io = fd >= 0 ? [IO.for_fd(fd, autoclose: false)] : []
    due = IMAP.imap_timeout_ms(client)
    IO.select(wants.anybits?(1) ? io : [], wants.anybits?(4) ? io : [], nil, due.negative? ? nil : due / 1000.0)
    IMAP.check(:imap_step, client)
  end
  selected = IMAP.call(:imap_request_take_selected, request)
  puts "#{IMAP::Selected.new(selected)[:exists]} messages in #{IMAP::Selected.new(selected)[:mailbox]}"
  IMAP.imap_selected_free(selected)
  IMAP.imap_request_free(request)
end
