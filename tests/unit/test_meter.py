"""What a benchmark's program took is counted with all that it started, whoever waits for it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from benchmarks.processes import Meter

WORKER = "import time; sum(range(3 * 10**7)); print(time.process_time(), flush=True); time.sleep(2)"
STARTER = f"""
import os, signal, subprocess, sys, time
signal.signal(signal.SIGCHLD, signal.{{way}})
worker = subprocess.Popen([sys.executable, "-c", {WORKER!r}])
while os.path.exists(f"/proc/{{{{worker.pid}}}}/stat") and open(f"/proc/{{{{worker.pid}}}}/stat").read().split()[2] != "Z":
    time.sleep(.1)
time.sleep(1)
"""


@pytest.mark.parametrize("way", ["SIG_DFL", "SIG_IGN"])
def test_what_an_ended_worker_took_is_counted(way: str) -> None:
    with Meter() as meter, subprocess.Popen([sys.executable, "-c", STARTER.format(way=way)], stdout=subprocess.PIPE) as starter:
        took, _ = starter.communicate()
    assert float(took) <= meter.cpu_seconds < 2 * float(took)  # and not twice
