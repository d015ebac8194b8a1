"""Installs the packages schemas, quality and jobs with their YAML, and the command ``govlake``."""

from setuptools import find_packages, setup

setup(
    packages=find_packages(include=["schemas*", "quality*", "jobs*"]),
    package_data={"schemas": ["**/*.yaml", "**/*.csv", "**/*.json"], "jobs": ["**/*.yaml", "**/*.csv", "**/*.json", "**/*.css"]},
)
