"""Composite instance root retrieve, PS3.4 Annex Y, and retrieve without bulk data, Annex Z.

At IMAGE level objects go out as they are; at FRAME level one new object does, made for this
request alone. Objects of no patient are reached by those who may use their own model, too. Choices
the annexes leave open: no object of the UID asked for is a success without sub-operations, as in
every other model; frames beyond the last are ignored; a frame range key at IMAGE level is refused,
because who sends one means frames; a request whose object cannot be made counts one failed
sub-operation and names the source.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Generator, Iterable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial

from pydicom import Dataset

from archive import Found, StoredInstance, errors, keys
from archive.keys import Values
from archive.query import parse
from config.peers import Peer
from iod import bulkdata, frameranges, frames
from iod.encoded import Made
from iod.errors import IodError
from iod.frameranges import FrameRange
from scp import outgoing, retrieve, soundness, statuses
from scp.exchange import Exchange
from scp.query import refuse
from scp.statuses import Status
from scp.suboperations import Tally
from scp.wholes import whole
from scu.instances import Instance
from scu.store import Outcome

_log = logging.getLogger("anode.retrieve")

_LEVEL, _SOP_INSTANCE = 0x00080052, 0x00080018
_EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
_OTHERWISE_ENCODED = frozenset(
    (
        "1.2.840.10008.1.2",
        "1.2.840.10008.1.2.2",
        "1.2.840.10008.1.2.1.99",
        "1.2.840.10008.1.2.4.95",
        "1.2.840.10008.1.2.4.205",
        "1.2.840.113619.5.2",
    )
)


def move(exchange: Exchange) -> None:
    """Answer C-MOVE of the composite instance root."""
    peer = retrieve.destination(exchange)
    if peer is not None:
        _answer(exchange, partial(retrieve.send_to, exchange, peer), peer, back=False)


def get(exchange: Exchange) -> None:
    """Answer C-GET of the composite instance root."""
    peer = exchange.house.settings.peer_named(exchange.calling_ae_title)
    _answer(exchange, partial(retrieve.send_back, exchange), peer, back=True)


def _answer(
    exchange: Exchange,
    send: Callable[[Collection[StoredInstance]], None],
    receiver: Peer | None,
    *,
    back: bool,
) -> None:
    try:
        wanted, instances = _asked(exchange)
        if wanted is None:
            instances = whole(exchange, instances, receiver, back=back)
    except (errors.ArchiveError, IodError) as error:
        refuse(exchange, error, statuses.RETRIEVE)
        return
    source = None if wanted is None else next(iter(instances), None)
    if wanted is None or source is None:
        send(instances)
        return
    own = exchange.house.settings.node
    with ExitStack() as held:
        try:
            soundness.check(source, exchange.house)
            folder = held.enter_context(outgoing.folder(own.data))
            extraction = frames.Extraction(wanted, own.ae_title, folder / "frames")
            made = frames.extract(source, extraction)
        except (IodError, OSError) as error:
            _failed(exchange, source, error)
            return
        send([_as_stored(made, source)])


def _as_stored(made: Made, source: StoredInstance) -> StoredInstance:
    """An object made from another is of the same patient."""
    return replace(
        source,
        sop_class_uid=made.sop_class_uid,
        sop_instance_uid=made.sop_instance_uid,
        transfer_syntax_uid=made.transfer_syntax_uid,
        path=made.path,
        offset=made.offset,
        size=made.size,
        sha256="",  # it was never received
    )


def _failed(exchange: Exchange, source: Instance, error: IodError | OSError) -> None:
    """Y.4.1.3: the one sub-operation failed, because there is no object to send."""
    _log.warning("frames for %s: %s", exchange.calling_ae_title, error)
    tally = Tally(0, failed=1, failed_uids=[source.sop_instance_uid])
    status = Status.CANNOT_PERFORM_SUBOPERATIONS
    if isinstance(error, IodError):
        status = statuses.status_of(error, statuses.RETRIEVE)
    response = exchange.command.response(status, data_set=True, comment=_tellable(error))
    failed = tally.failed_list(exchange.context.transfer_syntax)
    exchange.association.send(exchange.context, tally.counts(response), failed)


def _tellable(error: IodError | OSError) -> str:
    """The cause as a peer may know it: where our files lie is for our log alone."""
    if isinstance(error, OSError):
        return f"a file cannot be made: {error.strerror or type(error).__name__}"
    return str(error)


def _asked(exchange: Exchange) -> tuple[FrameRange | None, Found]:
    """The frames asked for, None at IMAGE level, and the objects. Raises as `_answer` catches."""
    identifier = exchange.identifier()
    held = keys.values(identifier)
    ranges = tuple(tag for tag in frameranges.KEYS if tag in held)
    if _level(held) != "FRAME":
        if ranges:
            raise errors.BadIdentifier("a frame range key stands in an IMAGE level request", ranges)
        return None, _instances(exchange, identifier)
    if "\\" in _text(held, _SOP_INSTANCE):
        raise errors.BadIdentifier("frames are taken from one SOP instance only", (_SOP_INSTANCE,))
    wanted = frameranges.asked(identifier)
    identifier.QueryRetrieveLevel = "IMAGE"
    return wanted, _instances(exchange, identifier)


def _text(held: Values, tag: int) -> str:
    return held[tag].text if tag in held else ""


def _level(held: Values) -> str:
    level = _text(held, _LEVEL)
    if level not in ("IMAGE", "FRAME"):
        said = f"is {level[:16]!r}" if level else "is missing"
        raise errors.BadIdentifier(
            f"QueryRetrieveLevel {said}, this model has IMAGE, FRAME", (_LEVEL,)
        )
    return level


def _instances(exchange: Exchange, identifier: Dataset) -> Found:
    """What is asked for by UID, but for what another right is needed for than for this model."""
    query = parse(identifier, ("IMAGE",), retrieve=True, options=exchange.options)
    found, barred = exchange.house.archive.instances(query), exchange.barred()
    return found.of([kind for kind in found.kinds if kind[0] not in barred])


# -- without bulk data ----------------------------------------------------------------------------


def get_without_bulk_data(exchange: Exchange) -> None:
    """Answer C-GET of the composite instance without bulk data."""
    try:
        instances = _instances(exchange, exchange.identifier())
    except errors.ArchiveError as error:
        refuse(exchange, error, statuses.RETRIEVE)
        return
    retrieve.perform(exchange, instances, _lightened(exchange, instances))


def _lightened(exchange: Exchange, instances: Iterable[Instance]) -> Generator[Outcome, None, None]:
    """Sub-operations with each object made just before it is sent."""
    for instance in instances:
        exchange.association.flush()  # making one may take its time
        try:
            soundness.check(instance, exchange.house)
            with outgoing.folder(exchange.house.settings.node.data) as folder:
                identity = instance.sop_class_uid, instance.sop_instance_uid
                made = bulkdata.without_bulk_data(instance, identity, folder / "object")
                for outcome in retrieve.sent_back(exchange, [_labelled(exchange, made)]):
                    yield replace(outcome, instance=instance)
        except (IodError, OSError) as error:
            why = f"the bulk data cannot be left out: {_tellable(error)}"
            yield Outcome(instance, None, why)


def _labelled(exchange: Exchange, made: Made) -> Made:
    """Without pixel data all syntaxes of Explicit VR Little Endian are one, PS3.5 A.4: any that
    was accepted will do."""
    syntax = made.transfer_syntax_uid
    accepted = [
        context.transfer_syntax
        for context in exchange.association.contexts.values()
        if context.abstract_syntax == made.sop_class_uid and context.scu
    ]
    if syntax in accepted or syntax in _OTHERWISE_ENCODED:
        return made
    same = [each for each in accepted if each not in _OTHERWISE_ENCODED]
    best = _EXPLICIT_LITTLE if _EXPLICIT_LITTLE in same or not same else same[0]
    return replace(made, transfer_syntax_uid=best)
