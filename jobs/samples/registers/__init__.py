"""Rows of the three registers as clerks write them: what is true, and what went wrong."""

HOUSEHOLDS = "public_security/household_register"
RESIDENCES = "public_security/residence_registration"
MARRIAGES = "civil_affairs/marriage_register"
DATASETS = (HOUSEHOLDS, RESIDENCES, MARRIAGES)
"""What the country delivers, in the order in which it does."""
