#!/usr/bin/env bash
# Runs one stage and prints how long it took. Usage: stage.sh NAME COMMAND [ARG ...]
set -u
name=$1
shift
start=$(date +%s)
echo "== $name"
"$@"
code=$?
echo "== $name: $([ $code -eq 0 ] && echo ok || echo "failed ($code)") after $(($(date +%s) - start)) s"
exit $code
