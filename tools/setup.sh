#!/usr/bin/env bash
# Makes .venv and installs Anode into it, every dependency as pinned in constraints.txt.
# usage: tools/setup.sh [dev]
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'anode: %s\n' "$*" >&2; }
die() { say "$@"; exit 1; }

python=${PYTHON:-python3}
command -v "$python" >/dev/null || die "$python not found: install Python 3.11 or newer"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    die "$("$python" --version) is too old: Anode needs Python 3.11 or newer (PYTHON=... names another)"

# Debian splits venv and ensurepip off python3; the package is named for the minor version.
if [ ! -x .venv/bin/pip ] && ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    package="$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
    tools/apt.sh "$package" || die "$python cannot make virtual environments: install $package"
fi

# An environment that moved with its folder, or whose Python is gone, is made anew.
if [ ! -x .venv/bin/pip ] || ! .venv/bin/pip --version >/dev/null 2>&1; then
    say "making .venv"
    "$python" -m venv --clear .venv
fi

say "installing what constraints.txt pins"
pip=(.venv/bin/pip --disable-pip-version-check --quiet install --constraint constraints.txt)
"${pip[@]}" setuptools
# setuptools is pinned and here already: no unpinned build environment is fetched.
"${pip[@]}" --no-build-isolation --editable ".${1:+[$1]}"
