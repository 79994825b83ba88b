"""What fuzzers feed: each takes any bytes and ends well, or says what is wrong in its own words.

The first bytes choose how the rest is taken; an assertion that fails is a finding.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

from archive import charsets, identifiers, items, nonpatient
from archive.attributes import ATTRIBUTES
from archive.bounds import Bounds
from archive.errors import ArchiveError, BadIdentifier, BadObject
from archive.heads import Head, reread
from archive.index import Index
from archive.inflating import scanner
from archive.nonpatient import WANTED
from archive.options import Options
from archive.query import Single, parse, parse_single, with_character_set
from archive.record import StoredInstance, record
from config.limits import Limits
from scu import references
from wire import command as commands
from wire import core, framing, negotiation, reading
from wire.core import Core, Data
from wire.errors import ProtocolError
from wire.negotiation import Acceptance, Offer
from wire.states import Event, Role, State

CT = "1.2.840.10008.5.1.4.1.1.2"
LIMITS = Limits(pdu=8192, request_bytes=8192)
BOUNDS = Bounds(elements=3000, odd_elements=500, inflated_bytes=1 << 20, head_bytes=1 << 20)
SYNTAXES = (
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2.2",
    "1.2.840.10008.1.2.1.99",
    "1.2.840.10008.1.2.4.50",
)
MODELS = (("PATIENT", "STUDY", "SERIES", "IMAGE"), ("STUDY", "SERIES", "IMAGE"), ("IMAGE",))


# -- the protocol core ----------------------------------------------------------------------------


def _began(role: Role, established: bool) -> Core:
    made = Core(role, LIMITS)
    if role is Role.REQUESTOR:
        made.request(Event.TRANSPORT_CONFIRMED)
    if established:
        made.state = State.DATA
    return made


def _heard(made: Core, data: bytes, sizes: bytes) -> list[object]:
    """All indications of these bytes in pieces of these sizes, by turns."""
    found: list[object] = []
    at = turn = 0
    while at < len(data):
        size = sizes[turn % len(sizes)] + 1 if sizes else len(data)
        turn += 1
        room = made.space()
        piece = data[at : at + min(size, len(room))]
        room[: len(piece)] = piece
        made.received(len(piece))
        at += len(piece)
        assert len(room) <= 2 * (LIMITS.pdu + LIMITS.request_bytes) + 4096, "the buffer grows"
        try:
            while (said := made.indication()) is not None:
                found += _lasting(said)
                if isinstance(said, core.AssociationRequested):
                    made.request(Event.ACCEPT)
        except ProtocolError as error:
            assert made.state is State.AWAIT_CLOSE
            return [*found, framing.abort(error.source, error.reason)]
    return found


def _lasting(said: core.Indication) -> list[object]:
    if isinstance(said, Data):
        return [(pdv.context_id, pdv.command, pdv.last, bytes(pdv.fragment)) for pdv in said.pdvs]
    return [said]


def protocol(data: bytes) -> None:
    """Bytes of a peer: the same however they arrive, heard or refused, in bounded memory."""
    if len(data) < 3:
        return
    role = Role.ACCEPTOR if data[0] & 1 else Role.REQUESTOR
    established, sizes = bool(data[0] & 2), data[1:3]
    whole = _heard(_began(role, established), data[3:], b"")
    assert whole == _heard(_began(role, established), data[3:], sizes), "another piece, another end"


def requests(data: bytes) -> None:
    """An A-ASSOCIATE-RQ: read, negotiated and answered so that its requestor reads the answer."""
    if len(data) < 74 or len(data) > LIMITS.request_bytes:
        return
    try:
        read = reading.request(data, LIMITS)
        offers = {one.abstract_syntax: Offer(SYNTAXES, scu=True) for one in read.contexts[::2]}
        made = negotiation.accept(data, LIMITS, lambda _: Acceptance(offers))
    except ProtocolError:
        return
    assert len(read.contexts) <= LIMITS.contexts
    if isinstance(made, negotiation.Negotiated):
        told = reading.answer(made.answer)
        assert set(told.contexts) == {one.id for one in read.contexts}
        negotiation.concluded(read, made.answer)


def answers(data: bytes) -> None:
    """An A-ASSOCIATE-AC."""
    if len(data) >= 74:
        try:
            reading.answer(data)
        except ProtocolError:
            return


def command_sets(data: bytes) -> None:
    """A command set: refused, or the same when it is written again."""
    try:
        read = commands.decode(data)
    except ProtocolError:
        return
    written = commands.encode(read)
    assert commands.encode(commands.decode(written)) == written


# -- data sets ------------------------------------------------------------------------------------


def data_sets(data: bytes) -> None:
    """A data set as it arrives: the same head however it is cut, and a row of the index."""
    if len(data) < 3:
        return
    syntax, cut = SYNTAXES[data[0] % len(SYNTAXES)], data[1] + 256 * data[2]
    raw = data[3:]
    whole = _scanned(raw, syntax, len(raw))
    assert whole == _scanned(raw, syntax, cut), "another piece, another end"
    head = whole if isinstance(whole, Head) else _reread(raw, syntax, whole)
    if head is not None:
        stored = StoredInstance("1.2", "1.2.3", syntax, Path("/x"), 0, len(raw), "")
        record(head, stored, "FUZZ")


def _scanned(raw: bytes, syntax: str, cut: int) -> Head | str:
    """The head, or why there is none: odd, or refused."""
    scan = scanner(syntax, WANTED, BOUNDS)
    try:
        for piece in (raw[:cut], raw[cut:]):
            if piece:
                scan.feed(piece)
        if scan.odd:
            return "odd"
        return scan.finish()
    except ArchiveError as error:
        return type(error).__name__


def _reread(raw: bytes, syntax: str, why: str) -> Head | None:
    if why != "odd" or syntax == SYNTAXES[3]:
        return None
    with tempfile.TemporaryFile() as file:
        file.write(raw)
        file.seek(0)
        try:
            return reread(file, syntax, WANTED, BOUNDS)
        except BadObject:
            return None


def sequences(data: bytes) -> None:
    """The raw value of a sequence that the index keeps of: JSON, whatever it was."""
    if data:
        known = [one for one in ATTRIBUTES if one.vr == "SQ" and one.items]
        attribute = known[data[0] % len(known)]
        made = items.read(data[1:], attribute, charsets.DEFAULT, little=bool(data[0] & 128))
        items.terms(attribute, [made])
        items.answer(_Asked(attribute.tag), made)


class _Asked:
    """A sequence asked for with all that is known of it."""

    vr = "SQ"
    items = ()

    def __init__(self, tag: int) -> None:
        self.tag = tag


@cache
def _index() -> Index:
    """An index with one object; its folder lasts as long as the process."""
    folder = Path(tempfile.mkdtemp(prefix="anode-fuzz-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    made = Index(folder, sync="lazy")
    from tests.indexed import instance

    one = instance(folder, "1.2.3", PatientName="A^B", StudyDate="20240101")
    made.add(replace(one, whole='{"SOPInstanceUID":"1.2.3","ApprovalSequence":[{}]}'))
    return made


def questions(data: bytes) -> None:
    """An identifier: refused in words, or a question that SQLite answers."""
    if len(data) < 2:
        return
    syntax, how = SYNTAXES[data[0] % 3], data[1]
    options = Options(
        relational=bool(how & 1),
        combined_datetime=bool(how & 2),
        fuzzy_names=bool(how & 4),
        timezone=bool(how & 8),
        empty_value=bool(how & 16),
    )
    retrieve, repository = bool(how & 32), how & 96 == 64
    try:
        identifier = identifiers.read(data[2:], syntax, BOUNDS)
        levels = MODELS[data[0] // 3 % len(MODELS)]
        if how & 128:
            root = list(nonpatient.MODELS)[data[0] // 3 % len(nonpatient.MODELS)]
            single = Single(root, (CT,))
            query = parse_single(identifier, single, retrieve=retrieve, options=options)
        else:
            query = parse(
                identifier, levels, retrieve=retrieve, repository=repository, options=options
            )
    except BadIdentifier:
        return
    if retrieve:
        assert len(list(_index().instances(query))) <= 1
    else:
        query = with_character_set(query) if query.single or "STUDY" in levels else query
        rows = list(_index().find(query))
        assert all(len(row) == len(query.returns) for row in rows)


def commitments(data: bytes) -> None:
    """The data set of an N-ACTION or N-EVENT-REPORT: refused in words, or references."""
    if data:
        try:
            references.decode(data[1:], SYNTAXES[data[0] % 3], 1000)
        except ValueError:
            return


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    each.__name__: each
    for each in (
        protocol,
        requests,
        answers,
        command_sets,
        data_sets,
        sequences,
        questions,
        commitments,
    )
}
