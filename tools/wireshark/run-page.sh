#!/usr/bin/env bash
# Runs the commands of docs/packet-capture.md and compares what they print with what the page says.
#
#   tools/wireshark/run-page.sh CHATBOX            says what differs, and fails if something does
#   tools/wireshark/run-page.sh --update CHATBOX   writes what they print into the page
#
# A command is a line of an indented block that begins with "$ ", with its continuations after \; its
# output is the lines below it, up to the end of the block or the next command.
set -euo pipefail
cd "$(dirname "$0")/../.."
page=docs/packet-capture.md
update=
[ "${1:-}" = --update ] && { update=1; shift; }
chatbox=$(realpath "${1:-.build/debug/chatbox}")

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin"
ln -s "$chatbox" "$work/bin/chatbox"
export PATH="$work/bin:$PATH" LC_ALL=C.UTF-8 TZ=UTC
# What commands of the page write goes where their like would go: LATE is a file of theirs.
export LATE=$work/late.pcap
# Nobody's own settings of Wireshark change what is printed.
export XDG_CONFIG_HOME=$work/config WIRESHARK_CONFIG_DIR=$work/config

# A function that the page defines stays for what follows.
run() {
    if [[ $1 =~ ^[a-z]+\(\) ]]; then eval "$1"; else (eval "$1") 2>/dev/null || true; fi
}

# The page as it is when run.
state=text
command=
flush() {
    [ -n "$command" ] || return 0
    run "$command" >"$work/output"
    sed 's/^/    /; s/[[:space:]]*$//' "$work/output"
    command=
}
while IFS= read -r line || [ -n "$line" ]; do
    if [[ $line == "    \$ "* ]]; then
        flush
        state=command
        command=${line#"    \$ "}
        printf '%s\n' "$line"
    elif [[ $state == command && $command == *\\ ]]; then
        command="${command%\\}${line}"
        printf '%s\n' "$line"
        continue
    elif [[ $state == command && $line == "    "* ]]; then
        continue  # What the page says that it prints.
    else
        flush
        state=text
        printf '%s\n' "$line"
        continue
    fi
done <"$page" >"$work/page.md"
flush >>"$work/page.md"

if [ -n "$update" ]; then
    cp "$work/page.md" "$page"
    exit
fi
# How long it took to break a key is another time every time.
mask() { sed -E 's/in [0-9.]+ ms/in T ms/' "$1"; }
diff -u <(mask "$page") <(mask "$work/page.md")
