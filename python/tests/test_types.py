"""Payloads: what can be published, how it comes back, what is refused."""

from __future__ import annotations

import collections
import math
import types
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from swarmlet import InvalidArgumentError, Payload
from swarmlet.sync import Node


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with Node.open(tmp_path_factory.mktemp("types") / "node", durability="buffered") as node:
        yield node


def round_trip(node: Node, payload: Any) -> Any:
    published = node.publish("value", payload)
    lower = {published.stream: published.offset - 1} if published.offset else {}
    (event,) = node.query("FROM 'value'", lower=lower)
    return event.payload


SAME: list[Payload] = [
    None,
    True,
    False,
    0,
    -1,
    23,
    24,
    255,
    256,
    2**31,
    -(2**31),
    2**53,
    2**63 - 1,
    2**63,
    2**64 - 1,
    -(2**63),
    0.0,
    -2.5,
    1e300,
    math.inf,
    -math.inf,
    "",
    "text",
    "\u00e4\u4e16\U0001f600\x00",
    b"",
    b"\x00\xff",
    [],
    [1, [2, [3, []]]],
    {},
    {"": None, "a": {"b": [1, "two", b"3", 4.0, None, True]}},
    {"z": 1, "a": 2},
]


@pytest.mark.parametrize("payload", SAME, ids=repr)
def test_values_come_back_the_same(node: Node, payload: Payload) -> None:
    back = round_trip(node, payload)
    assert back == payload
    assert type(back) is type(payload)


def test_order_of_keys_is_kept(node: Node) -> None:
    assert list(round_trip(node, {"z": 1, "a": 2, "m": 3})) == ["z", "a", "m"]


def test_not_a_number_is_kept(node: Node) -> None:
    assert math.isnan(round_trip(node, math.nan))


@pytest.mark.parametrize(
    ("payload", "back"),
    [
        ((1, 2), [1, 2]),
        (range(3), [0, 1, 2]),
        (collections.deque([1, 2]), [1, 2]),
        (bytearray(b"ab"), b"ab"),
        (memoryview(b"abcd")[::2], b"ac"),
        (types.MappingProxyType({"a": 1}), {"a": 1}),
        (collections.OrderedDict(b=1, a=2), {"b": 1, "a": 2}),
        (type("Text", (str,), {})("t"), "t"),
        (type("Number", (int,), {})(7), 7),
    ],
    ids=repr,
)
def test_kin_come_back_as_their_plain_type(node: Node, payload: Any, back: Payload) -> None:
    result = round_trip(node, payload)
    assert result == back
    assert type(result) is type(back)


def itself() -> Any:
    value: list[Any] = []
    value.append(value)
    return value


def nested(depth: int) -> Any:
    value: Any = 0
    for _ in range(depth):
        value = [value]
    return value


def test_depth_is_bounded(node: Node) -> None:
    assert round_trip(node, nested(128)) == nested(128)
    with pytest.raises(InvalidArgumentError, match="nested deeper than 128"):
        node.publish("value", nested(129))
    with pytest.raises(InvalidArgumentError, match="or contains itself"):
        node.publish("value", itself())


def test_size_is_bounded(node: Node) -> None:
    most = b"x" * (1024 * 1024 - 5)
    assert round_trip(node, most) == most
    with pytest.raises(InvalidArgumentError, match="at most 1 MiB") as caught:
        node.publish("value", most + b"x")
    assert caught.value.operation == "publish"
    with pytest.raises(InvalidArgumentError, match="at most 1 MiB"):
        node.publish("value", [most, most])


class Torn(collections.abc.Sequence[int]):
    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: Any) -> Any:
        raise OSError("torn")


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (2**64, "from -2\\^63 to 2\\^64 - 1"),
        (-(2**63) - 1, "from -2\\^63 to 2\\^64 - 1"),
        ({"a": [0, {1, 2}]}, r"type set \(at payload\['a'\]\[1\]\)"),
        ({"a": {"b": object()}}, r"type object \(at payload\['a'\]\['b'\]\)"),
        (Decimal("1.5"), "type decimal.Decimal"),
        (1j, "type complex"),
        ({1: 2}, "key of a payload must be str"),
        ("\ud800", "lone surrogates"),
        ({"\ud800": 1}, "lone surrogates"),
        (Torn(), "torn"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_named(node: Node, payload: Any, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message) as caught:
        node.publish("value", payload)
    assert caught.value.operation == "publish"
    assert "\n" not in str(caught.value)


def test_a_parameter_that_does_not_fit_is_one_of_the_query(node: Node) -> None:
    with pytest.raises(InvalidArgumentError, match="from -2\\^63 to 2\\^64 - 1") as caught:
        node.query("FROM [$n]", parameters={"n": 2**64})
    assert caught.value.operation == "query"
