#!/bin/sh
# A worker for tests that says whatever bytes its input has. What else it does stands in its option `how`.
hello='{"hello":1}'
end='{"end":{"read":0,"emitted":0,"rejected":0,"filtered":0}}'
format='{"name":"echo","summary":"its input","extensions":["echo"],"import":true,"export":true,"check":true,"options":{"properties":{"how":{"type":"string","description":"What else it does."}}}}'
say() { printf '%s\n' "$@"; }
# Text for a pipe to be full of.
much() { yes '{"data":"x                                                                                              "}' | head -n 40000; }

case "$1 $2" in
describe*) say "$hello" "{\"result\":{\"id\":\"echo\",\"version\":\"1\",\"formats\":[$format]}}" ;;
*'"how":"deaf"'*) say "$hello" "$end" ;;
*'"how":"deaf-export"'*) say "$hello" '{"end":{"read":0,"written":0,"omitted":0}}' ;;
*'"how":"refuses"'*) say "$hello" '{"error":{"message":"not\tthis","hint":"but that"}}' ;;
*'"how":"closes"'*) say "$hello"; exec tail -f /dev/null >&2 ;;
*'"how":"fails"'*) say "$hello"; echo 'why it fails' >&2; exit 7 ;;
*'"how":"leaves"'*) say "$hello"; tail -f /dev/null & exit 7 ;;
*'"how":"leaves-after"'*) say "$hello" "$end"; tail -f /dev/null ;;
*'"how":"writes-first"'*) say "$hello"; much; lines=$(wc -l); rows=$((lines - 2)); say "{\"end\":{\"read\":$rows,\"written\":$rows,\"omitted\":0}}" ;;
*) exec cat ;;
esac
