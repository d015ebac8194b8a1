"""Rows of the registers as clerks write them: what is true, and what went wrong. What there is stands in `kinds`."""

HOUSEHOLDS = "public_security/household_register"
RESIDENCES = "public_security/residence_registration"
MARRIAGES = "civil_affairs/marriage_register"
BIRTHS = "health/birth_certificate"
DEATHS = "health/death_certificate"
ENROLMENTS = "education/enrolment"
ASSISTANCE = "civil_affairs/assistance"
INSURANCES = "human_resources/social_insurance"
ACCOUNTS = "utilities/account"
DATASETS = (HOUSEHOLDS, RESIDENCES, MARRIAGES, BIRTHS, DEATHS, ENROLMENTS, ASSISTANCE, INSURANCES, ACCOUNTS)
"""What the country delivers, in the order in which it does."""
