#!/bin/sh
# Time to the first piece of text, in seconds. Usage: first-token.sh BODY.json [URL]
set -eu
body=${1:?"usage: first-token.sh BODY.json [URL]"}
url=${2:-https://api.openai.com/v1/chat/completions}
sse "$url" --bearer env:OPENAI_API_KEY --json "@$body" -o jsonl \
  --where 'choices[0].delta.content' -n 1 | jq .t
