"""Whether an object may be sent: with `[archive] verify = "hash"`, only with the bytes that came.

Objects that were made to be sent (frames, without bulk data) are judged by what they are made of.
"""

from __future__ import annotations

import errno
from collections.abc import Callable

from archive import StoredInstance, fixity
from config.settings import Settings
from scp.proven import Proven
from scu.ahead import Ahead
from scu.instances import Instance
from scu.store import believed


def fault(settings: Settings) -> Callable[[Instance], str]:
    """Says why an object must not be sent, empty when it may; the function raises OSError."""
    return _altered if settings.archive.verify == "hash" else believed


def ahead(settings: Settings, proven: Proven) -> Ahead | None:
    """Who compares objects of moderate size as they are read to be sent; None: nobody."""
    return Ahead(_digest, proven.have) if settings.archive.verify == "hash" else None


def _digest(instance: Instance) -> str:
    return instance.sha256 if isinstance(instance, StoredInstance) else ""


def check(instance: Instance, settings: Settings) -> None:
    """Raise OSError for an object that nothing may be made of."""
    if why := fault(settings)(instance):
        raise OSError(errno.EIO, why)


def _altered(instance: Instance) -> str:
    if isinstance(instance, StoredInstance) and instance.sha256:
        return fixity.altered(instance)
    return ""
