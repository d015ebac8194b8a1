"""XML: one document, a record an element a line; absent values are left out."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape, quoteattr

from jobs.io.readers.tree import Node, build_tree
from jobs.io.text import encode
from jobs.samples.formats.content import Content, items_of

Values = dict[int, str]
"""The texts of a record, or of one item of its list, by the place of their column."""

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that no XML document can hold (XML 1.0, 2.2): whoever writes one leaves them out."""


def render_xml(content: Content) -> bytes:
    """The bytes of a document; it declares the encoding it is written in."""
    layout = content.layout
    *outer, record_name = (layout.record_path or "").strip("/").split("/")
    paths = [*content.columns]
    if content.operations is not None:
        paths.append(layout.operation_field)
    tree = build_tree(paths, "/")
    names = "".join(f" xmlns:{prefix}={quoteattr(uri)}" for prefix, uri in layout.namespaces.items())
    parts = [f'<?xml version="1.0" encoding="{content.encoding.upper().removesuffix("-SIG")}"?>\n']
    parts += [f"<{step}{names if place == 0 else ''}>\n" for place, step in enumerate(outer)]
    for place, record in enumerate(content.records()):
        values = dict(enumerate(record))
        if content.operations is not None:
            values[len(record)] = content.operations[place]
        parts.append(_element(record_name, tree, values) + "\n")
    parts += [f"</{step}>\n" for step in reversed(outer)]
    return encode("".join(parts), content.encoding)


def _element(name: str, node: Node, values: Values) -> str:
    attributes = "".join(
        f" {step.removeprefix('@')}={quoteattr(_allowed(values[child.column]))}"
        for step, child in node.children.items()
        if step.startswith("@") and child.column is not None and values.get(child.column)
    )
    text = escape(_allowed(values.get(node.column, "")), {"\r": "&#13;"}) if node.column is not None else ""
    below = "".join(_elements(step, child, values) for step, child in node.children.items() if not step.startswith("@"))
    return f"<{name}{attributes}>{text}{below}</{name}>"


def _elements(name: str, node: Node, values: Values) -> str:
    """The element of a step, if it has any value; for a list one an item."""
    columns = list(node.columns())
    if not any(values.get(column) for column in columns):
        return ""
    if not node.is_list:
        return _element(name, node, values)
    items = zip(*(items_of(values[column]) for column in columns), strict=True)
    return "".join(_element(name, node, {column: text or "" for column, text in zip(columns, item, strict=True)}) for item in items)


def _allowed(text: str) -> str:
    return _FORBIDDEN.sub("", text)
