"""Pieces side by side: all come to their end, and the first error is told."""

from __future__ import annotations

import threading
from functools import partial

import pytest

from jobs.steps.side_by_side import AT_ONCE, side_by_side


def test_pieces_run_at_the_same_time() -> None:
    meeting = threading.Barrier(AT_ONCE, timeout=30)
    side_by_side([meeting.wait] * AT_ONCE)


def test_a_failure_stops_no_other_piece_and_the_first_is_raised() -> None:
    done: list[int] = []

    def piece(number: int) -> None:
        if number in (1, 2):
            raise ValueError(f"piece {number}")
        done.append(number)

    with pytest.raises(ValueError, match="piece 1"):
        side_by_side(partial(piece, number) for number in range(5))
    assert sorted(done) == [0, 3, 4]


def test_pieces_that_need_all_the_memory_run_one_by_one() -> None:
    running: list[int] = []

    def piece(number: int) -> None:
        running.append(number)
        assert running == [number]
        running.remove(number)

    side_by_side([partial(piece, number) for number in range(20)], at_once=1)
    assert not running
