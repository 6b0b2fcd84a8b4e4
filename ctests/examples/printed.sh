# Runs commands as they are printed, for somebody who has installed everything: pkg-config, gasp-vm and
# the libraries are found, those of the staged tree. Sourced by the .t scripts.
# SPDX-License-Identifier: MIT OR Apache-2.0
. "$(dirname "${BASH_SOURCE[0]}")/../harness/tap.sh"
work=$logs/printed/$(basename "$0" .t)
rm -rf "$work" && mkdir -p "$work/bin"

cat >"$work/bin/pkg-config" <<end
#!/bin/sh
PATH=$PATH
what= packages=
for word; do case \$word in --*) what="\$what \${word#--}" ;; *) packages="\$packages \$word" ;; esac; done
case \$what in *static*) what="\${what%static*}static" ;; esac
for each in \$what; do $PWD/ctests/harness/pc.sh \$each \$packages; done | tr '\n' ' '
end
chmod +x "$work/bin/pkg-config"

# block LANGUAGE FILE: the first block of a page that starts with ```LANGUAGE.
block() { awk -v start="\`\`\`$1" '/^```/ { if (on) exit; on = $0 == start; next } on' "$2"; }

# printed COMMANDS: runs them in $work.
printed() { (cd "$work" && PATH="$work/bin:$STAGE_PREFIX/bin:$PATH" LD_LIBRARY_PATH=$lib sh -eu -c "$1"); }
