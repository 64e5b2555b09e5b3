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


def test_nobody_waits_for_a_newer_answer_that_takes_long_while_there_is_one():
    held = Held(lasts_s=0.0, times=0, waits_s=0.0)
    done = asyncio.Event()

    async def first() -> bytes:
        await asyncio.sleep(0.01)
        return b"first"

    async def second() -> bytes:
        await done.wait()
        return b"second"

    async def asked() -> list[bytes]:
        bodies = [(await held.get(first)).body]
        bodies += [(await held.get(second)).body for _ in range(2)]
        done.set()
        await asyncio.sleep(0.05)
        return [*bodies, (await held.get(second)).body]

    assert asyncio.run(asked()) == [b"first", b"first", b"first", b"second"]


def test_an_answer_that_nobody_waits_for_is_left_off_at_the_end():
    held = Held(lasts_s=0.0, times=0, waits_s=0.0)
    ended: list[str] = []

    async def first() -> bytes:
        await asyncio.sleep(0.01)
        return b"first"

    async def second() -> bytes:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("second")
        return b"second"

    async def asked() -> None:
        await held.get(first)
        await held.get(second)
        await asyncio.sleep(0)
        await held.stop()

    asyncio.run(asked())
    assert ended == ["second"]


def test_where_a_newer_answer_fails_the_last_one_stays_and_is_tried_again():
    held = Held(lasts_s=0.0, times=0, waits_s=0.0)
    tried = 0

    async def first() -> bytes:
        await asyncio.sleep(0.01)
        return b"first"

    async def fails() -> bytes:
        nonlocal tried
        tried += 1
        raise RuntimeError

    async def asked() -> list[bytes]:
        bodies: list[bytes] = []
        for make in (first, fails, fails):
            bodies.append((await held.get(make)).body)
            await asyncio.sleep(0.01)
        return bodies

    assert asyncio.run(asked()) == [b"first"] * 3
    assert tried == 2
