//! The conformance driver of Rust: does with the crate `swarmlet` what the suite says, as an app
//! would. `tests/conformance/README.md` describes what is spoken.

mod arguments;
mod blobs;
mod handles;
mod nodes;
mod rows;
mod shapes;
mod swarms;
mod trouble;
mod values;

use std::io::{self, BufRead as _, Write as _};
use std::process;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use serde::Deserialize as _;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use arguments::Arguments;
use handles::Handles;
use trouble::Trouble;

/// One request, as it comes.
struct Request {
    id: u64,
    op: String,
    arguments: Arguments,
}

// One thread, so that tasks begin in the order in which they are spawned.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let (tx, mut requests) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        let lines = io::stdin().lock().lines().map_while(io::Result::ok);
        let _ = lines.into_iter().try_for_each(|line| tx.send(line));
    });
    let handles = Arc::new(Handles::default());
    while let Some(line) = requests.recv().await {
        let request = read(&line).with_context(|| format!("the request {line}"))?;
        if request.op == "exit" {
            process::exit(0);
        }
        tokio::spawn(answer(request, handles.clone()));
    }
    handles.reset().await;
    Ok(())
}

async fn answer(request: Request, handles: Arc<Handles>) {
    let Request { id, op, arguments } = request;
    let line = match perform(&op, &arguments, &handles).await {
        Ok(value) => json!({"id": id, "ok": value}),
        Err(Trouble::Error(error)) => {
            json!({"id": id, "error": shapes::error(&error, error.operation())})
        }
        Err(Trouble::Value(error)) => {
            json!({"id": id, "error": shapes::error(&error, operation_of(&op))})
        }
        Err(Trouble::Refused(why)) => json!({"id": id, "refused": why}),
        Err(Trouble::Broken(why)) => json!({"id": id, "broken": why}),
    };
    // Nobody to tell if nobody listens any more.
    let _ = writeln!(io::stdout().lock(), "{line}");
}

/// The operation that a value was made for, where the crate was not called yet.
fn operation_of(op: &str) -> &str {
    match op {
        "publish_many" => "publish",
        // Those of blobs have no word before them.
        other => other.strip_prefix("blobs.").unwrap_or(other),
    }
}

async fn perform(op: &str, arguments: &Arguments, handles: &Handles) -> Result<Value, Trouble> {
    match op {
        "hello" => Ok(json!({
            "protocol": 1,
            "language": "rust",
            "version": env!("CARGO_PKG_VERSION"),
            "merges": [],
        })),
        "reset" => {
            handles.reset().await;
            Ok(Value::Null)
        }
        "next" | "next_impatient" | "batch" | "outputs" | "position" | "cancel" => {
            rows::perform(op, arguments, handles).await
        }
        "next_change" | "cancel_changes" => swarms::perform_changes(op, arguments, handles).await,
        _ => match op.strip_prefix("swarm.") {
            Some(op) => swarms::perform(op, arguments, handles).await,
            None => nodes::perform(op, arguments, handles).await,
        },
    }
}

fn read(line: &str) -> Result<Request> {
    let mut reader = serde_json::Deserializer::from_str(line);
    reader.disable_recursion_limit();
    let mut value = Value::deserialize(&mut reader)?;
    let op = value["op"]
        .as_str()
        .context("a request has an op")?
        .to_owned();
    let id = value["id"].as_u64().context("a request has an id")?;
    let arguments = value["args"].take();
    Ok(Request {
        id,
        op,
        arguments: Arguments::new(arguments),
    })
}
