#!/usr/bin/env bash
# Installs Debian packages, as root or by sudo; says exactly what to type when it may not.
# usage: tools/apt.sh PACKAGE...
set -euo pipefail

command="apt-get install -y --no-install-recommends $*"
if ! command -v apt-get >/dev/null; then
    printf 'anode: no apt-get here; please install: %s\n' "$*" >&2
    exit 1
fi

if [ "$(id -u)" -eq 0 ]; then
    as_root=()
elif command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
    as_root=(sudo)
else
    printf 'anode: some Debian packages are missing; please type, as root:\n    %s\n' "$command" >&2
    exit 1
fi

printf 'anode: %s\n' "$command" >&2
quiet() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive "$@" >/dev/null; }
# The lists may be missing (a fresh container) or too old: try, renew them, try again.
# shellcheck disable=SC2086
quiet $command 2>/dev/null || { quiet apt-get update && quiet $command; }
