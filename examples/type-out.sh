#!/bin/sh
# Type out the answer of a chat completion as it arrives. Usage: type-out.sh 'a question' [URL]
# Reads the key from OPENAI_API_KEY; a question is sent as JSON whatever quotes it holds.
set -eu
question=${1:?"usage: type-out.sh QUESTION [URL]"}
url=${2:-https://api.openai.com/v1/chat/completions}
body=$(jq -n --arg question "$question" \
  '{model: "gpt-5-mini", stream: true, messages: [{role: "user", content: $question}]}')
printf '%s' "$body" | sse "$url" --bearer env:OPENAI_API_KEY --json @- \
  -o text -j -q 'choices[0].delta.content'
echo
