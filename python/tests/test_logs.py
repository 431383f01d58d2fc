"""Logs: what the node says goes where the logs of the program go."""

from __future__ import annotations

import logging
import time
from pathlib import Path

import pytest

from swarmlet import _logs
from swarmlet.sync import Node


def test_the_life_of_a_node_is_logged(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="swarmlet"):
        with Node.open(folder) as node:
            deadline = time.monotonic() + 30
            while not any("opened" in record.getMessage() for record in caplog.records):
                assert time.monotonic() < deadline
                time.sleep(0.01)
            (record,) = (record for record in caplog.records if "opened" in record.getMessage())
            assert node.id in record.getMessage()
    assert record.name.startswith("swarmlet.")
    assert record.levelno == logging.INFO


def test_nothing_below_the_level_is_logged(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, logger="swarmlet"), Node.open(folder) as node:
        node.publish("a")
    _logs.flush()
    assert not caplog.records
