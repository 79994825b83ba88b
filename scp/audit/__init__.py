"""The audit trail of PS3.15 A.5: who did what to whose data, as XML messages sent by syslog.

    house.trail.record(audit.rejected(entry.address, calling, called, cause))

`reports` has a function for each message; `trail` records, `journal` keeps, `sender` sends.
"""

from scp.audit.events import Event, Node
from scp.audit.journal import FOLDER
from scp.audit.media import Media
from scp.audit.reports import (
    exported,
    identity,
    imported,
    instances,
    log_read,
    rejected,
    reloaded,
    restricted,
    tls_failed,
)
from scp.audit.spool import waiting
from scp.audit.trail import Silence, Trail
from scp.audit.transfers import Intended, Transfers

__all__ = [
    "FOLDER",
    "Event",
    "Intended",
    "Media",
    "Node",
    "Silence",
    "Trail",
    "Transfers",
    "exported",
    "identity",
    "imported",
    "instances",
    "log_read",
    "rejected",
    "reloaded",
    "restricted",
    "tls_failed",
    "waiting",
]
