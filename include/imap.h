/* libimap: an IMAP client for C and for everything that can call C.
 *
 * Enumerations come first, then types, then functions. Read this page, then the functions, each group of
 * which opens with how to use it; look types up as you meet them.
 *
 *     imap_client *client;  imap_selected *inbox;  imap_messages *messages;  imap_error *error;
 *
 *     if (imap_connect("imap.example.org", NULL, &client, &error)) return fail(error);
 *     if (imap_login(client, "bob", password, &error)) return fail(error);
 *     if (imap_select(client, "INBOX", &inbox, &error)) return fail(error);
 *     if (imap_fetch(client, "1:*", "FLAGS ENVELOPE", NULL, &messages, &error)) return fail(error);
 *     for (size_t i = 0; i < messages->count; i++)
 *         puts(messages->items[i]->envelope->subject);
 *     imap_messages_free(messages);  imap_selected_free(inbox);  imap_client_free(client);
 *
 * CALLS. Every call that can fail returns an imap_status (IMAP_OK is 0) and takes, in this order: the
 * object, inputs, outputs, error. Outputs and error are written every time: the output is NULL (0) after
 * a failure, the error NULL after success; so both can be freed without asking. Either may be passed as
 * NULL by a caller who does not want it. A call for an IMAP command bears the command's name (IDLE is
 * imap_idle; exceptions: imap_status_of, imap_close_mailbox).
 * Any call may return IMAP_ERR_INVALID, FORKED, NO_MEMORY, INTERNAL; one that blocks also CLOSED, TIMEOUT,
 * CANCELLED, INTERRUPTED, PROTOCOL, LIMIT; a command also NO, BAD, STATE, UNSUPPORTED. Others are named.
 * One that blocks does so until the server answered, a timeout of the options passed, or it was cancelled.
 *
 * RESULTS. A visible struct is made by the library only: never allocate one, copy one or take its sizeof;
 * later versions append fields (and enumerators: have a default). All that it points to belongs to it and
 * goes with its one _free (NULL is fine). It is immutable, outlives the client, and may be used and freed by
 * any thread. An array of pointers ends with NULL and has a count too. Lists inside a result (imap_texts,
 * imap_pairs, imap_addresses, imap_set) are never NULL, only empty.
 *
 * STRINGS AND NUMBERS. Text is UTF-8, NUL-terminated, decoded for display, without control characters. It
 * comes from strangers: never use it as a path or a command. Bytes are a pointer and x_len, with one NUL
 * behind. Absent is: 0 for uid, uid_validity and message numbers (uint32_t); -1 for sizes, modseq and times
 * (int64_t, times in seconds since 1970 UTC); NULL for the rest.
 *
 * IMAP TEXT. What RFC 9051 and its extensions let a command say, you say in their own words: search keys,
 * fetch items, RETURN options, (CHANGEDSINCE ...). The library parses it, checks that the server can do
 * it, and encodes it. Where text can hold values it is followed by `params`: an array of strings that ends
 * with NULL, one for each `?` that stands alone in the text (NULL: no values, `?` is a plain character).
 *
 *     const char *params[] = {"Zoë", "2003-04-01", NULL};
 *     imap_search(client, "FROM ? SINCE ?", params, &found, &error);
 *
 * The place says what a value is: a string, mailbox, number, set, flag or date ("1-Apr-2003", "2003-04-01").
 * It is checked and quoted, so nothing can be injected. Elsewhere `?` is a string.
 *
 * MESSAGES are named by UID: "42", "1:*", "7,9:12", "$" (last saved search). A leading # means message
 * numbers: "#1:10"; it also begins search criteria: "# UNSEEN". An empty set is legal and sends nothing.
 *
 * LATER, OR MANY AT ONCE. Every command that has a function can also be sent: imap_send() takes the whole
 * command as IMAP text and gives an imap_request, to be waited for, polled, cancelled, and emptied with
 * imap_request_take_...(). The functions are exactly that: send, wait, take.
 *
 * THREADS. Any function, any thread, any time, also on one client; only _free must be the last use (a call
 * that is inside then ends with CLOSED). Each comment says whether a call blocks. The library keeps no
 * threads, installs no signal handler, and calls you back only on a thread that is inside one of its calls,
 * holding no lock. After fork() the child's calls return IMAP_ERR_FORKED. Free things in any order.
 *
 * MUCH, OR MANY. For answers that should never be whole in memory see Streams, for messages that are sent as
 * they are read Uploads, for waiting for news Events, for thousands of connections on one thread Event loops. */

#ifndef IMAP_H
#define IMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IMAP_VERSION_MAJOR 0
#define IMAP_VERSION_MINOR 1
#define IMAP_VERSION_PATCH 0
#define IMAP_VERSION "0.1.0"

/// What a call came to. Values never change; treat one that you do not know as a failure.
typedef enum {
  IMAP_OK = 0,
  /// An argument is NULL, malformed, out of bounds, or would break the protocol. Nothing was sent.
  IMAP_ERR_INVALID = 1,
  /// The server said NO: see the error's code and server_text.
  IMAP_ERR_NO = 2,
  /// The server said BAD: it did not understand the command.
  IMAP_ERR_BAD = 3,
  /// The connection has ended: BYE, end of stream, disconnect, logout.
  IMAP_ERR_CLOSED = 4,
  /// The credentials were refused, or the server failed to prove that it knows them.
  IMAP_ERR_AUTH = 5,
  /// No address could be found or reached.
  IMAP_ERR_CONNECT = 6,
  /// TLS could not be set up, or STARTTLS was refused or tampered with.
  IMAP_ERR_TLS = 7,
  /// The certificate is not trusted, expired, or made for another host.
  IMAP_ERR_CERTIFICATE = 8,
  /// The deadline passed. See the error's is_usable for the connection.
  IMAP_ERR_TIMEOUT = 9,
  /// imap_cancel() or imap_request_cancel() ended it.
  IMAP_ERR_CANCELLED = 10,
  /// A signal came and IMAP_OPTION_RETURN_ON_SIGNAL is set. Call again to go on.
  IMAP_ERR_INTERRUPTED = 11,
  /// The server broke the protocol beyond repair; the connection is closed.
  IMAP_ERR_PROTOCOL = 12,
  /// The server lacks the capability (named in the message). Nothing was sent.
  IMAP_ERR_UNSUPPORTED = 13,
  /// Not in this state: not logged in, no mailbox selected, request of another kind. Nothing was sent.
  IMAP_ERR_STATE = 14,
  /// The mailbox is read-only, or became so.
  IMAP_ERR_READ_ONLY = 15,
  /// More data than the limits in the options allow.
  IMAP_ERR_LIMIT = 16,
  /// A callback returned false.
  IMAP_ERR_STOPPED = 17,
  /// The client was made before fork(), in the parent.
  IMAP_ERR_FORKED = 18,
  /// Memory ran out.
  IMAP_ERR_NO_MEMORY = 19,
  /// A fault in libimap; the client is good for imap_client_free() only. Please report it.
  IMAP_ERR_INTERNAL = 20,
} imap_status;

/// Response codes (RFC 9051 section 7.1, RFC 5530 and the registry).
typedef enum {
  /// One that is not in this list: see its name and text. New ones are added at the end.
  IMAP_CODE_OTHER = 0,
  IMAP_CODE_ALERT,
  IMAP_CODE_ALREADYEXISTS,
  IMAP_CODE_ANNOTATE,
  IMAP_CODE_ANNOTATIONS,
  IMAP_CODE_APPENDUID,
  IMAP_CODE_AUTHENTICATIONFAILED,
  IMAP_CODE_AUTHORIZATIONFAILED,
  IMAP_CODE_BADCHARSET,
  IMAP_CODE_BADCOMPARATOR,
  IMAP_CODE_BADEVENT,
  IMAP_CODE_BADURL,
  IMAP_CODE_CANNOT,
  IMAP_CODE_CAPABILITY,
  IMAP_CODE_CLIENTBUG,
  IMAP_CODE_CLOSED,
  IMAP_CODE_COMPRESSIONACTIVE,
  IMAP_CODE_CONTACTADMIN,
  IMAP_CODE_COPYUID,
  IMAP_CODE_CORRUPTION,
  IMAP_CODE_EXPIRED,
  IMAP_CODE_EXPUNGEISSUED,
  IMAP_CODE_HASCHILDREN,
  IMAP_CODE_HIGHESTMODSEQ,
  IMAP_CODE_INPROGRESS,
  IMAP_CODE_INUSE,
  IMAP_CODE_LIMIT,
  IMAP_CODE_MAILBOXID,
  IMAP_CODE_MESSAGELIMIT,
  IMAP_CODE_METADATA,
  IMAP_CODE_MODIFIED,
  IMAP_CODE_NEWNAME,
  IMAP_CODE_NOMODSEQ,
  IMAP_CODE_NONEXISTENT,
  IMAP_CODE_NOPERM,
  IMAP_CODE_NOTIFICATIONOVERFLOW,
  IMAP_CODE_NOTSAVED,
  IMAP_CODE_NOUPDATE,
  IMAP_CODE_OVERQUOTA,
  IMAP_CODE_PARSE,
  IMAP_CODE_PERMANENTFLAGS,
  IMAP_CODE_PRIVACYREQUIRED,
  IMAP_CODE_READ_ONLY,
  IMAP_CODE_READ_WRITE,
  IMAP_CODE_REFERRAL,
  IMAP_CODE_SERVERBUG,
  IMAP_CODE_THROTTLED,
  IMAP_CODE_TOOBIG,
  IMAP_CODE_TRYCREATE,
  IMAP_CODE_UIDNEXT,
  IMAP_CODE_UIDNOTSTICKY,
  IMAP_CODE_UIDREQUIRED,
  IMAP_CODE_UIDVALIDITY,
  IMAP_CODE_UNAVAILABLE,
  IMAP_CODE_UNDEFINED_FILTER,
  IMAP_CODE_UNKNOWN_CTE,
  IMAP_CODE_UNSEEN,
  IMAP_CODE_URLMECH,
  IMAP_CODE_USEATTR,
} imap_code;

/// Who did it, or who says so.
typedef enum {
  IMAP_ORIGIN_SERVER = 0,
  /// Done by other commands, with what the documentation of the call says was lost.
  IMAP_ORIGIN_EMULATED = 1,
  /// Concluded from a name.
  IMAP_ORIGIN_GUESSED = 2,
} imap_origin;

/// Settings of an imap_options. Behind each: what it takes, [default], meaning. Times are milliseconds,
/// -1 is "no limit". On or off is the number 1 or 0.
typedef enum {
  /// Number, or text with a number or service name [993, or 143 without implicit TLS].
  IMAP_OPTION_PORT = 1,
  /// Number, an imap_tls [IMAP_TLS_IMPLICIT].
  IMAP_OPTION_TLS = 2,
  /// Text: IP addresses to use instead of resolving the host, separated by spaces.
  IMAP_OPTION_ADDRESSES = 3,
  /// Text: "socks5://user:password@host:1080", also socks4, socks4a and http (CONNECT), user and password
  /// percent-encoded, or "socks5://host" [port 1080, of http 8080]. The proxy looks the host up, but for socks4; TLS
  /// verifies the host, not the proxy. Wiped with the options.
  IMAP_OPTION_PROXY = 4,
  /// On or off [1]: find a peer that is gone by TCP's keepalive; see IMAP_OPTION_DEAD_PEER.
  IMAP_OPTION_TCP_KEEPALIVE = 5,
  /// Text: PEM file, or folder of such, with certificates to trust beside the system's.
  IMAP_OPTION_CA_FILE = 20,
  /// Bytes: the same, in memory.
  IMAP_OPTION_CA_PEM = 21,
  /// On or off [1]: trust the system's certificates too.
  IMAP_OPTION_CA_SYSTEM = 22,
  /// Number, 12 or 13 [12]: TLS 1.2 or 1.3 at least.
  IMAP_OPTION_TLS_MINIMUM = 23,
  /// Text: the name to ask for and to verify [the host].
  IMAP_OPTION_TLS_HOST = 24,
  /// Text: file with the client's certificate, PKCS#12 or PEM; or bytes: the same in memory.
  IMAP_OPTION_CLIENT_CERTIFICATE = 25,
  /// Text: file with the PEM key (PKCS#8), if it is not in the certificate's; or bytes.
  IMAP_OPTION_CLIENT_KEY = 26,
  /// Text: password of the PKCS#12 file.
  IMAP_OPTION_CLIENT_KEY_PASSWORD = 27,
  /// Text: SHA-256 of the server's public key (its SubjectPublicKeyInfo) in base64, or several, separated by spaces: any
  /// other is refused, beside all else that is checked.
  IMAP_OPTION_PIN = 28,
  /// On or off [0]: accept any certificate and any name. Anyone can then read all, passwords included.
  IMAP_OPTION_DANGER_NO_VERIFICATION = 29,
  /// Text: log in as this user while connecting, with IMAP_OPTION_PASSWORD.
  IMAP_OPTION_USER = 40,
  /// Text. Wiped with the options.
  IMAP_OPTION_PASSWORD = 41,
  /// Text: an OAuth 2.0 bearer token, in place of the password.
  IMAP_OPTION_TOKEN = 42,
  /// Text: mechanisms that may be used, best first [the best that both sides have; of a token OAUTHBEARER, XOAUTH2].
  IMAP_OPTION_MECHANISMS = 43,
  /// Text: the user to act as, if not the one who logs in.
  IMAP_OPTION_ACT_AS = 44,
  /// Text: the realm for DIGEST-MD5 [the server's first].
  IMAP_OPTION_REALM = 45,
  /// On or off [0]: allow passwords over an unencrypted connection.
  IMAP_OPTION_DANGER_PLAINTEXT_LOGIN = 46,
  /// On or off [1]: send the initial response with AUTHENTICATE where the server allows it.
  IMAP_OPTION_SASL_IR = 47,
  /// On or off [0]: keep the credentials of a login in memory for imap_reconnect(), and what it needs to tell what
  /// changed meanwhile.
  IMAP_OPTION_KEEP_CREDENTIALS = 48,
  /// Text: capabilities to ENABLE after each login, as far as the server has them: "CONDSTORE UTF8=ACCEPT".
  IMAP_OPTION_ENABLE = 49,
  /// Text: "name=libfoo version=1.0": who you are, sent with ID after each login, if the server has ID.
  IMAP_OPTION_ID = 51,
  /// On or off [0]: COMPRESS=DEFLATE after each login, if the server has it: see imap_compress().
  IMAP_OPTION_COMPRESS = 50,
  /// Resolve and connect [30000].
  IMAP_OPTION_CONNECT_TIMEOUT = 60,
  /// TLS handshake [30000].
  IMAP_OPTION_TLS_TIMEOUT = 61,
  /// Greeting [30000].
  IMAP_OPTION_GREETING_TIMEOUT = 62,
  /// A command during which not a byte moves, either way [60000].
  IMAP_OPTION_COMMAND_TIMEOUT = 63,
  /// How long a connection may take to end after the server's goodbye [5000].
  IMAP_OPTION_CLOSE_TIMEOUT = 64,
  /// IDLE is renewed after this long, at most 29 minutes [540000].
  IMAP_OPTION_IDLE_RENEW = 65,
  /// A peer that is silent for so long though it should answer, or whose TCP does, is given up [60000].
  IMAP_OPTION_DEAD_PEER = 66,
  /// How often NOOP and STATUS ask for news where the server cannot tell by itself [60000].
  IMAP_OPTION_POLL_INTERVAL = 67,
  /// A command in all [-1].
  IMAP_OPTION_COMMAND_DEADLINE = 68,
  /// Bytes in one line [64 MiB].
  IMAP_OPTION_MAX_LINE = 80,
  /// Bytes in one literal [1 GiB].
  IMAP_OPTION_MAX_LITERAL = 81,
  /// Bytes in one result [4 GiB].
  IMAP_OPTION_MAX_RESULT = 82,
  /// Depth of lists and body parts [64].
  IMAP_OPTION_MAX_NESTING = 83,
  /// Addresses in one envelope [65536].
  IMAP_OPTION_MAX_ADDRESSES = 84,
  /// Events waiting in the queue [10000]; then the oldest go and IMAP_EVENT_OVERFLOW says so.
  IMAP_OPTION_MAX_EVENTS = 85,
  /// SCRAM iterations that we accept at least [4096].
  IMAP_OPTION_MIN_ITERATIONS = 86,
  /// SCRAM iterations that we accept at most [1000000].
  IMAP_OPTION_MAX_ITERATIONS = 87,
  /// Challenges in one authentication [8].
  IMAP_OPTION_MAX_SASL_ROUNDS = 88,
  /// Bytes in one command line that we send [8000]; longer sets are split over several commands. Servers that are known
  /// to take less get less.
  IMAP_OPTION_MAX_COMMAND_LINE = 89,
  /// Commands in flight [128].
  IMAP_OPTION_MAX_IN_FLIGHT = 90,
  /// Largest literal sent without asking first, if the server has LITERAL+ [65536].
  IMAP_OPTION_MAX_UNASKED_LITERAL = 91,
  /// What a cancelled command may still cost before the connection is given up: bytes [16 MiB] ...
  IMAP_OPTION_DRAIN_BYTES = 92,
  /// ... and time [10000].
  IMAP_OPTION_DRAIN_TIMEOUT = 93,
  /// On or off [0]: a bare CR or LF in the bytes and files of a message to be appended becomes CRLF; in one that has
  /// a NUL in its bytes nothing does. The size is announced before, so files are read twice, and where that cannot be,
  /// as with pipes, readers and what is written later, the upload is INVALID: turn this off for them, by
  /// imap_configure(), and give them CRLF.
  IMAP_OPTION_APPEND_CRLF = 94,
  /// Bytes of an unread stream that are kept when its reader calls something else first [0]; 0 or more than
  /// that: the call fails with IMAP_ERR_STATE.
  IMAP_OPTION_SPOOL = 95,
  /// On or off [0]: a wait returns IMAP_ERR_INTERRUPTED when a signal arrives.
  IMAP_OPTION_RETURN_ON_SIGNAL = 110,
  /// On or off [1]: do by other means what the server cannot (the result's origin says so); off: UNSUPPORTED.
  IMAP_OPTION_EMULATE = 111,
  /// Bytes of redacted traffic that are kept at most for the error's trace and imap_get_trace() [65536]; 0: none.
  IMAP_OPTION_TRACE = 112,
} imap_option;

