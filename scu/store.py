"""C-STORE, PS3.4 Annex B: objects go out byte for byte, on contexts made for exactly them."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from scu import statuses
from scu.associate import MOST_CONTEXTS, Caller, Proposal, Target, associate
from scu.conversion import AS_STORED, CannotConvert, Conversion, encoded
from scu.instances import Instance
from wire.association import Association
from wire.command import Command, Field
from wire.errors import Ended, NoContext, Unreadable, WireError
from wire.negotiation import Context
from wire.sending import FileSlice

MEDIUM_PRIORITY = 0
_MOST_FRUITLESS = 3  # associations in a row that each ended with their first object


@dataclass(frozen=True, slots=True)
class Originator:
    """The C-MOVE a sub-operation belongs to, PS3.7 9.1.1.1."""

    ae_title: str
    message_id: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one object; `status` is None when the peer never answered for it."""

    instance: Instance
    status: int | None
    comment: str = ""
    converted_to: str = ""
    """The transfer syntax it was sent in, where that is not the stored one."""

    @property
    def category(self) -> str:
        """Success, Warning or Failure."""
        return statuses.category(self.status)


def groups(
    instances: Iterable[Instance], conversion: Conversion = AS_STORED
) -> list[tuple[list[Proposal], list[Instance]]]:
    """Instances by association: as few as carry everything, each of at most 128 contexts.

    Each pair of SOP class and stored transfer syntax has a context of its own, so that nothing is
    changed that need not be; a further context for each class offers what it may be changed to.
    """
    classes: dict[str, dict[str, list[Instance]]] = {}
    for instance in instances:
        syntaxes = classes.setdefault(instance.sop_class_uid, {})
        syntaxes.setdefault(instance.transfer_syntax_uid, []).append(instance)
    made: list[tuple[list[Proposal], list[Instance]]] = [([], [])]
    for sop_class, syntaxes in classes.items():
        wanted = _proposals(sop_class, syntaxes, conversion)
        if len(made[-1][0]) + len(wanted) > MOST_CONTEXTS:
            made.append(([], []))
        proposals, members = made[-1]
        proposals += wanted
        members += [instance for each in syntaxes.values() for instance in each]
    return [(proposals, members) for proposals, members in made if members]


def _proposals(
    sop_class: str, syntaxes: Mapping[str, Sequence[Instance]], conversion: Conversion
) -> list[Proposal]:
    exact: list[Proposal] = [(sop_class, (syntax,)) for syntax in syntaxes]
    targets = dict.fromkeys(
        target for each in syntaxes.values() for target in conversion.targets(each[0])
    )
    more = tuple(target for target in targets if target not in syntaxes or len(syntaxes) > 1)
    return [*exact, (sop_class, more)] if more else exact


def store(
    association: Association,
    instance: Instance,
    *,
    priority: int = MEDIUM_PRIORITY,
    originator: Originator | None = None,
    conversion: Conversion = AS_STORED,
) -> Outcome:
    """Store one object on an association.

    Raises NoContext, CannotConvert, Unreadable, Ended, OSError.
    """
    request = Command(
        command_field=Field.C_STORE,
        affected_sop_class_uid=instance.sop_class_uid,
        affected_sop_instance_uid=instance.sop_instance_uid,
        message_id=association.next_message_id(),
        priority=priority,
        command_data_set_type=1,
    )
    if originator is not None:
        request = replace(
            request,
            move_originator_application_entity_title=originator.ae_title,
            move_originator_message_id=originator.message_id,
        )
    with encoded(association, instance, conversion) as (context, ready):
        _send(association, context, request, ready)
    answer = association.response(request).command
    changed = context.transfer_syntax != instance.transfer_syntax_uid
    return Outcome(
        instance,
        answer.status,
        answer.error_comment or "",
        converted_to=context.transfer_syntax if changed else "",
    )


def _send(association: Association, context: Context, request: Command, instance: Instance) -> None:
    descriptor = os.open(instance.path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        source = FileSlice(descriptor, instance.offset, instance.size)
        association.send_file(context, request, source)
    finally:
        os.close(descriptor)


def store_all(
    target: Target,
    caller: Caller,
    instances: Sequence[Instance],
    *,
    priority: int = MEDIUM_PRIORITY,
    originator: Originator | None = None,
    conversion: Conversion = AS_STORED,
) -> Generator[Outcome, None, None]:
    """Store objects on as few associations as carry them; one outcome each, never an exception.

    A peer that ends an association over one object is offered the others on a new one.
    """
    send = partial(attempt, priority=priority, originator=originator, conversion=conversion)
    for proposals, members in groups(instances, conversion):
        left = deque(members)
        fruitless = 0
        while left and fruitless < _MOST_FRUITLESS:
            before = len(left)
            yield from _on_one_association(
                partial(associate, target, caller, proposals),
                left,
                send,
            )
            fruitless = fruitless + 1 if before - len(left) < 2 else 0
        for instance in left:
            yield Outcome(instance, None, "the peer ends every association it is offered")


def _on_one_association(
    connect: Callable[[], Association],
    left: deque[Instance],
    send: Callable[[Association, Instance], Outcome],
) -> Generator[Outcome, None, None]:
    """Send from the front of `left` until it is empty or the association ends.

    An object during which the peer ends the association has failed, and is not tried again; what
    was not begun stays. An association that cannot be had fails everything.
    """
    try:
        with connect() as association:
            while left:
                try:
                    outcome = send(association, left[0])
                except Ended as error:
                    yield Outcome(left.popleft(), None, str(error))
                    return
                left.popleft()
                yield outcome
    except WireError as error:
        while left:
            yield Outcome(left.popleft(), None, str(error))


def attempt(
    association: Association,
    instance: Instance,
    *,
    priority: int = MEDIUM_PRIORITY,
    originator: Originator | None = None,
    conversion: Conversion = AS_STORED,
) -> Outcome:
    """As `store`, but a failure that is the object's own becomes its outcome. Raises Ended."""
    try:
        return store(
            association,
            instance,
            priority=priority,
            originator=originator,
            conversion=conversion,
        )
    except (NoContext, CannotConvert, Unreadable) as error:
        return Outcome(instance, None, str(error))
    except OSError as error:
        return Outcome(instance, None, f"the stored object cannot be read: {error.strerror}")


__all__ = ["Originator", "Outcome", "attempt", "groups", "store", "store_all"]
