"""Hostile questions, reliability/hostile-input.md D10 and what else an identifier may hold.

However much matches and however slowly it is taken: memory stays flat, no snapshot of the index is
held, and whoever cancels is heard.
"""

from __future__ import annotations

import contextlib
import socket
import sqlite3
import struct
import time
from collections.abc import Iterator, Sequence

import pytest
from pydicom import Dataset

from scu import datasets
from scu import find as finding
from scu.associate import associate
from scu.requests import begin, cancel
from tests.clients import CALLER, STUDY_ROOT
from tests.crowds import SERIES, STUDY, crowd
from tests.datasets import CT, EXPLICIT, IMPLICIT, Element, encode
from tests.hostile import LIMITS, Victim, attacked, victim
from tests.lines import FIND, Line, echoed
from tests.objects import identifier
from tests.pairs import USER, context_item, data_pdu, item
from tests.test_bounds import nested
from wire import command as commands
from wire.association import Association
from wire.command import Command, Field

MIB = 1 << 20
MANY = 20_000
GET = "1.2.840.10008.5.1.4.1.2.2.3"
REFUSED, CANCELLED = 0xA900, 0xFE00


@pytest.fixture(scope="module")
def node(tmp_path_factory) -> Iterator[Victim]:
    def fill(data) -> None:
        crowd(data, studies=MANY, instances=MANY)

    with victim(tmp_path_factory.mktemp("crowd"), LIMITS, prepare=fill) as serving:
        # What SQLite keeps of an index this size it has from now on.
        list(asked(serving, everything()))
        yield serving


def everything() -> Dataset:
    return identifier("STUDY", PatientName="*", StudyInstanceUID="")


def asked(node: Victim, question: Dataset) -> Iterator[Dataset]:
    model = STUDY_ROOT + "1"
    with associate(node.target, CALLER, [(model, (EXPLICIT,))]) as association:
        yield from finding.find(association, model, question)


# -- D10: results of any size ---------------------------------------------------------------------


def test_d10_everything_is_answered_from_a_flat_memory(node: Victim):
    with attacked(node, lines=0) as seen:
        begun = time.monotonic()
        answers = asked(node, everything())
        assert next(answers).QueryRetrieveLevel == "STUDY"
        assert time.monotonic() - begun < 10.0
        assert sum(1 for _ in answers) == MANY
    assert seen.growth < 16 * MIB


def test_d10_a_cancel_is_heard_at_once(node: Victim):
    with attacked(node, lines=0):
        answers = asked(node, everything())
        next(answers)
        begun = time.monotonic()
        answers.close()  # C-CANCEL, and the final response
        assert time.monotonic() - begun < 10.0


def snapshots(node: Victim) -> bool:
    """Whether somebody holds the index as it was: then its journal cannot be written back."""
    where = node.data / "index.sqlite3"
    with contextlib.closing(sqlite3.connect(where, isolation_level=None)) as db:
        db.execute("PRAGMA user_version = 77")  # something new in the journal
        busy, *_ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return bool(busy)


@contextlib.contextmanager
def unread(node: Victim, question: Dataset) -> Iterator[Line]:
    """A request whose answers nobody takes; the receive buffer is as small as it gets."""
    with node.line() as line:
        line.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.associate(context_item(1, FIND, EXPLICIT))
        ask = Command(Field.C_FIND, FIND, message_id=1, command_data_set_type=1)
        line.say(data_pdu((1, 3, commands.encode(ask))))
        line.say(data_pdu((1, 2, datasets.encode(question, EXPLICIT))))
        yield line


def test_d10_who_takes_no_answers_holds_nothing_and_is_given_up(node: Victim):
    """pdu_seconds is 2 here: then the association ends, in one line."""
    with attacked(node) as seen, unread(node, everything()) as line:
        begun = time.monotonic()
        time.sleep(0.5)  # by then every buffer between us is full
        assert not snapshots(node)
        with contextlib.suppress(ConnectionError):
            while line.socket.recv(1 << 16) and time.monotonic() - begun < 1.0:
                time.sleep(0.01)
        time.sleep(2.5)
    assert seen.growth < 16 * MIB
    assert "ended: " in seen.lines[0]


