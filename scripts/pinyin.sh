#!/bin/sh
# Makes the words of the pinyin keyboard out of Debian's rime-data-pinyin-simp (see assets/pinyin/README.md).
set -eu
cd "$(dirname "$0")/.."
out=assets/pinyin
dict=/usr/share/rime-data/pinyin_simp.dict.yaml
unihan=/usr/share/unicode/Unihan_OtherMappings.txt.bz2

if [ "${1:-}" != -f ] && [ -s $out/words.txt ] && [ $out/words.txt -nt assets/lexicon/main.go ] &&
	[ $out/words.txt -nt assets/lexicon/domain.txt ] && [ $out/words.txt -nt assets/lexicon/unfit.txt ]; then
	exit 0
fi
for file in $dict $unihan; do
	[ -e $file ] || { echo "pinyin: $file is missing; run scripts/deps.sh" >&2; exit 1; }
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go run -tags x11 ./assets/charset -unihan $unihan >"$work/chars"
go run -tags x11 ./assets/lexicon -dict $dict -chars "$work/chars" >"$work/words"
mv "$work/words" $out/words.txt
cp /usr/share/doc/rime-data-pinyin-simp/copyright $out/COPYRIGHT.txt
echo "pinyin: $(wc -l <$out/words.txt) readings, $(du -h $out/words.txt | cut -f1) in $out"
