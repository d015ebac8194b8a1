"""Rows of the registers as clerks write them: what is true, and what went wrong. What there is stands in `kinds`."""

HOUSEHOLDS = "public_security/household_register"
RESIDENCES = "public_security/residence_registration"
MARRIAGES = "civil_affairs/marriage_register"
DATASETS = (HOUSEHOLDS, RESIDENCES, MARRIAGES)
"""What the country delivers, in the order in which it does."""
