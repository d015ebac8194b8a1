"""The linkage evidence of one master in a release: its records, and the weight of every scored pair. No JVM."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jobs.linkage.comparable import KEPT
from jobs.linkage.kept_models import HISTORY, find_model
from jobs.linkage.model import Model, load_model
from jobs.linkage.model_settings import NULL_LEVEL
from schemas.errors import UsageError
from schemas.names import linked_table

if TYPE_CHECKING:
    import duckdb

Row = dict[str, Any]

SAID = f"columns(lambda name: name not in {KEPT})"
"""What the silos say in linkage records, without what linkage alone keeps of them, as SQL to select."""


@dataclass(frozen=True)
class MasterLake:
    """A release, opened; the tables are those of one master."""

    connection: duckdb.DuckDBPyConnection
    master: str

    def rows(self, table: str, where: str, select: str = "*", **values: Any) -> list[Row]:
        """The rows of a linked table that meet a condition; both it and ``select`` are written in this package."""
        sql = f"select {select} from {linked_table(self.master, table)} where {where}"  # noqa: S608 - see the docstring
        rows: list[Row] = self.connection.execute(sql, values).to_arrow_table().to_pylist()
        return rows

    def has(self, table: str) -> bool:
        """Whether the release has a linked table; one that is older than the table has not."""
        names = "select table_schema || '.' || table_name from information_schema.tables"
        return (str(linked_table(self.master, table)),) in self.connection.execute(names).fetchall()

    def records(self, where: str, select: str = SAID, **values: Any) -> list[Row]:
        """The linkage records that meet a condition, as `rows` has them."""
        return self.rows("records", where, select, **values)

    def rows_of(self, master_id: str, select: str = SAID) -> list[Row]:
        """The linkage records that a master holds now, by dataset and record key."""
        held = (
            f"select (dataset, record_key) from {linked_table(self.master, 'crosswalk')} where master_id = $id and valid_to is null"  # noqa: S608 - a table of our own
        )
        return self.records(f"(dataset, record_key) in ({held}) order by dataset, record_key", select, id=master_id)


def follow_merges(lake: MasterLake, master_id: str) -> list[Row]:
    """The master asked for, and those it was merged into, one after the other. Raises UsageError for an ID that was never given."""
    path: list[Row] = []
    following: str | None = master_id
    while following is not None:
        found = lake.rows("master", "master_id = $master_id", master_id=following)
        if not found:
            hint = f'govlake query "from {linked_table(lake.master, "crosswalk")} limit 5"'
            raise UsageError(f"{lake.master} has no ID {following!r}. To find IDs: {hint}")
        path += found[:1]
        following = found[0]["merged_into"]
    return path


def record_id(row: Row) -> str:
    """How the linkage names a record: its dataset and record key joined by ``|``."""
    return f"{row['dataset']}|{row['record_key']}"


def scoring_model(lake: MasterLake, folder: Path) -> Model:
    """The model that scored the pairs of a release: the live one in ``folder``, or one that was live before.

    One scored them all: a night that finds another links all records anew. If there are no pairs it is the live one. Raises
    UsageError if the model is no longer there.
    """
    scored = lake.rows("edges", "true limit 1", "model_digest")
    if not scored:
        return load_model(folder)
    (digest,) = scored[0].values()
    found = find_model(folder, digest)
    if found is None:
        kept = folder / HISTORY
        raise UsageError(
            f"the pairs of {lake.master} were scored by the linkage model with the SHA-256 {digest[:16]}…, which is neither live "
            f"nor to be read in {kept}: no other can say what they weigh. Run the next night first; it links all records with the "
            f"live model. To explain a release of before, put that model's files back, in a folder in {kept}."
        )
    return found


def links_among(lake: MasterLake, record_ids: Sequence[str], model: Model) -> list[Row]:
    """The scored pairs among records, strongest first, ``{"left", "right", "match_weight", "prior", "comparisons"}``.

    The weight is the prior (of two records picked at random) plus that of the level reached in every comparison. ``model``: the one
    that scored them (`scoring_model`).
    """
    pairs = lake.rows("edges", "record_id_l in $ids and record_id_r in $ids", ids=list(record_ids))
    links = [
        {
            "left": pair["record_id_l"],
            "right": pair["record_id_r"],
            "match_weight": pair["match_weight"],
            "prior": pair["match_weight"] - sum(pair[f"mw_{comparison.output_column_name}"] for comparison in model.comparisons),
            "comparisons": [
                {"comparison": name, "level": label, "weight": pair[f"mw_{name}"]} for name, label in _levels(pair, model)
            ],
        }
        for pair in pairs
    ]
    return sorted(links, key=lambda link: (-link["match_weight"], link["left"], link["right"]))


def _levels(pair: Row, model: Model) -> Iterable[tuple[str, str]]:
    """The level that a pair reached in each comparison, if both records have something to compare."""
    for comparison in model.comparisons:
        name = comparison.output_column_name
        level = comparison.levels.get(pair[f"gamma_{name}"])
        if level is not None and pair[f"gamma_{name}"] != NULL_LEVEL:
            yield name, level.label_for_charts
