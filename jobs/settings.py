"""Where things are and how much of the machine they get: ``conf/base.yaml``, a profile over it, the environment over both.

The profile (``GOVLAKE_PROFILE``: laptop, cluster or test) names a second file of ``conf/``. Any setting can be
overridden by an environment variable: ``GOVLAKE_HOME``, ``GOVLAKE_SPARK__REMOTE``, ``GOVLAKE_AIRFLOW__PORT``, …
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from schemas.errors import UsageError
from schemas.odcs import parse_yaml, suggest

PROJECT = Path(__file__).resolve().parent.parent
"""The checkout: where ``conf/``, ``dags/`` and the jars of set-up are."""

PREFIX = "GOVLAKE_"
OUTSIDE_SETTINGS = ("conf", "bench_cache")
"""Variables that are no settings: the folder of the settings themselves, and what benchmarks keep."""


class SettingsError(UsageError):
    """Settings that cannot be used; the message names the setting, what is wrong and what is expected."""


class SparkSettings(BaseModel):
    """How a Spark session is had: ``remote`` is a Spark Connect address (``sc://host:port``), else one in this process.

    ``conf`` is Spark's configuration; ``server_conf`` is laid over it for the Connect server of this box, which lives for nights.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    remote: str | None = None
    conf: dict[str, str] = {}
    server_conf: dict[str, str] = {}


class AirflowSettings(BaseModel):
    """Airflow on this box. Ports are TCP ports on the loopback address; ``parallelism`` is tasks at a time.

    ``cut_off_minutes``: how long a night may take from its start; what is not through by then is given up.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    home: Path = Path(".airflow")
    port: int = 8080
    connect_port: int = 15002
    log_port: int = 8893
    parallelism: int = 4
    cut_off_minutes: float = 60.0


class LinkageSettings(BaseModel):
    """Where linkage models lie: ``<models>/<master>/model.json`` and ``model.govlake.yaml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    models: Path = PROJECT / "conf" / "linkage"


class DatabaseSettings(BaseModel):
    """Where a department's database is, and as whom we read it. The password comes from the environment alone.

    ``GOVLAKE_DATABASES__<NAME>__PASSWORD``, or what libpq reads: ``PGPASSWORD``, ``PGPASSFILE``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str
    port: int = 5432
    database: str
    user: str
    password: SecretStr | None = None
    ssl_mode: Literal["disable", "prefer", "require", "verify-ca", "verify-full"] = "prefer"
    connect_timeout_seconds: int = Field(default=10, ge=2)


class Settings(BaseSettings):
    """All settings of a run. ``home`` is the lake's root; the others default to places below or beside it."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,  # a password may be among it
        nested_model_default_partial_update=True,
    )

    profile: str = "laptop"
    home: str = "lake"
    landing: Path | None = None
    keys: Path | None = None
    spark: SparkSettings = SparkSettings()
    airflow: AirflowSettings = AirflowSettings()
    linkage: LinkageSettings = LinkageSettings()
    databases: dict[str, DatabaseSettings] = {}
    """By the name that a contract's ``pull.database`` says."""

    @property
    def root(self) -> str:
        """The lake's root, absolute where it is a folder of this machine."""
        return self.home if "://" in self.home else str(Path(self.home).resolve())

    @property
    def landing_root(self) -> Path:
        """Where departments put their deliveries."""
        return (self.landing or Path(self.root) / "landing").resolve()

    @property
    def keys_root(self) -> Path:
        """Where the secret keys of this lake are kept; never inside the lake."""
        return (self.keys or Path(self.root).parent / ".keys").resolve()

    @property
    def outbox_root(self) -> Path:
        """Where extracts are put for agencies to fetch."""
        return Path(self.root) / "outbox"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the files, which arrive as initial values."""
        return env_settings, init_settings


def load_settings(**overrides: Any) -> Settings:
    """Read and validate the settings; ``overrides`` win over files. Raises SettingsError naming the setting."""
    _refuse_unknown(os.environ)
    profile = os.environ.get("GOVLAKE_PROFILE", "laptop")
    conf = Path(os.environ.get("GOVLAKE_CONF", PROJECT / "conf"))
    values = _merge(_read(conf / "base.yaml"), _read(conf / f"{profile}.yaml"))
    _refuse_secrets(conf, values)
    try:
        settings = Settings(**_merge(values, overrides))
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        got = "" if first["loc"][0] == "databases" else f" (got {first['input']!r})"  # it may hold a password
        raise SettingsError(
            f"setting {name}: {first['msg']}{got}. See {conf} or GOVLAKE_{name.upper().replace('.', '__')}."
        ) from error
    if Path(settings.root).is_file():
        raise SettingsError(f"setting home: {settings.root} is a file. Name the lake's folder, there or not, in GOVLAKE_HOME.")
    return settings


@cache
def current_settings() -> Settings:
    """The settings of this process, read once."""
    return load_settings()


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise SettingsError(f"no settings at {path}. GOVLAKE_PROFILE must be the name of a file in conf/: laptop, cluster or test.")
    return parse_yaml(path.read_text(encoding="utf-8")) or {}


def _refuse_unknown(environment: Iterable[str]) -> None:
    known = [PREFIX + name.upper() for name in (*Settings.model_fields, *OUTSIDE_SETTINGS)]
    for variable in environment:
        name = variable.split("__")[0]
        if variable.startswith(PREFIX) and name not in known:
            raise SettingsError(f"{variable} of the environment is no setting. {suggest(name, known)}")


def _refuse_secrets(conf: Path, values: dict[str, Any]) -> None:
    for name, database in (values.get("databases") or {}).items():
        if "password" in database:
            raise SettingsError(
                f"setting databases.{name}.password stands in a file of {conf}. Take it out, change it at the department, "
                f"and give the new one in the environment: GOVLAKE_DATABASES__{name.upper()}__PASSWORD."
            )


def _merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merge(merged[key], value) if both else value
    return merged
