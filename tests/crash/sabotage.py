"""Builds of ours with one promise taken out, for the harness to find. Suite C5.

Law: there is no switch for this in the product. A sabotaged build is a copy of the packages with
one edit of its text; an edit that does not apply any more fails, and is to be written anew.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from tests.commands import ROOT

PACKAGES = ("config", "wire", "archive", "iod", "scu", "scp", "cli")

Edit = tuple[str, str, str]
"""A file, a text that stands there once, and what stands there then."""

_SYNC = ("archive/barrier.py", "            os.fsync(fd)\n            if", "            if")
_RENAME = "            kernel.rename_new(draft.name, self._incoming.fd, name, leaf.fd)\n"
_SYNC_BYTES = ("archive/objects.py", _RENAME, f"            os.fsync(draft.fd)\n{_RENAME}")
_SYNCHRONOUS = ("archive/dialect.py", '"FULL" if sync == "each" else "NORMAL"')
_SEARCH = (
    "archive/startup.py",
    "    keys = [*_unknown(objects, index, newest), *_doubtful(objects)]\n",
    "    keys = _doubtful(objects)\n",
)
_DRAFT = "            return Draft(self._incoming.fd, name, hasten=self._sync)\n"
_NAMED_AT_ONCE = (
    '            hour, _, name = self.new_key(0, "0" * 64).rpartition("/")\n'
    "            return Draft(self._leaf(hour).fd, name, hasten=self._sync)\n"
)
_KEY = "        key = objects.new_key(self._seal, sha256)\n"
_KEY_OF_DRAFT = '        key = key.rpartition("/")[0] + "/" + draft.name\n'
_COMMIT = "        receipt = reception.commit()\n"
_ANSWER = "    exchange.answer(Status.SUCCESS)\n"
_ACCEPT = "    commitments = exchange.house.commitments\n    title, called"
_ACCEPTED = f"        exchange.outbox.judge(exchange.context, transaction)\n{_ANSWER}"
_FROM_DISK = "            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)\n"
_SYNC_OPEN = "        _sync(self._root / _OPEN)\n"

EDITS: Mapping[str, tuple[Edit, ...]] = {
    "nofsync": (_SYNC,),
    # Bytes and rows are synced, names are not.
    "nodirsync": (_SYNC, _SYNC_BYTES, (*_SYNCHRONOUS, '"FULL"')),
    # A row that is not synced is no loss by itself: the next start finds the file. So these two
    # do not look for files.
    "dbnormal": (_SEARCH,),
    "dboff": (_SEARCH, (*_SYNCHRONOUS, '"OFF"')),
    "ackfirst": (
        ("scp/storage.py", _COMMIT, f"        exchange.answer(Status.SUCCESS)\n{_COMMIT}"),
        ("scp/storage.py", "    exchange.answer(Status.SUCCESS)\n\n\n", "\n\n"),
    ),
    "norename": (
        ("archive/objects.py", _DRAFT, _NAMED_AT_ONCE),
        ("archive/objects.py", _RENAME, ""),
        ("archive/reception.py", _KEY, f"{_KEY}{_KEY_OF_DRAFT}"),
    ),
    # Of storage commitment, C6: accepted before it is kept, and kept without a sync.
    "commitfirst": (
        ("scp/commitment.py", _ACCEPT, f"    exchange.answer(Status.SUCCESS)\n{_ACCEPT}"),
        ("scp/commitment.py", _ACCEPTED, _ACCEPTED.replace(_ANSWER, "")),
    ),
    "nocommitsync": (
        ("archive/commitments.py", "                os.fsync(fd)\n", ""),
        ("archive/commitments.py", f"            raise\n{_SYNC_OPEN}", "            raise\n"),
    ),
    # And of what a lazy archive has not synced itself. By itself that is no loss on ext4: that the
    # bytes are to be read from the disk has them written, in the journal's order, before the
    # transaction that is kept. So these are read from memory.
    "nosettle": (
        ("scp/judging.py", "    archive.settle()\n", ""),
        ("archive/fixity.py", _FROM_DISK, ""),
    ),
}

# None of these: what is right must stay green, or red means nothing.
HARMLESS: Mapping[str, tuple[Edit, ...]] = {
    "the disk is not hurried": (
        ("archive/kernel.py", "        _RANGE(fd, at, count, _START)\n", "        pass\n"),
    ),
}


class Outdated(Exception):
    """An edit does not apply; the message says where."""


def build(folder: Path, name: str) -> Path:
    """A copy of our packages in `folder`, sabotaged; raises Outdated."""
    compiled = shutil.ignore_patterns("__pycache__")  # where others may write meanwhile
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=compiled)
    for file, old, new in {**EDITS, **HARMLESS}[name]:
        path = folder / file
        text = path.read_text(encoding="utf-8")
        if text.count(old) != 1:
            raise Outdated(f"{name}: {file} has {text.count(old)} times {old!r}; write it anew")
        path.write_text(text.replace(old, new), encoding="utf-8")
    return folder
