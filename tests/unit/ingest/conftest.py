import pytest

from jobs.io.run_context import RunContext
from schemas.catalog import Catalog
from tests.landing_area import LandingArea


@pytest.fixture
def area(ctx: RunContext, catalog: Catalog) -> LandingArea:
    return LandingArea(ctx, catalog)
