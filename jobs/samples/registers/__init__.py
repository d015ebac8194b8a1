"""Rows of the registers as clerks write them: what is true, and what went wrong. What there is stands in `kinds`."""

HOUSEHOLDS = "public_security/household_register"
RESIDENCES = "public_security/residence_registration"
MARRIAGES = "civil_affairs/marriage_register"
STANDARD_ADDRESSES = "civil_affairs/standard_address"
PARCELS = "natural_resources/parcel"
REAL_ESTATE = "natural_resources/real_estate_right"
DATASETS = (HOUSEHOLDS, RESIDENCES, MARRIAGES, STANDARD_ADDRESSES, PARCELS, REAL_ESTATE)
"""What the country delivers, in the order in which it does."""
