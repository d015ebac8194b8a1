"""A dataset's contract, typed: the only hand-written definition of a dataset, from which all else derives.

The file is ODCS 3.1; what the standard leaves open stands in ``customProperties``. Those of the table:

``deliveryFormat``  how files are written (`DeliveryFormat`)         ``tolerance``    share of bad rows that stops a promotion
``deliveryModes``   ``full`` and/or ``delta``                        ``writeMode``    replace, merge, append or history
``recordRoles``     the entities a row names (`RecordRole`)          ``schemaDrift``  reject, quarantine or evolve
``catalogue``       resource code and sharing class (2017 guide)     ``grant``        who receives an extract, what for (`Grant`)
``pull``            the database table it is pulled from (`Pull`)    ``repeatedGroup`` whose rows hold these (`RepeatedGroup`)
``creditRecord``    what a row says of an entity's credit (`CreditRecord`)

``schemaDrift`` says what becomes of a delivery with a column that the contract does not know. ``reject``: it is stopped.
``quarantine``: it is taken, rows that fill the column are quarantined. ``evolve``: it is taken without the column. The last two
propose the column to a person: ``govlake drift`` lists and accepts. A column that is missing or renamed always stops.

Those of a column: ``semanticType`` (a key of `schemas.semantic_types`), ``codeTable`` (a file of ``schemas/codes``),
``byteWidth`` (fixed-width text: how many bytes it takes), ``survivorship`` (`Survivorship`: how a golden value is chosen).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from schemas.credit_record import CreditRecord
from schemas.delivery_format import DeliveryFormat, Pull, RepeatedGroup
from schemas.names import DatasetName, Layer, TableName
from schemas.odcs import ContractError, StrictModel, fail, read_model, read_odcs, suggest

if TYPE_CHECKING:
    from open_data_contract_standard.model import CustomProperty, SchemaProperty

DEFAULT_TOLERANCE = 0.05
"""Share of a delivery's rows that may be quarantined before its promotion stops, where a contract names none."""

LogicalType = Literal["string", "date", "timestamp", "integer", "number", "boolean", "array", "object"]


class RecordRole(StrictModel):
    """One entity that a row names: the master it belongs to, and where its attributes stand.

    ``fields`` maps an attribute of the master's linkage records to a Spark SQL expression over silver columns. ``formerly`` maps
    an attribute that is a list to one over a row's own columns: its values in earlier versions of the row, without today's.
    """

    master: str
    role: str | None = None
    when: str | None = None
    """A Spark SQL condition under which the row names this entity at all."""
    fields: dict[str, str]
    formerly: dict[str, str] = Field(default_factory=dict)

    @property
    def attributes(self) -> tuple[str, ...]:
        """All attributes that it fills."""
        return (*self.fields, *self.formerly)


class Survivorship(StrictModel):
    """How the golden value of an attribute is chosen: by authority of the source, then preference, recency, agreement.

    A column ``<name>_source`` of the same contract says which dataset the value of ``<name>`` came from.
    """

    attribute: str
    """The attribute of the linkage records that the values come from."""
    sources: tuple[str, ...]
    """Datasets by falling authority; one that is not named may not supply the attribute."""
    valid_when: str | None = None
    """SQL, read alike by Spark and DuckDB, on a record's attributes; a record that does not meet it may not supply the value."""
    prefer_when: str | None = None
    """SQL of the same kind; among records of one source, those that meet it come first."""
    follows: str | None = None
    """Another golden column, which follows none: the record that its value is of comes before all others, so that the two agree."""


class Grant(StrictModel):
    """Who receives an extract: the agency, the purpose it is bound to, and its legal basis (PIPL art. 6, 34)."""

    agency: str
    purpose: str
    legal_basis: str
    reference_column: str
    """The column that carries the consumer's keyed pseudonym in place of the master ID."""
    rows_where: str | None = None
    """Spark SQL on the columns of the table that the extract is cut from: rows that do not meet it are not granted."""


class Catalogue(StrictModel):
    """The entry in the catalogue of information resources (编制指南(试行), 2017)."""

    resource_code: str
    sharing_class: Literal["无条件", "有条件", "不予共享"]
    sharing_condition: str | None = None


class Column(StrictModel):
    """One column: ``name`` is ours, ``physical_name`` the delivered one, ``business_name`` the Chinese title."""

    name: str
    physical_name: str
    business_name: str
    logical_type: LogicalType
    description: str = ""
    is_key: bool = False
    is_required: bool = False
    classification: str | None = None
    semantic_type: str | None = None
    code_table: str | None = None
    byte_width: int | None = None
    survivorship: Survivorship | None = None
    source_tables: tuple[str, ...] = ()
    source_logic: str | None = None


class TableQuality(StrictModel):
    """A check of the contract written as SQL (ODCS ``quality`` of type sql): it counts the rows that are wrong."""

    code: str
    description: str
    query: str
    is_failure: bool