/// Kind of a line given to a log callback.
typedef enum {
  IMAP_LOG_SENT = 0,
  IMAP_LOG_RECEIVED = 1,
  /// What the library does: addresses tried, TLS, retries, why a connection ended.
  IMAP_LOG_NOTE = 2,
} imap_log_kind;

/// What a read or write callback returns. 0, which a raised exception gives, stops everything.
typedef enum {
  IMAP_IO_FAILED = 0,
  IMAP_IO_DONE = 1,
  /// Nothing now: ask again soon.
  IMAP_IO_AGAIN = 2,
  /// No more bytes will come.
  IMAP_IO_FINISHED = 3,
} imap_io;

/// Shape of an imap_value.
typedef enum {
  IMAP_VALUE_NIL = 0,
  IMAP_VALUE_ATOM = 1,
  IMAP_VALUE_NUMBER = 2,
  IMAP_VALUE_STRING = 3,
  IMAP_VALUE_LIST = 4,
} imap_value_kind;

/// What was wrong with something that the server sent and that was understood all the same.
typedef enum {
  /// Does not follow the grammar.
  IMAP_DEFECT_SYNTAX = 0,
  /// A field is missing.
  IMAP_DEFECT_MISSING = 1,
  /// Cannot be decoded: charset, encoded word, base64, modified UTF-7.
  IMAP_DEFECT_ENCODING = 2,
  /// A number is out of bounds.
  IMAP_DEFECT_NUMBER = 3,
  /// Deeper, longer or more than the limits allow; cut there.
  IMAP_DEFECT_LIMIT = 4,
  /// Belongs to no message, mailbox or command that we know.
  IMAP_DEFECT_FOREIGN = 5,
} imap_defect_kind;

/// Where the session stands (RFC 9051 section 3).
typedef enum {
  IMAP_STATE_CONNECTING = 0,
  IMAP_STATE_NOT_AUTHENTICATED = 1,
  IMAP_STATE_AUTHENTICATED = 2,
  IMAP_STATE_SELECTED = 3,
  IMAP_STATE_LOGOUT = 4,
} imap_state;

/// What a mailbox is for (RFC 6154).
typedef enum {
  IMAP_ROLE_NONE = 0,
  IMAP_ROLE_INBOX = 1,
  IMAP_ROLE_ALL = 2,
  IMAP_ROLE_ARCHIVE = 3,
  IMAP_ROLE_DRAFTS = 4,
  IMAP_ROLE_FLAGGED = 5,
  IMAP_ROLE_IMPORTANT = 6,
  IMAP_ROLE_JUNK = 7,
  IMAP_ROLE_SENT = 8,
  IMAP_ROLE_TRASH = 9,
} imap_role;

/// What an imap_event tells. In brackets: the fields that are set.
typedef enum {
  /// A response that the others do not cover [name, values].
  IMAP_EVENT_OTHER = 0,
  /// The mailbox now has `number` messages.
  IMAP_EVENT_EXISTS = 1,
  /// `number` of them are recent.
  IMAP_EVENT_RECENT = 2,
  /// Message `number` is gone [number, uid if known]; those above it moved down by one.
  IMAP_EVENT_EXPUNGE = 3,
  /// Messages are gone [set]; is_earlier if they went before the mailbox was selected.
  IMAP_EVENT_VANISHED = 4,
  /// Flags or other data of a message [message, number, uid].
  IMAP_EVENT_MESSAGE = 5,
  /// The flags of the mailbox changed [flags]: usable ones, or permanent ones if code says so.
  IMAP_EVENT_FLAGS = 6,
  /// A mailbox was made, renamed, subscribed, ... [mailbox].
  IMAP_EVENT_MAILBOX = 7,
  /// Counts of a mailbox changed [counts].
  IMAP_EVENT_STATUS = 8,
  /// Metadata, ACL or quota changed [text: the mailbox or root].
  IMAP_EVENT_METADATA = 9,
  /// A text for the user [text, code]. If is_early, it came before TLS or login: do not trust it.
  IMAP_EVENT_ALERT = 10,
  /// Another untagged OK, NO or BAD [name, text, code].
  IMAP_EVENT_NOTICE = 11,
  /// The selected mailbox became read-only, or read-write again [code].
  IMAP_EVENT_ACCESS = 12,
  /// The capabilities changed.
  IMAP_EVENT_CAPABILITY = 13,
  /// The answer of a search with RETURN (UPDATE) changed [update_id, position, set, is_removed].
  IMAP_EVENT_SEARCH = 14,
  /// A long command goes on [text, done, total].
  IMAP_EVENT_PROGRESS = 15,
  /// The mailbox is no longer selected.
  IMAP_EVENT_UNSELECTED = 16,
  /// Connected and, if the options say so, logged in.
  IMAP_EVENT_CONNECTED = 17,
  /// The server says goodbye [text, code].
  IMAP_EVENT_BYE = 18,
  /// The connection is gone [text].
  IMAP_EVENT_CLOSED = 19,
  /// Events were lost here: look at the mailbox afresh.
  IMAP_EVENT_OVERFLOW = 20,
  /// The tagged reply of a command [name: OK, NO, BAD; text, code].
  IMAP_EVENT_TAGGED = 21,
} imap_event_kind;

/// What imap_watch() uses.
typedef enum {
  IMAP_WATCH_NOTIFY = 0,
  /// IDLE on the selected mailbox, STATUS from time to time for the rest.
  IMAP_WATCH_IDLE = 1,
  /// NOOP and STATUS from time to time.
  IMAP_WATCH_POLL = 2,
} imap_watch_means;

/// What imap_body_read() undoes.
typedef enum {
  /// Nothing: bytes as stored.
  IMAP_DECODING_NONE = 0,
  /// base64 and quoted-printable: the attachment as it was.
  IMAP_DECODING_TRANSFER = 1,
  /// That and the charset: UTF-8.
  IMAP_DECODING_TEXT = 2,
} imap_decoding;

/// Bits of imap_mailbox.attributes (RFC 9051 section 7.3.1).
typedef enum {
  IMAP_ATTRIBUTE_NO_INFERIORS = 1,
  IMAP_ATTRIBUTE_NO_SELECT = 2,
  IMAP_ATTRIBUTE_NON_EXISTENT = 4,
  IMAP_ATTRIBUTE_HAS_CHILDREN = 8,
  IMAP_ATTRIBUTE_HAS_NO_CHILDREN = 16,
  IMAP_ATTRIBUTE_MARKED = 32,
  IMAP_ATTRIBUTE_UNMARKED = 64,
  IMAP_ATTRIBUTE_SUBSCRIBED = 128,
  IMAP_ATTRIBUTE_REMOTE = 256,
} imap_attribute;

/// Bits of imap_flags.bits (RFC 9051 section 2.3.2 and registered keywords).
typedef enum {
  IMAP_FLAG_SEEN = 1,
  IMAP_FLAG_ANSWERED = 2,
  IMAP_FLAG_FLAGGED = 4,
  IMAP_FLAG_DELETED = 8,
  IMAP_FLAG_DRAFT = 16,
  IMAP_FLAG_RECENT = 32,
  IMAP_FLAG_FORWARDED = 64,
  IMAP_FLAG_MDN_SENT = 128,
  IMAP_FLAG_JUNK = 256,
  IMAP_FLAG_NOT_JUNK = 512,
  IMAP_FLAG_PHISHING = 1024,
  IMAP_FLAG_IMPORTANT = 2048,
  /// In permanent_flags: new keywords may be made.
  IMAP_FLAG_ANY = 4096,
} imap_flag;

/// How the connection is secured. There is no "if possible".
typedef enum {
  /// TLS from the first byte.
  IMAP_TLS_IMPLICIT = 0,
  /// STARTTLS, or fail.
  IMAP_TLS_STARTTLS = 1,
  /// No TLS: everybody on the way can read and change what is sent.
  IMAP_TLS_NONE = 2,
} imap_tls;

/// Bits of imap_wants(); on Linux, macOS and the BSDs the values of POLLIN and POLLOUT.
typedef enum {
  IMAP_WANTS_READ = 1,
  IMAP_WANTS_WRITE = 4,
} imap_want;

/// A section of a message that is read piece by piece. Opaque; one thread at a time.
typedef struct imap_body imap_body;

/// A connection, or one being made. Opaque; any thread.
typedef struct imap_client imap_client;

/// Settings for connecting. Opaque.
typedef struct imap_options imap_options;

/// A command in flight and its answer. Opaque; any thread.
typedef struct imap_request imap_request;

/// UIDs or message numbers, kept as ranges in the order given. Opaque; a const one is good for any thread.
typedef struct imap_set imap_set;

/// One or more messages to be appended. Opaque; one thread at a time.
typedef struct imap_upload imap_upload;

/// Texts, in the order sent.
typedef struct {
  const char *const *items;
  size_t count;
} imap_texts;

/// UIDs given by APPEND, COPY and MOVE (RFC 4315). Both sets run side by side in the order sent.
typedef struct {
  /// 0: the server did not tell; then both sets are empty.
  uint32_t uid_validity;
  /// COPY and MOVE: the UIDs that were copied; otherwise empty.
  const imap_set *sources;
  const imap_set *uids;
  /// IMAP_ORIGIN_EMULATED: not atomic; see the call.
  imap_origin origin;
  /// Where a MESSAGELIMIT (RFC 9738) stopped the server for good: the lowest UID done; 0: it did not.
  uint32_t limited_at;
} imap_assigned;

/// The [CODE ...] of a reply, with its data where it has any.
typedef struct {
  imap_code code;
  /// "UIDNEXT"
  const char *name;
  /// What follows the name, as sent; NULL if nothing.
  const char *text;
  /// UIDNEXT, UIDVALIDITY, UNSEEN, HIGHESTMODSEQ, MESSAGELIMIT, METADATA LONGENTRIES and MAXSIZE, ANNOTATIONS (the
  /// longest value), INPROGRESS (how far it is), ... else -1.
  int64_t number;
  /// CAPABILITY, BADCHARSET, PERMANENTFLAGS, BADEVENT, MAILBOXID, REFERRAL, ANNOTATIONS, ... else empty.
  const imap_texts *texts;
  /// MODIFIED, else empty.
  const imap_set *set;
  /// APPENDUID and COPYUID, else NULL.
  const imap_assigned *assigned;
} imap_response_code;

/// Why a call failed. Owned by whoever asked for it.
typedef struct {
  imap_status status;
  /// One line for people and logs; never NULL.
  const char *message;
  /// What the server said, or NULL.
  const char *server_text;
  /// Its response code, or NULL.
  const imap_response_code *code;
  /// More from an authentication: the JSON of OAuth. NULL if there is none.
  const char *server_data;
  /// "UID FETCH"; NULL if it was none.
  const char *command;
  /// errno, or 0.
  int32_t os_code;
  /// server_text came before TLS or login: anyone may have written it.
  bool is_early;
  /// The connection can still be used.
  bool is_usable;
  /// The command was sent and no reply came: it may have been done.
  bool may_be_done;
  /// The same call may succeed later.
  bool is_retryable;
  /// After so many milliseconds, -1: not told.
  int64_t retry_after;
  /// The last traffic before a connection was lost, as of imap_get_trace(); otherwise NULL.
  const char *trace;
} imap_error;

