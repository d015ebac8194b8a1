"""Who employs people, and which firms have accounts: always the same for a person and the number of the job."""

from __future__ import annotations

import numpy as np

from jobs.samples.firms import Firms
from jobs.samples.streams import Numbers

STEP = 7919
"""Without a common factor with most counts, so that neighbours work for different employers."""


def employer_of(firms: Firms, who: Numbers, jobs: Numbers) -> Numbers:
    """The place of the employer of each person in the job of this number; the next number is another employer.

    An employer that has been dissolved stays one: the insurance learns of it late.
    """
    employers = firms.employers
    return np.asarray(employers[(who * STEP + who // len(employers) + jobs) % len(employers)])
