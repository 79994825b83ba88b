"""C-STORE, PS3.4 Annex B: objects go out byte for byte, on contexts made for exactly them."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, replace

from scu import statuses
from scu.associate import MOST_CONTEXTS, Caller, Proposal, Target, associate
from scu.instances import Instance
from wire.association import Association
from wire.command import Command, Field
from wire.errors import NoContext, Unreadable, WireError
from wire.sending import FileSlice

MEDIUM_PRIORITY = 0


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

    @property
    def category(self) -> str:
        """Success, Warning or Failure."""
        return statuses.category(self.status)


def groups(instances: Iterable[Instance]) -> list[tuple[list[Proposal], list[Instance]]]:
    """Instances by association: as few as carry everything, each of at most 128 contexts."""
    kinds: dict[tuple[str, str], list[Instance]] = {}
    for instance in instances:
        kind = (instance.sop_class_uid, instance.transfer_syntax_uid)
        kinds.setdefault(kind, []).append(instance)
    ordered = list(kinds.items())
    made = []
    for at in range(0, len(ordered), MOST_CONTEXTS):
        part = ordered[at : at + MOST_CONTEXTS]
        proposals: list[Proposal] = [(cls, (syntax,)) for (cls, syntax), _ in part]
        made.append((proposals, [instance for _, members in part for instance in members]))
    return made


def store(
    association: Association,
    instance: Instance,
    *,
    priority: int = MEDIUM_PRIORITY,
    originator: Originator | None = None,
) -> Outcome:
    """Store one object on an association. Raises NoContext, Ended, OSError."""
    context = association.context_for(instance.sop_class_uid, instance.transfer_syntax_uid)
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
    descriptor = os.open(instance.path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        source = FileSlice(descriptor, instance.offset, instance.size)
        association.send_file(context, request, source)
    finally:
        os.close(descriptor)
    answer = association.response(request).command
    return Outcome(instance, answer.status, answer.error_comment or "")


def store_all(
    target: Target,
    caller: Caller,
    instances: Sequence[Instance],
    *,
    priority: int = MEDIUM_PRIORITY,
    originator: Originator | None = None,
) -> Generator[Outcome, None, None]:
    """Store objects on as few associations as carry them; one outcome each, never an exception.

    An association that cannot be had, or that ends, fails what was left for it, with the cause.
    """
    for proposals, members in groups(instances):
        done = 0
        try:
            with associate(target, caller, proposals) as association:
                for instance in members:
                    outcome = attempt(
                        association, instance, priority=priority, originator=originator
                    )
                    done += 1
                    yield outcome
        except WireError as error:
            for instance in members[done:]:
                yield Outcome(instance, None, str(error))


def attempt(
    association: Association,
    instance: Instance,
    *,
    priority: int = MEDIUM_PRIORITY,
    originator: Originator | None = None,
) -> Outcome:
    """As `store`, but a failure that is the object's own becomes its outcome. Raises Ended."""
    try:
        return store(association, instance, priority=priority, originator=originator)
    except (NoContext, Unreadable) as error:
        return Outcome(instance, None, str(error))
    except OSError as error:
        return Outcome(instance, None, f"the stored object cannot be read: {error.strerror}")


__all__ = ["Originator", "Outcome", "attempt", "groups", "store", "store_all"]
