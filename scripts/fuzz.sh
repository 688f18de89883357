#!/bin/sh
# Runs every fuzz target of the tree for the given time, one after the other.
set -eu
time=${1:-30s}
git ls-files '*_test.go' | xargs grep -Ho '^func Fuzz[A-Za-z0-9_]*' | sed 's/:func / /' | while read -r file target; do
	echo "== $file $target"
	go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "./$(dirname "$file")"
done
