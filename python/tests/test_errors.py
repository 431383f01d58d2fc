"""Errors: each bad input is a typed error with a code, advice and one line for people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import swarmlet
from swarmlet import (
    ClosedError,
    IncompatibleError,
    InvalidArgumentError,
    InvalidQueryError,
    PermissionDeniedError,
    SwarmletError,
)
from swarmlet._errors import BY_CODE
from swarmlet.sync import Node

UNKNOWN_STREAM = "." * 43 + "-0"


def test_every_kind_has_its_class() -> None:
    table = Path(__file__).parents[2] / "core" / "engine" / "errors.toml"
    if not table.exists():
        pytest.skip("the table of errors is not part of the package")
    tomllib = pytest.importorskip("tomllib")
    kinds = tomllib.loads(table.read_text())["kind"]
    assert [kind["name"] for kind in kinds] == list(BY_CODE)
    for kind in kinds:
        error = BY_CODE[kind["name"]]
        assert issubclass(error, SwarmletError)
        assert (error.code, error.number) == (kind["name"], kind["number"])
        assert error.default_advice == kind["advice"]
        assert getattr(swarmlet, error.__name__) is error


def check(error: SwarmletError, code: str) -> None:
    assert error.code == code
    assert error.advice
    text = str(error)
    assert text and "\n" not in text and not text.endswith(".")
    assert all(isinstance(part, str) for pair in error.details.items() for part in pair)


@pytest.mark.parametrize("tags", ["", [""], ["a", ""], ["x" * 1025], [str(n) for n in range(257)]])
def test_bad_tags(folder: Path, tags: Any) -> None:
    with Node.open(folder) as node:
        with pytest.raises(InvalidArgumentError) as caught:
            node.publish(tags, None)
        check(caught.value, "invalid_argument")
        assert caught.value.operation == "publish"


@pytest.mark.parametrize("tags", [None, 7, [7], ["a", b"b"], "\ud800"], ids=repr)
def test_tags_of_a_wrong_type(folder: Path, tags: Any) -> None:
    with Node.open(folder) as node, pytest.raises(InvalidArgumentError, match="tags must be"):
        node.publish(tags, None)


@pytest.mark.parametrize("pair", [7, "ab c", ("a",), ("a", 1, 2)], ids=repr)
def test_an_event_that_is_no_pair(folder: Path, pair: Any) -> None:
    with Node.open(folder) as node, pytest.raises(InvalidArgumentError, match="must be a pair"):
        node.publish_many([pair])


def test_too_many_events_at_once(folder: Path) -> None:
    with Node.open(folder, durability="buffered") as node:
        node.publish_many([("a", n) for n in range(16384)])
        with pytest.raises(InvalidArgumentError) as caught:
            node.publish_many([("a", n) for n in range(16385)])
        check(caught.value, "invalid_argument")


def test_a_payload_over_the_limit(folder: Path) -> None:
    with Node.open(folder) as node, pytest.raises(InvalidArgumentError) as caught:
        node.publish("a", "x" * (1 << 20))
    check(caught.value, "invalid_argument")
    assert int(caught.value.details["bytes"]) > 1 << 20


@pytest.mark.parametrize("call", ["query", "subscribe"])
def test_a_malformed_query_shows_where(folder: Path, call: str) -> None:
    with Node.open(folder) as node:
        with pytest.raises(InvalidQueryError) as caught:
            getattr(node, call)("FROM 'a' &\n  oops")
        check(caught.value, "invalid_query")
        assert isinstance(caught.value, ValueError)
        view = caught.value.details["view"]
        assert "2 |   oops" in view and "^" in view
        assert "line 2, column 3" in str(caught.value)


def test_bounds_of_unknown_streams(folder: Path) -> None:
    with Node.open(folder) as node:
        node.publish("a")
        with pytest.raises(InvalidArgumentError) as caught:
            list(node.query("FROM 'a'", upper={UNKNOWN_STREAM: 0}))
        check(caught.value, "invalid_argument")
        with pytest.raises(InvalidArgumentError):
            list(node.query("FROM 'a'", upper={f"{node.id}-0": 1}))
        assert len(list(node.query("FROM 'a'", lower={UNKNOWN_STREAM: 9}))) == 1


@pytest.mark.parametrize(
    "offsets",
    [7, "ab", {"x": 1}, {7: 1}, {UNKNOWN_STREAM: -1}, {UNKNOWN_STREAM: 2**53},
     {UNKNOWN_STREAM: "1"}, {UNKNOWN_STREAM: None}],
    ids=repr,
)  # fmt: skip
def test_malformed_offsets(folder: Path, offsets: Any) -> None:
    with Node.open(folder) as node:
        with pytest.raises(InvalidArgumentError) as caught:
            node.query("FROM 'a'", lower=offsets)
        check(caught.value, "invalid_argument")
        with pytest.raises(InvalidArgumentError):
            node.subscribe("FROM 'a'", from_=offsets)


def test_an_unknown_order(folder: Path) -> None:
    with Node.open(folder) as node, pytest.raises(InvalidArgumentError, match="not 'up'|not up"):
        node.query("FROM 'a'", order="up")  # type: ignore[arg-type]


def test_use_after_close(folder: Path) -> None:
    node = Node.open(folder)
    scoped = node.scoped("com.example.other")
    node.close()
    for handle in (node, scoped):
        with pytest.raises(ClosedError) as caught:
            handle.publish("a")
        check(caught.value, "closed")
        with pytest.raises(ClosedError):
            list(handle.query("FROM 'a'"))
        with pytest.raises(ClosedError):
            next(handle.subscribe("FROM 'a'"))
        assert len(handle.id) == 43
        handle.close()


def made(folder: Path) -> None:
    with Node.open(folder) as node:
        node.publish("a", 1)


def test_a_folder_that_is_not_ours(folder: Path) -> None:
    folder.mkdir()
    (folder / "thesis.txt").write_text("final version 7")
    with pytest.raises(InvalidArgumentError) as caught:
        Node.open(folder)
    check(caught.value, "invalid_argument")
    assert [path.name for path in folder.iterdir()] == ["thesis.txt"]


def files(folder: Path, text: str) -> list[Path]:
    return [path for path in folder.iterdir() if text in path.name and path.is_file()]


def test_a_newer_format(folder: Path) -> None:
    made(folder)
    (marker,) = files(folder, "FORMAT")
    marker.write_text(marker.read_text().replace("1", "999"))
    with pytest.raises(IncompatibleError) as caught:
        Node.open(folder)
    check(caught.value, "incompatible")


def test_an_unreadable_identity(folder: Path) -> None:
    made(folder)
    (identity,) = files(folder, "identity")
    identity.write_bytes(b"x")
    with pytest.raises(SwarmletError) as caught:
        Node.open(folder)
    check(caught.value, "corrupt")


def test_an_identity_that_others_may_read(folder: Path) -> None:
    made(folder)
    (identity,) = files(folder, "identity")
    identity.chmod(0o644)
    with pytest.raises(PermissionDeniedError) as caught:
        Node.open(folder)
    check(caught.value, "permission_denied")


def test_a_folder_that_others_may_enter(folder: Path) -> None:
    made(folder)
    folder.chmod(0o755)
    with pytest.raises(PermissionDeniedError) as caught:
        Node.open(folder)
    check(caught.value, "permission_denied")


def test_a_read_only_folder(folder: Path) -> None:
    made(folder)
    folder.chmod(0o500)
    with pytest.raises(PermissionDeniedError) as caught:
        Node.open(folder)
    check(caught.value, "permission_denied")
