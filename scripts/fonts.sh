#!/bin/sh
# Cuts the bundled Chinese fonts out of Debian's fonts-noto-cjk into assets/fonts (see the README there).
set -eu
cd "$(dirname "$0")/.."
out=assets/fonts
source=/usr/share/fonts/opentype/noto
unihan=/usr/share/unicode/Unihan_OtherMappings.txt.bz2

if [ "${1:-}" != -f ] && [ -s $out/NotoSansSC-Regular.otf ] && [ -s $out/NotoSansSC-Bold.otf ] &&
	[ $out/NotoSansSC-Bold.otf -nt assets/charset/main.go ]; then
	exit 0
fi

missing=
command -v hb-subset >/dev/null || missing="$missing libharfbuzz-bin"
[ -e $source/NotoSansCJK-Bold.ttc ] || missing="$missing fonts-noto-cjk"
[ -e $unihan ] || missing="$missing unicode-data"
if [ -n "$missing" ]; then
	echo "fonts: installing$missing (apt-get)"
	sudo=; [ "$(id -u)" = 0 ] || sudo=sudo
	$sudo apt-get update -qq >/dev/null
	# shellcheck disable=SC2086 # one word a package
	DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go run -tags x11 ./assets/charset -unihan $unihan >"$work/chars"
for weight in Regular Bold; do
	# Face 2 of the collection is Simplified Chinese; the app has no use for OpenType features beyond the defaults.
	hb-subset --font-file=$source/NotoSansCJK-$weight.ttc --face-index=2 --unicodes-file="$work/chars" \
		--layout-features= --no-hinting --output-file="$work/$weight.otf"
	mv "$work/$weight.otf" $out/NotoSansSC-$weight.otf
done
cp /usr/share/doc/fonts-noto-cjk/copyright $out/OFL.txt
echo "fonts: $(wc -l <"$work/chars") characters, $(du -ch $out/*.otf | tail -1 | cut -f1) in $out"
