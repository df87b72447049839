"""imaplib, of Python: peer.py WORKLOAD MODE PORT COUNT [CA]

Of FETCH it gives the bytes of each line and literal (raw); SEARCH and STATUS are a split away from numbers, which is
done here."""

import imaplib
import re
import ssl
import sys
import time

# A line of SEARCH with a million numbers is longer than what it takes by default.
imaplib._MAXLINE = 100_000_000
SIZE = 100_000


def status(name):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(name))


class Measured:
    """The figures of what happens inside it."""

    def __enter__(self):
        self.messages = self.numbers = self.bytes = self.touched = 0
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
        self.memory, self.wall, self.cpu = status("VmRSS"), time.monotonic(), time.process_time()
        return self

    def __exit__(self, *_):
        cpu, wall = time.process_time() - self.cpu, time.monotonic() - self.wall
        print(f"cpu {cpu:.6f} wall {wall:.6f} peak {status('VmHWM') - self.memory} "
              f"sum {self.messages}:0:0:0:{self.numbers}:{self.bytes} touched {self.touched}")

    def fetch(self, answer):
        """Lines, and pairs of a line and a literal."""
        kind, data = answer
        assert kind == "OK"
        for item in data:
            if isinstance(item, tuple):
                line, literal = item
                self.messages += 1
                self.bytes += len(literal)
                self.touched += line[0] + literal[0]
            else:
                self.messages += item != b")"
                self.touched += item[0]


def main():
    workload, port, count = sys.argv[1], int(sys.argv[3]), int(sys.argv[4])
    if len(sys.argv) > 5:
        client = imaplib.IMAP4_SSL("localhost", port, ssl_context=ssl.create_default_context(cafile=sys.argv[5]))
    else:
        client = imaplib.IMAP4("localhost", port)
    client.login("alice", "secret")
    kind = {"W1": "mail", "W2": "bodies", "W3": "large", "W4": "mail", "W5": "hits", "W8": "bodies"}.get(workload)
    if kind:
        client.select(f"{kind}{count}")
    message = b"x" * SIZE
    with Measured() as measured:
        if workload == "W1":
            items = "(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)"
            measured.fetch(client.fetch(f"1:{count}", items))
        elif workload in ("W2", "W8"):
            measured.fetch(client.uid("FETCH", f"1:{count}", "(BODY.PEEK[])"))
        elif workload == "W3":
            measured.fetch(client.uid("FETCH", "1", "(BODY.PEEK[])"))
        elif workload == "W4":
            measured.fetch(client.uid("FETCH", f"1:{count}", "(FLAGS)"))
        elif workload == "W5":
            _, data = client.uid("SEARCH", "ALL")
            numbers = list(map(int, data[0].split()))
            measured.messages, measured.numbers = len(numbers), sum(numbers)
        elif workload == "W6":
            for _ in range(count):
                client.noop()
        elif workload == "W7":
            for number in range(count):
                _, data = client.status(f"box{number}", "(MESSAGES)")
                measured.messages += 1
                measured.numbers += int(re.search(rb"MESSAGES (\d+)", data[0])[1])
        elif workload == "W9":
            for _ in range(count):
                kind, _ = client.append("sent", None, None, message)
                assert kind == "OK"
                measured.messages += 1


main()
