import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo import lifecycle
from geo.errors import TransitionRefused
from geo.lifecycle import FINAL, FIRST, NAMES, REASONED, SETTLED, STEPS, UNTAKEN, State

states = st.sampled_from(list(State))


def reachable(start: State) -> set[State]:
    seen, ahead = {start}, [start]
    while ahead:
        for after in STEPS[ahead.pop()] - seen:
            seen.add(after)
            ahead.append(after)
    return seen


def test_every_state_can_be_reached_from_a_report():
    assert reachable(FIRST) == set(State)


@given(states)
def test_every_state_leads_to_the_archive(state: State):
    assert FINAL & reachable(state)


@given(states)
def test_only_a_final_state_has_no_way_out(state: State):
    assert (not STEPS[state]) == (state in FINAL)


@given(states)
def test_no_step_stands_still(state: State):
    assert state not in STEPS[state]


def test_every_state_has_its_steps_and_two_names():
    assert set(STEPS) == set(NAMES) == set(State)
    assert len({zh for zh, _ in NAMES.values()}) == len({en for _, en in NAMES.values()}) == len(State)


def test_the_usual_way_is_open_from_report_to_archive():
    way = ["reported", "accepted", "dispatched", "signed", "handling", "checking", "closed", "revisited", "archived"]
    for before, after in itertools.pairwise(way):
        lifecycle.check_step(State(before), State(after), reason=False, department=False)


@given(states, states, st.booleans(), st.booleans())
def test_a_step_is_taken_exactly_if_the_table_has_it_and_it_says_what_it_must(
    before: State, after: State, reason: bool, department: bool
):
    told = (
        (reason or after not in {State.DEFERRED, State.RETURNED, State.REFUSED})
        and (reason or not (before in SETTLED and after not in SETTLED))
        and (department or after is not State.ASSIGNED)
    )
    try:
        lifecycle.check_step(before, after, reason=reason, department=department)
    except TransitionRefused:
        assert not (after in STEPS[before] and told)
    else:
        assert after in STEPS[before]
        assert told


@given(st.lists(states, max_size=30))
def test_a_walk_of_any_wishes_never_leaves_the_table(wishes: list[State]):
    at = FIRST
    for wish in wishes:
        try:
            lifecycle.check_step(at, wish, reason=True, department=True)
        except TransitionRefused:
            continue
        assert wish in STEPS[at]
        at = wish
    assert at in reachable(FIRST)


def test_opening_a_revisited_incident_again_needs_a_reason():
    with pytest.raises(lifecycle.ReasonNeeded):
        lifecycle.check_step(State.REVISITED, State.HANDLING, reason=False, department=False)


def test_incidents_that_nobody_took_are_open():
    assert not UNTAKEN & SETTLED
    assert set(State) >= REASONED
