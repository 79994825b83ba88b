"""C-MOVE and C-GET over the wire, PS3.4 C.4.2, C.4.3: counts that add up, lists that are true."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydicom.encaps import encapsulate
from pynetdicom import AE, evt

from archive.query import Query, parse
from config import catalogue
from config.peers import Peer
from scu import instances, requests, retrieve, store
from scu.associate import associate
from tests import clients, corpus
from tests.clients import CALLER, PATIENT_ROOT, STUDY_ROOT, SYNTAXES
from tests.nodes import node, peer, target
from tests.objects import CT_IMAGE, MR_IMAGE, identifier, instance, uid, written
from tests.peers import free_port
from tests.receivers import EXPLICIT, receiver
from wire.association import Message
from wire.command import Command, Field
from wire.errors import NoContext

MOVE = STUDY_ROOT + "2"


def movers(destination: str, at: int) -> tuple[Peer, ...]:
    """The destination, and us as a caller that may name it."""
    return peer(destination, at), peer(CALLER.ae_title, move_to=(destination,))


@contextmanager
def held(tmp_path: Path, port: int, count: int = 6, *, sop_class: str = CT_IMAGE):
    """A node that holds one study, and knows DEST at `port`."""
    objects = [instance(number, sop_class=sop_class) for number in range(count)]
    with node(tmp_path / "node", peers=movers("DEST", port)) as serving:
        outcomes = clients.send(target(serving), written(tmp_path / "o", *objects))
        assert all(one.status == 0 for one in outcomes)
        yield target(serving), [str(one.SOPInstanceUID) for one in objects]


STUDY = {"StudyInstanceUID": uid("s")}


def test_every_sub_operation_is_counted_and_the_numbers_add_up(tmp_path: Path):
    with receiver([CT_IMAGE]) as (port, seen), held(tmp_path, port) as (here, _):
        responses = clients.move(here, identifier("STUDY", **STUDY), "DEST")
    *pending, final = responses
    assert [one.remaining for one in pending] == [5, 4, 3, 2, 1]
    assert all(one.remaining + one.completed == 6 for one in pending)
    assert (final.status, final.completed, final.failed, final.warning) == (0, 6, 0, 0)
    # PS3.4 C.4.2.1.6: no remaining count in a final success
    assert final.remaining is None
    assert len(seen) == 6


def test_a_caller_hears_of_each_sub_operation_while_the_next_is_under_way(tmp_path: Path):
    heard = threading.Semaphore(1)

    def answer(_number: int) -> int:
        return 0 if heard.acquire(timeout=30) else 0xA700

    with (
        receiver([CT_IMAGE], answer=answer) as (port, _),
        held(tmp_path, port) as (here, _),
        associate(here, CALLER, [(MOVE, SYNTAXES)]) as association,
    ):
        asked = identifier("STUDY", **STUDY)
        for progress in retrieve.move(association, MOVE, asked, "DEST"):
            heard.release()
            last = progress
    assert (last.status, last.completed) == (0, 6)


def test_sub_operations_name_their_originator_and_its_message(tmp_path: Path):
    """PS3.4 C.4.2.2.1 with PS3.7 9.1.1.1."""
    with receiver([CT_IMAGE]) as (port, seen), held(tmp_path, port, 1) as (here, _):
        clients.move(here, identifier("STUDY", **STUDY), "DEST")
        request = seen.events[0].request
        assert request.MoveOriginatorApplicationEntityTitle == CALLER.ae_title
        assert request.MoveOriginatorMessageID == 1


@pytest.mark.parametrize(
    ("statuses", "final", "counts"),
    [
        ([0, 0xA700], 0xB000, (3, 3, 0)),
        ([0xB007], 0xB000, (0, 0, 6)),
        ([0xC123], 0xA702, (0, 6, 0)),
        ([0, 0xB000, 0xA700], 0xB000, (2, 2, 2)),
    ],
)
def test_the_final_status_follows_the_sub_operations(statuses, final, counts, tmp_path: Path):
    def answer(number: int) -> int:
        return statuses[(number - 1) % len(statuses)]

    with (
        receiver([CT_IMAGE], answer=answer) as (port, _),
        held(tmp_path, port) as (here, uids),
    ):
        last = clients.move(here, identifier("STUDY", **STUDY), "DEST")[-1]
    assert last.status == final
    assert (last.completed, last.failed, last.warning) == counts
    assert len(last.failed_uids) == counts[1]
    assert set(last.failed_uids) <= set(uids)


@pytest.mark.parametrize(
    ("statuses", "final", "comment"),
    [
        ([0xA700, 0xA700, 0xC123], 0xA702, "0xA700 "),
        ([0, 0xC123, 0xC123], 0xB000, "0xC123 "),
        ([0xB007], 0xB000, ""),
        ([0], 0x0000, ""),
    ],
)
def test_the_commonest_cause_is_the_error_comment(statuses, final, comment, tmp_path: Path):
    """PS3.4 Table C.4-2: (0000,0902) with B000 and A702; PS3.7 C: at most 64 characters."""

    def answer(number: int) -> int:
        return statuses[(number - 1) % len(statuses)]

    with receiver([CT_IMAGE], answer=answer) as (port, _), held(tmp_path, port) as (here, _):
        *pending, last = clients.move(here, identifier("STUDY", **STUDY), "DEST")
    assert last.status == final
    assert last.comment.startswith(comment)
    assert bool(last.comment) is bool(comment)
    assert len(last.comment) <= 64
    assert not any(one.comment for one in pending)


def test_what_a_receiver_does_not_take_is_named_in_the_error_comment(tmp_path: Path):
    with receiver([MR_IMAGE]) as (port, _), held(tmp_path, port) as (here, _):
        last = clients.move(here, identifier("STUDY", **STUDY), "DEST")[-1]
    assert last.comment == "not accepted: CT Image Storage: the peer does not know this clas"


def test_a_destination_without_a_context_fails_every_sub_operation(tmp_path: Path):
    with receiver([MR_IMAGE]) as (port, _), held(tmp_path, port) as (here, uids):
        last = clients.move(here, identifier("STUDY", **STUDY), "DEST")[-1]
    assert (last.status, last.failed) == (0xA702, 6)
    assert sorted(last.failed_uids) == sorted(uids)


def test_a_destination_that_is_not_there_fails_every_sub_operation(tmp_path: Path):
    with held(tmp_path, free_port()) as (here, uids):
        last = clients.move(here, identifier("STUDY", **STUDY), "DEST")[-1]
    assert (last.status, last.failed, last.completed) == (0xA702, 6, 0)
    assert sorted(last.failed_uids) == sorted(uids)
    assert last.comment == "the destination cannot be reached", "and not where it lives"


def test_an_unknown_destination_is_a801_and_nothing_is_connected_to(tmp_path: Path):
    with node(tmp_path, peers=movers("DEST", free_port())) as serving:
        for title in ("EVIL", "../", "127.0.0.1:22", "", CALLER.ae_title):
            (last,) = clients.move(target(serving), identifier("STUDY", **STUDY), title)
            assert last.status == 0xA801
            assert last.completed is None


def test_nothing_found_is_a_success_without_sub_operations(tmp_path: Path):
    with node(tmp_path, peers=movers("DEST", free_port())) as serving:
        asked = identifier("STUDY", StudyInstanceUID="1.2.3")
        (last,) = clients.move(target(serving), asked, "DEST")
    assert (last.status, last.completed, last.failed, last.warning) == (0, 0, 0, 0)


def test_a_move_without_its_unique_key_is_refused_with_a900(tmp_path: Path):
    with node(tmp_path, peers=movers("DEST", free_port())) as serving:
        (last,) = clients.move(target(serving), identifier("STUDY", PatientID="P1"), "DEST")
    assert last.status == 0xA900
    assert last.comment


@pytest.mark.parametrize(
    ("root", "asked", "expected"),
    [
        (PATIENT_ROOT, identifier("PATIENT", PatientID="P1"), 4),
        (PATIENT_ROOT, identifier("STUDY", PatientID="P1", **STUDY), 3),
        (STUDY_ROOT, identifier("STUDY", StudyInstanceUID=[uid("s"), uid("s2")]), 4),
        (STUDY_ROOT, identifier("SERIES", **STUDY, SeriesInstanceUID=uid("e")), 2),
        (
            STUDY_ROOT,
            identifier("IMAGE", **STUDY, SeriesInstanceUID=uid("e"), SOPInstanceUID=uid("one")),
            1,
        ),
    ],
)
def test_every_level_of_both_roots_moves_what_it_names(root, asked, expected, tmp_path: Path):
    objects = [
        instance(1, SOPInstanceUID=uid("one")),
        instance(2),
        instance(3, SeriesInstanceUID=uid("e2")),
        instance(4, StudyInstanceUID=uid("s2"), SeriesInstanceUID=uid("e3")),
        instance(5, StudyInstanceUID=uid("s3"), SeriesInstanceUID=uid("e4"), PatientID="P2"),
    ]
    for one in objects:
        one.file_meta.MediaStorageSOPInstanceUID = one.SOPInstanceUID
    with (
        receiver([CT_IMAGE]) as (port, _),
        node(tmp_path / "node", peers=movers("DEST", port)) as serving,
    ):
        clients.send(target(serving), written(tmp_path / "o", *objects))
        last = clients.move(target(serving), asked, "DEST", root=root)[-1]
    assert (last.status, last.completed) == (0, expected)


ENCAPSULATED = [
    uid_ for uid_, one in catalogue.TRANSFER_SYNTAXES.items() if one.form == "encapsulated"
]


def test_three_hundred_kinds_of_objects_take_several_associations(tmp_path: Path):
    """PS3.8 9.3.2.2: 128 contexts at most; 60 classes in 5 transfer syntaxes are 300 pairs."""
    classes = [cls for cls, one in catalogue.STORAGE.items() if one.kind == "patient"][:60]
    pairs = [(cls, syntax) for cls in classes for syntax in [EXPLICIT, *ENCAPSULATED[:4]]]
    objects = [instance(number, sop_class=cls) for number, (cls, _) in enumerate(pairs)]
    for made, (_, syntax) in zip(objects, pairs, strict=True):
        made.file_meta.TransferSyntaxUID = syntax
        if syntax != EXPLICIT:
            made.PixelData = encapsulate([b"never looked at."])
            made["PixelData"].VR, made["PixelData"].is_undefined_length = "OB", True
    paths = written(tmp_path / "o", *objects)
    with (
        node(tmp_path / "dest", "DEST") as destination,
        node(tmp_path / "node", peers=movers("DEST", target(destination).port)) as serving,
    ):
        here = target(serving)
        assert all(one.status == 0 for one in clients.send(here, paths))
        last = clients.move(here, identifier("STUDY", **STUDY), "DEST")[-1]
        assert (last.status, last.completed, last.failed) == (0, 300, 0)
        held = destination.archive.instances(_everything())
        arrived = {(one.sop_class_uid, one.transfer_syntax_uid) for one in held}
    assert len(set(pairs)) == 300
    assert arrived == set(pairs), "each as it was stored"


def _everything() -> Query:
    return parse(identifier("STUDY", **STUDY), ("STUDY", "SERIES", "IMAGE"), retrieve=True)


def test_cancel_stops_the_sub_operations_and_says_what_is_left(tmp_path: Path):
    """PS3.4 C.4.2.3.1: FE00 with all four counts."""
    gate = threading.Event()
    ae = AE(ae_title="DEST")
    ae.add_supported_context(CT_IMAGE, list(SYNTAXES))

    def on_store(_event: evt.Event) -> int:
        gate.wait(30)
        return 0

    handlers = [(evt.EVT_C_STORE, on_store)]
    server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
    try:
        port = server.socket.getsockname()[1]
        with (
            held(tmp_path, port) as (here, _),
            associate(here, CALLER, [(MOVE, SYNTAXES)]) as association,
        ):
            asked = identifier("STUDY", **STUDY)
            request = retrieve.begin_move(association, MOVE, asked, "DEST")
            requests.cancel(association, request)
            gate.set()
            last = list(retrieve.responses(association, request))[-1]
    finally:
        server.shutdown()
    assert last.status == 0xFE00
    assert last.remaining > 0
    assert last.remaining + last.completed + last.failed + last.warning == 6


def test_c_get_brings_back_the_bytes_on_the_same_association(tmp_path: Path):
    paths = written(tmp_path / "o", *[instance(number) for number in range(4)])
    sent = [instances.read(path) for path in paths]
    with node(tmp_path / "node") as serving:
        clients.send(target(serving), paths)
        responses, kept = clients.get(target(serving), identifier("STUDY", **STUDY), sent)
    assert kept == {one.sop_instance_uid: corpus.data_set(one) for one in sent}
    assert [one.remaining for one in responses] == [3, 2, 1, None]
    assert responses[-1].status == 0


def test_c_get_is_cancelled_between_its_sub_operations(tmp_path: Path):
    """PS3.4 C.4.3.3.1: FE00 with all four counts, on an association that goes on."""
    model = STUDY_ROOT + "3"
    paths = written(tmp_path / "o", *[instance(number) for number in range(20)])
    proposals = [(model, SYNTAXES), (CT_IMAGE, SYNTAXES[:1])]
    with node(tmp_path / "node") as serving:
        clients.send(target(serving), paths)
        roles = {CT_IMAGE: (False, True)}
        with associate(target(serving), CALLER, proposals, roles) as association:
            context = association.context_for(model)
            kept: list[str] = []

            def keep(message: Message) -> int:
                message.drain()
                kept.append(message.command.affected_sop_instance_uid or "")
                if len(kept) == 3:
                    request = Command(command_field=Field.C_CANCEL, message_id_being_responded_to=1)
                    association.send(context, request)
                return 0

            asked = identifier("STUDY", **STUDY)
            last = list(retrieve.get(association, model, asked, keep))[-1]
            assert association.alive
    assert last.status == 0xFE00
    assert last.completed == len(kept) < 20
    assert last.remaining == 20 - len(kept)


def test_c_get_without_a_context_for_a_class_fails_just_that_one(tmp_path: Path):
    objects = [instance(1), instance(2), instance(3, sop_class=MR_IMAGE)]
    paths = written(tmp_path / "o", *objects)
    wanted = [instances.read(path) for path in paths[:2]]
    with node(tmp_path / "node") as serving:
        clients.send(target(serving), paths)
        responses, kept = clients.get(target(serving), identifier("STUDY", **STUDY), wanted)
    last = responses[-1]
    assert (last.status, last.completed, last.failed) == (0xB000, 2, 1)
    assert last.failed_uids == (str(objects[2].SOPInstanceUID),)
    assert len(kept) == 2


def test_c_get_contexts_give_no_right_to_store(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    """A caller that may only get is answered 0x0124 when it stores on those contexts."""
    (path,) = written(tmp_path / "o", instance())
    one = instances.read(path)
    getter = peer(CALLER.ae_title, may=("get",))
    with node(tmp_path / "node", peers=(getter,)) as serving:
        proposals = [(STUDY_ROOT + "3", SYNTAXES), (CT_IMAGE, SYNTAXES)]
        with associate(target(serving), CALLER, proposals) as association:
            outcome = store.store(association, one)
        assert outcome.status == 0x0124
        refused = f"C-STORE (CT Image Storage) of {CALLER.ae_title} refused: this caller may not do"
        assert f"{refused} this" in caplog.messages
        with (
            associate(target(serving), CALLER, [(CT_IMAGE, SYNTAXES)]) as association,
            pytest.raises(NoContext),
        ):
            store.store(association, one)
        assert serving.archive.counts().instances == 0
