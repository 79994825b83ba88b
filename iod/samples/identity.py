"""UIDs that are hashes of names, PS3.5 B.2: the same name has the same UID, today and elsewhere.

They are name-based UUIDs (RFC 9562, version 5) below one namespace that is ours for good, hence
unique in the world, and written below 2.25 as UUID-derived UIDs are.
"""

from __future__ import annotations

import uuid
from typing import Final

from pydicom.uid import UID

_NAMESPACE: Final = uuid.UUID("5b1f2f0c-7f0b-5c1e-9c63-6a0d0f2b7a11")


def uid(*names: object) -> UID:
    """The UID of what has this name, as uid("rt", "plan")."""
    return UID(f"2.25.{uuid.uuid5(_NAMESPACE, '/'.join(map(str, names))).int}")