/// One line, without its line end, clean for a terminal, secrets replaced by ***. A literal is told by the {size} that
/// ends a line; the line behind it are its first bytes, CR and LF as \u240d and \u240a. Returns true to go on, false to
/// hear no more.
typedef bool (*imap_log_callback)(void *userdata, imap_log_kind kind, const char *line);

/// Releases what was given as userdata; called exactly once, when it is no longer needed.
typedef void (*imap_release_callback)(void *userdata);

/// Up to capacity bytes into buffer, their number into length.
typedef imap_io (*imap_read_callback)(void *userdata, uint8_t *buffer, size_t capacity, size_t *length);

/// Some of data onwards, the number taken into length.
typedef imap_io (*imap_write_callback)(void *userdata, const uint8_t *data, size_t data_len, size_t *length);

/// Flags of a message or mailbox.
typedef struct {
  /// IMAP_FLAG_...
  uint32_t bits;
  /// All others, as sent.
  const char *const *keywords;
  size_t keyword_count;
  /// All of them in IMAP's form, good for imap_append(): "\Seen $Junk project-x".
  const char *text;
} imap_flags;

/// One address, or the head of an empty group (address NULL, group set).
typedef struct {
  /// What to show: the name, else the address, else the group; never NULL.
  const char *label;
  /// "Zoë Müller"; NULL if none.
  const char *name;
  /// "zoe@example.org"; without "@" if the host is missing.
  const char *address;
  /// What stands before the "@".
  const char *mailbox;
  /// What stands behind it.
  const char *host;
  /// Name of the group that it belongs to, or NULL.
  const char *group;
  /// The name before decoding.
  const uint8_t *raw_name;
  size_t raw_name_len;
} imap_address;

/// Addresses, in the order sent.
typedef struct {
  const imap_address *const *items;
  size_t count;
} imap_addresses;

/// ENVELOPE (RFC 9051 section 7.5.2). Address lists are never NULL, only empty.
typedef struct {
  /// "" if there is none (then raw_subject is NULL).
  const char *subject;
  const imap_addresses *from_list;
  const imap_addresses *sender_list;
  const imap_addresses *reply_to_list;
  const imap_addresses *to_list;
  const imap_addresses *cc_list;
  const imap_addresses *bcc_list;
  const char *message_id;
  const char *in_reply_to;
  /// The Date field in seconds since 1970 UTC: -1 if it cannot be understood.
  int64_t date;
  /// Its zone in minutes east of UTC.
  int32_t date_zone;
  /// The Date field as sent.
  const char *date_text;
  /// The Subject field before decoding.
  const uint8_t *raw_subject;
  size_t raw_subject_len;
} imap_envelope;

/// A name and its value: header field, body parameter, extension.
typedef struct {
  const char *name;
  /// NULL: NIL.
  const char *value;
} imap_pair;

/// Pairs, in the order sent.
typedef struct {
  const imap_pair *const *items;
  size_t count;
} imap_pairs;

/// A value of a kind that the library has no struct for. Lists are flat, in the order sent: what follows a
/// list with a greater depth is inside it.
typedef struct {
  imap_value_kind kind;
  uint32_t depth;
  /// Atom, number or string as text; NULL for lists and NIL.
  const char *text;
  /// The same as sent.
  const uint8_t *data;
  size_t data_len;
  /// -1 if it is not a number.
  int64_t number;
} imap_value;

/// Something the server sent that this version does not know, kept whole.
typedef struct {
  const char *name;
  const imap_value *const *values;
  size_t value_count;
  const uint8_t *raw;
  size_t raw_len;
} imap_item;

/// One part of a message (BODYSTRUCTURE). Parts come flat, each before its children.
typedef struct {
  /// "1.2", as in BODY[1.2]; "" for the root of a multipart message.
  const char *section;
  /// 0 for the root.
  uint32_t depth;
  /// Index of the part that holds it; -1 for the root.
  int32_t parent;
  /// Lower case: "text/plain", "multipart/mixed", "message/rfc822".
  const char *media_type;
  /// The charset parameter.
  const char *charset;
  /// Lower case: "base64"; "" for a multipart.
  const char *encoding;
  /// In bytes, as encoded; -1: absent.
  int64_t size;
  /// -1: absent.
  int64_t lines;
  /// Lower case: "attachment", "inline", or NULL.
  const char *disposition;
  /// From either place, decoded, without directories; still hostile.
  const char *filename;
  const char *content_id;
  const char *description;
  const char *location;
  const char *md5;
  const imap_texts *languages;
  /// Of the media type, decoded (RFC 2231 and 2047), names in lower case.
  const imap_pairs *parameters;
  /// Of the disposition, in the same form.
  const imap_pairs *disposition_parameters;
  /// Of a message/rfc822 part.
  const imap_envelope *envelope;
  /// Extension data, and parts that were not understood.
  const imap_item *extension;
} imap_part;

/// Bytes of BODY[...], BINARY[...] or RFC822...; or the size of BINARY.SIZE[...].
typedef struct {
  /// As sent, upper case: "BODY[1.2.MIME]", "RFC822.HEADER".
  const char *label;
  /// "1.2.MIME"; "" is the whole message.
  const char *section;
  /// Where it begins in the section, in bytes; -1: all of it.
  int64_t offset;
  /// NULL: NIL, or the bytes were read as an imap_body.
  const uint8_t *data;
  size_t data_len;
  /// How many bytes the server sent, whether they are here or not, or what BINARY.SIZE says; -1: NIL.
  int64_t size;
} imap_section;

/// An annotation: METADATA (RFC 5464), ANNOTATEMORE, ANNOTATE (RFC 5257), or the content behind a URL.
typedef struct {
  /// NULL or "" for the server's own, and for messages.
  const char *mailbox;
  /// "/private/comment"; the URL.
  const char *name;
  /// "value.shared", ... or NULL.
  const char *attribute;
  /// NULL: NIL.
  const uint8_t *value;
  size_t value_len;
  /// -1, or the size of an entry that was left out because it is longer than MAXSIZE.
  int64_t size;
} imap_entry;

/// One fault of the server in a result.
typedef struct {
  imap_defect_kind kind;
  /// Where in the response, in bytes.
  int64_t offset;
  /// One line that says what was wrong.
  const char *text;
  /// The bytes that were not understood.
  const uint8_t *raw;
  size_t raw_len;
} imap_defect;

/// What is rarer in a FETCH answer. Absent as everywhere.
typedef struct {
  /// Zone of INTERNALDATE in minutes east of UTC.
  int32_t internal_date_zone;
  /// INTERNALDATE as sent.
  const char *internal_date_text;
  /// BODYSTRUCTURE or BODY, flat.
  const imap_part *const *parts;
  size_t part_count;
  const imap_section *const *sections;
  size_t section_count;
  /// EMAILID (RFC 8474): the same for all copies of a message.
  const char *email_id;
  /// THREADID: the same for all messages of a thread.
  const char *thread_id;
  /// The beginning of the text, in one line (RFC 8970); made here where the server has no PREVIEW.
  const char *preview;
  /// When the message came into this mailbox (RFC 8514), in seconds since 1970 UTC.
  int64_t save_date;
  /// ANNOTATION (RFC 5257): one for each attribute of an entry.
  const imap_entry *const *annotations;
  size_t annotation_count;
  /// X-GM-MSGID, 64 bits, as text.
  const char *gmail_message_id;
  /// X-GM-THRID.
  const char *gmail_thread_id;
  /// X-GM-LABELS, in UTF-8: "\Inbox", "two words"; empty if not asked for.
  const imap_texts *gmail_labels;
  /// Items that this version does not know.
  const imap_item *const *others;
  size_t other_count;
  const imap_defect *const *defects;
  size_t defect_count;
} imap_details;

/// One message as far as it was fetched.
typedef struct {
  uint32_t uid;
  /// Message number when the answer arrived; 0 under UIDONLY (RFC 9586).
  uint32_t number;
  /// NULL: not asked for. If the answer lacks it: an empty one, and a defect. So for envelope.
  const imap_flags *flags;
  /// MODSEQ (RFC 7162).
  int64_t modseq;
  /// RFC822.SIZE in bytes.
  int64_t size;
  /// INTERNALDATE in seconds since 1970 UTC.
  int64_t internal_date;
  const imap_envelope *envelope;
  /// Never NULL. New items go there: this struct stays at 56 bytes.
  const imap_details *details;
} imap_message;

/// The selected mailbox: as SELECT told it, or (imap_get_selected) as it is now.
typedef struct {
  const char *mailbox;
  bool is_read_only;
  /// Number of messages.
  uint32_t exists;
  uint32_t recent;
  /// Number of the first unseen message; 0: not told.
  uint32_t first_unseen;
  /// 0: not told.
  uint32_t uid_next;
  /// 0: not told.
  uint32_t uid_validity;
  /// False: UIDNOTSTICKY, so UIDs do not outlive the session.
  bool uids_last;
  /// -1: the mailbox has none.
  int64_t highest_modseq;
  /// The flags that are in use here.
  const imap_flags *flags;
  /// Those that a client can change for good; IMAP_FLAG_ANY: new keywords too.
  const imap_flags *permanent_flags;
  /// MAILBOXID (RFC 8474), or NULL.
  const char *mailbox_id;
  /// After imap_resync() and imap_reconnect(): UIDVALIDITY is another one, so all UIDs are void.
  bool is_new;
  /// UIDs that are there no more; never NULL, perhaps empty.
  const imap_set *vanished;
  /// Messages whose flags are not as they were, and new ones, with UID and FLAGS.
  const imap_message *const *changed;
  size_t changed_count;
  /// IMAP_ORIGIN_EMULATED: found by a comparison; see the call.
  imap_origin origin;
} imap_selected;

/// The connection as it is now.
typedef struct {
  /// One line for logs: "imap.example.org:993 TLS selected INBOX"; also TLS (NOT VERIFIED), PLAINTEXT.
  const char *summary;
  const char *host;
  uint16_t port;
  /// The peer's IP address; NULL until connected.
  const char *address;
  imap_state state;
  /// "IMAP4rev2", "IMAP4rev1" or "IMAP4", the best that the server speaks; NULL until known.
  const char *protocol;
  /// The text of the greeting; NULL until it came.
  const char *greeting;
  const imap_texts *capabilities;
  /// What was enabled with ENABLE, upper case.
  const imap_texts *enabled;
  bool is_tls;
  /// Chain and host name were verified.
  bool is_verified;
  /// COMPRESS is in force.
  bool is_compressed;
  /// IDLE runs: the server tells news at once.
  bool is_idle;
  /// What the handshake came to: "TLSv1.3", "TLSv1.2"; NULL without TLS.
  const char *tls_version;
  /// "TLS_AES_256_GCM_SHA384": the cipher suite's name in the registry, or its number, "0xC0AE"; NULL without TLS.
  const char *tls_cipher;
  /// The server's certificate (DER), or NULL.
  const uint8_t *certificate;
  size_t certificate_len;
  /// The channel binding tls-server-end-point (RFC 5929) made of it: its hash, or NULL where there is none (Ed25519,
  /// RSA-PSS).
  const uint8_t *channel_binding;
  size_t channel_binding_len;
  int64_t bytes_sent;
  int64_t bytes_received;
} imap_connection;

/// STATUS; all that was not asked is absent.
typedef struct {
  const char *mailbox;
  /// -1: absent, as all numbers below but the two that are 0 then.
  int64_t messages;
  int64_t unseen;
  int64_t recent;
  int64_t deleted;
  uint32_t uid_next;
  uint32_t uid_validity;
  int64_t highest_modseq;
  /// Of all messages together, in bytes.
  int64_t size;
  /// Bytes of messages that are marked Deleted (RFC 9208).
  int64_t deleted_storage;
  /// The largest message that APPEND takes, in bytes; -1: not told, or no limit (RFC 7889).
  int64_t append_limit;
  /// MAILBOXID (RFC 8474), or NULL.
  const char *mailbox_id;
  /// Items that this version does not know.
  const imap_item *const *others;
  size_t other_count;
  imap_origin origin;
} imap_counts;

/// Annotations, in the order sent.
typedef struct {
  const imap_entry *const *items;
  size_t count;
  /// EMULATED: by ANNOTATEMORE, which the server has in place of METADATA.
  imap_origin origin;
} imap_entries;

/// One mailbox of LIST, LSUB or XLIST.
typedef struct {
  const char *name;
  /// As sent.
  const uint8_t *raw_name;
  size_t raw_name_len;
  /// "/", or NULL for a flat name.
  const char *delimiter;
  /// IMAP_ATTRIBUTE_...
  uint32_t attributes;
  /// All of them, as sent.
  const imap_texts *attribute_names;
  imap_role role;
  imap_origin role_origin;
  /// What RECURSIVEMATCH found below it (CHILDINFO, RFC 5258): "SUBSCRIBED".
  const imap_texts *child_info;
  /// The name that it was asked for by, or had before (OLDNAME, RFC 9051); NULL if it has only one.
  const char *old_name;
  /// What RETURN (STATUS (...)) asked for; NULL otherwise.
  const imap_counts *counts;
  /// What RETURN (MYRIGHTS) asked for; NULL otherwise.
  const char *my_rights;
  /// What RETURN (METADATA (...)) asked for; NULL otherwise.
  const imap_entries *metadata;
  /// Extended items that this version does not know.
  const imap_item *const *others;
  size_t other_count;
} imap_mailbox;

/// The answer of LIST and LSUB.
typedef struct {
  const imap_mailbox *const *items;
  size_t count;
  imap_origin origin;
  const imap_defect *const *defects;
  size_t defect_count;
} imap_mailboxes;

/// One namespace: what its names begin with.
typedef struct {
  const char *prefix;
  const char *delimiter;
  const imap_item *const *extensions;
  size_t extension_count;
} imap_prefix;

/// NAMESPACE (RFC 2342).
typedef struct {
  const imap_prefix *const *personal;
  size_t personal_count;
  const imap_prefix *const *others;
  size_t other_count;
  const imap_prefix *const *shared;
  size_t shared_count;
  imap_origin origin;
} imap_namespaces;

