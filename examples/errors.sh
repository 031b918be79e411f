#!/bin/sh
# Tell by the exit code how a stream went. Usage: errors.sh URL [OPTION...]
code=0
sse "$@" -o jsonl > /dev/null || code=$?
case $code in
  0) echo "all events arrived" ;;
  3) echo "the server can't be reached" ;;
  4) echo "the reply is not an event stream" ;;
  5) echo "the stream reports an error, or was cut" ;;
  6) echo "too slow" ;;
  *) echo "sse exited with $code" ;;
esac
exit "$code"
