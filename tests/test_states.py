"""The upper layer's state machine is PS3.8 Table 9-10, as others read it too."""

import pytest

from wire.states import ARTIM_STATES, NEXT, TABLE, Event, Role, State, following


def test_the_table_is_the_one_pynetdicom_reads_in_the_standard():
    from pynetdicom.fsm import TRANSITION_TABLE

    ours = {(f"Evt{event}", f"Sta{state}"): action for (event, state), action in TABLE.items()}
    assert ours == TRANSITION_TABLE


@pytest.mark.parametrize("action", sorted(NEXT))
def test_each_action_leads_where_the_standard_says(action):
    """PS3.8 Tables 9-6 to 9-9."""
    from pynetdicom.fsm import ACTIONS

    expected = ACTIONS[action][2]
    ours = {f"Sta{following(action, role)}" for role in Role}
    # AE-6 may also reject by itself, to Sta13; that answer is given in Sta3 here.
    assert ours <= {expected} if isinstance(expected, str) else ours <= set(expected)


def test_every_action_of_the_table_leads_somewhere():
    from pynetdicom.fsm import ACTIONS

    assert set(TABLE.values()) == set(NEXT) | {"AR-8"} == set(ACTIONS)


@pytest.mark.parametrize(
    ("role", "state"),
    [(Role.REQUESTOR, State.COLLISION_REQUESTOR), (Role.ACCEPTOR, State.COLLISION_ACCEPTOR)],
)
def test_a_release_collision_depends_on_the_role(role, state):
    """AR-8, PS3.8 Table 9-8."""
    assert following("AR-8", role) is state


def test_the_timer_runs_in_the_states_of_the_standard():
    """PS3.8 9.1.5; it can expire in no other."""
    assert {state for event, state in TABLE if event is Event.ARTIM_EXPIRED} == ARTIM_STATES
