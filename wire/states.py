"""The upper layer's state machine, PS3.8 Table 9-10, as data for both roles.

Everything that decides what may follow what lives here; `wire.core` carries out the actions.
A dash is a combination the standard leaves out: a mistake of ours, never of the peer.
"""

from __future__ import annotations

from enum import Enum, IntEnum


class State(IntEnum):
    """PS3.8 Tables 9-1 to 9-5."""

    IDLE = 1
    AWAIT_REQUEST = 2  # transport open, ARTIM runs
    AWAIT_ACCEPT = 3  # the local user decides on the request
    AWAIT_TRANSPORT = 4
    AWAIT_ANSWER = 5  # A-ASSOCIATE-RQ sent
    DATA = 6
    RELEASING = 7  # A-RELEASE-RQ sent
    RELEASE_ASKED = 8  # A-RELEASE-RQ received, the local user answers
    COLLISION_REQUESTOR = 9
    COLLISION_ACCEPTOR = 10
    COLLISION_REQUESTOR_ANSWERED = 11
    COLLISION_ACCEPTOR_ANSWERED = 12
    AWAIT_CLOSE = 13  # ARTIM runs


class Event(IntEnum):
    """PS3.8 9.2.2, numbered as there."""

    ASSOCIATE_REQUEST = 1
    TRANSPORT_CONFIRMED = 2
    GOT_ACCEPT = 3
    GOT_REJECT = 4
    TRANSPORT_INDICATED = 5
    GOT_REQUEST = 6
    ACCEPT = 7
    REJECT = 8
    SEND_DATA = 9
    GOT_DATA = 10
    RELEASE = 11
    GOT_RELEASE = 12
    GOT_RELEASE_REPLY = 13
    RELEASE_REPLY = 14
    ABORT = 15
    GOT_ABORT = 16
    TRANSPORT_CLOSED = 17
    ARTIM_EXPIRED = 18
    GOT_INVALID = 19


class Role(Enum):
    """Which side of the association we are."""

    REQUESTOR = "requestor"
    ACCEPTOR = "acceptor"


# Rows are events, columns the states 1 to 13.
_TABLE = """
 1  AE-1  -     -     -     -     -     -     -     -     -     -     -     -
 2  -     -     -     AE-2  -     -     -     -     -     -     -     -     -
 3  -     AA-1  AA-8  -     AE-3  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-6
 4  -     AA-1  AA-8  -     AE-4  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-6
 5  AE-5  -     -     -     -     -     -     -     -     -     -     -     -
 6  -     AE-6  AA-8  -     AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-7
 7  -     -     AE-7  -     -     -     -     -     -     -     -     -     -
 8  -     -     AE-8  -     -     -     -     -     -     -     -     -     -
 9  -     -     -     -     -     DT-1  -     AR-7  -     -     -     -     -
10  -     AA-1  AA-8  -     AA-8  DT-2  AR-6  AA-8  AA-8  AA-8  AA-8  AA-8  AA-6
11  -     -     -     -     -     AR-1  -     -     -     -     -     -     -
12  -     AA-1  AA-8  -     AA-8  AR-2  AR-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-6
13  -     AA-1  AA-8  -     AA-8  AA-8  AR-3  AA-8  AA-8  AR-10 AR-3  AA-8  AA-6
14  -     -     -     -     -     -     -     AR-4  AR-9  -     -     AR-4  -
15  -     -     AA-1  AA-2  AA-1  AA-1  AA-1  AA-1  AA-1  AA-1  AA-1  AA-1  -
16  -     AA-2  AA-3  -     AA-3  AA-3  AA-3  AA-3  AA-3  AA-3  AA-3  AA-3  AA-2
17  -     AA-5  AA-4  AA-4  AA-4  AA-4  AA-4  AA-4  AA-4  AA-4  AA-4  AA-4  AR-5
18  -     AA-2  -     -     -     -     -     -     -     -     -     -     AA-2
19  -     AA-1  AA-8  -     AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-7
"""

# The state each action leads to, PS3.8 Tables 9-6 to 9-9; AR-8 depends on the role.
_NEXT_STATE = """
AE-1 4   AE-2 5   AE-3 6   AE-4 1   AE-5 2   AE-6 3   AE-7 6   AE-8 13
DT-1 6   DT-2 6
AR-1 7   AR-2 8   AR-3 1   AR-4 13  AR-5 1   AR-6 7   AR-7 8   AR-9 11  AR-10 12
AA-1 13  AA-2 1   AA-3 1   AA-4 1   AA-5 1   AA-6 13  AA-7 13  AA-8 13
"""
_COLLISION = {Role.REQUESTOR: State.COLLISION_REQUESTOR, Role.ACCEPTOR: State.COLLISION_ACCEPTOR}


def _rows() -> dict[tuple[Event, State], str]:
    table = {}
    for line in _TABLE.strip().splitlines():
        event, *actions = line.split()
        for state, action in enumerate(actions, start=1):
            if action != "-":
                table[Event(int(event)), State(state)] = action
    return table


def _pairs() -> dict[str, State]:
    words = iter(_NEXT_STATE.split())
    return {action: State(int(state)) for action, state in zip(words, words, strict=True)}


TABLE = _rows()
"""(event, state) → action."""

NEXT = _pairs()
"""action → state, for every action but AR-8."""

ARTIM_STATES = frozenset({State.AWAIT_REQUEST, State.AWAIT_CLOSE})
"""Where the association request/reject/release timer runs, PS3.8 9.1.5."""


def following(action: str, role: Role) -> State:
    """The state after `action`."""
    return _COLLISION[role] if action == "AR-8" else NEXT[action]
