# Common to the server scripts: a private server, unpacked and never installed, in a folder of its own, on loopback.
#
#   SERVER start DIR     starts it; DIR/ports gets imap=PORT and imaps=PORT, DIR/tls its certificates
#   SERVER stop DIR      ends what was started, and nothing else
#   SERVER status DIR    exit status 0 if it runs
#
# Users: alice (secret-a) and bob (secret-b). LIBIMAP_CACHE: where `fetch` put the servers. LIBIMAP_SERVER_CONFIG: a
# file of lines to be added to the server's configuration. As root the daemons run as an account of their own; every
# parent folder of DIR and of the cache must be searchable by it.

set -euo pipefail
umask 022
ME=${0##*/}
HERE=$(cd "$(dirname "$0")" && pwd -P)

die() { echo "$ME: $*" >&2; exit 1; }
need() { command -v "$1" >/dev/null 2>&1 || die "'$1' is missing: run tests/setup test"; }

cache() {
  if [ -n "${LIBIMAP_CACHE:-}" ]; then echo "$LIBIMAP_CACHE"
  elif [ "$(id -u)" = 0 ]; then echo /var/cache/libimap
  else echo "${XDG_CACHE_HOME:-$HOME/.cache}/libimap"; fi
}

# A free port below the ephemeral range; starting is tried again should another process win the race.
pick_port() {
  local p
  while :; do
    p=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
    case " ${TAKEN:-} " in *" $p "*) continue ;; esac
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$p") 2>/dev/null; then TAKEN="${TAKEN:-} $p"; PORT=$p; return; fi
  done
}

