#!/usr/bin/env bash
# Says in one sentence what this machine lacks, and how to install it. Usage: need.sh [gcc] [java]
set -u
lacks() { echo "probity: $1" >&2; exit 1; }

command -v go >/dev/null 2>&1 ||
  lacks "Go is missing: install Go 1.26 or newer (https://go.dev/doc/install) and put it on the PATH."
have=$(go env GOVERSION | sed 's/^go//; s/[^0-9.].*//')
[ "$(printf '%s\n' 1.26 "$have" | sort -V | head -n 1)" = 1.26 ] ||
  lacks "Go $have is too old: install Go 1.26 or newer (https://go.dev/doc/install)."
command -v git >/dev/null 2>&1 ||
  lacks "git is missing: install it with your package manager, for example: apt-get install git."
need_java() {
  local home=${JAVA_HOME:+$JAVA_HOME/bin/} install="install JDK 17 or newer and Maven, for example: apt-get install openjdk-17-jdk maven."
  for tool in "${home}javac" mvn; do
    command -v "$tool" >/dev/null 2>&1 || lacks "$tool is missing, and OpenSearch is built with it: $install"
  done
  have=$("${home}javac" -version 2>&1 | sed -n 's/^javac \([0-9]*\).*/\1/p')
  [ "${have:-0}" -ge 17 ] || lacks "the JDK on the PATH or in JAVA_HOME has version ${have:-unknown}, which is too old for OpenSearch: $install"
}
for tool in "$@"; do
  [ "$tool" = java ] && { need_java; continue; }
  command -v "$tool" >/dev/null 2>&1 ||
    lacks "$tool is missing: install it with your package manager, for example: apt-get install $tool."
done
