"""What issue 7 asks of Anode, as rows: work, ours, against whom, by how much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.measuring import Row

STOCK_PEERS = ("Orthanc stock", "dcmqrscp stock", "storescp stock", "pynetdicom qrscp")
QUICK_ARCHIVES = ("Orthanc", "Orthanc tuned", "dcmqrscp", "pynetdicom qrscp")
LOOPS = ("bare loop", "grouped loop")


@dataclass(frozen=True)
class Target:
    """A work of which `ours` must be `least` times as good as the best of `peers`.

    Without peers `most` bounds the row itself: its memory in MB, or its median.
    """

    work: str
    ours: str
    peers: tuple[str, ...] = ()
    least: float = 1.0
    most: float | None = None
    of: str = ""  # "MB" bounds the peak memory


def _stores() -> list[Target]:
    made = []
    for size, leasts in {"CT": (2.5, 2.0, 2.0), "tiny": (1.5, 1.5, 1.5)}.items():
        for senders, least in zip((1, 4, 8), leasts, strict=True):
            work = f"C-STORE {size}, {senders} at once"
            made += [
                Target(work, "Anode", ("Orthanc",), least),
                Target(work, "Anode", LOOPS, 0.7),
                Target(work, "Anode lazy", ("Orthanc tuned",), 3),
                Target(work, "Anode lazy", ("dcmqrscp",), 2),
            ]
            if senders > 1:
                made.append(Target(work, "Anode lazy", ("storescp",), 0.8))
    return made


def _processes() -> list[Target]:
    """No loss; where senders are throttled what they offer bounds both, and a clock is no lock."""
    return [
        Target(f"C-STORE {size}, {senders} at once, processes{offered}", "Anode 2 workers",
               ("Anode",), least)
        for size in ("CT", "tiny")
        for senders in (4, 8)
        for offered, least in (("", 1.0), (", half offered", 0.98))
    ]  # fmt: skip


TARGETS = [
    *_stores(),
    *(Target(f"{program} 200 CT", "Anode", STOCK_PEERS, 6) for program in ("storescu", "dcmsend")),
    *(
        Target(f"C-STORE CT over TLS, {senders} at once", "Anode", ("Orthanc",), 2.5)
        for senders in (1, 4)
    ),
    Target("C-STORE multi-frame 210 MB", "Anode", ("Orthanc",), 5),
    Target("C-STORE multi-frame 210 MB, growth", "Anode", most=80),
    Target("C-FIND 1000 studies", "Anode", ("Orthanc tuned",), 10),
    *(
        Target(f"C-FIND {kind}", "Anode", ("Orthanc tuned", "dcmqrscp"), 2)
        for kind in ("Patient ID", "wildcard name", "date range", "series", "image")
    ),
    *(
        Target(f"{how} 200 CT{client}", "Anode", QUICK_ARCHIVES, 1.2)
        for how in ("C-MOVE", "C-GET")
        for client in ("", ", lean client")
    ),
    Target("association, echo, release", "Anode", ("Orthanc",), 1),
    Target("100 idle associations", "Anode", most=1),
    Target("C-STORE CT, 100 at once", "Anode", most=250, of="MB"),
    *_processes(),
]


@dataclass(frozen=True)
class Verdict:
    """A target beside what was measured; no value: nothing was."""

    target: Target
    against: str = ""
    value: float | None = None

    @property
    def met(self) -> bool | None:
        if self.value is None:
            return None
        if self.target.most is not None:
            return self.value <= self.target.most
        return self.value >= self.target.least


def judged(rows: Sequence[Row]) -> list[Verdict]:
    """Every target beside the rows; the best peer is the one it must beat."""
    found = {(row.work, row.server): row for row in rows if row.samples}
    return [_judged(target, found) for target in TARGETS]


def _judged(target: Target, found: dict[tuple[str, str], Row]) -> Verdict:
    ours = found.get((target.work, target.ours))
    if ours is None:
        return Verdict(target)
    if target.most is not None:
        return Verdict(target, "", ours.peak_mb if target.of == "MB" else ours.median)
    peers = [found[target.work, name] for name in target.peers if (target.work, name) in found]
    if not peers:
        return Verdict(target)
    best = min(peers, key=ours.ratio)
    return Verdict(target, best.server, ours.ratio(best))
