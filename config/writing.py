"""The configuration `anode init` writes: short, commented, and loadable as it stands."""

import json
from typing import Final

from config import addresses

_STARTER: Final = """\
# Anode's configuration.  Unknown keys are refused; relative paths start at this file's folder.
# Every key can be overridden by the environment, as ANODE__NODE__AE_TITLE or
# ANODE__LISTENER__1__PORT.

[node]
ae_title = {ae_title}            # the name other nodes call us by: 1 to 16 characters
data = "anode-data"              # objects, index and spool
index = "sqlite"
workers = 0                      # processes; 0 = as many as serve best (this version: one)

[[listener]]
host = "127.0.0.1"               # to be reached from elsewhere: add peers below, then "0.0.0.0"
port = {port}

# Without any [[peer]] every AE title is served, from this machine only.  With the first one,
# only those listed are, each from its own address.
#
# [[peer]]
# ae_title = "CT1"
# host = "10.0.0.5"              # or a network, "10.0.0.0/24"
# port = 104                     # where it listens, for C-MOVE; optional
# may = ["echo", "store", "find", "move", "get", "commit"]
# move_to = ["CT1"]              # destinations it may name; omitted: itself only

[access]
unknown_peers = "reject"         # or what anybody may do from anywhere, as ["echo", "store"]

[archive]
sync = "always"                  # "lazy": faster, loses acknowledged objects in a power cut
unknown_classes = "reject"       # "store": private and unknown storage classes are kept too

[limits]                         # what is not set here has its default
associations = 100               # open at one time
idle_seconds = 600               # before a silent association is aborted

[log]
level = "info"                   # debug | info | warning | error
format = "text"                  # or "json"
"""


def starter(ae_title: str, port: int) -> str:
    """A commented configuration for a node of this name on this port of this machine.

    Raises ValueError when the name or the port cannot be used.
    """
    # JSON's escapes of printable ASCII are TOML's.
    title = json.dumps(addresses.ae_title(ae_title))
    return _STARTER.format(ae_title=title, port=addresses.port(port))
