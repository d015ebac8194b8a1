"""Builds small deliveries for tests, right or wrong in one way at a time; independent of the synthetic country."""

import csv
import hashlib
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from jobs.io.run_context import RunContext
from jobs.io.text import encode
from jobs.steps.s1_land import land
from jobs.steps.s2_bronze import load_bronze
from schemas.catalog import Catalog
from schemas.names import DatasetName

HOUSEHOLDS = "public_security/household_register"
RESIDENCES = "public_security/residence_registration"
MARRIAGES = "civil_affairs/marriage_register"
FIRST_DAY = date(2026, 3, 2)

Row = dict[str, Any]


def household(number: int, **changed: str) -> Row:
    """One row of the household register, by its delivered names."""
    row = {
        "RYBH": f"R{number:08d}",
        "GMSFHM": "11010519491231002X",
        "XM": "王伟",
        "CYM": "",
        "XB": "1",
        "MZ": "01",
        "CSRQ": "19491231",
        "HKQH": "110105",
        "HKDZ": f"北京市朝阳区建国路{number}号",
        "HH": f"H{number // 3:07d}",
        "YHZGX": "02",
        "HYZK": "20",
        "WHCD": "70",
        "ZXBZ": "",
        "GXSJ": "20260301120000",
    }
    return row | changed


def residence(number: int, **changed: Any) -> Row:
    """One line of the residence registration."""
    row: Row = {
        "djbh": f"D{number:08d}",
        "person": {"id": "11010519491231002X", "name": "王伟", "sex": "1", "birth": "1949-12-31"},
        "residence": {
            "address": f"上海市浦东新区世纪大道{number}号",
            "region": "310115",
            "origin": "110105",
            "registered_at": "2025-05-01",
            "expired_at": "2027-05-01",
        },
        "contacts": [{"phone": "13800138000"}],
    }
    return row | changed


def marriage(number: int, **changed: str) -> Row:
    """One row of the marriage register, by its delivered names."""
    row = {
        "HYDJZH": f"J110105-2026-{number:06d}",
        "NAN_XM": "王伟",
        "NAN_SFZH": "11010519491231002X",
        "NAN_CSRQ": "1949-12-31",
        "NAN_GJ": "156",
        "NV_XM": "李娜",
        "NV_SFZH": "110105194912310046",
        "NV_CSRQ": "1949-12-31",
        "NV_GJ": "156",
        "DJRQ": "2026-03-01",
        "YWLX": "1",
    }
    return row | changed


ROWS: dict[str, Callable[[int], Row]] = {HOUSEHOLDS: household, RESIDENCES: residence, MARRIAGES: marriage}


@dataclass
class Contents:
    """What is to be delivered, before it is written: faults change this, then the file, then the manifest."""

    columns: list[str]
    rows: list[Row]
    encoding: str
    data: bytes = b""
    rows_stated: int | None = None


Change = Callable[[Contents], None]


@dataclass
class LandingArea:
    """A landing area that deliveries can be put into, and nights that take them."""

    ctx: RunContext
    catalog: Catalog

    def deliver(
        self,
        dataset: str,
        day: date = FIRST_DAY,
        sequence: int = 1,
        *,
        rows: Sequence[Row] | int = 10,
        mode: str = "full",
        previous: date | None = None,
        sent_at: str | None = None,
        before: Sequence[Change] = (),
        written: Sequence[Change] = (),
        after: Sequence[Change] = (),
        manifest: Mapping[str, Any] | None = None,
    ) -> str:
        """Write one delivery and return its ID.

        ``before`` changes rows, ``written`` the bytes that are sent, ``after`` what arrives: the manifest is of what was sent.
        """
        contract = self.catalog.find(dataset)
        layout = contract.delivery_format
        assert layout is not None
        built = [ROWS[dataset](number) for number in range(rows)] if isinstance(rows, int) else list(rows)
        if mode == "delta":
            built = [{"op": "U"} | row for row in built]
        header = ["op"] * (mode == "delta") + [column.physical_name for column in contract.columns]
        contents = Contents(header, built, layout.encoding)
        for change in before:
            change(contents)
        contents.data = (write_csv if layout.type == "csv" else write_json_lines)(contents)
        for change in written:
            change(contents)
        stated = {
            "name": f"{contract.dataset.table}.{layout.type}",
            "bytes": len(contents.data),
            "rows": len(contents.rows),
            "sha256": hashlib.sha256(contents.data).hexdigest(),
            "sm3": hashlib.new("sm3", contents.data).hexdigest(),
        }
        for change in after:
            change(contents)
        if contents.rows_stated is not None:
            stated["rows"] = contents.rows_stated
        folder = self.ctx.settings.landing_root / dataset / day.isoformat() / str(sequence)
        folder.mkdir(parents=True)
        (folder / stated["name"]).write_bytes(contents.data)
        document = {
            "dataset": dataset,
            "business_date": day.isoformat(),
            "sequence": sequence,
            "mode": mode,
            "previous": f"{dataset}/{previous.isoformat()}" if previous else None,
            "files": [stated],
            "sender": "测试",
            "sent_at": sent_at or f"{day.isoformat()}T22:00:00+08:00",
        }
        (folder / "manifest.json").write_text(json.dumps(document | (manifest or {}), ensure_ascii=False), encoding="utf-8")
        return f"{dataset}/{day.isoformat()}/{sequence}"

    def night(self, dataset: str, day: date = FIRST_DAY, attempt: int = 1) -> RunContext:
        """Land and load what is due on the night of ``day``."""
        ctx = RunContext(self.ctx.settings, self.catalog, day, f"night/{day.isoformat()}/{attempt}")
        land(ctx, DatasetName.parse(dataset))
        load_bronze(ctx, DatasetName.parse(dataset))
        return ctx


def later(days: int) -> date:
    """So many days after the first."""
    return FIRST_DAY + timedelta(days=days)


def write_csv(contents: Contents) -> bytes:
    """A CSV with header; the mark at the start only if the encoding has one."""
    out = io.StringIO()
    writer = csv.DictWriter(out, contents.columns, lineterminator="\r\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(contents.rows)
    mark = b"\xef\xbb\xbf" if contents.encoding == "utf-8-sig" else b""
    return mark + encode(out.getvalue(), contents.encoding)


def write_json_lines(contents: Contents) -> bytes:
    """One object a line."""
    return b"".join(encode(json.dumps(row, ensure_ascii=False) + "\n", contents.encoding) for row in contents.rows)
