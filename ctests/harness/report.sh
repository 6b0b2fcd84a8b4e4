# How the checks report. Sourced by run.sh.
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Every check, whatever runs it, says how it went in lines of one form:
#   ok NAME                 not ok NAME                 skip NAME: reason
# group counts them, stays quiet about what went well, and shows everything about what did not.

passed=0 failed=0 skip_count=0 skips=()

# group TITLE COMMAND...: run one group of checks and print its line.
group() {
	local title=$1 log status=0 ok bad skipped begin=$SECONDS
	shift
	log=$logs/$(tr -cs '[:alnum:]\n' - <<<"$title").log
	printf '  %-42s' "$title"
	("$@") >"$log" 2>&1 || status=$?
	if [ $status != 0 ] && ! grep -q '^not ok ' "$log"; then
		echo "not ok $title: ended with status $status" >>"$log"
	elif ! grep -Eq '^(ok|not ok|skip) ' "$log"; then
		echo "not ok $title: nothing was checked" >>"$log"
	fi
	ok=$(grep -c '^ok ' "$log")
	bad=$(grep -c '^not ok ' "$log")
	skipped=$(grep -c '^skip ' "$log")
	skip_count=$((skip_count + skipped))
	while IFS= read -r line; do skips+=("$title: $line"); done < <(skips_by_reason <"$log")
	passed=$((passed + ok)) failed=$((failed + bad))
	printf '%4d passed' "$ok"
	[ "$bad" = 0 ] || printf ', %d FAILED' "$bad"
	[ "$skipped" = 0 ] || printf ', %d skipped' "$skipped"
	printf '   %3d s\n' $((SECONDS - begin))
	[ "$bad" = 0 ] || grep -v -e '^ok ' -e '^skip ' "$log" | sed 's/^/      /'
}

# skips_by_reason: the skip lines of a log, one for each reason: "NAME, NAME: reason".
skips_by_reason() {
	sed -n 's/^skip //p' | awk -F': ' '
		{ reason = substr($0, length($1) + 3) }
		!(reason in names) { order[++n] = reason }
		{ names[reason] = names[reason] (names[reason] == "" ? "" : ", ") $1 }
		END { for (i = 1; i <= n; i++) print names[order[i]] ": " order[i] }'
}

# skip_group TITLE REASON: a group that cannot be tried.
skip_group() {
	skips+=("$1: $2")
	skip_count=$((skip_count + 1))
}

# check NAME COMMAND...: one check, passed if the command succeeds; if not, its output is shown.
check() {
	local name=$1 out
	shift
	if out=$("$@" 2>&1); then
		echo "ok $name"
	else
		printf '%s%s\n' "${out:+$out$'\n'}" "not ok $name"
	fi
}

# have TOOL...: whether all of them are installed.
have() {
	command -v "$@" >/dev/null && [ "$(command -v "$@" | wc -l)" = $# ]
}

# in_parallel COMMAND: run COMMAND (a function) with each line of standard input as its arguments,
# as many at once as there are processors; the outputs do not mix.
in_parallel() {
	local dir out
	dir=$(mktemp -d "$logs/parallel.XXXXXX")
	export -f "$1" check
	awk '{ printf "%04d %s\n", NR, $0 }' |
		xargs -r -P "$(nproc)" -L 1 bash -c 'f=$1 out=$2/$3; shift 3; "$f" "$@" >"$out" 2>&1' - "$1" "$dir"
	for out in "$dir"/*; do
		grep -Eq '^(ok|not ok|skip) ' "$out" || echo "not ok $1, line ${out##*/}: no result"
		cat "$out"
	done
	rm -rf "$dir"
}

# summary: the skips with their reasons, and the closing count. Fails if a check failed.
summary() {
	local count="$passed passed, $failed failed"
	if [ ${#skips[@]} != 0 ]; then
		count+=", $skip_count skipped"
		echo
		echo "Skipped:"
		printf '  %s\n' "${skips[@]}"
		case "${skips[*]}" in *"not installed"*)
			echo "\`make deps\` installs the tools that are missing." ;;
		esac
	fi
	echo
	echo "$count" | tee "$logs/count"
	[ "$failed" = 0 ]
}
