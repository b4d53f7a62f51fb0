#!/usr/bin/env bash
# Gathers the jars of each variant of OpenSearch that this machine's JDK can run, unless they are there already.
# Usage: opensearch.sh FOLDER
set -u
folder=$1
bin=${JAVA_HOME:+$JAVA_HOME/bin/}
project=$(cd "$(dirname "$0")/../opensearch/launcher" && pwd)
sources=$(cat "$project/pom.xml" "$project"/src/* | sha256sum)

# archive JARS: starts the server once and stops it, so that Java keeps the classes that it loaded: later starts take a third of the
# time. Without the archive, or with one that does not fit, a server only starts slower. The security variant does not start without
# certificates; what it loads until it says so is kept.
archive() {
  local home job
  home=$(mktemp -d)
  mkfifo "$home/input"
  "${bin}java" -Xlog:disable -Xms512m -Xmx512m -XX:ArchiveClassesAtExit="$1/classes.jsa" -Dprobity.log="$home/log" \
    -cp "$1/*" Launcher "$home" <>"$home/input" >/dev/null 2>&1 &
  job=$!
  while kill -0 "$job" 2>/dev/null && ! grep -q ' started$' "$home/log" 2>/dev/null; do
    sleep 0.2
  done
  kill "$job" 2>/dev/null
  wait "$job"
  rm -rf "$home"
}

# variant NAME [mvn option ...]: a variant is complete once it names the sources that it was built from.
variant() {
  local name=$1 start log
  shift
  [ "$(cat "$folder/$name/sources" 2>/dev/null)" = "$sources" ] && return
  start=$(date +%s)
  rm -rf "${folder:?}/$name" "${folder:?}/build/$name"
  log=$(mktemp)
  echo "building OpenSearch ($name): gathering its jars with Maven"
  if ! mvn -B -q -f "$project/pom.xml" "$@" -Dbin="$folder" package >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    echo "building OpenSearch ($name) failed" >&2
    exit 1
  fi
  rm -f "$log"
  archive "$folder/$name"
  echo "$sources" >"$folder/$name/sources"
  printf 'built OpenSearch (%s) in %d s\n' "$name" "$(($(date +%s) - start))"
}

variant plain
variant security -P security
jdk=$("${bin}javac" -version 2>&1 | sed 's/^javac \([0-9]*\).*/\1/')
if [ "$jdk" -ge 21 ]; then
  variant v3 -P v3
else
  echo "OpenSearch 3 is left out: it runs on JDK 21 and newer, and this is JDK $jdk"
fi
