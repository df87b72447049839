"""What the programs here share: imap.cdef read by cffi, errors as exceptions, results that free themselves."""

import os

import cffi

ffi = cffi.FFI()
with open(os.environ.get("LIBIMAP_CDEF", "/usr/local/share/libimap/imap.cdef")) as cdef:
    ffi.cdef(cdef.read())
C = ffi.dlopen(os.environ.get("LIBIMAP", "libimap.so.0.1"))


class Error(Exception):
    """A call that failed: its status, and the message of its imap_error."""


def check(name, *arguments):
    """Calls a function whose last argument is the error."""
    error = ffi.new("imap_error **")
    status = getattr(C, name)(*arguments, error)
    if status != C.IMAP_OK:
        message = text(error[0].message)
        C.imap_error_free(error[0])
        raise Error(text(C.imap_status_name(status)), message)


def call(kind, name, *arguments):
    """The same, for one that gives a result: it is freed when Python no longer needs it."""
    result = ffi.new(f"imap_{kind} **")
    check(name, *arguments, result)
    return ffi.gc(result[0], getattr(C, f"imap_{kind}_free"))


def connect(url):
    options = ffi.gc(C.imap_options_new(), C.imap_options_free)
    for option, variable in [(C.IMAP_OPTION_PASSWORD, "IMAP_PASSWORD"), (C.IMAP_OPTION_CA_FILE, "IMAP_CA_FILE")]:
        if variable in os.environ:
            check("imap_options_set_text", options, option, os.environ[variable].encode())
    return call("client", "imap_connect_url", url.encode(), options)


def text(value):
    return ffi.string(value).decode()


def sender(envelope):
    senders = envelope.from_list
    return text(senders.items[0].label) if senders.count else "(nobody)"
