# libimap for Ruby: the part of imap.h that the programs beside this file use.

require "ffi"

module IMAP
  extend FFI::Library
  ffi_lib ENV.fetch("LIBIMAP", "libimap.so.0.1")

  OPTION_CA_FILE = 20
  OPTION_USER = 40
  OPTION_PASSWORD = 41
  OPTION_RETURN_ON_SIGNAL = 110
  ERR_INTERRUPTED = 11
  FLAG_SEEN = 1

  class Failure < StandardError
    attr_reader :status

    def initialize(status, message)
      @status = status
      super(message)
    end
  end

  # A struct of the library with the fields that it begins with; later ones may follow.
  class Record < FFI::Struct
    def self.list(pointer, count)
      pointer.read_array_of_pointer(count).map { |item| new(item) }
    end
  end

  class Error < Record
    layout :status, :int, :message, :string, :server_text, :string
  end

  class Flags < Record
    layout :bits, :uint32
  end

  class Address < Record
    layout :label, :string
  end

  class Addresses < Record
    layout :items, :pointer, :count, :size_t
    def to_a = Address.list(self[:items], self[:count])
  end

  class Envelope < Record
    layout :subject, :string, :from_list, :pointer
    def from = Addresses.new(self[:from_list]).to_a.first
  end

  class Message < Record
    layout :uid, :uint32, :number, :uint32, :flags, :pointer, :modseq, :int64, :size, :int64,
           :internal_date, :int64, :envelope, :pointer, :details, :pointer
    def flags = Flags.new(self[:flags])
    def envelope = Envelope.new(self[:envelope])
    def seen? = flags[:bits].anybits?(FLAG_SEEN)
  end

  class Messages < Record
    layout :items, :pointer, :count, :size_t
    def to_a = Message.list(self[:items], self[:count])
  end

  class Selected < Record
    layout :mailbox, :string, :is_read_only, :bool, :exists, :uint32
  end

  class Numbers < Record
    layout :set, :pointer, :total, :int64
  end

  attach_function :imap_options_new, [], :pointer
  attach_function :imap_options_free, [:pointer], :void
  attach_function :imap_options_set_number, [:pointer, :int, :int64, :pointer], :int
  attach_function :imap_options_set_text, [:pointer, :int, :string, :pointer], :int
  attach_function :imap_connect_url, [:string, :pointer, :pointer, :pointer], :int, blocking: true
  attach_function :imap_start, [:string, :pointer, :pointer, :pointer], :int
  attach_function :imap_noop, [:pointer, :pointer], :int, blocking: true
  attach_function :imap_idle, [:pointer, :int64, :pointer, :pointer], :int, blocking: true
  attach_function :imap_event_free, [:pointer], :void
  attach_function :imap_send, [:pointer, :string, :pointer, :pointer, :pointer], :int
  attach_function :imap_request_is_done, [:pointer], :bool
  attach_function :imap_request_take_selected, [:pointer, :pointer, :pointer], :int, blocking: true
  attach_function :imap_request_free, [:pointer], :void
  attach_function :imap_selected_free, [:pointer], :void
  attach_function :imap_fd, [:pointer], :int
  attach_function :imap_wants, [:pointer], :uint32
  attach_function :imap_timeout_ms, [:pointer], :int64
  attach_function :imap_step, [:pointer, :pointer], :int
  attach_function :imap_logout, [:pointer, :pointer], :int, blocking: true
  attach_function :imap_client_free, [:pointer], :void
  attach_function :imap_examine, [:pointer, :string, :pointer, :pointer], :int, blocking: true
  attach_function :imap_search, [:pointer, :string, :pointer, :pointer, :pointer], :int, blocking: true
  attach_function :imap_fetch, [:pointer, :string, :string, :pointer, :pointer, :pointer], :int, blocking: true
  attach_function :imap_set_text, [:pointer], :string
  attach_function :imap_numbers_free, [:pointer], :void
  attach_function :imap_messages_free, [:pointer], :void
  attach_function :imap_error_free, [:pointer], :void

  # Calls a function whose last two arguments are an output and the error; gives the output.
  def self.call(name, *arguments)
    out = FFI::MemoryPointer.new(:pointer)
    check(name, *arguments, out)
    out.read_pointer
  end

  # Calls a function whose last argument is the error.
  def self.check(name, *arguments)
    error = FFI::MemoryPointer.new(:pointer)
    return if public_send(name, *arguments, error).zero?

    failure = Error.new(error.read_pointer)
    status, message = failure[:status], failure[:message].dup
    imap_error_free(error.read_pointer)
    raise Failure.new(status, message)
  end

  # Waits for an event, and passes it over. A signal is Ruby's own: it raises here what it has to, or the wait goes on.
  def self.idle(client)
    imap_event_free(call(:imap_idle, client, -1))
  rescue Failure => failure
    retry if failure.status == ERR_INTERRUPTED
    raise
  end

  # Runs the block with a client that is logged in.
  def self.connect(url, more = {})
    with_options(more) do |options|
      client = call(:imap_connect_url, url, options)
      yield client
      check(:imap_logout, client)
    ensure
      imap_client_free(client)
    end
  end

  # Runs the block with a client that has only begun to connect.
  def self.begin(url)
    user, host, port = url.match(%r{//(.*)@(.*?):(\d+)}).captures
    with_options(OPTION_USER => user, 1 => port.to_i) do |options|
      client = call(:imap_start, host, options)
      yield client
    ensure
      imap_client_free(client)
    end
  end

  def self.with_options(more)
    options = imap_options_new
    { OPTION_PASSWORD => ENV["IMAP_PASSWORD"], OPTION_CA_FILE => ENV["IMAP_CA_FILE"] }.merge(more).each do |option, value|
      value.is_a?(Integer) ? imap_options_set_number(options, option, value, nil) : imap_options_set_text(options, option, value, nil)
    end
    yield options
  ensure
    imap_options_free(options)
  end
end
