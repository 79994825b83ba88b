"""Rounds of power cuts: senders at work, the disks cut, mounted anew, everything judged. C2, C3.

The recipe was measured (durability.md, 2 and 3); each part of it is needed:
- the node is stopped first: an end of its own would checkpoint the WAL between two cuts;
- objects and index on two disks in half of the rounds: on one, the sync of the index commits the
  journal, and a folder that was not synced is saved by it;
- one sender in half of the rounds: among four, somebody else's sync saves one's own;
- the cut comes right after a 0000, or a report of storage commitment;
- what was set up is synced before.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from tests.certificates import Authority
from tests.crash.disks import Disk, Disks
from tests.crash.kills import Figures, Rounds
from tests.crash.oracle import Judge
from tests.crash.promises import hearing
from tests.crash.secured import secured
from tests.crash.senders import Ledger, Load, fell
from tests.crash.serving import Cradle, Serving, Site

MOMENTS = (0.05, 0.5)
OBJECTS_MB, INDEX_MB = 256, 64
SMALL = (300, 1_000, 5_000, 30_000)
AT_ONCE = (4, 1)  # senders, in turn
LAZY = '[archive]\nsync = "lazy"\n'
ROUNDS = Rounds(5, MOMENTS, SMALL)  # of one machine; then all is new: folders must last too


def linked(site: Site, folder: Path) -> None:
    """Put the index of a node that is to be on another disk."""
    site.data.mkdir()
    # SQLite follows the link, and keeps its WAL beside the file it finds there.
    (site.data / "index.sqlite3").symlink_to(folder / "index.sqlite3")


class Machine:
    """A node's disks, one or two, and what was ever sent to it."""

    def __init__(
        self, disks: Disks, folder: Path, number: int = 1, authority: Authority | None = None
    ) -> None:
        """An authority: some senders come by TLS."""
        self.disks: list[Disk] = [disks.make("objects", OBJECTS_MB)]
        self.site = Site.within(folder, self.disks[0].folder)
        if authority is not None:
            self.site = secured(self.site, authority)
        if number == 2:
            self.disks.append(disks.make("index", INDEX_MB))
            linked(self.site, self.disks[-1].folder)
        self.ledger = Ledger()
        self.judge = Judge(self.site.data, self.ledger)

    def sync(self) -> None:
        """What was set up shall outlive the cut."""
        for disk in self.disks:
            disk.sync()

    def cut(self, serving: Serving) -> None:
        """Power off, for all disks and the node."""
        serving.stop()
        for disk in self.disks:
            disk.cut()
        serving.kill()

    def again(self) -> None:
        """Power on."""
        for disk in self.disks:
            disk.again()


def cuts(cradle: Cradle, machine: Machine, rounds: Rounds) -> Figures:
    """Cut a machine's power so many times; ends at the first finding."""
    figures = Figures()
    machine.judge.patience, machine.judge.lazy = rounds.patience, rounds.lazy
    with hearing(machine.ledger.promises) as tables:
        more = tables + (LAZY if rounds.lazy else "")
        site = replace(machine.site, tables=machine.site.tables + more)
        serving = cradle.start(site)
        for number in range(1, rounds.number + 1):
            machine.sync()
            targets = serving.targets(AT_ONCE[number % len(AT_ONCE)])
            load = Load(targets, sizes=rounds.sizes, asking=rounds.asking)
            cut = partial(machine.cut, serving)
            fell(machine.ledger, load, rounds.moment(), cut, rounds.at())
            machine.again()
            serving = cradle.start(site)
            figures.restarts.append(serving.restart)
            figures.findings.add(machine.judge.risen(serving.target(), load.study))
            figures.rounds = number
            if figures.findings:
                break
        else:
            figures.findings.add(machine.judge.risen(serving.target()))
        serving.kill()
    figures.tell(machine.ledger, machine.site.data)
    return figures
