"""Employers are always the same for a person and a job, and their codes are valid by an independent reading of the standards."""

from __future__ import annotations

import numpy as np
from stdnum.cn import uscc

from jobs.samples.employers import employer_of


def test_codes_are_valid_and_the_organisation_code_is_part_of_the_uscc() -> None:
    who = np.arange(2000)
    employers = employer_of(who, np.zeros(2000, dtype=np.int64))
    assert len(set(employers.uscc)) > 100
    for number, code in set(zip(employers.uscc, employers.organisation_code, strict=True)):
        assert uscc.is_valid(number)
        assert number[8:17] == code


def test_the_next_job_is_with_another_employer() -> None:
    who = np.arange(500)
    first, again, next_one = (employer_of(who, np.full(500, job)) for job in (0, 0, 1))
    assert first.uscc.tolist() == again.uscc.tolist()
    assert not (first.uscc == next_one.uscc).any()
