"""The query language through the interface of Python: rows, what else comes out, Arrow."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pyarrow
import pytest

from loops import Run
from swarmlet import (
    AntiRow,
    CancelledError,
    CaughtUp,
    Diagnostic,
    InvalidArgumentError,
    InvalidQueryError,
    Node,
    Output,
    Row,
    TimeoutError,
    sync,
)


def with_parts(folder: Path) -> sync.Node:
    node = sync.Node.open(folder, app_id="com.example.press")
    node.publish_many(
        [
            (["part", "press:7"], {"number": 1, "weight": 2.5}),
            (["part", "press:8"], {"number": 2, "weight": 3.5}),
            (["part", "press:7"], {"number": 3}),
            (["stopped", "press:7"], {"reason": "it's jammed"}),
        ]
    )
    return node


def test_rows_know_what_they_come_from(folder: Path) -> None:
    with with_parts(folder) as node:
        first, *_ = node.query("FROM 'part' SELECT _.number * 10")
        assert (first.payload, first.origin) == (10, "event")
        assert first.tags == ("part", "press:7")
        assert first.key_range == (first.key, first.key)
        assert first.time_range == (first.time, first.time)
        (total,) = node.query("FROM 'part' AGGREGATE SUM(_.number)")
        assert (total.payload, total.origin) == (6, "range")
        assert total.key_range is not None and total.key_range[0].offset == 0
        with pytest.raises(AttributeError, match="origin is 'range'"):
            total.key
        assert not hasattr(total, "tags")
        (made,) = node.query("FROM [1 + 1]")
        assert (made.payload, made.origin, made.key_range) == (2, "synthetic", None)
        assert repr(made) == "Row(origin='synthetic', payload=2)"
        (again,) = node.query("FROM [1 + 1]")
        assert made == again and hash(made) == hash(again) and made != total
        with pytest.raises(TypeError):
            assert made < total


def test_parameters_never_become_text(folder: Path) -> None:
    with with_parts(folder) as node:
        rows = node.query(
            "FROM `press:{$id}` FILTER _.reason = $reason",
            parameters={"id": 7, "reason": "it's jammed", "unused": None},
        )
        assert [row.payload["reason"] for row in rows] == ["it's jammed"]
        now = datetime.now(timezone.utc)
        since = "FROM 'part' & TIME > $since"
        assert len(list(node.query(since, parameters={"since": now - timedelta(1)}))) == 3
        assert len(list(node.query(since, parameters={"since": now + timedelta(1)}))) == 0
        with pytest.raises(InvalidQueryError, match="parameter `since` is not bound"):
            node.query(since)
        with pytest.raises(InvalidArgumentError, match="time zone"):
            node.query(since, parameters={"since": datetime.now()})
        with pytest.raises(InvalidArgumentError, match="mapping from name"):
            node.query(since, parameters=7)  # type: ignore[arg-type]


def test_times_come_back_as_texts(folder: Path) -> None:
    with with_parts(folder) as node:
        (row,) = node.query("FROM 'stopped' SELECT (TIME(_))[0]")
        (event,) = node.query("FROM 'stopped'")
        assert datetime.fromisoformat(row.payload.replace("Z", "+00:00")) == event.time


def test_warnings_are_left_out_unless_asked_for(folder: Path) -> None:
    with with_parts(folder) as node:
        heavy = "FROM 'part' FILTER _.weight > 3 SELECT _.number"
        assert [row.payload for row in node.query(heavy)] == [2]
        shown = list(node.query(heavy).outputs())
        assert [type(output) for output in shown] == [Row, Diagnostic]
        assert shown[1] == Diagnostic("warning", "property `weight` not found in Object")


def test_aggregates_of_subscriptions_are_taken_back(run: Run, folder: Path) -> None:
    async def main() -> None:
        async with Node.open(folder) as node:
            await node.publish("part", 1)
            outputs: list[Output] = []
            async with node.subscribe("FROM 'part' AGGREGATE COUNT(_)") as counts:
                async for output in counts.outputs():
                    outputs.append(output)
                    if isinstance(output, CaughtUp):
                        await node.publish("part", 2)
                    if len(outputs) == 4:
                        break
            first, caught_up, taken_back, second = outputs
            assert isinstance(first, Row) and first.payload == 1
            assert isinstance(caught_up, CaughtUp)
            assert caught_up.offsets == {f"{node.id}-0": 0}
            assert isinstance(taken_back, AntiRow) and taken_back.row == first
            assert isinstance(second, Row) and second.payload == 2

    run(main())


def test_the_latest_is_observed(run: Run, folder: Path) -> None:
    async def main() -> None:
        async with Node.open(folder) as node:
            await node.publish_many(("speed", n) for n in range(100))
            async with node.observe_latest("FROM 'speed'") as speeds:
                seen = []
                async for row in speeds:
                    seen.append(row.payload)
                    if len(seen) == 3:
                        break
                    await node.publish("speed", 100 * len(seen))
            assert seen == [99, 100, 200]
            async with node.observe_earliest("FROM 'speed'") as speeds:
                assert (await anext(aiter(speeds))).payload == 0
            async with node.subscribe_monotonic("FROM 'speed'") as speeds:
                assert (await anext(aiter(speeds))).payload == 0

    run(main())


def test_a_condition_is_waited_for(run: Run, folder: Path) -> None:
    async def main() -> None:
        async with Node.open(folder) as node:
            enough = "FROM 'part' AGGREGATE COUNT(_) FILTER _ >= 3"
            waiting = asyncio.ensure_future(node.wait_for(enough))
            for number in range(3):
                assert not waiting.done()
                await node.publish("part", number)
            assert (await waiting).payload == 3
            row = await node.wait_for("FROM 'part'", lambda row: row.payload == 1)
            assert row.offset == 1
            with pytest.raises(CancelledError, match="before the condition"):
                await node.wait_for("FROM 'part' LIMIT 1", lambda row: False)

    run(main())


def test_waiting_for_a_condition_ends_in_time(folder: Path) -> None:
    with with_parts(folder) as node:
        assert node.wait_for("FROM 'stopped'", timeout=5).payload["reason"] == "it's jammed"
        with pytest.raises(TimeoutError):
            node.wait_for("FROM 'nothing'", timeout=0.05)


def test_a_query_is_explained(run: Run, folder: Path) -> None:
    with with_parts(folder) as node:
        aql = "FROM 'part' & 'press:7' FILTER _.weight > $least SELECT _.number"
        told = node.explain(aql, parameters={"least": 1})
        assert told.stages == ["FILTER _.weight > $least", "SELECT _.number"]
        assert (told.events_read, told.rows, told.diagnostics) == (2, 1, 1)
        assert told.selection == "'part' & 'press:7'"
        assert told.query in str(told)

    async def main() -> None:
        async with Node.open(folder) as node:
            assert (await node.explain(aql, parameters={"least": 1})).rows == 1
            with pytest.raises(InvalidQueryError):
                await node.explain("FROM")

    run(main())


def test_rows_become_arrow_batches(run: Run, folder: Path) -> None:
    with with_parts(folder) as node:
        batches = list(node.query("FROM 'part'").to_arrow(rows_max=2))
        assert [batch.num_rows for batch in batches] == [2, 1]
        table = pyarrow.Table.from_batches(batches)
        assert table.column("number").to_pylist() == [1, 2, 3]
        assert table.column("weight").to_pylist() == [2.5, 3.5, None]
        event = table.column("_event")[1].as_py()
        assert event["tags"] == ["part", "press:8"]
        assert event["time"].tzinfo is not None
        (sums,) = node.query(
            "FROM 'part' GROUP BY (TAGS(_))[1] SELECT { press: group, parts: COUNT(_) }"
        ).to_arrow(metadata=False)
        assert sums.to_pydict() == {"press": ["press:7", "press:8"], "parts": [2, 1]}
        (plain,) = node.query("FROM [1, 2]").to_arrow()
        assert plain.column("payload").to_pylist() == [1, 2]
        assert plain.column("_event").to_pylist() == [None, None]
        assert list(node.query("FROM 'nothing'").to_arrow()) == []

    async def main() -> None:
        async with Node.open(folder) as node:
            numbers = node.query("FROM 'part' SELECT _.number").to_arrow(metadata=False)
            found = [batch.to_pydict() async for batch in numbers]
            assert found == [{"payload": [1, 2, 3]}]

    run(main())


def test_arrow_batches_have_one_schema(folder: Path) -> None:
    with with_parts(folder) as node:
        with pytest.raises(ValueError, match="reason"):
            list(node.query("FROM 'press:7'").to_arrow(rows_max=2))
        schema = pyarrow.schema([("number", pyarrow.int64()), ("reason", pyarrow.string())])
        batches = node.query("FROM 'press:7'").to_arrow(schema=schema, rows_max=2, metadata=False)
        table = pyarrow.Table.from_batches(batches)
        assert table.column("reason").to_pylist() == [None, None, "it's jammed"]
        with pytest.raises(ValueError, match="does not fit"):
            list(node.query("FROM [1, 'x']").to_arrow(rows_max=1))
        with pytest.raises(ValueError, match="at least 1"):
            list(node.query("FROM [1]").to_arrow(rows_max=0))


def test_an_error_of_the_query_ends_it(folder: Path) -> None:
    with with_parts(folder) as node:
        with pytest.raises(InvalidQueryError, match="SubscribeMonotonic"):
            node.subscribe_monotonic("FROM 'part' LIMIT 1")
