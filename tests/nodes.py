"""What tests need of nodes: a real one in this process, the settings of one.

    with node(tmp_path) as ours:
        echo(target(ours), Caller("TESTER"))

A node listens on a free port of 127.0.0.1 and keeps its archive in the folder it is given.  With
no peers it serves any AE title from here; `peer` makes the entry by which one node knows another.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from config.listeners import Listener
from config.peers import Peer
from config.settings import Archive, Settings
from config.settings import Node as NodeTable
from scp.node import Node
from scu.associate import Target

HERE = "127.0.0.1"


def settings(
    data: Path, ae_title: str = "ANODE", peers: tuple[Peer, ...] = (), **tables: Any
) -> Settings:
    """Settings of a node on a free port; `tables` are others of Settings, as limits=Limits(...)."""
    tables.setdefault("archive", Archive(sync="lazy"))
    tables.setdefault("listener", (Listener(host=HERE, port=0),))
    return Settings(node=NodeTable(ae_title=ae_title, data=data, workers=1), peer=peers, **tables)


@contextmanager
def node(
    data: Path, ae_title: str = "ANODE", peers: tuple[Peer, ...] = (), **tables: Any
) -> Iterator[Node]:
    """A serving node; it is drained and closed at the end."""
    with Node(settings(data, ae_title, peers, **tables)) as serving:
        yield serving


def port(serving: Node) -> int:
    """Where the node listens."""
    return serving.addresses[0][1]


def target(serving: Node) -> Target:
    """The node as an SCU calls it."""
    return Target(serving.settings.node.ae_title, HERE, port(serving))


def peer(ae_title: str, at: int | None = None, **keys: Any) -> Peer:
    """A [[peer]] on this machine; `at` is the port it listens on."""
    return Peer(ae_title=ae_title, host=HERE, port=at, **keys)
