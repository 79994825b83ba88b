"""Rows that an older version did not make, made at the start: what is known of objects that have no
patient (migration 0005).

Law: these objects are few, so their files are read again when the node starts; one that cannot be
read is told and left as it is, for `anode check`. Columns of other rows are `anode reindex`'s.
"""

from __future__ import annotations

import logging

from archive.adopting import Kind, adopt
from archive.bounds import HELD
from archive.errors import ArchiveError
from archive.fixity import key_of
from archive.index import Index
from archive.objects import Folder

_log = logging.getLogger("anode.archive")


def complete(objects: Folder, index: Index, kind: Kind) -> int:
    """Index what is not known of these objects yet; of how many it is known now."""
    done = 0
    for stored in list(index.unread()):
        try:
            done += index.complete(adopt(objects, key_of(stored, objects.root), HELD, kind))
        except ArchiveError as error:
            _log.error("%s cannot be indexed anew: %s", stored.path.name, error)
    if done:
        _log.info("%d objects without a patient can be queried from now on", done)
    return done
