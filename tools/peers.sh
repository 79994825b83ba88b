#!/usr/bin/env bash
# Installs the real peers and tools the tests drive; does nothing when all are here.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin:/sbin

missing=()
need() { command -v "$1" >/dev/null || missing+=("$2"); }  # need PROGRAM PACKAGE

need storescu dcmtk
need Orthanc orthanc
need dciodvfy dicom3tools
need strace strace
need openssl openssl
# Debian keeps the server's programs out of the path, one folder per version.
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || need initdb postgresql

if [ ${#missing[@]} -gt 0 ]; then
    tools/apt.sh "${missing[@]}" || {
        printf 'anode: or test without them: make test PEERS=no\n' >&2
        exit 1
    }
fi
