"""Checks a message against the element tables of ISO 20022 that pyiso20022 ships for pain.002 and camt.054.

The standard's XSD of those two is in no package; the tables are generated from them and say the same: which elements,
in which order, how many, how long, matching what. pain.001 is checked against its XSD itself.
"""

import dataclasses
import re
import types
import typing
from decimal import Decimal
from enum import Enum
from importlib import import_module
from pathlib import Path

import sepaxml
from lxml import etree


def assert_valid(data: bytes) -> None:
    """Raises AssertionError naming the place where the message is not as the standard says."""
    root = etree.fromstring(data)
    name = (etree.QName(root).namespace or "").rpartition(":")[2]
    if name.startswith("pain.001"):
        schema = Path(sepaxml.__file__).parent / "schemas" / f"{name}.xsd"
        etree.XMLSchema(etree.parse(schema)).assertValid(root)
        return
    slug = name.replace(".", "_")
    document = import_module(f"pyiso20022.{name[:4]}.{slug}.{slug}").Document
    _check(root, document, name)


def _check(node: etree._Element, kind: typing.Any, path: str) -> None:
    fields = dataclasses.fields(kind)
    hints = typing.get_type_hints(kind)
    names = {field.metadata.get("name", field.name): field for field in fields}
    elements = [name for name, field in names.items() if field.metadata.get("type") == "Element"]
    for attribute in node.attrib:
        assert str(attribute) in names, f"{path}: attribute {attribute!r} is not foreseen"
    seen = [etree.QName(child).localname for child in node]
    for name in seen:
        assert name in elements, f"{path}: {name} is not foreseen"
    positions = [elements.index(name) for name in seen]
    assert positions == sorted(positions), f"{path}: {seen} are out of order"
    for name, field in names.items():
        hint = hints[field.name]
        many = typing.get_origin(hint) is list
        if field.metadata.get("required") and field.metadata.get("type") == "Element":
            assert name in seen, f"{path}: {name} is missing"
        if field.metadata.get("required") and field.metadata.get("type") == "Attribute":
            assert name in node.attrib, f"{path}: {name} is missing"
        assert many or seen.count(name) <= 1, f"{path}: {name} more than once"
        for child in (child for child in node if etree.QName(child).localname == name):
            inner = _inner(hint)
            if dataclasses.is_dataclass(inner):
                _check(child, inner, f"{path}/{name}")
            else:
                _check_text(child.text or "", inner, field.metadata, f"{path}/{name}")
        if field.metadata.get("type") != "Element" and (field.metadata.get("type") == "Attribute" or not elements):
            text = node.get(name) if field.metadata.get("type") == "Attribute" else node.text
            if text is not None:
                _check_text(text, _inner(hint), field.metadata, f"{path}/@{name}")


def _check_text(text: str, kind: type, facets: typing.Mapping[str, typing.Any], path: str) -> None:
    if isinstance(kind, type) and issubclass(kind, Enum):
        assert text in [member.value for member in kind], f"{path}: {text!r} is not a code of {kind.__name__}"
    if kind is Decimal:
        number = Decimal(text)
        assert number >= facets.get("min_inclusive", number), f"{path}: {text!r} is too small"
        places = -int(number.as_tuple().exponent)
        assert places <= facets.get("fraction_digits", places), f"{path}: {text!r} has too many places"
    if kind not in (Decimal, str) and hasattr(kind, "from_string"):
        kind.from_string(text)
    assert facets.get("min_length", 0) <= len(text) <= facets.get("max_length", len(text)), (
        f"{path}: length of {text!r}"
    )
    assert re.fullmatch(facets.get("pattern", ".*"), text, re.DOTALL), f"{path}: {text!r} does not match"


def _inner(hint: typing.Any) -> typing.Any:
    if typing.get_origin(hint) is list:
        return typing.get_args(hint)[0]
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        return next(part for part in typing.get_args(hint) if part is not type(None))
    return hint
