"""Whether an object may be sent: with `[archive] verify = "hash"`, only with the bytes that came.

Objects that were made to be sent (frames, without bulk data) are judged by what they are made of.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from functools import partial

from archive import StoredInstance, fixity
from scp.exchange import House
from scp.proven import Proven
from scu.ahead import Ahead
from scu.instances import Instance
from scu.store import believed


def fault(house: House) -> Callable[[Instance], str]:
    """Says why an object must not be sent, empty when it may; the function raises OSError."""
    return partial(_altered, house.proven) if _hashed(house) else believed


def ahead(house: House) -> Ahead | None:
    """Who compares objects of moderate size as they are read to be sent; None: nobody."""
    return Ahead(_digest, house.proven.have) if _hashed(house) else None


def check(instance: Instance, house: House) -> None:
    """Raise OSError for an object that nothing may be made of."""
    if why := fault(house)(instance):
        raise OSError(errno.EIO, why)


def _hashed(house: House) -> bool:
    return house.settings.archive.verify == "hash"


def _digest(instance: Instance) -> str:
    return instance.sha256 if isinstance(instance, StoredInstance) else ""


def _altered(proven: Proven, instance: Instance) -> str:
    if isinstance(instance, StoredInstance) and instance.sha256:
        return fixity.altered(instance, proven.have)
    return ""
