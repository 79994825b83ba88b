"""What a reload can change: all but where the objects are and how the archive was opened."""

from __future__ import annotations

from collections.abc import Iterator

from config.auditing import Audit
from config.errors import ConfigError
from config.settings import Settings

# (table, key): what is taken up once, at start
_FIXED = (
    ("node", "data"),
    ("node", "index"),
    ("node", "workers"),
    ("archive", "sync"),
    ("limits", "free_bytes"),
    ("limits", "object_bytes"),
    ("limits", "elements"),
    ("limits", "nesting"),
    ("limits", "inflated_bytes"),
    ("limits", "query_seconds"),
    *(("audit", key) for key in Audit.model_fields),
)


def refuse_fixed(now: Settings, wanted: Settings) -> None:
    """Raises ConfigError when a key was changed that needs a restart."""
    for table, key in _FIXED:
        if getattr(getattr(now, table), key) != getattr(getattr(wanted, table), key):
            raise ConfigError(f"[{table}] {key} was changed, which needs a restart")


def unbound(settings: Settings) -> Iterator[str]:
    """The AE titles that any certificate of the CA may use."""
    if any(listener.tls for listener in settings.listener):
        yield from (peer.ae_title for peer in settings.peer if not peer.certificate)