/// The answer of SEARCH, SORT and EXPUNGE.
typedef struct {
  /// The numbers, in the order sent (RETURN options: ALL or PARTIAL); never NULL, perhaps empty.
  const imap_set *set;
  /// How many match; -1: not told.
  int64_t total;
  /// MIN of RETURN (RFC 4731); 0: not told.
  uint32_t lowest;
  /// MAX of RETURN; 0: not told.
  uint32_t highest;
  /// Of the newest among them, or of the mailbox after EXPUNGE; -1: not told.
  int64_t modseq;
  /// PARTIAL of RETURN (RFC 9394) as answered: "1:50"; NULL: not told.
  const char *partial;
  /// RELEVANCY of RETURN (RFC 6203): 1 to 100 for each number in turn; NULL: not told.
  const uint8_t *scores;
  size_t score_count;
  /// Set if RETURN (UPDATE) was granted (RFC 5267); the IMAP_EVENT_SEARCH that follow bear it too. 0: none.
  uint32_t update_id;
  /// Of a search in several mailboxes (RFC 7377): which one this is; otherwise NULL.
  const char *mailbox;
  uint32_t uid_validity;
  imap_origin origin;
  const imap_defect *const *defects;
  size_t defect_count;
} imap_numbers;

/// THREAD, flat: each message before those that answer it. The arrays run side by side.
typedef struct {
  /// 0: a message that is missing but holds the others together.
  const uint32_t *numbers;
  /// 0 begins a new thread.
  const uint32_t *depths;
  /// Index of the parent, -1 for none.
  const int32_t *parents;
  size_t count;
  imap_origin origin;
} imap_threads;

/// The answer of a search in several mailboxes: one for each that has a match.
typedef struct {
  const imap_numbers *const *items;
  size_t count;
} imap_numbers_list;

/// The answer of FETCH and STORE.
typedef struct {
  const imap_message *const *items;
  size_t count;
  /// STORE with UNCHANGEDSINCE: messages that were left alone because they had changed.
  const imap_set *modified;
  /// FETCH with VANISHED: messages that are gone.
  const imap_set *vanished;
  /// Where a MESSAGELIMIT (RFC 9738) stopped the server for good: the lowest UID done.
  uint32_t limited_at;
  imap_origin origin;
  /// What was wrong with responses that are not in items.
  const imap_defect *const *defects;
  size_t defect_count;
} imap_messages;

/// What a person reads of a message, and what hangs on it.
typedef struct {
  /// The best text part as UTF-8, lines ended by LF; "" if there is none. HTML if only that was sent.
  const char *text;
  bool is_html;
  /// NULL: there is no text.
  const imap_part *text_part;
  /// All other parts that hold something, in order; a message within is one.
  const imap_part *const *attachments;
  size_t attachment_count;
  /// With ENVELOPE, BODYSTRUCTURE, FLAGS, size and date; never NULL.
  const imap_message *message;
} imap_content;

/// One response of the server, or something that happened to the connection.
typedef struct {
  imap_event_kind kind;
  /// "EXISTS", "OK"; the response's own name, upper case.
  const char *name;
  uint32_t number;
  uint32_t uid;
  const char *text;
  const imap_response_code *code;
  const imap_set *set;
  const imap_message *message;
  const imap_flags *flags;
  const imap_mailbox *mailbox;
  const imap_counts *counts;
  /// It came before TLS or login: anyone may have written it.
  bool is_early;
  /// VANISHED (EARLIER).
  bool is_earlier;
  /// The numbers of `set` are taken out of the answer; otherwise they are put in.
  bool is_removed;
  /// The search whose answer changed: update_id of its imap_numbers.
  uint32_t update_id;
  /// Where in the answer `set` begins, from 1; 0: anywhere (out), in the order of the mailbox (in).
  uint32_t position;
  /// -1: not told.
  int64_t done;
  int64_t total;
  /// All that follows the name, generic.
  const imap_value *const *values;
  size_t value_count;
  /// The whole response, as sent, without its line end. Of several events from one response only the first has it.
  const uint8_t *raw;
  size_t raw_len;
} imap_event;

/// One event, valid during the call. Returns true to go on, false to hear no more.
typedef bool (*imap_event_callback)(void *userdata, const imap_event *event);

/// Rights of one identifier ("anyone", "bob", "-carol") (RFC 4314).
typedef struct {
  const char *identifier;
  /// "lrswipkxtea"
  const char *rights;
} imap_grant;

/// ACL, LISTRIGHTS and MYRIGHTS; what was not asked is absent.
typedef struct {
  const char *mailbox;
  const imap_grant *const *grants;
  size_t grant_count;
  const char *my_rights;
  /// LISTRIGHTS: always granted.
  const char *required;
  /// LISTRIGHTS: groups that are granted together.
  const imap_texts *optional;
} imap_acl;

/// One resource of a quota root (RFC 9208).
typedef struct {
  /// "STORAGE" (in KiB), "MESSAGE", "MAILBOX", ...
  const char *resource;
  int64_t usage;
  int64_t limit;
} imap_resource;

/// A quota root: what is limited together.
typedef struct {
  const char *root;
  const imap_resource *const *resources;
  size_t resource_count;
} imap_quota;

/// Quota roots, in the order sent.
typedef struct {
  const imap_quota *const *items;
  size_t count;
} imap_quotas;

/// The answer of a command as responses, the tagged one last.
typedef struct {
  const imap_event *const *items;
  size_t count;
} imap_events;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/// # Version, statuses, errors
///
/// The version of the library that runs, as "0.1.0": compare with IMAP_VERSION, which you compiled with. The
/// text is constant. Blocks: no.
const char *imap_version(void);

/// The name of a status, as "IMAP_ERR_NO"; "?" for a number that is none. The text is constant. Blocks: no.
const char *imap_status_name(imap_status status);

/// Frees an error; NULL is fine. Blocks: no.
void imap_error_free(imap_error *error);

/// # Options
///
/// Make them, set what differs from the defaults, connect with them, free them: they are copied.
/// Setters may go unchecked: the first that failed makes the connect fail with the same error.
///
/// New options, all at their defaults; free them with imap_options_free(). NULL if there is no memory.
/// Every call takes NULL options as the defaults. Blocks: no.
imap_options *imap_options_new(void);

/// Frees options and wipes the secrets in them; NULL is fine. Blocks: no.
void imap_options_free(imap_options *options);

/// Sets a number, a time in milliseconds (-1: no limit), or on (1) and off (0). INVALID if the option takes
/// no number, or not this one. Blocks: no.
imap_status imap_options_set_number(imap_options *options,
                                    imap_option option,
                                    int64_t value,
                                    imap_error **error);

/// Sets a text, which is copied; NULL puts the default back. INVALID if the option takes no text, or not this
/// one. Blocks: no.
imap_status imap_options_set_text(imap_options *options,
                                  imap_option option,
                                  const char *value,
                                  imap_error **error);

/// Sets bytes, `data_len` of them, which are copied; NULL puts the default back. INVALID if the option takes no
/// bytes. Blocks: no.
imap_status imap_options_set_bytes(imap_options *options,
                                   imap_option option,
                                   const uint8_t *data,
                                   size_t data_len,
                                   imap_error **error);

/// Gives every line sent and received to `log`, with `userdata`, secrets hidden: from the first address that is tried,
/// while some call on the client runs, on the thread of that call and with no lock held, in order. It may call back into
/// the client, but not wait in it (STATE). Clients share it: those on several threads call it at the same time.
/// `release` (or NULL) is called with `userdata` once, when the options and all clients that were made with them are
/// done with it. A NULL `log` ends it for clients that are made later. Blocks: no.
imap_status imap_options_set_log(imap_options *options,
                                 imap_log_callback log,
                                 void *userdata,
                                 imap_release_callback release,
                                 imap_error **error);

/// # Connecting
///
/// imap_connect() returns with TLS verified and the greeting read, and logged in if the options name a user
/// and a password. imap_logout() says goodbye; imap_client_free() is right at any time and never waits.
///
/// Connects to `host`, a name or an IP address; NULL or "" is this machine. `options` may be NULL: port 993,
/// implicit TLS, the system's trusted certificates. Gives the client, to be freed with imap_client_free().
/// CONNECT: no address found or none reached; TLS; CERTIFICATE; TIMEOUT; CLOSED: the server refused;
/// PROTOCOL: no IMAP server; AUTH. Blocks: yes, within the timeouts of the options.
imap_status imap_connect(const char *host,
                         const imap_options *options,
                         imap_client **client,
                         imap_error **error);

/// As imap_connect(), to imap[s]://[user@]host[:port]/ (RFC 5092). imaps: implicit TLS; imap: STARTTLS,
/// unless IMAP_OPTION_TLS says IMAP_TLS_NONE. A user in the URL is logged in with IMAP_OPTION_PASSWORD. A path is
/// checked and left aside; a password has no place in a URL: INVALID. Blocks: yes.
imap_status imap_connect_url(const char *url,
                             const imap_options *options,
                             imap_client **client,
                             imap_error **error);

/// As imap_connect(), but only begins. Commands can be called or sent at once and wait for it; a failure is
/// theirs. The name is looked up beside, on a short-lived thread. Blocks: no.
imap_status imap_start(const char *host,
                       const imap_options *options,
                       imap_client **client,
                       imap_error **error);

/// imap_start() over descriptors that are connected already: a socket twice, the pipes of a child. They are made
/// non-blocking, stay yours to close, and must stay open until the client and its requests are freed. `host` is for TLS
/// and for messages; NULL is fine. imap_reconnect() cannot bring such a client back. INVALID: no such descriptor.
/// Blocks: no.
imap_status imap_start_fd(int read_fd,
                          int write_fd,
                          const char *host,
                          const imap_options *options,
                          imap_client **client,
                          imap_error **error);

/// imap_start() over your own functions, each called with `userdata`, by one thread at a time, with no lock held; one
/// may read while another writes. They return IMAP_IO_DONE and a number of bytes, IMAP_IO_AGAIN for none now,
/// IMAP_IO_FINISHED when there will be no more, anything else to end the connection with STOPPED. If they wait, so do
/// the calls, which then cannot be cancelled; if they return IMAP_IO_AGAIN, drive the client with imap_step() when
/// something can go on, and after imap_timeout_ms(); calls that wait ask every 20 ms. Inside them the client can be sent
/// requests and asked for what is known; what waits gives STATE. `release` (or NULL) is called with `userdata` exactly
/// once: after the client and its requests are freed, or when this fails. `host` is for TLS and for messages.
/// Blocks: no.
imap_status imap_start_callbacks(imap_read_callback read,
                                 imap_write_callback write,
                                 void *userdata,
                                 imap_release_callback release,
                                 const char *host,
                                 const imap_options *options,
                                 imap_client **client,
                                 imap_error **error);

/// Takes over the timeouts, limits and log of `options` (NULL: their defaults); all else stays as it was at the start.
/// Those of commands hold from now on, also for commands that run; those of connecting hold for imap_reconnect().
/// Blocks: no.
imap_status imap_configure(imap_client *client,
                           const imap_options *options,
                           imap_error **error);

/// Brings a client whose connection has ended back, with the same options; logs in as before if
/// IMAP_OPTION_KEEP_CREDENTIALS is on, enables and watches what was enabled and watched, and selects the mailbox again
/// that was selected. `selected` (NULL if none was, or nobody logged in) says what changed meanwhile, as
/// imap_resync() does; without CONDSTORE `changed` has the messages whose flags are not as they were last told here. Free
/// it with imap_selected_free(). Requests that were never sent are sent now; those that were have failed, and the error's
/// may_be_done says which may have run. STATE: the connection stands. Otherwise as imap_connect() and imap_login().
/// Blocks: yes.
imap_status imap_reconnect(imap_client *client,
                           imap_selected **selected,
                           imap_error **error);

/// LOGOUT (RFC 9051 section 6.1.3), and closes. The server's BYE is no error. Afterwards every call gives
/// CLOSED. Blocks: yes.
imap_status imap_logout(imap_client *client, imap_error **error);

/// Closes without LOGOUT and wakes every waiting call with CLOSED: the way to end a client that other threads
/// still use. Blocks: no.
void imap_disconnect(imap_client *client);

/// Makes all calls that wait on this client return CANCELLED, or the next one if none waits; for one among
/// several there is imap_request_cancel(). The connection stays good, unless it was being made. May be
/// called in a signal handler. Blocks: no.
void imap_cancel(imap_client *client);

/// Closes the connection if it is open, and frees the client; NULL is fine. Requests may outlive it: they end
/// with CLOSED. Blocks: no.
void imap_client_free(imap_client *client);

/// Where the session stands; LOGOUT for NULL and when closed. Blocks: no.
imap_state imap_get_state(const imap_client *client);

/// Peer, TLS, capabilities, greeting, counters, as they are now. Free it with imap_connection_free().
/// Blocks: no.
imap_status imap_get_connection(const imap_client *client, imap_connection **connection, imap_error **error);

/// The last traffic, secrets hidden, one line each: "1.204 C: A1 NOOP", with the seconds since the client was made, and
/// C: for what was sent, S: for what was received, #: for what the library did. Literals are told by their size, long
/// lines are cut. Free it with imap_text_free(). Blocks: no.
imap_status imap_get_trace(const imap_client *client,
                           char **trace,
                           imap_error **error);

/// NULL is fine. Blocks: no.
void imap_connection_free(imap_connection *connection);

/// # Capabilities and commands for any time
///
/// The capabilities are known from the greeting on, kept up to date, and checked before each command.
///
/// Whether the server says so: "IDLE", "AUTH=PLAIN", "IMAP4rev2". Upper and lower case alike. False for NULL.
/// Blocks: no.
bool imap_has(const imap_client *client, const char *capability);

/// Whether it was ENABLEd here: "CONDSTORE", "UTF8=ACCEPT". Upper and lower case alike. False for NULL. Blocks: no.
bool imap_is_enabled(const imap_client *client,
                     const char *capability);

/// ENABLE (RFC 5161) of `capabilities`, separated by spaces: "CONDSTORE UTF8=ACCEPT"; before a mailbox is selected.
/// Gives those that the server enabled, to be freed with imap_texts_free(). Blocks: yes.
imap_status imap_enable(imap_client *client,
                        const char *capabilities,
                        imap_texts **enabled,
                        imap_error **error);

/// CAPABILITY (RFC 9051 section 6.1.1): asks again. Gives the names in upper case, to be freed with
/// imap_texts_free(). Blocks: yes.
imap_status imap_capability(imap_client *client, imap_texts **capabilities, imap_error **error);

/// ID (RFC 2971): `fields` are name, value, name, value, NULL, and say who you are: "name", "version", "vendor", ...; a NULL
/// array says nothing. Gives what the server says of itself, to be freed with imap_pairs_free(). Blocks: yes.
imap_status imap_id(imap_client *client,
                    const char *const *fields,
                    imap_pairs **server,
                    imap_error **error);

