"""Fetch the jars that conf/ivy.xml names into .jars, once, and check each against conf/jars.sha256.

Uses the Ivy that ships in the pyspark wheel: no Maven is needed, and Spark does not resolve anything at start.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pyspark

from jobs.io.java import find_java
from jobs.io.spark import JARS
from jobs.settings import PROJECT
from schemas.errors import GovlakeError

WANTED = PROJECT / "conf" / "jars.sha256"
IVY = PROJECT / "conf" / "ivy.xml"


class JarError(GovlakeError):
    """A jar could not be fetched, or is not the one that was pinned; the message says which."""


def main() -> int:
    """Fetch what is missing and check everything; returns the exit code."""
    try:
        wanted = dict(reversed(line.split()) for line in WANTED.read_text(encoding="utf-8").splitlines())
        if not all(digest_of(JARS / name) == digest for name, digest in wanted.items()):
            fetch()
        for name, digest in wanted.items():
            check(JARS / name, digest)
    except GovlakeError as error:
        sys.stderr.write(f"setup: {error}\n")
        return error.exit_code
    return 0


def fetch() -> None:
    """Let Ivy put the jars into .jars. Raises JarError with what Ivy printed."""
    [ivy] = (Path(pyspark.__file__).parent / "jars").glob("ivy-*.jar")
    java = find_java() / "bin" / "java"
    options = ["-ivy", IVY, "-confs", "default", "-types", "jar", "-warn", "-retrieve", JARS / "[artifact]-[revision].[ext]"]
    done = subprocess.run([java, "-jar", ivy, *options], capture_output=True, text=True, check=False)
    if done.returncode:
        raise JarError(f"the jars of {IVY} could not be fetched. Is Maven Central reached? Ivy said:\n{done.stdout}{done.stderr}")


def check(jar: Path, digest: str) -> None:
    """Raises JarError if the jar is not there or not the pinned one."""
    found = digest_of(jar)
    if found is None:
        raise JarError(f"{jar.name} was not fetched. Run `make setup` again, or see {IVY}.")
    if found != digest:
        jar.unlink()
        raise JarError(f"{jar.name} has SHA-256 {found}, pinned is {digest}: it was removed. Run `make setup` again.")


def digest_of(jar: Path) -> str | None:
    """The SHA-256 of a jar in hex; None if it is not there."""
    return hashlib.sha256(jar.read_bytes()).hexdigest() if jar.is_file() else None


if __name__ == "__main__":
    sys.exit(main())
