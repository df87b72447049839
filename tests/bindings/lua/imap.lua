-- libimap for LuaJIT: the whole of imap.h, as the preprocessor leaves it, and three conveniences.

local ffi = require("ffi")
local file = assert(io.open(os.getenv("LIBIMAP_CDEF") or "/usr/local/share/libimap/imap.cdef"))
ffi.cdef(file:read("*a"))
file:close()

local C = ffi.load(os.getenv("LIBIMAP") or "libimap.so.0.1")
local imap = { C = C, ffi = ffi }

-- Calls a function whose last argument is the error.
function imap.check(name, ...)
  local failure = ffi.new("imap_error *[1]")
  local arguments = { ... }
  local count = select("#", ...)
  arguments[count + 1] = failure
  if C[name](unpack(arguments, 1, count + 1)) ~= C.IMAP_OK then
    local message = ffi.string(failure[0].message)
    C.imap_error_free(failure[0])
    error(message, 0)
  end
end

-- Calls a function whose last two arguments are an output of this type and the error; gives the output, which
-- the garbage collector frees.
function imap.call(kind, free, name, ...)
  local out = ffi.new(kind .. " *[1]")
  local arguments = { ... }
  local count = select("#", ...)
  arguments[count + 1] = out
  imap.check(name, unpack(arguments, 1, count + 1))
  return ffi.gc(out[0], C[free])
end

-- A client that is logged in.
function imap.connect(url)
  local options = ffi.gc(C.imap_options_new(), C.imap_options_free)
  C.imap_options_set_text(options, C.IMAP_OPTION_PASSWORD, os.getenv("IMAP_PASSWORD"), nil)
  C.imap_options_set_text(options, C.IMAP_OPTION_CA_FILE, os.getenv("IMAP_CA_FILE"), nil)
  return imap.call("imap_client", "imap_client_free", "imap_connect_url", url, options)
end

return imap
