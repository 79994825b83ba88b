"""Repository Query, PS3.4 C.6.4: a client pages through everything and loses nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom import Dataset

from scu import statuses
from scu.associate import Target, associate
from scu.datasets import decode, encode
from tests import clients
from tests.clients import CALLER, SYNTAXES
from tests.nodes import node, target
from tests.objects import identifier, instance, uid, written
from wire.association import Association
from wire.command import Command, Field

MODEL = "1.2.840.10008.5.1.4.1.1.201.6"
STUDIES = 25


@pytest.fixture(scope="module")
def here(tmp_path_factory) -> Iterator[Target]:
    folder = tmp_path_factory.mktemp("repository")
    objects = [instance(number, StudyInstanceUID=uid("s", number)) for number in range(STUDIES)]
    with node(folder / "node") as serving:
        clients.send(target(serving), written(folder / "o", *objects))
        yield target(serving)


def page(association: Association, asked: Dataset) -> tuple[list[Dataset], int | None]:
    """One C-FIND: its records and its final status."""
    context = association.context_for(MODEL)
    request = Command(
        command_field=Field.C_FIND,
        affected_sop_class_uid=MODEL,
        message_id=association.next_message_id(),
        command_data_set_type=1,
    )
    association.send(context, request, encode(asked, context.transfer_syntax))
    records = []
    while True:
        message = association.response(request)
        data = message.identifier()
        if statuses.category(message.command.status) != statuses.PENDING:
            return records, message.command.status
        records.append(decode(data, context.transfer_syntax))


@pytest.mark.parametrize(
    ("most", "pages"), [(10, [10, 10, 5]), (25, [25]), (24, [24, 1]), (1, [1] * 25), (100, [25])]
)
def test_pages_follow_each_other_until_the_last(here: Target, most: int, pages: list[int]):
    seen: list[str] = []
    with associate(here, CALLER, [(MODEL, SYNTAXES)]) as association:
        prior = b""
        for number, size in enumerate(pages, start=1):
            asked = identifier("STUDY", StudyInstanceUID="", MaximumNumberOfRecords=most)
            if prior:
                asked.PriorRecordKey = prior
            records, status = page(association, asked)
            assert len(records) == size
            # B001: the limit was reached, and there is more
            assert status == (0x0000 if number == len(pages) else 0xB001)
            seen += [str(record.StudyInstanceUID) for record in records]
            prior = records[-1].RecordKey
    assert len(seen) == STUDIES
    assert set(seen) == {uid("s", number) for number in range(STUDIES)}


def test_keys_still_match(here: Target):
    asked = identifier("STUDY", StudyInstanceUID=uid("s", 3), MaximumNumberOfRecords=10)
    with associate(here, CALLER, [(MODEL, SYNTAXES)]) as association:
        records, status = page(association, asked)
    assert [str(record.StudyInstanceUID) for record in records] == [uid("s", 3)]
    assert status == 0


def test_a_prior_record_key_that_is_none_of_ours_is_a710(here: Target, tmp_path: Path):
    asked = identifier("STUDY", StudyInstanceUID="", PriorRecordKey=b"nonsense")
    with associate(here, CALLER, [(MODEL, SYNTAXES)]) as association:
        assert page(association, asked) == ([], 0xA710)
