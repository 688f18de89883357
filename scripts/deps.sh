#!/bin/sh
# Installs the Debian packages that building, testing and showing the app need.
# Says nothing where all of them are there.
set -eu

build="gcc g++ libc6-dev pkg-config libzxing-dev libgl1-mesa-dev libx11-dev libxcursor-dev libxrandr-dev libxinerama-dev libxi-dev libxxf86vm-dev zlib1g-dev"
package="dpkg-dev binutils xz-utils"
show="xvfb xauth xdotool libgl1-mesa-dri"
fonts="fonts-noto-cjk libharfbuzz-bin unicode-data bzip2"
voice="espeak-ng"
words="rime-data-pinyin-simp"

export LC_ALL=C DEBIAN_FRONTEND=noninteractive

installed() {
	case $(dpkg-query -W -f '${Status}' "$1" 2>/dev/null) in
	*" installed") return 0 ;;
	*) return 1 ;;
	esac
}

missing=
for package in $build $package $show $fonts $voice $words; do
	installed "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
	echo "deps: apt-get is not here; install what this system calls:$missing" >&2
	exit 1
fi
if [ "$(id -u)" != 0 ]; then
	echo "deps: run: sudo apt-get update && sudo apt-get install -y --no-install-recommends$missing" >&2
	exit 1
fi
echo "deps: installing with apt-get:$missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing; } >"$log" 2>&1; then
	cat "$log" >&2
	echo "deps: apt-get could not install:$missing" >&2
	exit 1
fi
