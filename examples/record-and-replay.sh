#!/bin/sh
# Keep a stream, then look at it again, offline. Usage: record-and-replay.sh FILE URL [OPTION...]
# FILE.rec can be sent to somebody else: keys, query values and the request's body are not in it.
set -u
file=${1:?"usage: record-and-replay.sh FILE URL [OPTION...]"}
shift
sse "$@" -o jsonl --all --record "$file.rec" > "$file.live"
live=$?
sse "$file.rec" -o jsonl --all > "$file.again"
again=$?
cmp "$file.live" "$file.again" && echo "the same events, exit code $live and $again"
sse convert "$file.rec" --to sse > "$file.sse" # the bytes, for curl, grep and a server
sse convert "$file.rec" --to har > "$file.har" # for the network panel of a browser
exit "$again"
