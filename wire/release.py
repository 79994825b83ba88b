"""Release of an association, PS3.8 7.2: ours, the peer's, and both at once."""

from __future__ import annotations

import time

from wire.channel import Channel
from wire.errors import DeadlineExceeded
from wire.framing import RELEASE_RP, RELEASE_RQ
from wire.states import Event, State


def grant(channel: Channel) -> None:
    """Answer the peer's release."""
    channel.send(Event.RELEASE_REPLY, RELEASE_RP)
    channel.await_close()


def release(channel: Channel) -> None:
    """PS3.8 AR-1, AR-3, AR-8 to AR-10: a collision is answered in the order of the roles.

    P-DATA may still arrive, AR-6: it is dropped, and does not prolong the wait. Raises Ended.
    """
    channel.send(Event.RELEASE, RELEASE_RQ)
    deadline = time.monotonic() + channel.limits.request_seconds
    while (state := channel.core.state) is not State.IDLE:
        if state is State.COLLISION_REQUESTOR:
            channel.send(Event.RELEASE_REPLY, RELEASE_RP)
        elif state is State.COLLISION_ACCEPTOR_ANSWERED:
            grant(channel)
            return
        if (left := deadline - time.monotonic()) <= 0:
            channel.abort(2, 0)
            raise DeadlineExceeded("the peer did not answer the release in time")
        channel.next(left)
