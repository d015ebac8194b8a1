"""How records are named: the key of the row, and the role in it where a row names several entities. As SQL text, without Spark."""

from __future__ import annotations

from schemas.contract import Contract, RecordRole

KEY_SEPARATOR, ROLE_SEPARATOR = "|", "#"


def record_key(contract: Contract, role: RecordRole) -> str:
    """The record key as Spark SQL text: the row's keys joined by ``|``, then ``#role`` if its rows name several entities."""
    keys = ", ".join(f"cast({key} as string)" for key in row_keys(contract))
    return f"concat_ws('{KEY_SEPARATOR}', {keys}) || {role_suffix(contract, role)}"


def dataset_of(contract: Contract) -> str:
    """The dataset that the records of a contract's rows are of: an item of a repeated group belongs to the row that holds it."""
    return contract.repeated_group.of if contract.repeated_group else str(contract.dataset)


def row_keys(contract: Contract) -> tuple[str, ...]:
    """The key columns of the delivered row: of an item of a repeated group, without its place in the group."""
    position = contract.repeated_group.position_column if contract.repeated_group else None
    return tuple(key for key in contract.keys if key != position)


def role_suffix(contract: Contract, role: RecordRole) -> str:
    """What follows the keys in a record key, as SQL text that Spark and DuckDB read alike.

    ``#role`` if a delivered row names more than one entity over all masters; ``#role-N`` of the N-th item of a repeated group.
    """
    if contract.repeated_group:
        return f"'{ROLE_SEPARATOR}{role.role}-' || cast({contract.repeated_group.position_column} as string)"
    return f"'{ROLE_SEPARATOR}{role.role}'" if len(contract.record_roles) + len(contract.item_roles) > 1 else "''"