/// NOOP (RFC 9051 section 6.1.2): lets the server tell its news, which imap_next_event() gives. Blocks: yes.
imap_status imap_noop(imap_client *client, imap_error **error);

/// COMPRESS=DEFLATE (RFC 4978), once logged in: all that follows is compressed, either way. Compressed secrets can be
/// guessed by whoever sees how long they are and has a say in what goes along with them: better not where strangers'
/// mail and secrets mix. Memory stays constant whatever the server sends; about 45 KB while idle. UNSUPPORTED: the server
/// lacks it; STATE: not logged in, or compressed already. Blocks: yes.
imap_status imap_compress(imap_client *client,
                          imap_error **error);

/// LANGUAGE (RFC 5255): "de en" asks for the first of these languages that the server has, for its texts, and gives it;
/// NULL gives all that it has. Free the result with imap_texts_free(). NO: it has none of them. Blocks: yes.
imap_status imap_language(imap_client *client,
                          const char *tags,
                          imap_texts **languages,
                          imap_error **error);

/// COMPARATOR (RFC 5255): asks for the first of `comparators` that the server has, "i;unicode-casemap i;octet"; NULL
/// changes nothing. Gives the one in use, and behind it those that were meant too. For servers with I18NLEVEL=2. Free the
/// result with imap_texts_free(). NO with the code BADCOMPARATOR: it has none of them. Blocks: yes.
imap_status imap_comparator(imap_client *client,
                            const char *comparators,
                            imap_texts **active,
                            imap_error **error);

/// GETJMAPACCESS (RFC 9698): the URL of the JMAP session that has the same mail. Free it with imap_text_free().
/// Blocks: yes.
imap_status imap_getjmapaccess(imap_client *client,
                               char **url,
                               imap_error **error);

/// NULL is fine. Blocks: no.
void imap_pairs_free(imap_pairs *pairs);

/// NULL is fine. Blocks: no.
void imap_texts_free(imap_texts *texts);

/// # Logging in
///
/// Passwords go over TLS only, unless IMAP_OPTION_DANGER_PLAINTEXT_LOGIN. AUTH: refused; the connection can be
/// used for another try. A mechanism of your own: imap_send_authenticate().
///
/// Logs in the best way that both sides have: SCRAM-SHA-512, -256 or -1, PLAIN, the LOGIN command (RFC 9051
/// section 6.2.3). AUTH: wrong, or the server could not prove that it knows the password (then the connection
/// is closed); STATE: it would go in the clear; UNSUPPORTED: the server takes no password (LOGINDISABLED), or offered
/// SCRAM at an earlier try on this connection and does so no longer: then the password is shown to it only if PLAIN or
/// LOGIN is named (imap_authenticate(), imap_send()). Blocks: yes.
imap_status imap_login(imap_client *client,
                       const char *user,
                       const char *password,
                       imap_error **error);

/// AUTHENTICATE (RFC 9051 section 6.2.2) with the first of `mechanisms` that the server has: "OAUTHBEARER XOAUTH2" with a
/// token as `secret`; "SCRAM-SHA-256 PLAIN" with a password, also SCRAM-SHA-512, SCRAM-SHA-1, all three with -PLUS (bound to
/// the TLS channel by tls-server-end-point, which many servers refuse), DIGEST-MD5, CRAM-MD5, LOGIN (the mechanism, not the
/// command); "EXTERNAL" with the client's certificate and "ANONYMOUS" with neither user nor secret
/// (NULL; a user is then a trace for the server's log). `act_as` is the user to become, or NULL. Never falls back to a
/// weaker one by itself. As imap_login(); INVALID: a mechanism that libimap does not know; UNSUPPORTED: the server has
/// none of them. What a server says of a token that it refuses is the error's server_data. Blocks: yes.
imap_status imap_authenticate(imap_client *client,
                              const char *mechanisms,
                              const char *user,
                              const char *secret,
                              const char *act_as,
                              imap_error **error);

/// AUTHENTICATE with a mechanism of your own, with its first bytes, `data_len` of them, if it has any (NULL: none). Gives a
/// request, to be freed with imap_request_free(): call imap_request_challenge() and imap_request_respond() in turn until
/// the server asks no more; imap_request_cancel() gives up, and the connection stays good. Meanwhile other calls of the
/// thread that has to answer fail with STATE rather than wait. What it lets anybody read on the way is for you to know.
/// UNSUPPORTED, when it is waited for: the server does not offer it. Blocks: no.
imap_status imap_send_authenticate(imap_client *client,
                                   const char *mechanism,
                                   const uint8_t *data,
                                   size_t data_len,
                                   imap_request **request,
                                   imap_error **error);

/// PROXYAUTH: an administrator goes on as `user`, on servers of Netscape's line; before a mailbox is selected. NO: not
/// allowed. Blocks: yes.
imap_status imap_proxyauth(imap_client *client,
                           const char *user,
                           imap_error **error);

/// UNAUTHENTICATE (RFC 8437): back to before the login, so that another user can log in on the same connection. The
/// mailbox is no longer selected, nothing is enabled, watched or compressed any more; credentials that were kept for
/// imap_reconnect() are wiped. UNSUPPORTED: the server does not have it. Blocks: yes.
imap_status imap_unauthenticate(imap_client *client,
                                imap_error **error);

/// # Mailboxes
///
/// Names are UTF-8; the library does modified UTF-7. "INBOX" is INBOX in any case.
///
/// LIST (RFC 9051 section 6.3.9). `reference` is nearly always ""; * and % in `pattern` match any name, % within
/// one level; several patterns: imap_send() with "LIST \"\" (INBOX ?)". An empty pattern asks for the delimiter.
/// `extra` (NULL: none) is what RFC 5258 puts round them, "(selection) RETURN (what to tell)", either half alone too:
///     SUBSCRIBED REMOTE SPECIAL-USE, and RECURSIVEMATCH for what is above such a mailbox, in the selection;
///     SUBSCRIBED CHILDREN SPECIAL-USE STATUS (MESSAGES UNSEEN) MYRIGHTS METADATA (/shared/comment) behind RETURN.
/// What LIST cannot tell, or says that it can and does not, is asked with LSUB, XLIST, and for each mailbox with STATUS,
/// MYRIGHTS and GETMETADATA, as many at once as the server takes; origin is IMAP_ORIGIN_EMULATED then, and what cannot
/// be found out about one mailbox is absent there. Where the server tells no roles they are guessed by well-known names
/// (role_origin is IMAP_ORIGIN_GUESSED, and two mailboxes may have one role). UNSUPPORTED: there is no way to find it
/// out. Free the result with imap_mailboxes_free(). Blocks: yes.
imap_status imap_list(imap_client *client,
                      const char *reference,
                      const char *pattern,
                      const char *extra,
                      imap_mailboxes **mailboxes,
                      imap_error **error);

/// LSUB (RFC 3501 section 6.3.9): the subscribed mailboxes, whether they exist or not. `reference` and `pattern`
/// as with imap_list(). Free the result with imap_mailboxes_free(). Blocks: yes.
imap_status imap_lsub(imap_client *client,
                      const char *reference,
                      const char *pattern,
                      imap_mailboxes **mailboxes,
                      imap_error **error);

/// STATUS (RFC 9051 section 6.3.11) of a mailbox that need not be selected. `items` as "MESSAGES UNSEEN UIDNEXT
/// UIDVALIDITY RECENT DELETED SIZE HIGHESTMODSEQ MAILBOXID APPENDLIMIT DELETED-STORAGE". Free the result with
/// imap_counts_free(). NO: there is no such mailbox. UNSUPPORTED: the server does not know one of the items.
/// Blocks: yes.
imap_status imap_status_of(imap_client *client,
                           const char *mailbox,
                           const char *items,
                           imap_counts **counts,
                           imap_error **error);

/// NAMESPACE (RFC 2342): what the names of one's own mailboxes, other users' and shared ones begin with. Where
/// the server does not tell, it is one namespace without a prefix, its delimiter found by LIST, and origin is
/// IMAP_ORIGIN_EMULATED. Free the result with imap_namespaces_free(). Blocks: yes.
imap_status imap_namespace(imap_client *client,
                           imap_namespaces **namespaces,
                           imap_error **error);

/// CREATE (RFC 9051 section 6.3.4), with USE (RFC 6154) if a role is given; IMAP_ROLE_NONE otherwise. NO: it
/// exists already, or may not be made. UNSUPPORTED: a role, and no CREATE-SPECIAL-USE. The mailbox's id (RFC 8474) is in
/// the code MAILBOXID of the reply: see imap_send() and imap_request_reply(). Blocks: yes.
imap_status imap_create(imap_client *client,
                        const char *mailbox,
                        imap_role role,
                        imap_error **error);

/// DELETE (RFC 9051 section 6.3.5): the mailbox and its messages. NO: there is none such. Blocks: yes.
imap_status imap_delete(imap_client *client, const char *mailbox, imap_error **error);

/// RENAME (RFC 9051 section 6.3.6). Of INBOX: moves its messages into the new mailbox. Blocks: yes.
imap_status imap_rename(imap_client *client, const char *mailbox, const char *new_name, imap_error **error);

/// SUBSCRIBE (RFC 9051 section 6.3.7). Blocks: yes.
imap_status imap_subscribe(imap_client *client, const char *mailbox, imap_error **error);

/// UNSUBSCRIBE (RFC 9051 section 6.3.8). Blocks: yes.
imap_status imap_unsubscribe(imap_client *client, const char *mailbox, imap_error **error);

/// NULL is fine. Blocks: no.
void imap_mailboxes_free(imap_mailboxes *mailboxes);

/// NULL is fine. Blocks: no.
void imap_counts_free(imap_counts *counts);

/// NULL is fine. Blocks: no.
void imap_namespaces_free(imap_namespaces *namespaces);

/// # Selecting a mailbox
///
/// Everything about messages happens in the selected mailbox. With threads, select once or use a client
/// each: a command runs in the mailbox that was selected when it was called.
///
/// SELECT (RFC 9051 section 6.3.2), leaving the mailbox before; with CONDSTORE where the server has it. After a
/// failure none is selected. Other parameters are for imap_send(): with "SELECT ? (ANNOTATE)" (RFC 5257) the server tells of
/// annotations that others change, as events, and first whether and how long they may be: IMAP_CODE_ANNOTATIONS. Free the
/// result with imap_selected_free(). NO: there is no such mailbox. Blocks: yes.
imap_status imap_select(imap_client *client,
                        const char *mailbox,
                        imap_selected **selected,
                        imap_error **error);

/// EXAMINE (RFC 9051 section 6.3.3): as imap_select(), but read-only, and messages stay recent and unseen.
/// Blocks: yes.
imap_status imap_examine(imap_client *client,
                         const char *mailbox,
                         imap_selected **selected,
                         imap_error **error);

/// SELECT, and what changed since you saw the mailbox with this `uid_validity` and `modseq` (its highest_modseq then, or
/// -1), in is_new, vanished and changed of the result: by QRESYNC (RFC 7162), else by CONDSTORE and a search for the
/// UIDs that are gone, else by the flags of all messages (then `changed` has all, origin is IMAP_ORIGIN_EMULATED).
/// `known_uids`: those that you hold, as a set; NULL: all up to the last. Free the result with imap_selected_free().
/// Blocks: yes.
imap_status imap_resync(imap_client *client,
                        const char *mailbox,
                        uint32_t uid_validity,
                        int64_t modseq,
                        const char *known_uids,
                        imap_selected **selected,
                        imap_error **error);

/// The selected mailbox now: counts follow what the server has told since. Free it with imap_selected_free().
/// STATE if none is selected. Blocks: no.
imap_status imap_get_selected(const imap_client *client, imap_selected **selected, imap_error **error);

/// CLOSE (RFC 9051 section 6.4.1): leaves the mailbox and expunges its Deleted messages. Blocks: yes.
imap_status imap_close_mailbox(imap_client *client, imap_error **error);

/// UNSELECT (RFC 3691): leaves the mailbox, nothing more. Blocks: yes.
imap_status imap_unselect(imap_client *client, imap_error **error);

/// CHECK (RFC 3501 section 6.4.1): a checkpoint of the selected mailbox. Blocks: yes.
imap_status imap_check(imap_client *client, imap_error **error);

/// NULL is fine. Blocks: no.
void imap_selected_free(imap_selected *selected);

/// # Searching
///
/// `criteria` are search keys, after RETURN (...) and CHARSET if you want them (UTF-8 is declared when
/// needed): "UNSEEN FROM ? SINCE ?", "RETURN (COUNT PARTIAL -1:-100) ALL", "RETURN (SAVE) FLAGGED" for $,
/// "# UNSEEN" for message numbers. Give imap_set_text(found->set) to imap_fetch(), or walk the set with
/// imap_set_next().
///
/// SEARCH (RFC 9051 section 6.4.4). `params`: the values of the ? in `criteria`, NULL at the end; or NULL.
/// Nothing found is an empty set, no error. Where the server does not know MIN, MAX, COUNT, ALL or PARTIAL of RETURN, they
/// are computed here from all numbers; OLDER and YOUNGER become BEFORE and SINCE, which are exact to the day (in UTC); then
/// origin is IMAP_ORIGIN_EMULATED. UNSUPPORTED for any other key or option that the server does not have. A server that
/// cannot search in UTF-8 is asked once more in a charset that it names, if the text can be written in that. RETURN (UPDATE)
/// keeps the answer up to date: see IMAP_EVENT_SEARCH. A server that looks at so many messages at a time (MESSAGELIMIT,
/// RFC 9738) is asked again until it has seen all; if that cannot be, as with SAVE, a defect says how far it came.
/// Free the result with imap_numbers_free(). Blocks: yes.
imap_status imap_search(imap_client *client,
                        const char *criteria,
                        const char *const *params,
                        imap_numbers **found,
                        imap_error **error);

/// SORT (RFC 5256) of the messages that match `criteria`: `keys` as "REVERSE DATE SUBJECT", of ARRIVAL, CC, DATE, FROM,
/// RELEVANCY, SIZE, SUBJECT, TO, DISPLAYFROM, DISPLAYTO. The set of the result is in that order, MIN and MAX of RETURN are
/// its first and last. Where the server cannot, it is made here from the messages' envelopes, and origin is
/// IMAP_ORIGIN_EMULATED. `params`, RETURN and the result as with imap_search(). Blocks: yes.
imap_status imap_sort(imap_client *client,
                      const char *keys,
                      const char *criteria,
                      const char *const *params,
                      imap_numbers **found,
                      imap_error **error);

