"""Settings of the synthetic country: its errors (``conf/noise/*.yaml``), its society and its life (``conf/country.yaml``)."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from jobs.settings import PROJECT
from schemas.errors import UsageError
from schemas.odcs import parse_yaml

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
    absent_on_death_certificate: Percent
    absent_in_enrolment: Percent
    """Of students, and of their guardians."""
    absent_of_parents: Percent
    """Of mothers and fathers on birth certificates."""
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
    newborn_unnamed: Percent
    """Of birth certificates: the newborn has no name yet."""
    masked_by_utility: Percent
    """Of people's accounts with a utility: only the surname shows."""


class BirthDateNoise(StrictSettings):
    """Errors of birth dates, in all registers but where the name says otherwise, and birth certificates (a clock wrote them)."""

    year_only_in_residence: Percent
    lunar: Percent
    """The date of the lunar calendar was written down (by mean lunations, leap months not told apart)."""
    swapped: Percent
    """Month and day swapped; of dates whose day is at most 12 and not the month."""


class ContactNoise(StrictSettings):
    """Errors of phones and addresses, wherever a register has them (``address_out_of_date``: not in the household register)."""

    phone_absent: Percent
    phone_shared: Percent
    """Of phones given: the phone of another member of the household."""
    address_out_of_date: Percent
    """The address is one where the person lived before."""


class OtherNoise(StrictSettings):
    """Errors of the household register, and what is said of each."""

    sex_wrong: Percent
    """Also of residence registrations, certificates and enrolments."""
    death_not_cancelled: Percent
    """Of all registrations: the person is dead, and the registration is not cancelled."""
    employer_by_old_code: Percent
    """Of insurances with an employer that has one: it stands there with its old organisation code."""


class EntityNoise(StrictSettings):
    """Errors of legal entities, in all registers but the one that registers the entity. Debtors' IDs are always masked."""

    other_form_of_name: Percent
    old_name: Percent
    """Of records: under a name that the entity no longer has."""
    confusable_letter: Percent
    """Of unified codes: a letter that looks like the digit."""
    tax_office_old_number: Percent
    """Of taxpayers founded before the unified code: still under the number of region and organisation code."""
    old_number_only: Percent
    """Of licences, penalties and listings of entities that have an old number: no unified code."""


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
    entity: EntityNoise
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
    share_births_certified: Share
    share_deaths_certified: Share
    share_enrolled: Share
    share_on_assistance: Share
    share_employed: Share
    share_with_electricity: Share
    share_with_water: Share
    share_with_gas: Share
    share_residents_with_account: Share
    share_accounts_of_firms: Share


class Economy(StrictSettings):
    """Which legal entities there are. Shares are of what the comments in ``conf/country.yaml`` say."""

    people_per_entity: float = Field(ge=1)
    share_household_business: Share
    share_branch: Share
    share_social_organisation: Share
    share_public_body: Share
    share_gone: Share
    share_revoked: Share
    share_renamed: Share
    share_name_reused: Share
    share_shell: Share
    share_corporate_shareholder: Share


class FirmLife(StrictSettings):
    """Events of one day for legal entities, per thousand of those to whom each can happen."""

    founded: PerMille
    renamed: PerMille
    moved: PerMille
    new_representatives: PerMille
    new_capital: PerMille
    shares_passed_on: PerMille
    dissolved: PerMille
    tax_numbers_exchanged: PerMille
    establishments_changed: PerMille


class CreditLife(StrictSettings):
    """Credit records of one day, per thousand of those whom each can be about."""

    licences: PerMille
    penalties: PerMille
    debtors_listed: PerMille
    debtors_withdrawn: PerMille
    violations: PerMille
    listed_as_abnormal: PerMille
    abnormal_removed: PerMille
    commended: PerMille
    repairs_applied: PerMille
    share_natural_person: Share


class LandLife(StrictSettings):
    """Events of one day on the land, per thousand of the parcels or units to which each can happen."""

    parcels_surveyed: PerMille
    parcels_resurveyed: PerMille
    units_transferred: PerMille


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
    newborns_named: PerMille
    enrolments: PerMille
    school_changes: PerMille
    school_leavers: PerMille
    new_assistance: PerMille
    assistance_reviewed: PerMille
    assistance_ended: PerMille
    new_insurances: PerMille
    job_changes: PerMille
    insurances_ended: PerMille
    new_accounts: PerMille
    meter_readings: PerMille
    accounts_closed: PerMille
    firms: FirmLife
    credit: CreditLife
    land: LandLife


class CountrySettings(StrictSettings):
    """The country apart from its errors."""

    society: Society
    economy: Economy
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
        document: Any = parse_yaml(path.read_text(encoding="utf-8"))
        return model.model_validate(document)
    except yaml.YAMLError as error:
        raise UsageError(f"{path} is not YAML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(f"{path}: {'.'.join(map(str, first['loc'])) or 'the file'}: {first['msg']}.") from error
