"""Answers that many ask for at once."""

import asyncio
import time

from api.held import Held


def counted(held: Held, asks: int, takes_s: float) -> int:
    """How often an answer is made for as many who ask at once, and for one more right after."""
    made = 0

    async def make() -> bytes:
        nonlocal made
        made += 1
        await asyncio.sleep(takes_s)
        return b"x"

    async def everyone() -> None:
        await asyncio.gather(*(held.get(make) for _ in range(asks)))
        await held.get(make)

    asyncio.run(everyone())
    return made


def test_an_answer_that_takes_longer_than_it_lasts_is_made_once_for_all_who_wait():
    assert counted(Held(lasts_s=0.001), asks=5, takes_s=0.05) == 1


def test_what_took_long_stands_for_a_multiple_of_that_and_no_longer():
    held = Held(lasts_s=0.0, times=4)
    assert counted(held, asks=1, takes_s=0.05) == 1
    time.sleep(0.25)
    assert counted(held, asks=1, takes_s=0.0) == 1


def test_without_a_time_to_stand_each_answer_is_made_anew():
    assert counted(Held(lasts_s=0.0, times=0), asks=1, takes_s=0.0) == 2