def test_d10_who_takes_them_slowly_gets_them_and_holds_nothing(node: Victim):
    with attacked(node) as seen, unread(node, everything()) as line:
        for _ in range(20):
            assert line.hear()[:1] == b"\x04"
            time.sleep(0.05)
            assert not snapshots(node)
    assert seen.growth < 16 * MIB


def test_d10_a_retrieval_counts_its_objects_without_holding_them(node: Victim):
    """C-GET of 20,000: cancelled after the first, which answers with all that remain."""
    question = identifier("STUDY", StudyInstanceUID=STUDY)
    proposals = [(GET, (EXPLICIT,)), (CT, (EXPLICIT,))]
    with (
        attacked(node, lines=0) as seen,
        associate(node.target, CALLER, proposals, {CT: (False, True)}) as association,
    ):
        status, remaining = first_of(association, question)
        assert (status, remaining) == (CANCELLED, MANY)
    assert seen.growth < 16 * MIB


def first_of(association: Association, question: Dataset) -> tuple[int | None, int | None]:
    """Take one object of a C-GET, and cancel the rest."""
    under_way = begin(association, Field.C_GET, GET, question)
    message = association.expect(30)
    message.drain()
    cancel(association, under_way)
    association.send(message.context, message.command.response(0))
    while (message := association.expect(30)).command.command_field == Field.C_STORE:
        message.drain()
        association.send(message.context, message.command.response(0))
    message.drain()
    return message.command.status, message.command.number_of_remaining_suboperations


def test_d10_a_statement_has_its_time(tmp_path):
    """Keys that no index helps with, over rows that match none of them."""
    limits = f"{LIMITS}query_seconds = 0.001\n"
    with victim(tmp_path, limits, prepare=lambda data: crowd(data, studies=MANY)) as node:
        slow = "*" + "a" * 30 + "*b*" + "c" * 30
        question = identifier("STUDY", StudyDescription=slow, StudyInstanceUID="")
        question.PatientComments = slow
        proposals = [(FIND, (EXPLICIT,))]
        with attacked(node) as seen, associate(node.target, CALLER, proposals) as association:
            with pytest.raises(finding.QueryFailed) as failed:
                list(finding.find(association, FIND, question))
            assert failed.value.status == 0xA700
        assert "the query takes too long" in seen.lines[0]
        assert len(list(asked(node, identifier("STUDY", StudyInstanceUID="1.8.5")))) == 1


# -- identifiers ----------------------------------------------------------------------------------

LEVEL = Element(0x00080052, b"CS", b"STUDY ")


def question(*elements: Element) -> bytes:
    return encode(sorted((LEVEL, *elements), key=lambda each: each.tag), IMPLICIT)


def text(tag: int, value: str) -> Element:
    return Element(tag, b"LO", value.encode() + b" " * (len(value) % 2))


NAME, COMMENTS, DESCRIPTION, ACCESSION = 0x00100010, 0x00104000, 0x00081030, 0x00080050
STUDY_UID, DATE, ATTRIBUTES = 0x0020000D, 0x00080020, 0x00400275
ANSWERED = {0, REFUSED, 0xA700}

