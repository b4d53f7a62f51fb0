#!/usr/bin/env bash
# Gathers the jars of each variant of OpenSearch that this machine's JDK can run, unless they are there already.
# Usage: opensearch.sh FOLDER
set -u
folder=$1
project=$(cd "$(dirname "$0")/../opensearch/launcher" && pwd)
sources=$(cat "$project/pom.xml" "$project"/src/* | sha256sum)

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
  echo "$sources" >"$folder/$name/sources"
  printf 'built OpenSearch (%s) in %d s\n' "$name" "$(($(date +%s) - start))"
}

javac=${JAVA_HOME:+$JAVA_HOME/bin/}javac
variant plain
variant security -P security
# OpenSearch 3 runs on JDK 21 and newer only.
[ "$("$javac" -version 2>&1 | sed 's/^javac \([0-9]*\).*/\1/')" -lt 21 ] || variant v3 -P v3