/// THREAD (RFC 5256) of the messages that match `criteria`, which has no RETURN: `algorithm` is "REFERENCES", "REFS",
/// "ORDEREDSUBJECT" or another that the server has; NULL: the best that it has, in this order. Where the server cannot,
/// these three are made here, from envelopes and the References of all messages that match, and origin is
/// IMAP_ORIGIN_EMULATED. `params` as with imap_search(). Free the result with imap_threads_free(). Blocks: yes.
imap_status imap_thread(imap_client *client,
                        const char *algorithm,
                        const char *criteria,
                        const char *const *params,
                        imap_threads **threads,
                        imap_error **error);

/// ESEARCH in several mailboxes (RFC 7377): "IN (mailboxes ? subtree ? personal) RETURN (ALL COUNT) FROM ?"; without IN, in
/// the selected one. A value in IN is a mailbox. One imap_numbers for each mailbox with a match, with its mailbox and
/// uid_validity set, of UIDs. UPDATE and SAVE are for imap_search(). UNSUPPORTED if the server does not have MULTISEARCH.
/// `params` as with imap_search(). Free the result with imap_numbers_list_free(). Blocks: yes.
imap_status imap_esearch(imap_client *client,
                         const char *criteria,
                         const char *const *params,
                         imap_numbers_list **found,
                         imap_error **error);

/// CANCELUPDATE (RFC 5267): ends the events of a search with RETURN (UPDATE). They end by themselves when another mailbox
/// is selected. INVALID if there is no such search. Blocks: yes.
imap_status imap_cancelupdate(imap_client *client,
                              uint32_t update_id,
                              imap_error **error);

/// UIDBATCHES (RFC 10022): the selected mailbox cut into spans of about `size` messages (servers want at least 500),
/// newest first; spans `first` to `last`, counted from 1, or 0 and 0 for all. Walk them with imap_set_next_span(); total is
/// how many they are. NO with TOOFEW or TOOMANY: the size, or the number of spans, is not to the server's liking.
/// UNSUPPORTED if the server does not have it. Free the result with imap_numbers_free(). Blocks: yes.
imap_status imap_uidbatches(imap_client *client,
                            uint32_t size,
                            uint32_t first,
                            uint32_t last,
                            imap_numbers **batches,
                            imap_error **error);

/// NULL is fine. Blocks: no.
void imap_numbers_free(imap_numbers *numbers);

/// NULL is fine. Blocks: no.
void imap_numbers_list_free(imap_numbers_list *list);

/// NULL is fine. Blocks: no.
void imap_threads_free(imap_threads *threads);

/// # Fetching
///
/// `items` in IMAP's words: "FLAGS ENVELOPE BODYSTRUCTURE RFC822.SIZE INTERNALDATE", "FULL",
/// "BODY.PEEK[HEADER.FIELDS (?)]", "BINARY.PEEK[2]", "PREVIEW"; UID is always added. BODY.PEEK[...] and BINARY.PEEK[...]
/// read without setting the Seen flag, BODY[...] sets it. Behind the items may stand "(CHANGEDSINCE 917)",
/// "(CHANGEDSINCE 917 VANISHED)" after ENABLE QRESYNC (RFC 7162), "(PARTIAL 1:500)" (RFC 9394). imap_fetch() holds all
/// in memory; for much see Streams. To show a message, imap_fetch_content().
///
/// FETCH (RFC 9051 section 6.4.5) of the messages in `set`, all held in memory. Messages that do not exist are left
/// out. `params`: the values of the ? in `items`, NULL at the end; or NULL. Free the result with
/// imap_messages_free(). Where the server has no PREVIEW (RFC 8970) it is made from the text of each message, and
/// origin is IMAP_ORIGIN_EMULATED. A section that the server cannot decode (BINARY, RFC 3516) is missing, and `defects`
/// says so. A server that does only some messages at once (RFC 9738) is asked for the rest; where that cannot be,
/// limited_at says how far it came. Blocks: yes.
imap_status imap_fetch(imap_client *client,
                       const char *set,
                       const char *items,
                       const char *const *params,
                       imap_messages **messages,
                       imap_error **error);

/// The section of a message that was fetched as BODY[section], BINARY[section], or as the RFC822 item that is the same:
/// "" the whole message, "HEADER", "TEXT", "1.2", in any case. NULL if it was not fetched, or for NULL. Belongs to the
/// message. Blocks: no.
const imap_section *imap_message_section(const imap_message *message,
                                         const char *section);

/// What a person reads of the message with this UID, and its attachments: two FETCH at most, which do not mark it as
/// seen. The text is the plain one where there is one, else HTML, in UTF-8 whatever its charset; that of a message
/// within only if there is no other. An attachment is read by imap_body_open() of its section with
/// IMAP_DECODING_TRANSFER. Text longer than IMAP_OPTION_MAX_LITERAL is cut there, which the message's defects tell. NO:
/// there is no such message. Free the result with imap_content_free(). Blocks: yes.
imap_status imap_fetch_content(imap_client *client,
                               uint32_t uid,
                               imap_content **content,
                               imap_error **error);

/// NULL is fine. Blocks: no.
void imap_content_free(imap_content *content);

/// NULL is fine. Blocks: no.
void imap_messages_free(imap_messages *messages);

/// # Changing messages
///
/// In a mailbox that was opened with imap_examine(), or that the server calls read-only, these give READ_ONLY and
/// send nothing.
///
/// STORE (RFC 9051 section 6.4.6): `change` in IMAP's words: "+FLAGS (\\Deleted)", "-FLAGS.SILENT ($Junk)",
/// "FLAGS ()", "(UNCHANGEDSINCE 917) +FLAGS (\\Seen)". `params`: the values of the ? in it, NULL at the end;
/// or NULL. Gives the messages as the server tells them afterwards, none with .SILENT; free them with
/// imap_messages_free(). Blocks: yes.
imap_status imap_store(imap_client *client,
                       const char *set,
                       const char *change,
                       const char *const *params,
                       imap_messages **messages,
                       imap_error **error);

/// COPY (RFC 9051 section 6.4.7) into `mailbox`. All are copied or none, unless the set does not fit into one command, or
/// has more messages than the server copies at once (SAVELIMIT and MESSAGELIMIT, RFC 9738): then several commands copy
/// them, and after an error some may have been copied; NO with the code MESSAGELIMIT if the set cannot be divided, like
/// "1:*". Free the result with imap_assigned_free(). NO with the code TRYCREATE: the mailbox does not exist.
/// Blocks: yes.
imap_status imap_copy(imap_client *client,
                      const char *set,
                      const char *mailbox,
                      imap_assigned **assigned,
                      imap_error **error);

/// MOVE (RFC 6851) into `mailbox`. Where the server does not have it: COPY, STORE and UID EXPUNGE, which is not
/// atomic (origin says so: after an error messages may be in both mailboxes). UNSUPPORTED: that is not possible
/// either. Otherwise as imap_copy(). Blocks: yes.
imap_status imap_move(imap_client *client,
                      const char *set,
                      const char *mailbox,
                      imap_assigned **assigned,
                      imap_error **error);

/// EXPUNGE (RFC 9051 section 6.4.3): removes the messages marked Deleted; of `set` only, which are UIDs (UID
/// EXPUNGE, RFC 4315; UNSUPPORTED without UIDPLUS), or all with NULL. Gives message numbers in the order told, each
/// as it was after those before it went, or UIDs where the server tells these (QRESYNC). Free the result with
/// imap_numbers_free(). Blocks: yes.
imap_status imap_expunge(imap_client *client,
                         const char *set,
                         imap_numbers **expunged,
                         imap_error **error);

/// NULL is fine. Blocks: no.
void imap_assigned_free(imap_assigned *assigned);

/// # Adding messages
///
/// APPEND (RFC 9051 section 6.3.12) of one message of `data_len` bytes to `mailbox`. `flags` as "\\Seen $Junk", or
/// NULL. `internal_date` in seconds since 1970 UTC; -1: now. Line ends must be CRLF; see IMAP_OPTION_APPEND_CRLF. The
/// bytes are sent from where they are, so nobody may change them during the call; when it ends they are yours again. An
/// APPEND that is cancelled still goes to its end, so that the connection is kept: what has not left then is copied. Free
/// the result with imap_assigned_free(). For several messages, or long ones, see Uploads. NO with the code TRYCREATE: the
/// mailbox does not exist; with OVERQUOTA, TOOBIG or LIMIT: it is too much. LIMIT: it is longer than the server's
/// APPENDLIMIT, and nothing was sent. Where UTF8=ACCEPT is enabled, a message with UTF-8 in its header is sent as RFC 6855 asks.
/// Blocks: yes.
imap_status imap_append(imap_client *client,
                        const char *mailbox,
                        const char *flags,
                        int64_t internal_date,
                        const uint8_t *data,
                        size_t data_len,
                        imap_assigned **assigned,
                        imap_error **error);

/// # Events
///
/// What the server tells unasked, in order, collects while other calls run: look after each with
/// imap_next_event(). imap_idle() waits for it, imap_watch() has it told of several mailboxes, imap_noop() asks
/// once. Every event is yours to free. Whoever prefers to be called: imap_add_handler().
///
/// The next event, to be freed with imap_event_free(); NULL: none now. What has arrived already is read first.
/// Blocks: no.
imap_status imap_next_event(imap_client *client,
                            imap_event **event,
                            imap_error **error);

/// Waits for the next event, to be freed with imap_event_free(), with IDLE (RFC 2177), or by NOOP every
/// IMAP_OPTION_POLL_INTERVAL where the server does not have it; NULL: none came within `timeout` milliseconds (-1: no
/// limit). Works in any state after the login; no mailbox needs to be selected, but only the selected one is told of.
/// Other threads' commands run meanwhile, as if nobody idled. IDLE is renewed after IMAP_OPTION_IDLE_RENEW; a server
/// that is gone is found after IMAP_OPTION_DEAD_PEER. After an event it goes on until something is sent.
/// Blocks: yes.
imap_status imap_idle(imap_client *client,
                      int64_t timeout,
                      imap_event **event,
                      imap_error **error);

/// Has imap_idle(), and an IDLE that was sent, hear of these mailboxes too (an array of names that ends with NULL; NULL:
/// of the selected one alone) by the best means that the server has: NOTIFY, else IDLE and a STATUS of the others every
/// IMAP_OPTION_POLL_INTERVAL, else NOOP instead of IDLE. `means` tells which. The counts of each are told as
/// IMAP_EVENT_STATUS, at first and when they change. Stays in force until it is called anew, also after
/// imap_reconnect(). UNSUPPORTED: there is no NOTIFY, and IMAP_OPTION_EMULATE is off. Blocks: yes.
imap_status imap_watch(imap_client *client,
                       const char *const *mailboxes,
                       imap_watch_means *means,
                       imap_error **error);

/// NOTIFY (RFC 5465): which news the server tells by itself, of which mailboxes: "SET STATUS (selected (MessageNew
/// MessageExpunge)) (subtree ? (MessageNew))", "NONE"; a ? is a mailbox. With "selected", rather than
/// "selected-delayed", messages may vanish at any time: commands that name them by number are then INVALID. NO with the
/// code BADEVENT: the server does not have one of the events. Blocks: yes.
imap_status imap_notify(imap_client *client,
                        const char *events,
                        const char *const *params,
                        imap_error **error);

/// Calls `handler` with `userdata` for every response of the server, those that a command claims included, in the order
/// of arrival, while some call on this client runs: on the thread of that call, with no lock held. It may call back
/// into the client, but not wait in it (STATE). Large literals are left out. `release` (or NULL) is called with
/// `userdata` in the end. Gives the handler's id. Blocks: no.
imap_status imap_add_handler(imap_client *client,
                             imap_event_callback handler,
                             void *userdata,
                             imap_release_callback release,
                             uint32_t *handler_id,
                             imap_error **error);

/// The handler is told no more; one that runs now on another thread may still be running. 0 and ids that are gone do
/// nothing. Blocks: no.
void imap_remove_handler(imap_client *client,
                         uint32_t handler_id);

/// NULL is fine. Blocks: no.
void imap_event_free(imap_event *event);

/// # Requests
///
/// imap_send() starts any command and returns at once; write it as RFC 9051 does, without the tag:
///     imap_send(client, "STATUS ? (UNSEEN)", params, &request, &error);      do other things, then
///     imap_request_take_counts(request, &counts, &error);                    waits if need be
/// "UID FETCH", "UID SEARCH", ... speak of UIDs, without UID of message numbers. All that the functions above
/// do is done here too: checks, capabilities, encoding, splitting. Commands overlap as far as RFC 9051 section
/// 5.5 allows; others wait for their turn. "LOGIN ? ?" is the command itself, for servers whose mechanisms do
/// not work; for APPEND and REPLACE there is imap_send_upload(), for AUTHENTICATE and LOGOUT the functions above. Unknown commands are sent as they
/// are.
///
/// `params`: the values of the ? in `command`, NULL at the end; or NULL. Gives a request, to be freed with
/// imap_request_free(); what the server makes of it is told when it is taken. Blocks: no.
imap_status imap_send(imap_client *client,
                      const char *command,
                      const char *const *params,
                      imap_request **request,
                      imap_error **error);

/// Whether its reply has come, or it failed; what has arrived already is read first. True for NULL. Blocks: no.
bool imap_request_is_done(const imap_request *request);

/// Whether the next _take, _next_..., imap_request_write(), imap_request_challenge(), or imap_body_read() of its body would
/// not wait; what has arrived already is read first. True for NULL. Blocks: no.
bool imap_request_is_ready(const imap_request *request);

/// How far it is, in bytes: sent, of an upload, and received otherwise; or in the server's own count (messages, mostly)
/// once it tells that (INPROGRESS, RFC 9585). `total` is -1 where it is not known. 0 and -1 for NULL. Blocks: no.
void imap_request_progress(const imap_request *request,
                           int64_t *done,
                           int64_t *total);

/// Puts it before all that is not sent yet, but behind what changes the session (SELECT, ...). Otherwise the threads
/// that use a client take turns. Blocks: no.
void imap_request_hurry(imap_request *request);

/// Waits until it is done, at most `timeout` milliseconds; -1: as long as its own deadlines allow. Returns how it
/// ended, as the takes do. TIMEOUT: not done yet, and goes on. Blocks: yes.
imap_status imap_request_wait(imap_request *request,
                              int64_t timeout,
                              imap_error **error);

/// Ends it with CANCELLED. The connection stays good: what was sent is not taken back, but its answer is skipped, up to
/// IMAP_OPTION_DRAIN_BYTES and _DRAIN_TIMEOUT; a literal that is in memory is sent to its end, IDLE is ended with
/// DONE, an authentication with *. A login that the server accepts after all that closes the connection. An upload whose bytes come from elsewhere, and of which some were sent, cannot be ended otherwise than by
/// closing the connection. Blocks: no.
void imap_request_cancel(imap_request *request);

