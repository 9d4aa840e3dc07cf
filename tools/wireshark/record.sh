#!/usr/bin/env bash
# Records the two captures that docs/packet-capture.md walks through: the same four lines in the
# original protocol and in chatbox.
#
#   tools/wireshark/record.sh [CHATBOX] [FOLDER]
#
# CHATBOX is the program (.build/debug/chatbox), FOLDER where the captures go (docs/captures). Needs
# dumpcap and tshark, and the right to capture: as root, or where user namespaces are allowed. It
# runs in a network namespace of its own, so that nothing else is in the captures and no name of
# this machine either; plain pcap files have no place for one.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
chatbox=$(realpath "${1:-$here/../../.build/debug/chatbox}")
folder=$(realpath -m "${2:-$here/../../docs/captures}")

for tool in dumpcap tshark ip unshare; do
    command -v "$tool" >/dev/null || { echo "record.sh: $tool is not here; install it" >&2; exit 1; }
done
[ -x "$chatbox" ] || { echo "record.sh: $chatbox is no program; build it first" >&2; exit 1; }
if [ -z "${RECORDING_APART:-}" ]; then
    export RECORDING_APART=1
    [ "$(id -u)" = 0 ] && exec unshare --net "$0" "$chatbox" "$folder"
    exec unshare --user --map-root-user --net "$0" "$chatbox" "$folder"
fi
ip link set lo up

work=$(mktemp -d)
children=()
trap 'for child in "${children[@]}"; do kill "$child" 2>/dev/null || true; done; rm -rf "$work"' EXIT
export HOME=$work/home XDG_CONFIG_HOME=$work/home/.config XDG_STATE_HOME=$work/home/.state
mkdir -p "$HOME" "$folder"
cd "$work"

# Runs a program in the background: start NAME COMMAND... Its input is the pipe NAME.in, of which
# this shell holds the other end, its output the files NAME.out and NAME.err.
start() {
    local name=$1
    shift
    mkfifo "$name.in"
    "$@" <"$name.in" >"$name.out" 2>"$name.err" &
    children+=($!)
    declare -g "pid_$name=$!"
    exec {end}>"$name.in"
    declare -g "in_$name=$end"
}

# Types a line into a program's input.
type_in() { local end="in_$1"; printf '%s\n' "$2" >&"${!end}"; }

# Waits until a file holds a text.
await() {
    for _ in $(seq 300); do
        grep -qF -- "$2" "$1" 2>/dev/null && return
        sleep 0.1
    done
    echo "record.sh: \"$2\" did not come; $1 has:" >&2
    tail -n 5 "$1" "${1%.out}.err" >&2 || true
    exit 1
}

end() { local pid="pid_$1"; kill -"$2" "${!pid}"; wait "${!pid}" 2>/dev/null || true; }

capture() {
    start "dump_$1" dumpcap -q -P -i lo -f "tcp port $2" -w "$work/$1.pcap"
    await "dump_$1.err" "File:"
}

# The kernel hands packets over in blocks, a while after they came.
end_capture() {
    sleep 2
    end "dump_$1" INT
}

# The first connections of a capture, by number: later ones are tries to come back to a server that
# is gone.
keep_connections() {
    tshark -r "$work/$1.pcap" -Y "tcp.stream < $2" -F pcap -w "$folder/$1.pcap"
}

# --- The original protocol
capture classic 7668
start server "$chatbox" classic serve --port 7668 --key 198
await server.out "listening"
for name in ann bob; do
    start "$name" "$chatbox" classic join 127.0.0.1:7668 --name "$name" --folder "$work/inbox"
    await "$name.err" "the key is 188"
done
await server.err "here: 2"
# Says a line, and lets the acknowledgements go by before the next: says NAME LINE LISTENER.
says() { sleep 0.5; type_in "$1" "$2"; await "$3.out" "$2"; }
says ann "So it starts!" bob
says bob "Right?" ann
says ann "Yep!" bob
says bob "Here we go!" ann
sleep 0.5
end server TERM
end_capture classic
keep_connections classic 2
rm -f ./*.in

# --- The same in chatbox
start host "$chatbox" serve --listen 127.0.0.1:7667 --state "$work/state" \
    --tls-key-log "$work/chatbox.keys"
await host.out "--key "
key=$(sed -n 's/.*--key //p' host.out)
link=$("$chatbox" new 127.0.0.1:7667 --key "$key")
capture chatbox 7667
for name in ann bob; do
    start "$name" "$chatbox" listen "$link" --json --name "$name" --folder "$work/inbox"
    await "$name.out" '"type":"joined"'
done
await ann.out '"name":"bob"'
await bob.out '"name":"ann"'
sleep 1
say() { sleep 0.5; type_in "$1" "{\"type\":\"say\",\"text\":\"$2\"}"; await "$3.out" "\"text\":\"$2\""; }
say ann "So it starts!" bob
say bob "Right?" ann
say ann "Yep!" bob
say bob "Here we go!" ann
# One goes, and then the server: two goodbyes.
sleep 0.5
type_in bob '{"type":"quit"}'
await ann.out '"change":"left"'
end host TERM
await ann.out '"reconnecting"'
end ann INT
end_capture chatbox
keep_connections chatbox 2
# Of the log's connections, those that were captured.
tshark -r "$folder/chatbox.pcap" -Y "tls.handshake.type == 1" -T fields -e tls.handshake.random \
    >"$work/randoms"
grep -F -f "$work/randoms" "$work/chatbox.keys" >"$folder/chatbox.keys"
ls -l "$folder"
echo "now run tools/wireshark/run-page.sh --update CHATBOX, and read what changed"
