"""The synthetic country: deliveries as departments write them, and the hidden truth. No real person is in it.

**Who lives there.** Households of one to three generations (`households`) in the counties of one prefecture and some elsewhere
(`regions`, GB/T 2260 with its history). People (`people`) have names by real frequencies, era, sex and ethnic group (`names`;
namesakes come by themselves, twins are born), citizen IDs that are valid and whose region was in force at birth
(`citizen_ids`), addresses and phones. Two in five live away from their registered home.

**What is delivered** (`registers`, `deliveries`). ``public_security/household_register``: everybody, the dead with a cancelled
registration; ``public_security/residence_registration``: who lives away, some with two registrations;
``civil_affairs/marriage_register``: certificates since 1985 and of the days. Health certifies births and deaths, more of these
than the police hear of; schools enrol children with a guardian; civil affairs keeps households on assistance, all members in one
row; employers insure adults; utilities have accounts, most under a masked name. The first day comes whole, then what changed; the
household register comes whole again on the first of each month. Form, columns and order are those of the contracts, the bytes
those of `formats`. A table that is pulled leaves a log of its changes instead (`databases`).

**What happens on a day** (`life`, `births`, `couples`, `residences`; rates in ``conf/country.yaml``, far above real ones so
that three days of 5,000 people show each event several times): births, deaths, marriages, divorces, moves of households, new,
ended and renewed residence registrations, new names, wrong and 15-digit numbers put right, missing numbers supplied. A register
that does not hear of an event keeps what it has. Then each department's own affairs (`certificates`, `schooling`, `welfare`,
`employment`, `utilities`), which change no people: births and deaths are certified, children go to school, assistance begins,
changes and ends, as do insurances and accounts.

**What goes wrong.** Errors in rows (`errors`; rates in ``conf/noise/``) stay with the row until something corrects them; keys
carry none. Faults of whole deliveries (`faults`) are planted one by one and leave the truth alone.

**What is true** (`truth`). ``population.parquet`` has a row for each record that was ever delivered: whose it is, from when to
when it was there, and whether the delivered values allow it to be linked. It is of what departments sent or meant to send:
records of a delivery that was stopped or never came are in it.

**Chance** (`streams`). Every part draws from a stream named after it, and nothing depends on the clock, the machine or hash
order: the same seed gives the same bytes.
"""
