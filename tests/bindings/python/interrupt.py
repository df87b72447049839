"""A call that waits is interrupted by Ctrl-C: interrupt.py imaps://user@host"""

import ctypes
import os
import signal
import sys
import threading
import time

imap = ctypes.CDLL(os.environ.get("LIBIMAP", "libimap.so.0.1"))
pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int64
imap.imap_options_new.restype = pointer
imap.imap_options_set_text.argtypes = [pointer, ctypes.c_int, text, pointer]
imap.imap_options_set_number.argtypes = [pointer, ctypes.c_int, number, pointer]
imap.imap_options_free.argtypes = [pointer]
imap.imap_connect_url.argtypes = [text, pointer, pointer, pointer]
imap.imap_examine.argtypes = [pointer, text, pointer, pointer]
imap.imap_idle.argtypes = [pointer, number, pointer, pointer]
imap.imap_noop.argtypes = [pointer, pointer]
imap.imap_client_free.argtypes = [pointer]

OPTION_CA_FILE, OPTION_PASSWORD, OPTION_RETURN_ON_SIGNAL = 20, 41, 110
ERR_INTERRUPTED = 11


def connect(url):
    options = imap.imap_options_new()
    imap.imap_options_set_text(options, OPTION_PASSWORD, os.environb[b"IMAP_PASSWORD"], None)
    imap.imap_options_set_text(options, OPTION_CA_FILE, os.environb[b"IMAP_CA_FILE"], None)
    imap.imap_options_set_number(options, OPTION_RETURN_ON_SIGNAL, 1, None)
    client = pointer()
    status = imap.imap_connect_url(url.encode(), options, ctypes.byref(client), None)
    imap.imap_options_free(options)
    assert status == 0, status
    return client


def idle(client):
    """Waits for an event; between two calls Python looks whether a signal wants something."""
    while imap.imap_idle(client, -1, None, None) == ERR_INTERRUPTED:
        pass


# Python leaves Ctrl-C ignored where it was started so, as in the background of a script.
signal.signal(signal.SIGINT, signal.default_int_handler)
client = connect(sys.argv[1])
assert imap.imap_examine(client, b"INBOX", None, None) == 0
threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
begun = time.monotonic()
try:
    idle(client)
    print("Ctrl-C did not interrupt")
except KeyboardInterrupt:
    print("Ctrl-C:", "at once" if time.monotonic() - begun < 5 else "late")
assert imap.imap_noop(client, None) == 0
print("still connected")
imap.imap_client_free(client)
