"""Changing an object's encoding for a receiver that does not take it as it is stored.

This room only plans: which transfer syntaxes to propose besides the stored one. How bytes are
changed is told to it, because pixel decoders live elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from config import catalogue
from scu.instances import Instance
from wire.association import Association
from wire.errors import NoContext
from wire.negotiation import Context


class CannotConvert(Exception):
    """The object cannot be changed without loss; the message says why."""


class Conversion(Protocol):
    """What changes of encoding may be made, and who makes them."""

    def targets(self, instance: Instance) -> Sequence[str]:
        """Transfer syntaxes the object can be changed to, best first."""
        ...

    def converted(self, instance: Instance, target: str) -> AbstractContextManager[Instance]:
        """The object in another transfer syntax, while the block runs; raises CannotConvert."""
        ...


class AsStored:
    """No change at all."""

    def targets(self, instance: Instance) -> Sequence[str]:  # noqa: ARG002
        return ()

    def converted(self, instance: Instance, target: str) -> AbstractContextManager[Instance]:
        raise CannotConvert(f"{instance.path.name} is not to be changed to {target}")


# PS3.8 Table 9-18: in these no other transfer syntax would help.
_REFUSED: Mapping[int | None, str] = {
    1: "the peer does not take it from us (user rejection)",
    3: "the peer does not know this class (abstract syntax not supported)",
}
AS_STORED: Conversion = AsStored()


@contextmanager
def encoded(
    association: Association, instance: Instance, conversion: Conversion
) -> Iterator[tuple[Context, Instance]]:
    """The object as this receiver takes it, and the context to send it on.

    As stored where that was accepted, else in the best accepted encoding it can be changed to.
    Raises NoContext, CannotConvert.
    """
    accepted = {
        context.transfer_syntax: context
        for context in association.contexts.values()
        if context.abstract_syntax == instance.sop_class_uid and context.scu
    }
    if instance.transfer_syntax_uid in accepted:
        yield accepted[instance.transfer_syntax_uid], instance
        return
    for target in conversion.targets(instance):
        if target in accepted:
            with conversion.converted(instance, target) as changed:
                yield accepted[target], changed
            return
    kind, stored = map(catalogue.name_of, (instance.sop_class_uid, instance.transfer_syntax_uid))
    result = association.results.get(instance.sop_class_uid)
    if result in _REFUSED:
        raise NoContext(f"not accepted: {kind}: {_REFUSED[result]}", result)
    takes = f"; only in {', '.join(map(catalogue.name_of, accepted))}" if accepted else ""
    raise NoContext(f"not accepted: {kind} in {stored}{takes}", result)
