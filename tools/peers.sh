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
need mkfs.btrfs btrfs-progs
need openssl openssl
need sslscan sslscan
need testssl testssl.sh
need hexdump bsdextrautils # testssl's
need dig dnsutils          # testssl's
need rsyslogd rsyslog
compgen -G '/usr/lib/*/rsyslog/lmnsd_gtls.so' >/dev/null || missing+=(rsyslog-gnutls)
# Debian keeps the server's programs out of the path, one folder per version.
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || need initdb postgresql

if [ ${#missing[@]} -gt 0 ]; then
    tools/apt.sh "${missing[@]}" || {
        printf 'anode: or test without them: make test PEERS=no\n' >&2
        exit 1
    }
fi

# sslyze has an environment of its own; its pins and the reason are in tools/sslyze.txt.
home=.venv/sslyze
if ! cmp -s tools/sslyze.txt $home/installed.txt; then
    printf 'anode: installing what tools/sslyze.txt pins\n' >&2
    python=.venv/bin/python
    [ -x $python ] || python=${PYTHON:-python3}
    "$python" -m venv --clear $home
    pip=($home/bin/pip --disable-pip-version-check --quiet install --constraint tools/sslyze.txt)
    "${pip[@]}" setuptools
    "${pip[@]}" --no-build-isolation sslyze
    cp tools/sslyze.txt $home/installed.txt
fi
