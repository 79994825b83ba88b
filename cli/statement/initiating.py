"""Chapter 7.2.1.3: what is proposed when this node, or the command line, associates. Annex N.7.2.

Law: classes and transfer syntaxes are those the calling code itself proposes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cli.holdings import QUERY_SYNTAXES
from cli.questions import ROOTS, SINGLE
from cli.statement import claims
from cli.statement.blocks import Block, Heading, Paragraph, bullets, grid
from config import catalogue
from config.catalogue import InformationModel
from config.settings import Settings
from scp import reporting
from scu import commit, echo, references

_SCU, _SCP = "SCU", "SCP (role selection)"
_ASKED: Final = "none, unless --relational (byte 1) or --fuzzy (byte 3) is given"
_ASKED_SINGLE: Final = "none, unless --fuzzy is given: bytes 1 to 3"
_STORAGE: Final = "SOP class of each object"


def asked() -> Iterator[InformationModel]:
    """The models that commands query and retrieve from."""
    roots = {*ROOTS.values(), *SINGLE}
    yield from (each for each in catalogue.MODELS.values() if each.root in roots)


def initiation(settings: Settings) -> Iterator[Block]:
    """7.2.1.3."""
    yield Heading("7.2.1.3", "Association Initiation")
    yield bullets(
        "Who is called: configured peers, and for commands AET@HOST:PORT. The calling AE title is "
        f"{settings.node.ae_title}; of commands `--aet`; of a report of storage commitment the one "
        "its requestor called.",
        "Over TLS where the peer's configuration, or `--tls`, says so; else plain. User identity "
        "is not sent, asynchronous operations are not asked for: one request is under way at a "
        "time.",
        "A command uses one association at a time. The node opens one for each C-MOVE, at most "
        f"{settings.limits.moves} to one destination at a time, and at most four for reports.",
        "Nothing is repeated by itself but what is told of in 7.3.1.1.",
    )
    yield from _activities(settings)
    head = "Activity | Abstract syntax | UID | Transfer syntaxes | Role | Extended negotiation"
    yield grid("Table 7.2.1.3-1. Presentation contexts proposed", head, _rows())
    yield Paragraph(
        "Storage: each pair of SOP class and stored transfer syntax has a context of its own, and "
        "each class one more with what it may be changed to (5.2.5.1.1); at most 128 contexts, and "
        "as many associations, one after the other, as that takes. `anode get` proposes the "
        "storage classes that the peer's answers name, else usual ones, each transfer syntax in a "
        "context of its own as far as 127 contexts go."
    )


def _activities(settings: Settings) -> Iterator[Block]:
    title = settings.node.ae_title
    for number, (name, text) in enumerate(_REAL_WORLD, 1):
        yield Heading(f"7.2.1.3.{number}", name)
        yield Paragraph(text.format(title=title, limits=settings.limits))


_REAL_WORLD: Final = (
    (
        "A Peer Asks for a C-MOVE",
        (
            "The matches are looked up, {title} associates with the destination and sends one "
            "object after another, each of which is waited for {limits.response_seconds:g} s; a "
            "pending response after each goes to who asked. At the end the association is released."
        ),
    ),
    (
        "A Storage Commitment is Over",
        (
            "The report goes to its requestor: on the association of the request, if that is "
            "silent for half a second; else on a new one, with all that waits for the same "
            "requestor."
        ),
    ),
    (
        "A Person Uses a Command",
        (
            "`anode echo`, `send`, `find`, `move`, `get`, `commit` associate, ask, and release. "
            "`anode peers` echoes, and counts which services and storage classes are accepted. "
            "`get` may first query the peer for what it holds. `find --limit` and an interrupt "
            "send a C-CANCEL. `commit` hears the report on its own association, or with "
            "`--listen` on one of the peer's."
        ),
    ),
)


def _rows() -> Iterator[tuple[str, ...]]:
    words = claims.names(echo.SYNTAXES)
    yield ("`anode echo`", "Verification SOP Class", echo.VERIFICATION, words, _SCU, "none")
    sent = "that of the object; then those it may be changed to"
    yield ("C-MOVE, `anode send`", _STORAGE, "Annex A, others too", sent, _SCU, "none")
    for model in asked():
        yield (
            f"`anode {model.service}`",
            model.name,
            model.uid,
            claims.names(QUERY_SYNTAXES),
            _SCU,
            _extended(model),
        )
    every = "those of table 7.2.1.4-2"
    yield ("`anode get`", "Storage SOP classes", "Annex A", every, _SCP, "none")
    model = catalogue.MODELS[references.MODEL]
    for name, syntaxes, role in (
        ("`anode commit`, `anode send --commit`", commit.SYNTAXES, _SCU),
        ("Report of storage commitment", reporting.SYNTAXES, _SCP),
    ):
        yield (name, model.name, model.uid, claims.names(syntaxes), role, "none")


def _extended(model: InformationModel) -> str:
    if model.service != "find":
        return "none"
    return _ASKED_SINGLE if model.classes else _ASKED
