#!/bin/sh
# The documents: README.md shows what the demo prints, links between documents lead somewhere.
HANSHO=${HANSHO:-build/hansho}
cd "$(dirname "$0")/../.." || exit 1
bad=0

if why=$(tools/readme --check "$HANSHO" 2>&1); then
	echo "ok README shows what the demo prints"
else
	echo "FAIL README shows what the demo prints: run tools/readme, and look what changed $(echo "$why" | tail -1)"
	bad=1
fi

dead=
for document in README.md docs/*.md pcaps/README.md feeds/*/README.md; do
	[ -f "$document" ] || continue
	for link in $(grep -o '](\([^)# ]*\)' "$document" | sed 's/^](//' | grep -v '^[a-z]*:' | sort -u); do
		[ -e "$(dirname "$document")/$link" ] || dead="$dead $document: $link;"
	done
done
if [ -z "$dead" ]; then
	echo "ok links between documents"
else
	echo "FAIL links between documents:$dead"
	bad=1
fi
exit $bad
