from __future__ import annotations

import hashlib
import hmac
import multiprocessing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.security.keys import KEY_BYTES, KeyFileError, consumer_key, lake_key
from jobs.security.pseudonym import LENGTH, keyed_pseudonym
from jobs.settings import Settings, load_settings


def test_a_key_is_made_once_and_only_its_owner_may_read_it(settings: Settings) -> None:
    key = lake_key(settings)
    assert len(key) == KEY_BYTES
    assert lake_key(settings) == key
    (path,) = settings.keys_root.rglob("*.key")
    assert path.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in settings.keys_root.iterdir()] == ["lake.key"], "no draft is left behind"


def test_every_agency_has_a_key_of_its_own(settings: Settings) -> None:
    keys = {lake_key(settings), consumer_key(settings, "health_commission"), consumer_key(settings, "education_bureau")}
    assert len(keys) == 3


def test_a_key_that_others_can_read_is_refused(settings: Settings) -> None:
    lake_key(settings)
    (settings.keys_root / "lake.key").chmod(0o644)
    with pytest.raises(KeyFileError, match="chmod 600"):
        lake_key(settings)


def test_a_key_that_was_cut_short_is_refused(settings: Settings) -> None:
    lake_key(settings)
    (settings.keys_root / "lake.key").write_bytes(b"short")
    with pytest.raises(KeyFileError, match="has 5 bytes"):
        lake_key(settings)


def _key_in_hex(home: str) -> str:
    return lake_key(load_settings(home=home)).hex()


def test_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    with multiprocessing.get_context("fork").Pool(4) as pool:
        keys = pool.map(_key_in_hex, [str(tmp_path / "lake")] * 16)
    assert len(set(keys)) == 1


def test_a_pseudonym_is_hmac_sha256_in_base32() -> None:
    expected = hmac.new(b"k" * 32, "张伟".encode(), hashlib.sha256).digest()[:20]
    from base64 import b32decode

    assert b32decode(keyed_pseudonym(b"k" * 32, "张伟")) == expected


@given(st.text(), st.text())
def test_pseudonyms_differ_when_the_text_or_the_key_does(first: str, second: str) -> None:
    one, other = keyed_pseudonym(b"a" * 32, first), keyed_pseudonym(b"a" * 32, second)
    assert (one == other) == (first == second)
    assert one != keyed_pseudonym(b"b" * 32, first)
    assert len(one) == LENGTH
