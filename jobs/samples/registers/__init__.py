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
POPULATION = (HOUSEHOLDS, RESIDENCES, MARRIAGES, BIRTHS, DEATHS, ENROLMENTS, ASSISTANCE, INSURANCES, ACCOUNTS)
ENTERPRISES = "market_regulation/enterprise"
ENTERPRISE_CHANGES = "market_regulation/enterprise_change"
SHAREHOLDERS = "market_regulation/shareholder"
TAXPAYERS = "taxation/taxpayer"
SOCIAL_ORGANISATIONS = "civil_affairs/social_organisation"
PUBLIC_INSTITUTIONS = "staffing_office/public_institution"
LICENCES = "credit/administrative_licence"
PENALTIES = "credit/administrative_penalty"
DEBTORS = "court/dishonest_debtor"
VIOLATIONS = "taxation/major_violation"
ABNORMAL_OPERATIONS = "market_regulation/abnormal_operation"
RED_LIST = "credit/red_list"
REPAIRS = "credit/repair"
LEGAL_ENTITIES = (ENTERPRISES, ENTERPRISE_CHANGES, SHAREHOLDERS, TAXPAYERS, SOCIAL_ORGANISATIONS, PUBLIC_INSTITUTIONS)
CREDIT = (LICENCES, PENALTIES, DEBTORS, VIOLATIONS, ABNORMAL_OPERATIONS, RED_LIST, REPAIRS)
STANDARD_ADDRESSES = "civil_affairs/standard_address"
PARCELS = "natural_resources/parcel"
REAL_ESTATE = "natural_resources/real_estate_right"
LAND = (STANDARD_ADDRESSES, PARCELS, REAL_ESTATE)
DATASETS = (*POPULATION, *LEGAL_ENTITIES, *CREDIT, *LAND)
"""What the country delivers, in the order in which it does."""
