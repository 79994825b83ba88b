"""The configuration `anode init` writes: short, commented, and loadable as it stands.

And what is added to one later: the rows of a peer.
"""

import json
from typing import Final

from config import addresses

PLAIN_PORT: Final = 11112
TLS_PORT: Final = 2762

_STARTER: Final = """\
# Anode's configuration.  Unknown keys are refused; relative paths start at this file's folder.
# Every key can be overridden by the environment, as ANODE__NODE__AE_TITLE or
# ANODE__LISTENER__1__PORT.

[node]
ae_title = {ae_title}            # the name other nodes call us by: 1 to 16 characters
data = "anode-data"              # objects, index and spool
index = "sqlite"
workers = 0                      # processes that serve; 0 = one, which does all

{listeners}
# Without any [[peer]] every AE title is served, from this machine only.  With the first one,
# only those listed are, each from its own address.
#
# [[peer]]
# ae_title = "CT1"
# host = "10.0.0.5"              # or a network, "10.0.0.0/24"
# port = 104                     # where it listens, for C-MOVE; optional
{bound}# may = ["echo", "store", "find", "move", "get", "commit"]
# move_to = ["CT1"]              # destinations it may name; omitted: itself only

# [[user]]
# name = "anna"                  # for listeners with user_identity = "required"
# passcode = "scrypt:..."        # `anode user anna` prints these rows
#
# [[audit.sink]]
# host = "10.0.0.6"              # where the audit trail goes by syslog; it is kept here, too
# ca = "tls/ca.crt"              # of the sink's certificate

[access]
unknown_peers = "reject"         # or what anybody may do from anywhere, as ["echo", "store"]

[archive]
sync = "always"                  # "lazy": faster, loses acknowledged objects in a power cut
unknown_classes = "reject"       # "store": private and unknown storage classes are kept too
check = "warn"                   # "reject": what breaks the rules of its class is refused; "off"

[limits]                         # what is not set here has its default
associations = 100               # open at one time
idle_seconds = 600               # before a silent association is aborted

[log]
level = "info"                   # debug | info | warning | error
format = "text"                  # or "json"
"""

_PLAIN: Final = """\
[[listener]]
host = "127.0.0.1"               # to be reached from elsewhere: add peers below, then "0.0.0.0"
port = {port}
"""

_TLS: Final = """\
[[listener]]
host = "127.0.0.1"               # to be reached from elsewhere: add peers below, then "0.0.0.0"
port = {port}
tls = "rfc9325"                  # or another profile: anode tls profiles
certificate = "tls/node.crt"
key = "tls/node.key"
ca = "tls/ca.crt"                # who connects needs a certificate of it: anode tls cert issue
# crl = "tls/ca.crl"             # refuses revoked ones; and everybody once it is out of date, so
                                 # renew it in time: anode tls cert crl
"""

_BOUND: Final = """\
# certificate = "dns:ct1.example"  # a name its certificate must have, or the pin of its key
"""

_COMMENTED: Final = "# DICOM over TLS, with the certificates that lie in tls/ already:\n#\n"


def starter(ae_title: str, port: int, *, tls: bool = False) -> str:
    """A commented configuration for a node of this name on this port of this machine.

    With `tls` it listens over TLS only; else the rows for that are there as a comment.  Raises
    ValueError when the name or the port cannot be used.
    """
    # JSON's escapes of printable ASCII are TOML's.
    title = json.dumps(addresses.ae_title(ae_title))
    port = addresses.port(port)
    if tls:
        listeners = _TLS.format(port=port)
    else:
        later = _TLS.format(port=TLS_PORT).splitlines()
        rows = "".join(f"# {line}\n" for line in later)
        listeners = f"{_PLAIN.format(port=port)}\n{_COMMENTED}{rows}"
    return _STARTER.format(ae_title=title, listeners=listeners, bound=_BOUND if tls else "")


def peer(ae_title: str, host: str, pin: str) -> str:
    """The rows of a peer that is known by its certificate.

    Raises ValueError when the name cannot be used.
    """
    title = json.dumps(addresses.ae_title(ae_title))
    bound = json.dumps(pin)
    return f"[[peer]]\nae_title = {title}\nhost = {json.dumps(host)}\ncertificate = {bound}\n"
