#!/usr/bin/env bash
# Says in one sentence what this machine lacks, and how to install it. Usage: need.sh [gcc]
set -u
lacks() { echo "probity: $1" >&2; exit 1; }

command -v go >/dev/null 2>&1 ||
  lacks "Go is missing: install Go 1.26 or newer (https://go.dev/doc/install) and put it on the PATH."
have=$(go env GOVERSION | sed 's/^go//; s/[^0-9.].*//')
[ "$(printf '%s\n' 1.26 "$have" | sort -V | head -n 1)" = 1.26 ] ||
  lacks "Go $have is too old: install Go 1.26 or newer (https://go.dev/doc/install)."
command -v git >/dev/null 2>&1 ||
  lacks "git is missing: install it with your package manager, for example: apt-get install git."
for tool in "$@"; do
  command -v "$tool" >/dev/null 2>&1 ||
    lacks "$tool is missing: install it with your package manager, for example: apt-get install $tool."
done