start_time() {
  local s
  s=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  s=${s##*) }
  set -- $s
  echo "${20}"
}

alive() {
  [ -s "$DIR/pid" ] || return 1
  local p t
  read -r p t <"$DIR/pid"
  [ "$(start_time "$p")" = "$t" ]
}

greets() {
  local line
  exec 3<>"/dev/tcp/127.0.0.1/$1" || return 1
  read -r -t 5 -u 3 line || { exec 3>&-; return 1; }
  exec 3>&-
  [[ $line == "* OK"* ]]
}

wait_ready() {
  local i
  for i in $(seq 150); do
    greets "$1" 2>/dev/null && return 0
    alive || return 1
    sleep 0.1
  done
  return 1
}

# A CA, the server's certificate for localhost, a client's for alice.
make_certificates() {
  local t=$DIR/tls n subject extra
  mkdir -p "$t"
  [ ! -s "$t/server.pem" ] || return 0
  {
    openssl ecparam -name prime256v1 -genkey -noout -out "$t/ca.key"
    openssl req -x509 -new -key "$t/ca.key" -days 3650 -subj "/CN=libimap test CA" \
      -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign,cRLSign" -out "$t/ca.pem"
    for n in server client; do
      if [ $n = server ]; then
        subject=/CN=localhost
        extra=$'extendedKeyUsage=serverAuth\nsubjectAltName=DNS:localhost,IP:127.0.0.1,IP:0:0:0:0:0:0:0:1'
      else
        subject=/CN=alice
        extra=$'extendedKeyUsage=clientAuth\nsubjectAltName=email:alice@localhost'
      fi
      openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$t/$n.key"
      openssl req -new -key "$t/$n.key" -subj "$subject" -out "$t/$n.csr"
      openssl x509 -req -in "$t/$n.csr" -CA "$t/ca.pem" -CAkey "$t/ca.key" -CAcreateserial -days 3650 -extfile \
        <(printf 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n%s\n' "$extra") -out "$t/$n.pem"
    done
    openssl pkcs12 -export -in "$t/client.pem" -inkey "$t/client.key" -passout pass:client -out "$t/client.p12"
  } >"$t/openssl.log" 2>&1 || die "openssl failed, see $t/openssl.log"
}

# How bubblewrap builds the inside: the unpacked packages read-only, DIR writable, two account files.
box() {
  BOX=(--dev /dev --proc /proc --tmpfs /tmp --tmpfs /run --tmpfs /var --symlink ../run /var/run --symlink ../tmp /var/tmp)
  BOX+=(--ro-bind "$ROOT/usr" /usr --ro-bind "$ROOT/etc" /etc)
  local d up=
  for d in lib lib64 bin sbin; do
    if [ -d "$ROOT/$d" ] && [ ! -L "$ROOT/$d" ]; then BOX+=(--ro-bind "$ROOT/$d" "/$d"); else BOX+=(--symlink "usr/$d" "/$d"); fi
  done
  d=$DIR
  while d=${d%/*}; [ -n "$d" ]; do up="$d $up"; done
  for d in $up; do BOX+=(--perms 0755 --dir "$d"); done
  BOX+=(--ro-bind "$DIR/etc/passwd" /etc/passwd --ro-bind "$DIR/etc/group" /etc/group --bind "$DIR" "$DIR")
  BOX+=(${BOX_MORE[@]+"${BOX_MORE[@]}"} --chdir "$DIR")
}

inside() { box; ${AS[@]+"${AS[@]}"} bwrap "${BOX[@]}" "$@"; }

# Starts "$@" inside, in a session of its own, and records its pid; 0 when $1, a port, greets.
run_daemon() {
  local port=$1 pid
  shift
  box
  (exec </dev/null >>"$DIR/log/stderr" 2>&1; cd /; exec setsid ${AS[@]+"${AS[@]}"} bwrap "${BOX[@]}" "$@") &
  pid=$!
  sleep 0.1
  echo "$pid $(start_time $pid || echo gone)" >"$DIR/pid"
  disown $pid 2>/dev/null || true
  wait_ready "$port"
}

# Whether any process of group $1 carries DIR in its command line.
group_is_ours() {
  local f s
  for f in /proc/[0-9]*/stat; do
    s=$(cat "$f" 2>/dev/null) || continue
    s=${s##*) }
    set -- "$1" $s
    [ "$4" = "$1" ] || continue
    if tr '\0' ' ' <"${f%stat}cmdline" 2>/dev/null | grep -qF -- "$DIR/"; then return 0; fi
  done
  return 1
}

stop() {
  [ -s "$DIR/pid" ] || return 0
  local p t i
  read -r p t <"$DIR/pid"
  if alive || group_is_ours "$p"; then
    kill -TERM -- "-$p" 2>/dev/null || true
    for i in $(seq "${STOP_WAIT:-60}"); do kill -0 -- "-$p" 2>/dev/null || break; sleep 0.1; done
    kill -KILL -- "-$p" 2>/dev/null || true
  fi
  rm -f "$DIR/pid" "$DIR/ports"
}

# DIR is ours or new, short enough for Unix sockets, and reachable by the daemons' account.
prepare() {
  need openssl
  need bwrap
  ROOT=$(cache)/$ME
  [ -e "$ROOT/.unpacked" ] || die "the server is not there: run tests/servers/fetch $ME"
  if [ -e "$DIR" ] && [ -n "$(ls -A "$DIR" 2>/dev/null)" ] && [ ! -e "$DIR/.libimap-$ME" ]; then die "$DIR is not empty"; fi
  mkdir -p "$DIR"
  DIR=$(cd "$DIR" && pwd -P)
  [ ${#DIR} -le 70 ] || die "DIR is too long for Unix sockets: $DIR"
  ! alive || die "already running in $DIR"
  touch "$DIR/.libimap-$ME"
  chmod 755 "$DIR"
  mkdir -p "$DIR"/{etc,log}
  RUN_UID=$(id -u) RUN_GID=$(id -g) AS=()
  if [ "$RUN_UID" = 0 ]; then
    need setpriv
    RUN_UID=28100 RUN_GID=28100
    AS=(setpriv "--reuid=$RUN_UID" "--regid=$RUN_GID" --clear-groups)
  fi
  printf 'root:x:0:0:root:/:/bin/false\n%s:x:%s:%s::%s:/bin/false\n' "$RUN_USER" "$RUN_UID" "$RUN_GID" "$DIR" >"$DIR/etc/passwd"
  printf 'root:x:0:\n%s:x:%s:\n' "$RUN_GROUP" "$RUN_GID" >"$DIR/etc/group"
  make_certificates
}

own_folder() {
  [ "$(id -u)" != 0 ] || chown -R "$RUN_UID:$RUN_GID" "$DIR"
  ${AS[@]+"${AS[@]}"} test -x "$DIR" || die "the daemons' account cannot reach $DIR: a parent folder is not searchable"
  ${AS[@]+"${AS[@]}"} test -x "$ROOT/usr" || die "the daemons' account cannot reach $ROOT: a parent folder is not searchable"
}

# Tries `configure` and `launch` of the script on new ports, three times.
start() {
  local try
  for try in 1 2 3; do
    : >"$DIR/log/stderr"
    pick_port; IMAP=$PORT
    pick_port; IMAPS=$PORT
    configure
    [ -z "${LIBIMAP_SERVER_CONFIG:-}" ] || cat "$LIBIMAP_SERVER_CONFIG" >>"$CONFIG"
    [ "$(id -u)" != 0 ] || chown -R "$RUN_UID:$RUN_GID" "$DIR/etc"
    if launch; then
      printf 'imap=%s\nimaps=%s\n' "$IMAP" "$IMAPS" >"$DIR/ports"
      echo "$ME $(cat "$ROOT/.unpacked"), imap=$IMAP imaps=$IMAPS, CA $DIR/tls/ca.pem"
      return 0
    fi
    stop
  done
  tail -20 "$DIR/log/"* >&2 || true
  die "did not start"
}

main() {
  [ $# -eq 2 ] || die "usage: $ME start DIR | stop DIR | status DIR"
  case $2 in /*) DIR=$2 ;; *) DIR=$PWD/$2 ;; esac
  case $1 in
    start) prepare; setup; start ;;
    stop) stop ;;
    status) alive && cat "$DIR/ports" ;;
    *) die "usage: $ME start DIR | stop DIR | status DIR" ;;
  esac
}
