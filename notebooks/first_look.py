# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # A first look at a release
#
# A release names the versions of tables that belong together: everything below reads the current one, without Spark.
# Run a night first (`make run`, or `govlake night --date …`), then open this notebook with jupytext or run it as a script.

# %%
from contextlib import ExitStack

import matplotlib.pyplot as plt

from jobs.io.release_reader import open_release
from jobs.settings import load_settings

session = ExitStack()
release = session.enter_context(open_release(load_settings()))

# %% [markdown]
# ## What there is to query

# %%
tables = release.sql("select table_schema || '.' || table_name as table_name from information_schema.tables order by all").df()
tables

# %% [markdown]
# ## The population pyramid
#
# Living persons by age and sex (GB/T 2261.1: 1 male, 2 female). Age is counted in whole years of birth from the newest
# business date that the register knows.

# %%
pyramid = release.sql(
    """
    with newest as (select max(valid_from) as day from linked.population__crosswalk)
    select least((year(day) - birth_year) // 5 * 5, 95) as age_group, sex_code, count(*) as persons
    from gold.population__person, newest
    where not is_deceased and birth_year is not null and sex_code in ('1', '2')
    group by all order by all
    """
).df()

# %%
male, female = (pyramid[pyramid.sex_code == code] for code in ("1", "2"))
figure, axes = plt.subplots(figsize=(7, 5))
axes.barh(male.age_group, -male.persons, height=4, label="male")
axes.barh(female.age_group, female.persons, height=4, label="female")
axes.set(xlabel="persons", ylabel="age, years", title="Population by age and sex")
axes.xaxis.set_major_formatter(lambda value, _: f"{abs(value):,.0f}")
axes.legend()
figure

# %% [markdown]
# ## How sure is the linkage?
#
# The match weight (log2 of the odds; Fellegi–Sunter) of the pairs that hold each person together. A weight of 10 says
# that the records are a thousand times likelier to be one person than two.

# %%
weights = release.sql("select match_weight from linked.population__edges").df()
figure, axes = plt.subplots(figsize=(7, 3))
axes.hist(weights.match_weight, bins=60)
axes.set(xlabel="match weight, log2 odds", ylabel="pairs", title="Weights of the pairs that were linked")
figure

# %%
release.sql("select record_count as records, count(*) as persons from gold.population__person group by all order by all").df()

# %%
session.close()