class Contract(StrictModel):
    """A dataset's definition. Grain: one row of the dataset is what ``grain`` says, found by its key columns."""

    path: Path
    dataset: DatasetName
    layers: tuple[Layer, ...]
    version: str
    status: str
    title: str
    purpose: str
    grain: str
    owner: str | None
    columns: tuple[Column, ...]
    quality: tuple[TableQuality, ...]
    frequency: str | None
    delivery_format: DeliveryFormat | None = None
    delivery_modes: tuple[Literal["full", "delta"], ...] = ()
    pull: Pull | None = None
    repeated_group: RepeatedGroup | None = None
    record_roles: tuple[RecordRole, ...] = ()
    item_roles: tuple[str, ...] = ()
    """Roles that the items of its repeated groups carry: not of the file, but of the catalogue."""
    credit_record: CreditRecord | None = None
    tolerance: float = Field(default=DEFAULT_TOLERANCE, ge=0, le=1)
    write_mode: Literal["replace", "merge", "append", "history"] = "replace"
    schema_drift: Literal["reject", "quarantine", "evolve"] = "reject"
    grant: Grant | None = None
    catalogue: Catalogue | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of the key columns, in key order."""
        return tuple(column.name for column in self.columns if column.is_key)

    def roles_of(self, master: str) -> tuple[RecordRole, ...]:
        """The entities of ``master`` that a row names."""
        return tuple(role for role in self.record_roles if role.master == master)

    def table(self, layer: Layer) -> TableName:
        """The table of this dataset in a layer."""
        return self.dataset.in_layer(layer)

    def column(self, name: str) -> Column:
        """The column called ``name``. Raises ContractError with a hint if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise ContractError(f"{self.path}: no column {name!r}. {suggest(name, [c.name for c in self.columns])}")


TABLE_PROPERTIES: dict[str, tuple[str, Any]] = {
    "deliveryFormat": ("delivery_format", DeliveryFormat),
    "deliveryModes": ("delivery_modes", tuple[Literal["full", "delta"], ...]),
    "pull": ("pull", Pull),
    "repeatedGroup": ("repeated_group", RepeatedGroup),
    "recordRoles": ("record_roles", tuple[RecordRole, ...]),
    "creditRecord": ("credit_record", CreditRecord),
    "tolerance": ("tolerance", float),
    "writeMode": ("write_mode", Literal["replace", "merge", "append", "history"]),
    "schemaDrift": ("schema_drift", Literal["reject", "quarantine", "evolve"]),
    "grant": ("grant", Grant),
    "catalogue": ("catalogue", Catalogue),
}
COLUMN_PROPERTIES: dict[str, tuple[str, Any]] = {
    "semanticType": ("semantic_type", str),
    "codeTable": ("code_table", str),
    "byteWidth": ("byte_width", int),
    "survivorship": ("survivorship", Survivorship),
}


def load_contract(path: Path, dataset: DatasetName, layers: tuple[Layer, ...]) -> Contract:
    """Read the contract at ``path`` for a dataset and the layers it defines. Raises ContractError (file, line, hint)."""
    document = read_odcs(path)
    if document.id != str(dataset):
        raise fail(path, ["id"], f"id is {document.id!r}, but the file's place says {str(dataset)!r}. Make them equal.")
    if not document.schema_ or len(document.schema_) != 1:
        raise fail(path, ["schema"], "a contract describes exactly one table: give `schema` one entry.")
    table = document.schema_[0]
    at: list[str | int] = ["schema", 0]
    columns = tuple(_column(path, [*at, "properties", n], p) for n, p in enumerate(table.properties or []))
    if not columns:
        raise fail(path, at, "the table has no columns: list them under `properties`.")
    description = document.description
    return _build(
        path,
        dataset=dataset,
        layers=layers,
        version=document.version or "",
        status=document.status or "",
        title=table.businessName or document.name or "",
        purpose=(description.purpose if description else None) or "",
        grain=table.dataGranularityDescription or "",
        owner=next((role.role for role in document.roles or []), None),
        columns=columns,
        quality=tuple(_quality(path, [*at, "quality", n], q) for n, q in enumerate(table.quality or [])),
        frequency=next((f"{s.value}{s.unit or ''}" for s in document.slaProperties or [] if s.property == "frequency"), None),
        **_custom(path, at, table.customProperties, TABLE_PROPERTIES),
    )


def _build(path: Path, **values: Any) -> Contract:
    try:
        return Contract(path=path, **values)
    except ValidationError as error:
        first = error.errors()[0]
        raise fail(path, ["schema", 0], f"{'.'.join(map(str, first['loc']))}: {first['msg']}.") from error


def _column(path: Path, at: list[str | int], source: SchemaProperty) -> Column:
    if not source.name:
        raise fail(path, at, "a column has no name: give `name` (snake_case) and `physicalName` (as delivered).")
    values: dict[str, Any] = {
        "name": source.name,
        "physical_name": source.physicalName or source.name,
        "business_name": source.businessName or "",
        "logical_type": source.logicalType,
        "description": source.description or "",
        "is_key": bool(source.primaryKey),
        "is_required": bool(source.required),
        "classification": source.classification,
        "source_tables": tuple(source.transformSourceObjects or ()),
        "source_logic": source.transformLogic,
    }
    return read_model(path, Column, values | _custom(path, at, source.customProperties, COLUMN_PROPERTIES), at)


def _quality(path: Path, at: list[str | int], source: Any) -> TableQuality:
    if source.type != "sql" or not source.query or not source.name:
        raise fail(path, at, "a table check needs `name` (its code), `type: sql` and `query` (selects the wrong rows).")
    return TableQuality(
        code=source.name,
        description=source.description or source.name,
        query=source.query,
        is_failure=source.severity != "warning",
    )


def _custom(
    path: Path, at: list[str | int], found: list[CustomProperty] | None, known: dict[str, tuple[str, Any]]
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for number, item in enumerate(found or []):
        place = [*at, "customProperties", number]
        if item.property not in known:
            raise fail(
                path, place, f"unknown custom property {item.property!r}. {suggest(str(item.property), list(known))}", item.property
            )
        field, kind = known[item.property]
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            values[field] = read_model(path, kind, item.value, [*place, "value"])
        else:
            values[field] = _adapt(path, [*place, "value"], kind, item.value)
    return values


def _adapt(path: Path, at: list[str | int], kind: Any, value: Any) -> Any:
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        first = error.errors()[0]
        raise fail(path, [*at, *first["loc"]], f"{first['msg']}.", first["input"]) from error