IDENTIFIERS: dict[str, Sequence[Element] | bytes] = {
    "64 stars": [text(DESCRIPTION, "*a" * 31 + "*b")],
    "10,000 stars": [text(DESCRIPTION, "*a" * 5000)],
    "10,000 question marks": [text(NAME, "?" * 10_000)],
    "a megabyte of one key": [text(DESCRIPTION, "x" * 1_000_000)],
    "5000 names": [text(NAME, "\\".join("abc*" for _ in range(2000)))],
    "5000 different names": [text(NAME, "\\".join(f"a{n}*" for n in range(1500)))],
    "5000 exact values": [text(ACCESSION, "\\".join(f"A{n}" for n in range(1700)))],
    "2000 dates": [text(DATE, "\\".join(f"2024{n % 12 + 1:02}01-" for n in range(1000)))],
    "15,000 UIDs": [text(STUDY_UID, "\\".join(f"1.2.3.{n}" for n in range(70_000)))],
    "an endless UID": [text(STUDY_UID, "1." * 100_000)],
    "every key there is": [
        text(0x00080000 + n, "*x*") for n in range(1, 0x3000) if n != 0x52 and n % 2
    ],
    "100,000 keys of nobody": [Element(0x00090000 + n, b"LO") for n in range(0x1000, 0xFFFF)],
    "nested sequences": question() + nested(2000, IMPLICIT, open_ended=False),
    "sequences within their depth": question() + nested(60, IMPLICIT, open_ended=False),
    "many items": [Element(ATTRIBUTES, b"SQ", b"", ((),) * 50_000)],
    "brackets and quotes": [text(DESCRIPTION, "[[[]]]^-%_'\"" * 100)],
    "nothing at all": b"",
    "noise": b"\xff" * 1000,
    "half": question(text(NAME, "*"))[:-3],
    "explicit in implicit": encode([LEVEL], EXPLICIT),
    "a character set of stars": [text(0x00080005, "*" * 1000), text(NAME, "a*")],
    "escapes": [text(0x00080005, "\\ISO 2022 IR 87"), text(NAME, "\x1b$B" * 1000)],
    "fuzzy": [text(NAME, " ".join(f"w{n}" for n in range(2500)))],
    "regular expressions": [text(NAME, "(a+)+$"), text(DATE, "0" * 5000 + "-")],
    "a moment": [text(0x0008002A, "2" * 5000), text(0x00080201, "+" * 100)],
}


@pytest.mark.parametrize("agreed", [b"", b"\1\1\1\1"], ids=["", "extended"])
@pytest.mark.parametrize("name", IDENTIFIERS)
def test_no_identifier_costs_more_than_its_answer(node: Victim, name: str, agreed: bytes):
    """Answered or refused, within two seconds of work, and the association goes on."""
    asked_for = IDENTIFIERS[name]
    raw = asked_for if isinstance(asked_for, bytes) else question(*asked_for)
    assert len(raw) <= MIB, len(raw)
    user = b"" if not agreed else _extended(agreed)
    since = len(node.lines)
    with attacked(node, lines=None) as seen, node.line() as line:
        line.associate(context_item(1), context_item(3, FIND), user=user or None)
        before = node.process.cpu_times()
        ask = Command(Field.C_FIND, FIND, message_id=1, command_data_set_type=1)
        line.say(data_pdu((3, 3, commands.encode(ask))))
        for at in range(0, len(raw) or 1, 100_000):
            piece = raw[at : at + 100_000]
            line.say(data_pdu((3, 2 if at + 100_000 >= len(raw) else 0, piece)))
        status = final(line)
        after = node.process.cpu_times()
        assert status in ANSWERED, hex(status or 0)
        assert echoed(line)
        line.release()
    spent = after.user + after.system - before.user - before.system
    assert spent < 2.0, f"{spent} s"
    assert len(seen.lines) == (status != 0), node.lines[since:]
    assert seen.growth < 32 * MIB


def _extended(agreed: bytes) -> bytes:
    """User information with extended negotiation for FIND, PS3.7 D.3.3.5."""
    uid = FIND.encode()
    return USER + item(0x56, struct.pack(">H", len(uid)) + uid + agreed)


def final(line: Line) -> int | None:
    """The status of the final response."""
    while True:
        pdu = line.hear()
        assert pdu[:1] == b"\x04", pdu[:20]
        at = 6
        while at < len(pdu):
            size, _, control = struct.unpack_from(">IBB", pdu, at)
            if control & 1:
                status = commands.decode(pdu[at + 6 : at + 4 + size]).status
                if status not in (0xFF00, 0xFF01):
                    return status
            at += 4 + size


def test_a_series_of_a_crowd_is_found(node: Victim):
    """The positive twin."""
    with attacked(node, lines=0):
        answers = asked(
            node,
            identifier(
                "IMAGE", StudyInstanceUID=STUDY, SeriesInstanceUID=SERIES, SOPInstanceUID="1.9.77"
            ),
        )
        assert [one.SOPInstanceUID for one in answers] == ["1.9.77"]
