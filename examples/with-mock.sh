#!/bin/sh
# Run a command against a mock server, and end the server with it.
# Usage: with-mock.sh WHAT COMMAND [ARGUMENT...], with WHAT as for sse serve: a scenario, a recording,
# a file or a folder. The command finds the URL of the (first) stream in $SSE_URL:
#   with-mock.sh openai-chat sh -c 'curl -sN "$SSE_URL" | my-client'
set -u
what=${1:?"usage: with-mock.sh WHAT COMMAND [ARGUMENT...]"}
shift
folder=$(mktemp -d) || exit
trap 'rm -rf "$folder"' EXIT
mkfifo "$folder/urls"
sse serve "$what" --port 0 --speed 0 > "$folder/urls" 2> "$folder/log" &
server=$!
exec 3< "$folder/urls" # kept open: a server whose reader has gone ends
if read -r SSE_URL _ <&3; then
  export SSE_URL
  "$@" 3<&-
  code=$?
  kill "$server"
else
  code=2
  cat "$folder/log" >&2
fi
wait "$server" 2> "$folder/log"
exit "$code"