/// Cancels it if it is not done, and frees it; NULL is fine. Blocks: no.
void imap_request_free(imap_request *request);

/// The tagged reply; NULL until it has come. To be asked for before the answer is taken; lives as long as the
/// request. Blocks: no.
const imap_event *imap_request_reply(const imap_request *request);

/// What the server asks in an authentication of imap_send_authenticate(): its bytes, decoded, which are good until they
/// are answered or the request is freed; NULL when it asks no more and has said OK. Fails as the request does: AUTH, when
/// the server refused. Blocks: yes.
imap_status imap_request_challenge(imap_request *request,
                                   const uint8_t **data,
                                   size_t *data_len,
                                   imap_error **error);

/// Answers it with `data_len` bytes, which the library encodes; none is an answer too. STATE: the server has asked for
/// nothing. Blocks: no.
imap_status imap_request_respond(imap_request *request,
                                 const uint8_t *data,
                                 size_t data_len,
                                 imap_error **error);

/// The answer of FETCH or STORE, to be freed with imap_messages_free(). Waits for it. Each take gives its answer
/// once; STATE if the command gives no such thing, and the answer stays to be taken. Otherwise as the function of
/// the command. Blocks: yes.
imap_status imap_request_take_messages(imap_request *request,
                                       imap_messages **messages,
                                       imap_error **error);

/// The same for SEARCH, SORT, EXPUNGE and UIDBATCHES; imap_numbers_free(). Blocks: yes.
imap_status imap_request_take_numbers(imap_request *request, imap_numbers **numbers, imap_error **error);

/// The same for ESEARCH; imap_numbers_list_free(). Blocks: yes.
imap_status imap_request_take_numbers_list(imap_request *request,
                                           imap_numbers_list **list,
                                           imap_error **error);

/// The same for THREAD; imap_threads_free(). Blocks: yes.
imap_status imap_request_take_threads(imap_request *request, imap_threads **threads, imap_error **error);

/// The same for COPY and MOVE; imap_assigned_free(). Blocks: yes.
imap_status imap_request_take_assigned(imap_request *request, imap_assigned **assigned, imap_error **error);

/// The same for LIST and LSUB; imap_mailboxes_free(). Blocks: yes.
imap_status imap_request_take_mailboxes(imap_request *request,
                                        imap_mailboxes **mailboxes,
                                        imap_error **error);

/// The same for STATUS; imap_counts_free(). Blocks: yes.
imap_status imap_request_take_counts(imap_request *request, imap_counts **counts, imap_error **error);

/// The same for SELECT and EXAMINE; imap_selected_free(). Blocks: yes.
imap_status imap_request_take_selected(imap_request *request, imap_selected **selected, imap_error **error);

/// The same for NAMESPACE; imap_namespaces_free(). Blocks: yes.
imap_status imap_request_take_namespaces(imap_request *request,
                                         imap_namespaces **namespaces,
                                         imap_error **error);

/// The same for ID; imap_pairs_free(). Blocks: yes.
imap_status imap_request_take_pairs(imap_request *request, imap_pairs **pairs, imap_error **error);

/// The same for GETACL, LISTRIGHTS and MYRIGHTS; imap_acl_free(). Blocks: yes.
imap_status imap_request_take_acl(imap_request *request, imap_acl **acl, imap_error **error);

/// The same for GETQUOTA, GETQUOTAROOT and SETQUOTA; imap_quotas_free(). Blocks: yes.
imap_status imap_request_take_quotas(imap_request *request, imap_quotas **quotas, imap_error **error);

/// The same for GETMETADATA; imap_entries_free(). Blocks: yes.
imap_status imap_request_take_entries(imap_request *request, imap_entries **entries, imap_error **error);

/// The same for CAPABILITY and ENABLE; imap_texts_free(). Blocks: yes.
imap_status imap_request_take_texts(imap_request *request, imap_texts **texts, imap_error **error);

/// The same for a command that libimap does not know: its responses, generic, the tagged one last;
/// imap_events_free(). Blocks: yes.
imap_status imap_request_take_events(imap_request *request, imap_events **events, imap_error **error);

/// Any command in its own words, and all responses that come until its tagged one, which is the last: for
/// commands that have no function. Nothing else runs meanwhile. INVALID for those that change what the library
/// must know (SELECT, LOGIN, ...), with the name of their function. `params` as with imap_send(). Free the
/// result with imap_events_free(). Blocks: yes.
imap_status imap_command(imap_client *client,
                         const char *command,
                         const char *const *params,
                         imap_events **events,
                         imap_error **error);

/// NULL is fine. Blocks: no.
void imap_events_free(imap_events *events);

/// # Streams
///
/// For answers that should never be whole in memory. imap_stream() is imap_send() for FETCH, LIST, LSUB or SEARCH;
/// then take one item after the other:
///     while (imap_request_next_message(request, &message, &error) == IMAP_OK && message) { ...
///         imap_message_free(message); }
/// To read the bodies of such messages piece by piece too, before each message take its bodies with
/// imap_request_next_body(). imap_body_open() is all of that for one section of one message.
///
/// Nothing is read further ahead than 32 short messages. Until you read on, the connection stands still: a call of
/// another thread waits within its timeout, one of the thread that reads the stream fails with STATE, unless what
/// stands before its answer fits into IMAP_OPTION_SPOOL. A stream that you no longer want: imap_request_free().
///
/// What the server does not tell with LIST is asked for each mailbox here too, one question after the other once all
/// names are known; imap_send() asks many at once. Where several lists make one (the subscriptions, or several patterns,
/// without LIST-EXTENDED), the names that LSUB tells are held until LIST tells them too, and of all names a few bytes by
/// which they are known again; what is subscribed and is not there comes last. LIMIT: that is more than
/// IMAP_OPTION_MAX_RESULT.
///
/// PREVIEW where the server does not have it: which messages the set names is asked once at the beginning, then for 64
/// of them at a time their structures, the beginnings of their texts, and the messages with all else that you asked for.
/// Their UIDs are held (LIMIT: more than IMAP_OPTION_MAX_RESULT) and 64 previews; bodies are read as ever.
///
/// As imap_send(): `command` with `params` for its ?, gives a request to be freed with imap_request_free(). INVALID
/// if the command has no items. Blocks: no.
imap_status imap_stream(imap_client *client,
                        const char *command,
                        const char *const *params,
                        imap_request **request,
                        imap_error **error);

/// The next message of a streamed FETCH, to be freed with imap_message_free(); NULL at the end. Its sections that
/// imap_request_next_body() did not give are held in it, those that were read have a size only. STATE if the
/// request is no such stream, or a body of it is open. Blocks: yes.
imap_status imap_request_next_message(imap_request *request,
                                      imap_message **message,
                                      imap_error **error);

/// The next body of the message that is arriving, in the order sent; to be read, or freed, before all else. NULL: it
/// has no more, take the message; or the stream is over. Sections that came in few bytes are copied from the message,
/// which keeps them. Free it with imap_body_free(). Blocks: yes.
imap_status imap_request_next_body(imap_request *request,
                                   imap_body **body,
                                   imap_error **error);

/// The next mailbox of a streamed LIST or LSUB, as a list of one, to be freed with imap_mailboxes_free(); NULL at the
/// end. Blocks: yes.
imap_status imap_request_next_mailbox(imap_request *request,
                                      imap_mailboxes **mailbox,
                                      imap_error **error);

/// The next numbers of a streamed SEARCH, some thousands of them, to be freed with imap_numbers_free(); NULL at the
/// end. Blocks: yes.
imap_status imap_request_next_numbers(imap_request *request,
                                      imap_numbers **numbers,
                                      imap_error **error);

/// For messages of imap_request_next_message() only. Their memory serves for those that come next: a thread that frees
/// them keeps 128 KiB of it at most, until it ends. NULL is fine. Blocks: no.
void imap_message_free(imap_message *message);

/// Opens a section of the message with this UID in the selected mailbox: "" all of it, "TEXT", "1.2", to be read in
/// pieces from byte `offset` on, without marking the message seen. Nothing of it is held in memory. `decode`: what
/// imap_body_read() undoes; it needs a part ("1.2") from its beginning, else INVALID. NO if there is no such message
/// or section. Free it with imap_body_free(). Blocks: yes, until the body begins.
imap_status imap_body_open(imap_client *client,
                           uint32_t uid,
                           const char *section,
                           int64_t offset,
                           imap_decoding decode,
                           imap_body **body,
                           imap_error **error);

/// Reads the next bytes, at most `capacity`, into `buffer`; `length`, which may not be NULL, tells how many: 0 is the
/// end. While a body is half read, other answers of the connection wait. Blocks: yes.
imap_status imap_body_read(imap_body *body,
                           uint8_t *buffer,
                           size_t capacity,
                           size_t *length,
                           imap_error **error);

/// Size as announced, before decoding; -1: not told, or NULL. Blocks: no.
int64_t imap_body_size(const imap_body *body);

/// The message's UID; 0: the server did not name it before the body, or NULL. Blocks: no.
uint32_t imap_body_uid(const imap_body *body);

/// As imap_section's label, "BODY[1.2]"; lives as long as the body. NULL for NULL. Blocks: no.
const char *imap_body_label(const imap_body *body);

/// Also before its end: the rest is skipped as it comes; of one from imap_body_open() at most IMAP_OPTION_DRAIN_BYTES,
/// then the connection is given up. NULL is fine. Blocks: no.
void imap_body_free(imap_body *body);

/// # Uploads
///
/// imap_append() is for one message in memory. An imap_upload is for more: several messages, long ones that are sent as
/// they are read, in constant memory, and ones that are put together from what the server has. For each message call imap_upload_add_message(), then add its pieces in
/// order; line ends must be CRLF, and there must be no NUL but in bytes. As with options, the adders may go unchecked:
/// the first that failed makes the command fail.
///
/// A new upload, to be freed with imap_upload_free(); NULL if there is no memory. Blocks: no.
imap_upload *imap_upload_new(void);

/// NULL is fine. Requests that send it are not disturbed. Blocks: no.
void imap_upload_free(imap_upload *upload);

/// Begins a message. `flags` as "\\Seen $Junk", or NULL; `internal_date` in seconds since 1970 UTC, -1: now, and its
/// `zone` in minutes east. INVALID if they cannot be. Blocks: no.
imap_status imap_upload_add_message(imap_upload *upload,
                                    const char *flags,
                                    int64_t internal_date,
                                    int32_t zone,
                                    imap_error **error);

/// An annotation (RFC 5257) of the message that was begun last, to be called before its pieces are added or after: entry
/// "/comment", attribute "value.priv" or "value.shared"; the value is copied. The command is UNSUPPORTED where the
/// server does not have ANNOTATE-EXPERIMENT-1. Blocks: no.
imap_status imap_upload_add_annotation(imap_upload *upload,
                                       const char *entry,
                                       const char *attribute,
                                       const uint8_t *value,
                                       size_t value_len,
                                       imap_error **error);

/// The next `data_len` bytes of the message that was begun last; they are copied. Blocks: no.
imap_status imap_upload_add_bytes(imap_upload *upload,
                                  const uint8_t *data,
                                  size_t data_len,
                                  imap_error **error);

/// The next `size` bytes come from a descriptor, from where it stands; -1: all to its end, which must be a file's. It
/// stays yours, and must stay open until the command is done; a pipe or socket may be slow, and is waited for. With
/// IMAP_OPTION_APPEND_CRLF it is read once before, by the call that sends the upload, so it must be a file's.
/// INVALID if it cannot be read. Blocks: no.
imap_status imap_upload_add_fd(imap_upload *upload,
                               int fd,
                               int64_t size,
                               imap_error **error);

/// The next `size` bytes come from `read`, which is called with `userdata` while the command is sent, on a thread that
/// is inside a call on the client, with no lock held. It returns IMAP_IO_DONE and how many bytes it wrote, or
/// IMAP_IO_AGAIN; anything else ends the command with STOPPED, and the connection with it. `release` (or NULL) is
/// called with `userdata` when neither the upload nor a request needs it any more. Blocks: no.
imap_status imap_upload_add_reader(imap_upload *upload,
                                   int64_t size,
                                   imap_read_callback read,
                                   void *userdata,
                                   imap_release_callback release,
                                   imap_error **error);

/// The next `size` bytes will be given to imap_request_write(): for imap_send_upload(). Blocks: no.
imap_status imap_upload_add_later(imap_upload *upload, int64_t size, imap_error **error);

/// Says which message of the selected mailbox the upload takes the place of, for imap_replace() and imap_send_upload()
/// with a `uid` of 0: by its number, "#4", or "#*" for the last one known (RFC 8508 section 3.2), or by its UID, "42". A
/// number means what it means when the command is sent: UIDs are safer. Where the server does not have REPLACE it is
/// first asked for the UID of that number, and nothing but this UID is deleted. INVALID if it is not one message; the
/// command is INVALID where numbers mean nothing (UIDONLY, or NOTIFY of the selected mailbox), and NO or BAD if there is
/// no such message. Blocks: no.
imap_status imap_upload_set_replaced(imap_upload *upload,
                                     const char *message,
                                     imap_error **error);

/// Next comes a message or part that the server has (CATENATE, RFC 4469), named by a URL (RFC 5092):
/// "/INBOX;UIDVALIDITY=7/;UID=20" is a whole message, "/INBOX/;UID=20/;SECTION=1.2" a part of one. The command fails
/// with UNSUPPORTED if the server does not have CATENATE; with NO and the code BADURL, whose text is the URL, if there
/// is nothing behind it. INVALID: it is empty, or has spaces, quotes or other characters than ASCII. Blocks: no.
imap_status imap_upload_add_url(imap_upload *upload,
                                const char *url,
                                imap_error **error);

/// APPEND (RFC 9051 section 6.3.12) of all messages of the upload to `mailbox`: in one command where the server has
/// MULTIAPPEND (RFC 3502: then all are added or none), else one after the other (then origin is IMAP_ORIGIN_EMULATED). A
/// server that takes only so many at once (SAVELIMIT, RFC 9738) gets them in several commands: after an error the
/// earlier ones were added. Free the result, with their UIDs in order, with imap_assigned_free(). Otherwise as
/// imap_append(); STOPPED: a reader gave up; UNSUPPORTED: a URL, and no CATENATE. Blocks: yes.
imap_status imap_append_upload(imap_client *client,
                               const char *mailbox,
                               const imap_upload *upload,
                               imap_assigned **assigned,
                               imap_error **error);

