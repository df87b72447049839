# A call that waits is interrupted by what interrupts Ruby: interrupt.rb imaps://user@host

require "timeout"
require_relative "imap"

def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)

IMAP.connect(ARGV.fetch(0), IMAP::OPTION_RETURN_ON_SIGNAL => 1) do |client|
  IMAP.check(:imap_examine, client, "INBOX", nil)

  begun = now
  begin
    Timeout.timeout(0.5) { IMAP.idle(client) }
    puts "Timeout.timeout did not interrupt"
  rescue Timeout::Error
    puts "Timeout.timeout: #{now - begun < 5 ? 'at once' : 'late'}"
  end

  thread = Thread.new { IMAP.idle(client) }
  sleep 0.3
  begun = now
  thread.kill.join
  puts "Thread#kill: #{now - begun < 5 ? 'at once' : 'late'}"

  # The connection is as good as before.
  IMAP.check(:imap_noop, client)
  puts "still connected"
end
