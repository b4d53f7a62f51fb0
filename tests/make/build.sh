#!/usr/bin/env bash
# Builds one program and shows what is being built, so that a long first build is no silence.
# Usage: build.sh FOLDER OUTPUT PACKAGE [go build flag ...]
set -u
folder=$1 output=$2 package=$3
shift 3
start=$(date +%s)
name=$(basename "$output")
log=$(mktemp)
trap 'rm -f "$log"' EXIT
(cd "$folder" && go build -v "$@" -o "$output" "$package") >"$log" 2>&1 &
job=$!
while kill -0 "$job" 2>/dev/null; do
  for _ in 1 2 3 4 5; do
    sleep 1
    kill -0 "$job" 2>/dev/null || break
  done
  if kill -0 "$job" 2>/dev/null; then
    printf 'building %s: %d s, %d packages compiled, now %s\n' "$name" "$(($(date +%s) - start))" \
      "$(wc -l <"$log")" "$(tail -n 1 "$log")"
  fi
done
if ! wait "$job"; then
  cat "$log" >&2
  echo "building $name failed" >&2
  exit 1
fi
printf 'built %s in %d s\n' "$name" "$(($(date +%s) - start))"
