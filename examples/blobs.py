"""What the guide shows of blobs, as one program that runs: docs/guide/python.md quotes it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import swarmlet
from swarmlet import BlobInfo, Copies, Network, Node


async def main() -> None:
    Path("drawing.png").write_bytes(bytes(range(256)) * 4000)
    async with open_node("camera") as camera, open_node("dashboard") as dashboard:
        await camera.swarm.create("plant", "camera")
        await dashboard.swarm.join(await camera.swarm.invite(), "dashboard", timeout=30)
        following = asyncio.create_task(follow(dashboard))
        drawing = await store(camera)
        await report(camera, b"nothing happened")
        recording = await record(camera, frames())
        await read(dashboard, drawing)
        await play(dashboard, recording)
        await pin(dashboard, recording)
        # A blob may be here before the record that says what it is.
        await camera.swarm.wait_in_sync(timeout=30)
        await find(dashboard)
        await folders(camera)
        await take_back(camera, recording)
        await following
    without_asyncio(drawing)


def open_node(folder: str):
    network = Network(listen=["tcp://127.0.0.1:0"], discovery=False)
    return Node.open(
        folder,
        network=network,
        blobs_bytes_max=10 * 1024**3,
        blobs_sweep_period=timedelta(minutes=1),
    )


async def store(node: Node) -> BlobInfo:
    drawing = await node.blobs.put(
        Path("drawing.png"), media_type="image/png", tags=["press:7", "drawing"]
    )
    print("stored", drawing.name, drawing.size)
    return drawing


async def frames() -> AsyncIterator[bytes]:
    for number in range(100):
        yield bytes([number]) * 10_000


async def record(node: Node, frames: AsyncIterator[bytes]) -> BlobInfo:
    recording = await node.blobs.put(
        frames, name="jam.video", tags=["press:7", "jam"], hold="on_demand"
    )
    return recording


async def report(node: Node, text: bytes) -> BlobInfo:
    in_a_month = datetime.now(timezone.utc) + timedelta(days=30)
    report = await node.blobs.put(text, name="shift.txt", hold=Copies(2), keep=in_a_month)
    print("kept until", report.keep)
    return report


async def read(node: Node, drawing: BlobInfo) -> None:
    content = await node.blobs.get(drawing.id).read()
    print("read", len(content))

    await asyncio.wait_for(node.blobs.get(drawing.id).save("copy.png"), 30)
    print("saved", Path("copy.png").read_bytes() == content)


async def play(node: Node, recording: BlobInfo) -> None:
    played = 0
    async with node.blobs.get(recording.id, start=500_000) as reader:
        async for piece in reader:
            played += len(piece)
            print("played", played, "of", recording.size - 500_000)


async def follow(node: Node) -> None:
    async with node.blobs.changes() as changes:
        async for change in changes:
            if change.info is None:
                print("taken back", change.id)
            else:
                print("new blob", change.info.name, change.info.media_type, change.info.tags)
            if change.info is None:
                break


async def find(node: Node) -> None:
    async for row in node.query("FROM 'blob' & 'press:7'"):
        info = BlobInfo.from_row(row)
        if info is not None:
            state = await node.blobs.state(info.id)
            print(info.name, "of", info.time, "is", state.kind)


async def pin(node: Node, recording: BlobInfo) -> None:
    await node.blobs.pin(recording.id)
    async with node.blobs.watch(recording.id) as states:
        async for state in states:
            print(state.kind, "but for", state.missing, "bytes")
            if state.kind == "here":
                break


async def folders(node: Node) -> None:
    Path("app/js").mkdir(parents=True)
    Path("app/js/app.js").write_text("start()")
    app = await node.blobs.put_folder("app", name="app", tags=["app:press"])
    files = await node.blobs.collection(app.id)
    saved = await node.blobs.save_folder(app.id, "installed")
    print(f"{saved.written} of {len(files)} files were written")


async def take_back(node: Node, recording: BlobInfo) -> None:
    others = await node.blobs.delete(recording.id)
    print("deleted, but for", others, "records of others")
    usage = await node.blobs.usage()
    print(usage.blobs, "blobs take", usage.bytes, "bytes")


def without_asyncio(drawing: BlobInfo) -> None:
    with swarmlet.sync.Node.open("dashboard") as node:
        with node.blobs.get(drawing.id, end=1000) as reader:
            print("first", len(reader.read(timeout=30)))


asyncio.run(main())
