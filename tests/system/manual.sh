#!/bin/sh
# The manual pages: every option of a command's --help stands in its page, and
# the other way round; every command has a page; mandoc finds nothing to warn of.
HANSHO=${HANSHO:-build/hansho}
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
bad=0

say()
{
	if [ -s "$work/why" ]; then
		echo "FAIL $1: $(tr '\n' ' ' < "$work/why")"
		bad=1
	else
		echo "ok $1"
	fi
}

options_of_help()
{
	timeout -s KILL 20 "$HANSHO" "$1" --help | sed -n 's/^  \(-., \)\{0,1\}\(--[a-z][a-z-]*\).*/\2/p' | sort -u
}

options_of_page()
{
	sed -n 's/^\.It .*Fl -\([a-z][a-z-]*\).*/--\1/p' "$1" | sort -u
}

commands=$(timeout -s KILL 20 "$HANSHO" --help | sed -n 's/^  hansho \([a-z]*\) .*/\1/p')
[ -n "$commands" ] || { echo "FAIL manual: \"$HANSHO --help\" names no command"; exit 1; }

for command in $commands; do
	page=docs/hansho-$command.1
	: > "$work/why"
	if [ ! -f "$page" ]; then
		echo "there is no $page" > "$work/why"
	else
		options_of_help "$command" > "$work/help"
		options_of_page "$page" > "$work/page"
		[ -s "$work/help" ] || echo "--help names no option" >> "$work/why"
		comm -23 "$work/help" "$work/page" | sed "s|\$| is not in $page|" >> "$work/why"
		comm -13 "$work/help" "$work/page" | sed "s|\$| is in $page alone|" >> "$work/why"
		grep -q "hansho-$command 1" docs/hansho.1 || echo "docs/hansho.1 does not refer to it" >> "$work/why"
	fi
	say "the manual of $command has its options"
done

: > "$work/why"
if make -s install BUILD="$(dirname "$HANSHO")" DESTDIR="$work/root" PREFIX=/usr > "$work/out" 2>&1; then
	for page in docs/hansho*.[15]; do
		[ -f "$work/root/usr/share/man/man${page##*.}/${page#docs/}" ] || echo "$page is not installed" >> "$work/why"
	done
else
	echo "make install: $(tail -1 "$work/out")" > "$work/why"
fi
say "manual pages are installed"

timeout -s KILL 20 "$HANSHO" check --options | tools/manual-options > "$work/yaml.5" 2> "$work/why" &&
	diff docs/hansho.yaml.5 "$work/yaml.5" > "$work/diff" ||
	echo "docs/hansho.yaml.5 is not what tools/manual-options makes: $(head -4 "$work/diff" 2>/dev/null)" >> "$work/why"
say "hansho.yaml(5) has the options of the table"

if ! command -v mandoc >/dev/null; then
	echo "skip manual pages without warnings: there is no mandoc"
else
	mandoc -T lint -W warning docs/hansho*.[15] > "$work/why" 2>&1
	say "manual pages without warnings"
fi
exit $bad
