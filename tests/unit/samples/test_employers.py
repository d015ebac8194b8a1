"""Employers are legal entities of the country, always the same for a person and a job."""

from __future__ import annotations

import numpy as np

from jobs.samples.employers import employer_of
from jobs.samples.firms import BODY, COMPANY, SOCIAL
from jobs.samples.world import World


def test_employers_are_companies_organisations_and_public_bodies(world: World) -> None:
    employers = employer_of(world.firms, np.arange(2000), np.zeros(2000, dtype=np.int64))
    assert len(set(employers.tolist())) > 500
    assert set(world.firms.entities["kind"][employers]) == {COMPANY, SOCIAL, BODY}
    assert not world.firms.entities["is_gone"][employers].any()


def test_the_next_job_is_with_another_employer(world: World) -> None:
    who = np.arange(500)
    first, again, next_one = (employer_of(world.firms, who, np.full(500, job)) for job in (0, 0, 1))
    assert first.tolist() == again.tolist()
    assert not (first == next_one).any()
