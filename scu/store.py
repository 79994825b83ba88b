"""C-STORE, PS3.4 Annex B: objects go out byte for byte, on contexts made for exactly them."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Generator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from scu.ahead import Ahead
from scu.associate import MOST_CONTEXTS, Caller, Proposal, Target, associate
from scu.conversion import AS_STORED, CannotConvert, Conversion, encoded
from scu.instances import FileInstance, Instance, Kind, Several
from scu.loads import Load
from scu.outcomes import Outcome
from wire.association import Association
from wire.command import Command, Field
from wire.errors import NoContext, Unreadable
from wire.negotiation import Context
from wire.sending import FileSlice

MEDIUM_PRIORITY = 0


@dataclass(frozen=True, slots=True)
class Originator:
    """The C-MOVE a sub-operation belongs to, PS3.7 9.1.1.1."""

    ae_title: str
    message_id: int


def believed(_instance: Instance) -> str:
    """No look at the bytes before they are sent."""
    return ""


@dataclass(frozen=True, slots=True)
class Manner:
    """How objects are sent: as what, for whom, and changed by whom; `fault` says why not."""

    priority: int = MEDIUM_PRIORITY
    originator: Originator | None = None
    conversion: Conversion = AS_STORED
    fault: Callable[[Instance], str] = believed
    ahead: Ahead | None = None  # for those it takes instead of `fault`


USUALLY = Manner()


def groups(
    instances: Collection[Instance], conversion: Conversion = AS_STORED
) -> list[tuple[list[Proposal], Collection[Instance]]]:
    """Instances by association: as few as carry everything, each of at most 128 contexts.

    Each pair of SOP class and stored transfer syntax has a context of its own, so that nothing is
    changed that need not be; a further context for each class offers what it may be changed to.
    """
    classes: dict[str, list[str]] = {}
    for sop_class, syntax in _kinds(instances):
        classes.setdefault(sop_class, []).append(syntax)
    made: list[tuple[list[Proposal], set[Kind]]] = [([], set())]
    for sop_class, syntaxes in classes.items():
        wanted = _proposals(sop_class, syntaxes, conversion)
        if len(made[-1][0]) + len(wanted) > MOST_CONTEXTS:
            made.append(([], set()))
        proposals, kinds = made[-1]
        proposals += wanted
        kinds.update((sop_class, syntax) for syntax in syntaxes)
    return [(proposals, _of(instances, kinds)) for proposals, kinds in made if kinds]


def _kinds(instances: Collection[Instance]) -> Collection[Kind]:
    if isinstance(instances, Several):
        return instances.kinds
    return dict.fromkeys((one.sop_class_uid, one.transfer_syntax_uid) for one in instances)


def _of(instances: Collection[Instance], kinds: Collection[Kind]) -> Collection[Instance]:
    if isinstance(instances, Several):
        return instances.of(kinds)
    return [one for one in instances if (one.sop_class_uid, one.transfer_syntax_uid) in kinds]


def _proposals(sop_class: str, syntaxes: Sequence[str], conversion: Conversion) -> list[Proposal]:
    exact: list[Proposal] = [(sop_class, (syntax,)) for syntax in syntaxes]
    some = (FileInstance(sop_class, "", syntax, Path(), 0, 0) for syntax in syntaxes)
    targets = dict.fromkeys(target for each in some for target in conversion.targets(each))
    more = tuple(target for target in targets if target not in syntaxes or len(syntaxes) > 1)
    return [*exact, (sop_class, more)] if more else exact


def store(association: Association, instance: Instance, manner: Manner = USUALLY) -> Outcome:
    """Store one object on an association.

    Raises NoContext, CannotConvert, Unreadable, Ended, OSError.
    """
    context, ahead = _as_stored(association, instance), manner.ahead
    if context and ahead and ahead.takes(instance, association.room):
        whole = ahead.take(instance, association.room)
        request = _request(association, instance, manner)
        association.send_whole(context, request, whole)
    else:
        association.flush()  # reading, or changing, may take its time
        if why := manner.fault(instance):
            raise Unreadable(why)
        request = _request(association, instance, manner)
        with encoded(association, instance, manner.conversion) as (context, ready):
            _send(association, context, request, ready)
    if ahead is not None:
        ahead.look(association.room)
    answer = association.response(request).command
    changed = context.transfer_syntax != instance.transfer_syntax_uid
    return Outcome(
        instance,
        answer.status,
        answer.error_comment or "",
        converted_to=context.transfer_syntax if changed else "",
    )


def _as_stored(association: Association, instance: Instance) -> Context | None:
    """The context on which it goes as it is stored."""
    return next(
        (
            context
            for context in association.contexts.values()
            if context.abstract_syntax == instance.sop_class_uid
            and context.transfer_syntax == instance.transfer_syntax_uid
            and context.scu
        ),
        None,
    )


def _request(association: Association, instance: Instance, manner: Manner) -> Command:
    mover = manner.originator
    return Command(
        command_field=Field.C_STORE,
        affected_sop_class_uid=instance.sop_class_uid,
        affected_sop_instance_uid=instance.sop_instance_uid,
        message_id=association.next_message_id(),
        priority=manner.priority,
        command_data_set_type=1,
        move_originator_application_entity_title=mover.ae_title if mover else None,
        move_originator_message_id=mover.message_id if mover else None,
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
    instances: Collection[Instance],
    manner: Manner = USUALLY,
    *,
    threads: int = 0,
) -> Generator[Outcome, None, None]:
    """Store objects on as few associations as carry them; one outcome each, never an exception.

    `threads` at a time, 0 for the caller's own; a peer that ends an association over one object is
    offered the others on a new one.
    """
    send = partial(attempt, manner=manner)
    for proposals, members in groups(instances, manner.conversion):
        load = Load(partial(associate, target, caller, proposals), send, members)
        if manner.ahead is not None:
            manner.ahead.following = load.following
        yield from load.outcomes_by(threads) if threads else load.outcomes()


def attempt(association: Association, instance: Instance, manner: Manner = USUALLY) -> Outcome:
    """As `store`, but a failure that is the object's own becomes its outcome. Raises Ended."""
    try:
        return store(association, instance, manner)
    except (NoContext, CannotConvert, Unreadable) as error:
        return Outcome(instance, None, str(error), error=error)
    except OSError as error:
        why = f"the stored object cannot be read: {error.strerror}"
        return Outcome(instance, None, why, error=error)


__all__ = ["Manner", "Originator", "Outcome", "attempt", "groups", "store", "store_all"]
