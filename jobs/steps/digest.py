"""What a step depends on, as one short text: by it a step knows that it was done with these very inputs."""

from __future__ import annotations

import hashlib
import json


def digest_of(inputs: object) -> str:
    """The SHA-256 of ``inputs``, which JSON must be able to hold; the order of keys makes no difference."""
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()
