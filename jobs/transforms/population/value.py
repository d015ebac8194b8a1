"""population/value: the values on which the records of a person disagree, and by which rule each won or lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.transforms.inputs import MasterInputs

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def transform(inputs: MasterInputs) -> DataFrame:
    """One row a different value that records of a person offer for a golden value; the one that won has standing 1."""
    return inputs.contested
