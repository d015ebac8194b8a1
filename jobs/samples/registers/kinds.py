"""Every register of the country: how its first rows are written, and whom they name. A new register is one line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from jobs.samples import registers as r
from jobs.samples.registers import (
    account,
    assistance,
    birth_certificate,
    commendation,
    death_certificate,
    debtor,
    decision,
    enrolment,
    enterprise,
    household,
    insurance,
    listing,
    marriage,
    organisation,
    parcel,
    real_estate_right,
    residence,
    shareholder,
    standard_address,
    taxpayer,
)
from jobs.samples.registers.named import Named
from jobs.samples.registers.writer import Writer
from jobs.samples.table import Column

FirstRows = Callable[[Writer, date], Mapping[str, Column]]
"""Writes the rows of the first day. What was written before it is in ``writer.registers``."""


@dataclass(frozen=True)
class Kind:
    """A register: its first rows, and the entities that a row of it names."""

    first_rows: FirstRows
    named: tuple[Named, ...]


KINDS: Mapping[str, Kind] = {
    r.HOUSEHOLDS: Kind(household.first_household_rows, household.NAMED),
    r.RESIDENCES: Kind(residence.first_residence_rows, residence.NAMED),
    r.MARRIAGES: Kind(marriage.first_marriage_rows, marriage.NAMED),
    r.BIRTHS: Kind(birth_certificate.first_birth_rows, birth_certificate.NAMED),
    r.DEATHS: Kind(death_certificate.first_death_rows, death_certificate.NAMED),
    r.ENROLMENTS: Kind(enrolment.first_enrolment_rows, enrolment.NAMED),
    r.ASSISTANCE: Kind(assistance.first_assistance_rows, assistance.NAMED),
    r.INSURANCES: Kind(insurance.first_insurance_rows, insurance.NAMED),
    r.ACCOUNTS: Kind(account.first_account_rows, account.NAMED),
    r.ENTERPRISES: Kind(enterprise.first_enterprise_rows, enterprise.NAMED),
    r.ENTERPRISE_CHANGES: Kind(enterprise.first_change_rows, enterprise.NAMED_IN_CHANGES),
    r.SHAREHOLDERS: Kind(shareholder.first_shareholder_rows, shareholder.NAMED),
    r.TAXPAYERS: Kind(taxpayer.first_taxpayer_rows, taxpayer.NAMED),
    r.SOCIAL_ORGANISATIONS: Kind(organisation.first_social_rows, organisation.NAMED_SOCIAL),
    r.PUBLIC_INSTITUTIONS: Kind(organisation.first_public_rows, organisation.NAMED_PUBLIC),
    r.LICENCES: Kind(decision.first_licence_rows, decision.named_in(decision.LICENCE)),
    r.PENALTIES: Kind(decision.first_penalty_rows, decision.named_in(decision.PENALTY)),
    r.DEBTORS: Kind(debtor.first_debtor_rows, debtor.NAMED),
    r.VIOLATIONS: Kind(listing.first_violation_rows, listing.NAMED_VIOLATIONS),
    r.ABNORMAL_OPERATIONS: Kind(listing.first_abnormal_rows, listing.NAMED_ABNORMAL),
    r.RED_LIST: Kind(commendation.first_red_rows, commendation.NAMED_RED),
    r.REPAIRS: Kind(commendation.first_repair_rows, commendation.NAMED_REPAIRS),
    r.STANDARD_ADDRESSES: Kind(standard_address.first_address_rows, ()),
    r.PARCELS: Kind(parcel.first_parcel_rows, ()),
    r.REAL_ESTATE: Kind(real_estate_right.first_unit_rows, real_estate_right.NAMED),
}
"""By dataset, in the order in which they are written and delivered."""

if tuple(KINDS) != r.DATASETS:
    raise ValueError(f"registers {tuple(KINDS)} are not the datasets {r.DATASETS} that are delivered")
