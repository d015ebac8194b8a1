"""Settings of the synthetic country: its errors (``conf/noise/*.yaml``), its society and its life (``conf/country.yaml``)."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from jobs.settings import PROJECT
from schemas.errors import UsageError

NOISE_FOLDER = PROJECT / "conf" / "noise"
COUNTRY_FILE = PROJECT / "conf" / "country.yaml"

Percent = Annotated[float, Field(ge=0, le=100)]
Share = Annotated[float, Field(ge=0, le=1)]
PerMille = Annotated[float, Field(ge=0, le=1000)]


class StrictSettings(BaseModel):
    """Immutable, and refuses keys it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class CitizenIdNoise(StrictSettings):
    """Errors of citizen IDs. All registers, but ``still_15_digit`` (household and marriage, born before 1999)."""

    absent_in_residence: Percent
    one_digit_wrong: Percent
    two_swapped: Percent
    still_15_digit: Percent
    lower_case_x: Percent
    """Of the numbers that end in X."""
    shared_by_two: Percent
    """Of people: somebody else was issued the same number (重号)."""
    person_with_two: Percent
    """Of people: registered twice, under two numbers (双户口)."""


class PersonNameNoise(StrictSettings):
    """Errors of names, in all registers."""

    variant: Percent
    """Of names with a character that has one: variant, traditional or private-use form, or a placeholder for a rare character."""
    homophone: Percent
    former: Percent
    """Of residence and marriage records: under a name that the person no longer has."""
    minority_parts: Percent
    """Of names in parts: another dot or none, or a part lost."""


class BirthDateNoise(StrictSettings):
    """Errors of birth dates, in all registers but where the name says otherwise."""

    year_only_in_residence: Percent
    lunar: Percent
    """The date of the lunar calendar was written down (by mean lunations, leap months not told apart)."""
    swapped: Percent
    """Month and day swapped; of dates whose day is at most 12 and not the month."""


class ContactNoise(StrictSettings):
    """Errors of phones and addresses, in residence registrations."""

    phone_absent: Percent
    phone_shared: Percent
    """Of phones given: the phone of another member of the household."""
    address_out_of_date: Percent
    """The address is one where the person lived before."""


class OtherNoise(StrictSettings):
    """Errors of the household register (``sex_wrong``: and of residence registrations)."""

    sex_wrong: Percent
    death_not_cancelled: Percent
    """Of all registrations: the person is dead, and the registration is not cancelled."""


class LandNoise(StrictSettings):
    """Errors of parcels and of coordinates."""

    parcel_crossed: Percent
    """The border crosses itself."""
    parcel_with_sliver: Percent
    """A second, hardly visible polygon, left by an overlay of map sheets."""
    parcel_overlapping: Percent
    """Of parcels with a neighbour to the west: they lie half on it."""
    parcel_open: Percent
    """The border's last point is not its first."""
    area_wrong: Percent
    """The surveyed area is up to a fifth off."""
    gcj02: Percent
    """Of standard addresses: measured on a commercial map, in its own coordinates, and tagged so."""
    untagged: Percent
    """Of standard addresses: nothing says which coordinates they are in."""
    coordinates_swapped: Percent
    """Of standard addresses: latitude where longitude belongs."""


class Noise(StrictSettings):
    """Errors in delivered rows, in per cent of the records that could have the error. Keys carry none."""

    citizen_id: CitizenIdNoise
    person_name: PersonNameNoise
    birth_date: BirthDateNoise
    contact: ContactNoise
    other: OtherNoise
    land: LandNoise


class Society(StrictSettings):
    """Who lives in the country. Shares are of what the comments in ``conf/country.yaml`` say."""

    home_province: str
    home_prefecture: str
    counties_elsewhere: int = Field(ge=1)
    share_registered_elsewhere: Share
    share_rural: Share
    share_away_from_home: Share
    share_second_registration: Share
    share_former_name: Share
    share_rare_character: Share
    share_grandparents_dead: Share
    share_couples_certified: Share
    share_foreign_spouse: Share
    twin_births: Share


class Life(StrictSettings):
    """Events of one day, per thousand of those to whom each can happen."""

    births: PerMille
    marriages: PerMille
    divorces: PerMille
    new_residences: PerMille
    residences_ended: PerMille
    residences_renewed: PerMille
    household_moves: PerMille
    renames: PerMille
    deaths: PerMille
    id_corrections: PerMille
    ids_supplied: PerMille
    parcels_surveyed: PerMille
    parcels_resurveyed: PerMille
    units_transferred: PerMille


class CountrySettings(StrictSettings):
    """The country apart from its errors."""

    society: Society
    life: Life


Model = TypeVar("Model", bound=BaseModel)


def load_noise(name_or_path: str | Path) -> Noise:
    """Errors by name (clean, typical, harsh) or from a file of the same form. Raises UsageError (what, where, which are there)."""
    known = sorted(path.stem for path in NOISE_FOLDER.glob("*.yaml"))
    path = NOISE_FOLDER / f"{name_or_path}.yaml" if str(name_or_path) in known else Path(name_or_path)
    if not path.is_file():
        raise UsageError(f"no noise {str(name_or_path)!r}: write {', '.join(known)}, or the path of a file of the same form.")
    return _load(path, Noise)


@cache
def load_country() -> CountrySettings:
    """Society and life, from ``conf/country.yaml``."""
    return _load(COUNTRY_FILE, CountrySettings)


def _load(path: Path, model: type[Model]) -> Model:
    try:
        document: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        return model.model_validate(document)
    except yaml.YAMLError as error:
        raise UsageError(f"{path} is not YAML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(f"{path}: {'.'.join(map(str, first['loc'])) or 'the file'}: {first['msg']}.") from error
