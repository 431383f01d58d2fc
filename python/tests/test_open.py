"""Opening: what is made, what is remembered, what is refused."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from loops import Run
from swarmlet import (
    InvalidArgumentError,
    LockedError,
    Network,
    Node,
    NotFoundError,
    Retention,
    SwarmletError,
    __version__,
    sync,
)


def test_a_node_can_be_entered_or_awaited(run: Run, folder: Path) -> None:
    async def main() -> None:
        async with Node.open(folder) as node:
            identity = node.id
            assert len(identity) == 43
            assert node.app_id == "com.example.app"
        async with await Node.open(str(folder)) as node:
            assert node.id == identity
        node = await Node.open(folder, app_id="com.example.press")
        assert node.app_id == "com.example.press"
        assert identity in repr(node)
        await node.close()

    run(main())


def test_options_reach_the_node(run: Run, folder: Path) -> None:
    async def main() -> None:
        streams = {
            "sensors": Retention(events_max=10, bytes_max=1 << 20, age_max=timedelta(days=30)),
            "audit": None,
        }
        routes = {"'sensor'": "sensors", "'login' | 'logout'": "audit"}
        async with Node.open(
            folder, streams=streams, routes=routes, durability="buffered", cache_bytes=4 << 20
        ) as node:
            await node.publish("sensor", 1)
            await node.publish("logout", 2)
            await node.publish("other", 3)
            names = {info.name: (info.first, info.last) for info in await node.streams()}
            assert names == {"default": (0, 0), "sensors": (0, 0), "audit": (0, 0)}

    run(main())


def test_a_folder_is_open_once(run: Run, folder: Path) -> None:
    async def main() -> None:
        async with Node.open(folder):
            with pytest.raises(LockedError) as caught:
                await Node.open(folder)
            assert caught.value.advice == "retry_later"
            with pytest.raises(LockedError):
                sync.Node.open(folder)
        async with Node.open(folder):
            pass

    run(main())


@pytest.mark.parametrize(
    "options",
    [
        {"app_id": "Not An App"},
        {"durability": "sometimes"},
        {"cache_bytes": 1},
        {"cache_bytes": -1},
        {"cache_bytes": "much"},
        {"streams": {"no blanks": None}},
        {"streams": {"sensors": Retention(events_max=-1)}},
        {"streams": {"sensors": Retention(age_max=timedelta(seconds=-1))}},
        {"routes": {"'a'": "unknown"}},
        {"routes": {"FROM 'a'": "default"}},
        {"network": Network(listen=["nowhere"])},
        {"network": Network(announce=["tcp://127.0.0.1"])},
        {"network": Network(peers=["udp://127.0.0.1:1"])},
        {"network": Network(holds=["no blanks"])},
        {"network": Network(connections_max=-1)},
        {"network": Network(connections_max=1)},
        {"blobs_bytes_max": -1},
        {"blobs_bytes_max": "much"},
        {"blobs_sweep_period": timedelta(seconds=-1)},
        {"blobs_sweep_period": timedelta(milliseconds=9)},
        {"blobs_sweep_period": timedelta(days=1, seconds=1)},
    ],
    ids=str,
)
def test_bad_options_are_refused(folder: Path, options: dict[str, object]) -> None:
    with pytest.raises(ValueError) as caught:
        sync.Node.open(folder, **options)  # type: ignore[arg-type]
    assert isinstance(caught.value, SwarmletError)
    assert caught.value.code in ("invalid_argument", "invalid_query")
    assert caught.value.operation == "open"


def test_a_file_is_no_folder(folder: Path) -> None:
    folder.write_text("a file")
    with pytest.raises((InvalidArgumentError, NotFoundError)):
        sync.Node.open(folder)


def test_the_version_is_that_of_the_native_half() -> None:
    assert __version__.count(".") == 2