/// REPLACE (RFC 8508): puts the one message of the upload into `mailbox` in place of the message with this UID in the
/// selected one; 0: of the one that imap_upload_set_replaced() named, which can be a number. Where the server does not
/// have it: APPEND, STORE and UID EXPUNGE, which are not atomic (then origin is IMAP_ORIGIN_EMULATED); UNSUPPORTED
/// without UIDPLUS. Free the result with imap_assigned_free(). Blocks: yes.
imap_status imap_replace(imap_client *client,
                         uint32_t uid,
                         const char *mailbox,
                         const imap_upload *upload,
                         imap_assigned **assigned,
                         imap_error **error);

/// APPEND, or REPLACE of what `uid` names, or imap_upload_set_replaced(), as a request, to be freed with
/// imap_request_free(); take the answer with imap_request_take_assigned(). The upload may be freed at once. Blocks: no.
imap_status imap_send_upload(imap_client *client,
                             uint32_t uid,
                             const char *mailbox,
                             const imap_upload *upload,
                             imap_request **request,
                             imap_error **error);

/// Gives an upload the bytes of imap_upload_add_later(), at most `data_len`, as soon as they can be sent; `length`
/// tells how many were taken. STATE: it has all of them. Blocks: yes.
imap_status imap_request_write(imap_request *request,
                               const uint8_t *data,
                               size_t data_len,
                               size_t *length,
                               imap_error **error);

/// # Event loops
///
/// One thread can drive thousands of clients: imap_start() each, then for ever: poll() every imap_fd() for its
/// imap_wants(), no longer than its imap_timeout_ms(); imap_step() those that are ready or due; look at their
/// requests and events. Ask anew after each step and each other call on the client: all three change. Send "IDLE" to be told of
/// news until that request is cancelled. The calls that block may be used too; while a thread is inside one, it does
/// what the steps would do.
///
/// The descriptor to wait for: of the name lookup at first, then of the socket; -1: none now. Never read or close it.
/// Blocks: no.
int imap_fd(const imap_client *client);

/// What to wait for there: IMAP_WANTS_READ, IMAP_WANTS_WRITE, both or (0) neither. Blocks: no.
uint32_t imap_wants(const imap_client *client);

/// In how many milliseconds imap_step() is due though nothing arrives; -1: never. Blocks: no.
int64_t imap_timeout_ms(const imap_client *client);

/// Connects, reads, writes and works as far as it can without waiting. A failure is the connection's, and stays;
/// CANCELLED: imap_cancel() was called, and every request ended. Blocks: no.
imap_status imap_step(imap_client *client,
                      imap_error **error);

/// A second descriptor to wait for, for reading: it tells that imap_step() is due before its time because another
/// thread sent or cancelled something. -1 if the system has none left. It is made by the first call, and stays;
/// never read or close it. Blocks: no.
int imap_wake_fd(imap_client *client);

/// # Sets
///
/// UIDs or message numbers as IMAP writes them: "1:5,9,20:*", of message numbers "#1:5". A set keeps order and
/// repetitions as parsed and added; the other changes leave it sorted and merged. It stays ranges:
/// "1:4294967295" costs nothing. `*` counts as 4294967295. Mixing UIDs and numbers is INVALID.
///     for (uint64_t at = 0; (uid = imap_set_next(set, &at)) != 0;) ...
///
/// Parses a set, to be freed with imap_set_free(). "" is the empty set. INVALID: it is malformed. Blocks: no.
imap_status imap_set_parse(const char *text,
                           imap_set **set,
                           imap_error **error);

/// A copy of your own, to be freed with imap_set_free(): for sets that belong to a result. Blocks: no.
imap_status imap_set_copy(const imap_set *set, imap_set **copy, imap_error **error);

/// Frees a set that was parsed or copied, never one of a result; NULL is fine. Blocks: no.
void imap_set_free(imap_set *set);

/// The set as IMAP writes it. Lives as long as the set, until it is changed; NULL if there is no memory, and for
/// NULL. Blocks: no.
const char *imap_set_text(const imap_set *set);

/// How many numbers, repetitions counted; 0 for NULL. Blocks: no.
uint64_t imap_set_count(const imap_set *set);

/// Whether the number is in it; false for NULL. Blocks: no.
bool imap_set_contains(const imap_set *set, uint32_t number);

/// Whether all of `other` is in it; false for NULL, or if there is no memory. Blocks: no.
bool imap_set_includes(const imap_set *set, const imap_set *other);

/// Whether any of `other` is in it; false for NULL, or if there is no memory. Blocks: no.
bool imap_set_overlaps(const imap_set *set, const imap_set *other);

/// Smallest and largest number; both 0 if it is empty or NULL. Blocks: no.
void imap_set_bounds(const imap_set *set, uint32_t *lowest, uint32_t *highest);

/// The number at `place`, counted from 0; 0 beyond the end. In two sets that run side by side, the partner.
/// Blocks: no.
uint32_t imap_set_at(const imap_set *set, uint64_t place);

/// The place of a number, counted from 0; -1: it is not there. Blocks: no.
int64_t imap_set_find(const imap_set *set, uint32_t number);

/// The next number; begin with *at = 0, and leave it alone between. Returns 0 at the end. Blocks: no.
uint32_t imap_set_next(const imap_set *set, uint64_t *at);

/// The next span, first <= last; begin with *at = 0, and leave it alone between. False at the end. Blocks: no.
bool imap_set_next_span(const imap_set *set,
                        uint64_t *at,
                        uint32_t *first,
                        uint32_t *last);

/// Adds `first` to `last` behind what is there; 0 is INVALID. Blocks: no.
imap_status imap_set_add(imap_set *set, uint32_t first, uint32_t last, imap_error **error);

/// Takes `first` to `last` away; 0 is INVALID. Blocks: no.
imap_status imap_set_remove(imap_set *set, uint32_t first, uint32_t last, imap_error **error);

/// Sorts and merges: the shortest text, each number once. Blocks: no.
imap_status imap_set_sort(imap_set *set, imap_error **error);

/// Adds all of `other`. Blocks: no.
imap_status imap_set_unite(imap_set *set, const imap_set *other, imap_error **error);

/// Takes all of `other` away. Blocks: no.
imap_status imap_set_subtract(imap_set *set, const imap_set *other, imap_error **error);

/// Keeps what is in `other` too. Blocks: no.
imap_status imap_set_intersect(imap_set *set, const imap_set *other, imap_error **error);

/// # Rights, quota, metadata, URLs
///
/// Who may do what with a mailbox (ACL), how much there may be in it (QUOTA), what is noted about it (METADATA), and who
/// may read of it by URL (URLAUTH). UNSUPPORTED if the server does not have them.
///
/// An answer may spell the mailbox in the server's own way (UTF-8 or modified UTF-7, a delimiter behind): results have
/// the name as it told it. One about another mailbox is no answer, but an event.
///
/// GETACL (RFC 4314): who has which rights. Free the result with imap_acl_free(). Blocks: yes.
imap_status imap_getacl(imap_client *client,
                        const char *mailbox,
                        imap_acl **acl,
                        imap_error **error);

/// SETACL: "lrs" sets the rights of `identifier`, "+w" adds, "-w" takes away. Blocks: yes.
imap_status imap_setacl(imap_client *client,
                        const char *mailbox,
                        const char *identifier,
                        const char *rights,
                        imap_error **error);

/// DELETEACL: takes all rights of `identifier` away. Blocks: yes.
imap_status imap_deleteacl(imap_client *client,
                           const char *mailbox,
                           const char *identifier,
                           imap_error **error);

/// LISTRIGHTS: which rights `identifier` can be given. Free the result with imap_acl_free(). Blocks: yes.
imap_status imap_listrights(imap_client *client,
                            const char *mailbox,
                            const char *identifier,
                            imap_acl **acl,
                            imap_error **error);

/// MYRIGHTS: my_rights of the result. Free it with imap_acl_free(). Blocks: yes.
imap_status imap_myrights(imap_client *client, const char *mailbox, imap_acl **acl, imap_error **error);

/// NULL is fine. Blocks: no.
void imap_acl_free(imap_acl *acl);

/// GETQUOTA (RFC 9208) of a quota root. Free the result with imap_quotas_free(). Blocks: yes.
imap_status imap_getquota(imap_client *client, const char *root, imap_quotas **quotas, imap_error **error);

/// GETQUOTAROOT: all roots of a mailbox. Free the result with imap_quotas_free(). Blocks: yes.
imap_status imap_getquotaroot(imap_client *client,
                              const char *mailbox,
                              imap_quotas **quotas,
                              imap_error **error);

/// SETQUOTA: "STORAGE 512 MESSAGE 1000"; "" lifts all limits. Gives the root as it is then, if the server tells; free it
/// with imap_quotas_free(). Blocks: yes.
imap_status imap_setquota(imap_client *client,
                          const char *root,
                          const char *limits,
                          imap_quotas **quotas,
                          imap_error **error);

/// NULL is fine. Blocks: no.
void imap_quotas_free(imap_quotas *quotas);

/// GETMETADATA (RFC 5464): "/private/comment /shared/comment", "(DEPTH 1 MAXSIZE 1024) /private"; mailbox "" is the server.
/// `params`: the values of the ? in `what`, NULL at the end; or NULL. What is longer than MAXSIZE is left out: if the
/// server tells so, the last entry has the `size` of the longest, and its name if only that one can be meant. A server
/// that has only ANNOTATEMORE is asked with GETANNOTATION: the entries have an `attribute` then, and origin is
/// IMAP_ORIGIN_EMULATED. Free the result with imap_entries_free(). UNSUPPORTED: the server has neither. Blocks: yes.
imap_status imap_getmetadata(imap_client *client,
                             const char *mailbox,
                             const char *what,
                             const char *const *params,
                             imap_entries **entries,
                             imap_error **error);

/// SETMETADATA of one entry to `value_len` bytes; value NULL removes it. SETANNOTATION where the server has only
/// ANNOTATEMORE. Several at once: imap_send() with "SETMETADATA ? (/private/comment ? /shared/comment NIL)".
/// UNSUPPORTED: the server has neither. Blocks: yes.
imap_status imap_setmetadata(imap_client *client,
                             const char *mailbox,
                             const char *entry,
                             const uint8_t *value,
                             size_t value_len,
                             imap_error **error);

/// NULL is fine. Blocks: no.
void imap_entries_free(imap_entries *entries);

/// GENURLAUTH (RFC 4467): signs a URL of a message or of a part of it, so that whoever it names may read it:
/// "imap://bob@example.org/INBOX;UIDVALIDITY=7/;UID=20;EXPIRE=2027-01-01T00:00:00Z;URLAUTH=anonymous". By `mechanism`;
/// NULL: "INTERNAL". Free the signed URL with imap_text_free(). NO with the code BADURL: the server does not sign such.
/// Blocks: yes.
imap_status imap_genurlauth(imap_client *client,
                            const char *url,
                            const char *mechanism,
                            char **signed_url,
                            imap_error **error);

/// URLFETCH (RFC 4467): what is behind a signed URL, as one entry whose name is the URL; its value is NULL if the server
/// does not give it. Free the result with imap_entries_free(). For several URLs at once, or decoded parts
/// (URLAUTH=BINARY, RFC 5524): imap_send(client, "URLFETCH (\"imap://...\" BINARY BODYPARTSTRUCTURE)", ...) and
/// imap_request_take_entries(), where `attribute` says which is which. Blocks: yes.
imap_status imap_urlfetch(imap_client *client,
                          const char *url,
                          imap_entries **entries,
                          imap_error **error);

/// RESETKEY (RFC 4467): voids the URLs that were signed for `mailbox` by `mechanisms`, separated by spaces (NULL: by
/// any); mailbox NULL: all that were ever signed. Blocks: yes.
imap_status imap_resetkey(imap_client *client,
                          const char *mailbox,
                          const char *mechanisms,
                          imap_error **error);

/// # Text, dates, parsing
///
/// The library does all this by itself; here it is for whoever needs it alone. Texts are freed with
/// imap_text_free().
///
/// A mailbox name in UTF-8 to modified UTF-7 (RFC 3501 section 5.1.3), as servers store it. Blocks: no.
imap_status imap_encode_utf7(const char *name, char **encoded, imap_error **error);

/// And back; what is not valid is kept as it stands. Blocks: no.
imap_status imap_decode_utf7(const char *encoded, char **name, imap_error **error);

/// The value of a header field, of `data_len` bytes: encoded words (RFC 2047), raw 8-bit, folded lines; to UTF-8. What
/// cannot be understood is kept. Blocks: no.
imap_status imap_decode_header(const uint8_t *data,
                               size_t data_len,
                               char **value,
                               imap_error **error);

/// A header (BODY[HEADER], or a whole message), of `data_len` bytes, to its fields in order: names as they stand, values
/// unfolded and decoded. Free it with imap_pairs_free(). Blocks: no.
imap_status imap_parse_header(const uint8_t *data,
                              size_t data_len,
                              imap_pairs **fields,
                              imap_error **error);

/// "\\Seen $Junk", with or without parentheses, as a FETCH would tell it. Free it with imap_flags_free().
/// Blocks: no.
imap_status imap_parse_flags(const char *text, imap_flags **flags, imap_error **error);

/// NULL is fine. Blocks: no.
void imap_flags_free(imap_flags *flags);

/// An IMAP date or date-time ("17-Jul-1996", "17-Jul-1996 02:44:25 -0700", quoted or not), or the date of a header
/// ("Wed, 17 Jul 1996 02:23:25 -0700"). Gives seconds since 1970 UTC, -1 after a failure, and the zone in minutes east.
/// INVALID if it is none. Blocks: no.
imap_status imap_parse_date(const char *text,
                            int64_t *seconds,
                            int32_t *zone,
                            imap_error **error);

/// "17-Jul-1996 02:44:25 -0700" for seconds since 1970 UTC in a zone of so many minutes east; with `date_only`
/// "17-Jul-1996". INVALID beyond the year 9999, and for a zone that is none. Blocks: no.
imap_status imap_format_date(int64_t seconds,
                             int32_t zone,
                             bool date_only,
                             char **text,
                             imap_error **error);

/// SASLprep (RFC 4013) of a user name or password: one spelling for what looks the same. INVALID if it has a character
/// that is forbidden. Blocks: no.
imap_status imap_saslprep(const char *text,
                          char **prepared,
                          imap_error **error);

/// Responses of a server, `data_len` bytes of them, as a client would see them, without any connection. What does not
/// end is left out. Free the result with imap_events_free(). Blocks: no.
imap_status imap_parse_responses(const uint8_t *data,
                                 size_t data_len,
                                 imap_events **events,
                                 imap_error **error);

/// Frees a text that a call gave as char **; NULL is fine. Blocks: no.
void imap_text_free(char *text);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* IMAP_H */
