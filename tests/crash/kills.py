"""Rounds of kill -9: senders at work, the node killed, started anew, everything judged. C1, C3.

What a kill leaves is what the node had handed to the system: it finds success told too early, and
names given too early.  It cannot find a sync that is missing; `cuts` does.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.crash.oracle import REPORT_SECONDS, Findings, Judge, rows
from tests.crash.promises import hearing
from tests.crash.senders import SIZES, Ledger, Load, Moment, fell
from tests.crash.serving import Cradle, Site

AT_ONCE = 4
MOMENTS = (0.2, 1.5)
AFTER: tuple[Moment, ...] = ("store", "action", "store", "report")


@dataclass
class Figures:
    """What rounds come to."""

    rounds: int = 0
    acknowledged: int = 0
    kept: int = 0  # there, though nobody was told so: as it may be
    quarantined: int = 0
    transactions: int = 0  # of storage commitment, accepted
    committed: int = 0  # objects that a report said were
    refused: Counter[int | None] = field(default_factory=Counter)  # by status
    restarts: list[float] = field(default_factory=list)
    findings: Findings = field(default_factory=Findings)

    def tell(self, ledger: Ledger, data: Path) -> None:
        """Count what a ledger and its archive hold in the end."""
        self.acknowledged = len(ledger.acknowledged)
        self.kept = len(rows(data).keys() - ledger.acknowledged)
        self.quarantined = len(list((data / "quarantine").glob("*.dcm")))
        self.transactions = len(ledger.promises.accepted)
        self.committed = len(ledger.promises.committed)
        self.refused = Counter(ledger.refused.values())


@dataclass(frozen=True)
class Rounds:
    """How many, and of what kind."""

    number: int
    moments: tuple[float, float] = MOMENTS  # seconds of sending before the fall
    sizes: tuple[int, ...] = SIZES
    fresh: int = 0  # each so-manieth restart by a new interpreter
    after: tuple[Moment, ...] = AFTER  # a fall comes right after one of these
    patience: float = REPORT_SECONDS  # for the reports of what was accepted
    lazy: bool = False  # an archive that syncs nothing by itself, but for storage commitment

    def moment(self) -> float:
        """How long one of them sends: most are short."""
        least, most = self.moments
        return random.triangular(least, most, least)

    @property
    def asking(self) -> bool:
        """Whether senders ask for storage commitment too."""
        return self.after != ("store",)

    def at(self) -> Moment:
        """After what a fall comes."""
        return random.choice(self.after)


def kills(cradle: Cradle, site: Site, rounds: Rounds) -> Figures:
    """Kill the node so many times; ends at the first finding."""
    ledger, figures = Ledger(), Figures()
    judge = Judge(site.data, ledger, rounds.patience)
    with hearing(ledger.promises) as tables:
        site = replace(site, tables=site.tables + tables)
        serving = cradle.start(site)
        for number in range(1, rounds.number + 1):
            load = Load(serving.targets(AT_ONCE), sizes=rounds.sizes, asking=rounds.asking)
            fell(ledger, load, rounds.moment(), serving.kill, rounds.at())
            figures.findings.add(judge.fallen())
            serving = cradle.start(site, fresh=bool(rounds.fresh) and number % rounds.fresh == 0)
            figures.restarts.append(serving.restart)
            figures.findings.add(judge.risen(serving.target(), load.study))
            figures.rounds = number
            if figures.findings:
                break
        else:
            figures.findings.add(judge.risen(serving.target()))
        serving.kill()
    figures.tell(ledger, site.data)
    return figures
