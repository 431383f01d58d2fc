//! What the guide shows of blobs, as one program that runs: docs/guide/blobs.md quotes it.

#![expect(clippy::print_stdout, reason = "an example talks to its user")]

use std::fs::File;
use std::io::Write as _;
use std::time::Duration;

use anyhow::Result;
use swarmlet::{
    BlobId, BlobInfo, BlobState, ErrorKind, Hold, InviteOptions, Keep, Network, Node, Options,
    PutOptions, QueryOptions, Row, SubscribeOptions, Tags,
};

#[tokio::main]
async fn main() -> Result<()> {
    let (press, tablet) = (open("press-7").await?, open("tablet").await?);
    press.swarm().create("plant", "press-7")?;
    let invite = press.swarm().invite(&InviteOptions::default())?;
    let swarm = tablet.swarm();
    swarm
        .join(&invite, "tablet", Duration::from_secs(30))
        .await?;

    std::fs::write("drawing.svg", DRAWING)?;
    let drawing = put_file(&press).await?;
    put_with_more_said(&press).await?;
    let node = press.clone();
    tokio::task::spawn_blocking(move || write(&node)).await??;
    find(&press).await?;
    follow(&tablet).await?;
    read(&tablet, drawing.id).await?;
    on_demand(&press, &tablet).await?;
    until_the_next(&press).await?;
    folders(&press, &tablet).await?;
    refer(&press).await?;
    mistakes(&press).await?;
    nobody_has_it(&tablet, BlobId::of(b"nobody has this")).await?;
    for node in [tablet, press] {
        node.close().await?;
    }
    Ok(())
}

async fn open(folder: &str) -> swarmlet::Result<Node> {
    let network = Network::new().listen("tcp://127.0.0.1:0").discovery(false);
    Node::open(folder, Options::new().network(network)).await
}

async fn put_file(node: &Node) -> swarmlet::Result<BlobInfo> {
    let blobs = node.blobs();
    let drawing = blobs.put_file("drawing.svg", PutOptions::new()).await?;
    println!("stored {} of {} bytes", drawing.id, drawing.size);
    Ok(drawing)
}

async fn refer(node: &Node) -> Result<()> {
    let blobs = node.blobs();
    std::fs::write("recording.mp4", [8; 300_000])?;
    let film = blobs
        .put_file("recording.mp4", PutOptions::new().reference())
        .await?;
    assert_eq!(blobs.get(film.id).read_all(300_000).await?, [8; 300_000]);
    Ok(())
}

async fn put_with_more_said(node: &Node) -> swarmlet::Result<()> {
    let photograph = vec![7; 100_000];
    let options = PutOptions::new()
        .name("tool 12.jpeg")
        .media_type("image/jpeg")
        .tags(Tags::new(["press:7", "wear"])?);
    let stored = node.blobs().put(photograph, options).await?;
    println!("found later by {:?}", stored.tags);
    Ok(())
}

fn write(node: &Node) -> Result<BlobInfo> {
    let options = PutOptions::new()
        .name("vibration.csv")
        .tags(Tags::new(["press:7"])?);
    let mut recording = node.blobs().writer(options)?;
    for sample in 0..100_000 {
        recording.write(format!("{sample},{}\n", sample % 61).as_bytes())?;
    }
    Ok(recording.finish_blocking()?)
}

async fn find(node: &Node) -> Result<()> {
    let photographs = "FROM 'blob' & 'press:7' FILTER _.type = 'image/jpeg'";
    let mut found = node.query(photographs, QueryOptions::default())?;
    while let Some(rows) = found.next_chunk(256).await? {
        let records = rows.iter().filter_map(Row::event);
        for blob in records.filter_map(BlobInfo::from_event) {
            println!("{} is {} bytes", blob.name.unwrap_or_default(), blob.size);
        }
    }
    Ok(())
}

async fn follow(tablet: &Node) -> Result<()> {
    let mut seen = 0;
    let mut blobs = tablet.blobs().subscribe(SubscribeOptions::default())?;
    while let Some(records) = blobs.next_chunk(256).await? {
        for change in records {
            seen += usize::from(change.info.is_some());
            println!("{} was stored by {}", change.id, change.key.stream.node);
        }
        if seen == STORED {
            break;
        }
    }
    let mut blobs = tablet.blobs().list()?;
    while let Some(records) = blobs.next_chunk(256).await? {
        println!("{} records", records.len());
    }
    Ok(())
}

async fn read(tablet: &Node, id: BlobId) -> Result<()> {
    let blobs = tablet.blobs();
    let drawing = blobs.get(id).read_all(16 * 1024 * 1024).await?;
    let first = blobs.range_of(id, ..4).read_all(4).await?;
    blobs.get(id).save("copy.svg").await?;
    println!("{} bytes, of which {first:?} are the first", drawing.len());
    Ok(())
}

async fn until_the_next(press: &Node) -> Result<()> {
    let report = PutOptions::new()
        .name("report.pdf")
        .keep(Keep::UntilNext(Tags::default()));
    let report = press.blobs().put(b"%PDF", report).await?;
    press.blobs().pin(report.id)?;
    assert_eq!(press.blobs().delete(report.id).await?, 0);
    assert!(press.blobs().stat(report.id)?.records.is_empty());
    Ok(())
}

async fn folders(press: &Node, tablet: &Node) -> Result<()> {
    std::fs::create_dir_all("app/js")?;
    std::fs::write("app/index.html", "<script src=js/app.js></script>")?;
    std::fs::write("app/js/app.js", "start()")?;
    let options = PutOptions::new().name("app");
    let app = press.blobs().put_folder("app", options).await?;
    let saved = tablet.blobs().save_folder(app.id, "installed").await?;
    println!("{} files are new", saved.written);
    assert_eq!(saved.written, 2);
    Ok(())
}

async fn on_demand(press: &Node, tablet: &Node) -> Result<()> {
    let film = vec![9; 5_000_000];
    let options = PutOptions::new().name("film.mp4").hold(Hold::OnDemand);
    let film = press.blobs().put(film, options).await?;
    assert_eq!(tablet.blobs().state(film.id)?, BlobState::Absent);

    let mut file = File::create("film.mp4")?;
    let mut reader = tablet.blobs().get(film.id);
    let mut shown = 0;
    while let Some(bytes) = reader.next_chunk().await? {
        file.write_all(&bytes)?;
        let progress = reader.progress()?;
        if let Some(size) = progress.size
            && progress.here * 4 / size > shown
        {
            shown = progress.here * 4 / size;
            println!("{} % are here", shown * 25);
        }
    }
    Ok(())
}

async fn mistakes(node: &Node) -> Result<()> {
    match node.blobs().put_file("missing", PutOptions::new()).await {
        Err(error) if error.kind() == ErrorKind::NotFound => println!("{error}"),
        other => drop(other?),
    }
    Ok(())
}

async fn nobody_has_it(node: &Node, id: BlobId) -> Result<()> {
    let mut reader = node.blobs().get(id);
    let patience = Duration::from_secs(1);
    match tokio::time::timeout(patience, reader.read_all(1_000_000)).await {
        Ok(bytes) => println!("{} bytes", bytes?.len()),
        Err(_) => println!("nobody who can be reached has {id}"),
    }
    Ok(())
}

/// How many blobs the tablet is to learn of.
const STORED: usize = 3;
const DRAWING: &str = "<svg viewBox=\"-8 -8 16 16\"><circle r=\"7\"/></svg>";
