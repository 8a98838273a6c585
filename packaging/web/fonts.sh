#!/bin/sh
# Brings the typefaces into agent/fonts/files, from where they are built into
# the programs, and the two checkers (axe-core, vnu-jar) into node_modules.
# package-lock.json says which versions, to the byte. Does nothing when
# nothing has changed since the last run; needs npm only when it has.
#
# WOFF2 is for the page; WOFF, the same outlines in zlib's packing, is for
# paper. An entry is a package and those of its subsets that our languages,
# and the titles on our shelves, are written in. agent/fonts names the families.
set -eu
cd "$(dirname "$0")"

wanted="
noto-sans            latin latin-ext cyrillic devanagari
noto-sans-gujarati   gujarati
noto-sans-gurmukhi   gurmukhi
noto-naskh-arabic    arabic
"
weights="400 700"
files=../../agent/fonts/files
stamp=node_modules/.fetched

now=$(cat package-lock.json fonts.sh | sha256sum | cut -c1-64)
if [ "$(cat "$stamp" 2>/dev/null)" = "$now" ] && [ -f "$files/noto-sans.LICENSE" ]; then
	exit 0
fi

if ! command -v npm >/dev/null 2>&1; then
	echo "npm is not installed: built without typefaces. The screen uses the computer's own, and only Latin script is printed." >&2
	[ "${CI:-}" != true ] || exit 1
	exit 0
fi

rm -f "$stamp"
npm ci --loglevel=error
rm -f "$files"/*.woff "$files"/*.woff2 "$files"/*.json "$files"/*.LICENSE
echo "$wanted" | while read -r package subsets; do
	[ -n "$package" ] || continue
	from=node_modules/@fontsource/$package
	cp "$from/LICENSE" "$files/$package.LICENSE"
	cp "$from/unicode.json" "$files/$package.json"
	for subset in $subsets; do
		for weight in $weights; do
			for kind in woff woff2; do
				cp "$from/files/$package-$subset-$weight-normal.$kind" "$files/"
			done
		done
	done
done
echo "$now" >"$stamp"
