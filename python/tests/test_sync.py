"""The front for threads: the same words, and threads that wait."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from swarmlet import TimeoutError
from swarmlet.sync import Node


def test_publish_query_subscribe(folder: Path) -> None:
    with Node.open(folder) as node:
        assert node.publish("a", {"x": 1}).offset == 0
        assert [item.offset for item in node.publish_many([("a", 2), ("b", 3)])] == [1, 2]
        assert [event.payload for event in node.query("FROM 'a'")] == [{"x": 1}, 2]
        batches = list(node.query("FROM allEvents").batches(2))
        assert [len(batch) for batch in batches] in ([2, 1], [1, 2], [1, 1, 1])
        with node.subscribe("FROM 'a'", from_={f"{node.id}-0": 0}) as events:
            assert next(events).payload == 2
        assert list(events) == []
        with pytest.raises(ValueError, match="at least 1"):
            node.query("FROM 'a'").batches(0)


def test_next_gives_up_and_loses_nothing(folder: Path) -> None:
    with Node.open(folder) as node, node.subscribe("FROM 'a'") as events:
        with pytest.raises(TimeoutError):
            events.next(timeout=0.05)
        node.publish("a", 1)
        event = events.next(timeout=20)
        assert event is not None and event.payload == 1
        events.cancel()
        assert events.next(timeout=1) is None


def test_other_threads_run_while_one_waits(folder: Path) -> None:
    with Node.open(folder) as node:
        seen: list[int] = []

        def read() -> None:
            with node.subscribe("FROM 'n'") as events:
                for event in events:
                    seen.append(event.payload)
                    if len(seen) == 100:
                        break

        readers = [threading.Thread(target=read) for _ in range(1)]
        for reader in readers:
            reader.start()
        for n in range(100):
            node.publish("n", n)
        for reader in readers:
            reader.join(30)
        assert seen == list(range(100))


def test_threads_publish_at_once(folder: Path) -> None:
    with Node.open(folder) as node:
        def write(writer: int) -> None:
            for n in range(25):
                node.publish(["n", f"writer:{writer}"], n)

        writers = [threading.Thread(target=write, args=(n,)) for n in range(8)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join(30)
        for n in range(8):
            own = [event.payload for event in node.query(f"FROM 'writer:{n}'")]
            assert own == list(range(25))
        assert node.offsets().present == {f"{node.id}-0": 199}
