# net-imap, of Ruby: peer.rb WORKLOAD MODE PORT COUNT [CA]

require "net/imap"

MESSAGE = "x" * 100_000
ITEMS = %w[UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE].freeze
@messages = @addresses = @flags = @parts = @numbers = @bytes = @touched = 0

def status(name)
  File.foreach("/proc/self/status").find { |line| line.start_with?(name) }.split[1].to_i
end

def measured
  File.write("/proc/self/clear_refs", "5")
  memory = status("VmRSS")
  wall = Process.clock_gettime(Process::CLOCK_MONOTONIC)
  cpu = Process.clock_gettime(Process::CLOCK_PROCESS_CPUTIME_ID)
  yield
  cpu = Process.clock_gettime(Process::CLOCK_PROCESS_CPUTIME_ID) - cpu
  wall = Process.clock_gettime(Process::CLOCK_MONOTONIC) - wall
  puts format("cpu %.6f wall %.6f peak %d sum %d:%d:%d:%d:%d:%d touched %d", cpu, wall, status("VmHWM") - memory,
              @messages, @addresses, @flags, @parts, @numbers, @bytes, @touched)
end

def touch(*texts)
  texts.each { |text| @touched += text.getbyte(0) || 0 if text }
end

def read_envelope(envelope)
  touch(envelope.date, envelope.subject, envelope.in_reply_to, envelope.message_id)
  [envelope.from, envelope.sender, envelope.reply_to, envelope.to, envelope.cc, envelope.bcc].each do |list|
    list&.each do |address|
      @addresses += 1
      touch(address.name, address.route, address.mailbox, address.host)
    end
  end
end

def read_structure(part)
  @parts += 1
  touch(part.media_type, part.subtype)
  part.param&.each { |name, value| touch(name, value) }
  if part.disposition
    touch(part.disposition.dsp_type)
    part.disposition.param&.each { |name, value| touch(name, value) }
  end
  if part.multipart?
    part.parts.each { |child| read_structure(child) }
  else
    touch(part.content_id, part.description, part.encoding, part.md5)
    @touched += part.size
    if part.is_a?(Net::IMAP::BodyTypeMessage)
      read_envelope(part.envelope) if part.envelope
      read_structure(part.body) if part.body
    end
  end
end

def read(answer)
  answer.each do |data|
    @messages += 1
    data.attr.each do |name, value|
      case name
      when "UID", "RFC822.SIZE" then @numbers += value
      when "FLAGS"
        @flags += value.size
        value.each { |flag| @touched += flag.is_a?(Symbol) ? 1 : flag.getbyte(0) }
      when "INTERNALDATE" then touch(value)
      when "ENVELOPE" then read_envelope(value)
      when "BODYSTRUCTURE" then read_structure(value)
      when "BODY[]"
        @bytes += value.bytesize
        touch(value)
      end
    end
  end
end

workload, _, port, count, ca = ARGV
count = count.to_i
client = Net::IMAP.new("localhost", port: port.to_i, ssl: ca ? { ca_file: ca } : false)
client.login("alice", "secret")
kind = { "W1" => "mail", "W2" => "bodies", "W3" => "large", "W4" => "mail", "W5" => "hits", "W8" => "bodies" }[workload]
client.select("#{kind}#{count}") if kind
measured do
  case workload
  when "W1" then read(client.fetch(1..count, ITEMS))
  when "W2", "W8" then read(client.uid_fetch(1..count, "BODY.PEEK[]"))
  when "W3" then read(client.uid_fetch(1, "BODY.PEEK[]"))
  when "W4" then read(client.uid_fetch(1..count, "FLAGS"))
  when "W5"
    found = client.uid_search("ALL")
    @messages = found.size
    @numbers = found.sum
  when "W6" then count.times { client.noop }
  when "W7"
    count.times do |number|
      @messages += 1
      @numbers += client.status("box#{number}", ["MESSAGES"])["MESSAGES"]
    end
  when "W9"
    count.times do
      client.append("sent", MESSAGE)
      @messages += 1
    end
  end
end
