//! NATS with JetStream: the protocol of lines, as much of it as a stream and a push consumer need.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use swarmlet_bench::server::{Server, free_address};

use super::contract::{Publisher, Running, Subscriber};
use super::program::Program;

struct Client {
    reader: BufReader<TcpStream>,
    writer: TcpStream,
}

/// Starts a server that syncs each message, if it is one that can, with one stream.
pub(crate) fn start(folder: &Path) -> Result<Running> {
    let folder = folder.join("nats");
    fs::create_dir_all(&folder)?;
    let address = free_address()?;
    let config = folder.join("nats.conf");
    let write = |sync: &str| {
        let store = folder.join("store");
        let text = format!("listen: \"{address}\"\njetstream {{ store_dir: {store:?}\n{sync} }}\n");
        fs::write(&config, text)
    };
    write("sync_interval: always")?;
    let checked = Program::NATS
        .command()?
        .arg("-t")
        .arg("-c")
        .arg(&config)
        .output()?;
    let name = if checked.status.success() {
        "JetStream, each synced"
    } else {
        // Servers before 2.10 sync every two minutes and cannot be told otherwise.
        write("")?;
        "JetStream, NOT synced"
    };
    let mut command = Program::NATS.command()?;
    let server = Server::start(command.arg("-c").arg(&config), address, &folder.join("log"))?;
    let mut client = Client::connect(&address.to_string())?;
    client.ask(
        "$JS.API.STREAM.CREATE.bench",
        &json!({ "name": "bench", "subjects": [SUBJECT], "storage": "file" }),
    )?;
    client.subscribe(ACKNOWLEDGED, MESSAGES)?;
    Ok(Running {
        name: name.to_owned(),
        address: address.to_string(),
        publisher: Box::new(client),
        _server: Some(server),
    })
}

/// A consumer of what comes from now on.
pub(crate) fn subscribe(address: &str) -> Result<Box<dyn Subscriber>> {
    let mut client = Client::connect(address)?;
    // The consumers of earlier processes are still there for a while.
    let inbox = format!("_INBOX.delivered.{}", std::process::id());
    client.subscribe(&inbox, MESSAGES)?;
    let config = json!({
        "deliver_subject": inbox, "deliver_policy": "new", "ack_policy": "none",
    });
    client.ask(
        "$JS.API.CONSUMER.CREATE.bench",
        &json!({ "stream_name": "bench", "config": config }),
    )?;
    Ok(Box::new(client))
}

impl Publisher for Client {
    fn publish(&mut self, messages: &[Vec<u8>]) -> Result<()> {
        let mut bytes = Vec::new();
        for message in messages {
            write_message(&mut bytes, SUBJECT, ACKNOWLEDGED, message);
        }
        self.writer.write_all(&bytes)?;
        for _ in messages {
            let answer: Value = serde_json::from_slice(&self.message(MESSAGES)?)?;
            ensure!(answer["error"].is_null(), "the server said {answer}");
        }
        Ok(())
    }
}

impl Subscriber for Client {
    fn next(&mut self) -> Result<Vec<u8>> {
        self.message(MESSAGES)
    }
}

impl Client {
    fn connect(address: &str) -> Result<Self> {
        let writer = TcpStream::connect(address)?;
        writer.set_nodelay(true)?;
        writer.set_read_timeout(Some(Duration::from_secs(30)))?;
        let reader = BufReader::new(writer.try_clone()?);
        let mut client = Self { reader, writer };
        let info = client.line()?;
        ensure!(info.starts_with("INFO "), "the server said {info}");
        client
            .writer
            .write_all(b"CONNECT {\"verbose\":false,\"pedantic\":false}\r\n")?;
        Ok(client)
    }

    fn subscribe(&mut self, subject: &str, number: u8) -> Result<()> {
        Ok(write!(self.writer, "SUB {subject} {number}\r\n")?)
    }

    /// Asks the server for something, and waits until it says that it is done.
    fn ask(&mut self, subject: &str, request: &Value) -> Result<()> {
        let inbox = format!("_INBOX.ask.{}", std::process::id());
        self.subscribe(&inbox, ANSWER)?;
        let mut bytes = Vec::new();
        write_message(&mut bytes, subject, &inbox, request.to_string().as_bytes());
        self.writer.write_all(&bytes)?;
        let answer: Value = serde_json::from_slice(&self.message(ANSWER)?)?;
        ensure!(answer["error"].is_null(), "the server said {answer}");
        Ok(write!(self.writer, "UNSUB {ANSWER}\r\n")?)
    }

    /// The next message of a subscription; answers pings on the way.
    fn message(&mut self, subscription: u8) -> Result<Vec<u8>> {
        loop {
            let line = self.line()?;
            if line == "PING" {
                self.writer.write_all(b"PONG\r\n")?;
                continue;
            }
            let head = head(&line).with_context(|| format!("the server said {line}"))?;
            let (number, length) = head;
            ensure!(length <= MESSAGE_BYTES_MAX, "a message of {length} bytes");
            let mut bytes = vec![0; length + 2];
            self.reader.read_exact(&mut bytes)?;
            if number == subscription {
                bytes.truncate(length);
                return Ok(bytes);
            }
        }
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        let read = self.reader.read_line(&mut line)?;
        ensure!(read > 0, "the server closed the connection");
        line.truncate(line.trim_end().len());
        Ok(line)
    }
}

/// The subscription of a message and its length, from `MSG <subject> <number> [reply] <length>`.
fn head(line: &str) -> Option<(u8, usize)> {
    let mut words = line.strip_prefix("MSG ")?.split(' ');
    let number = words.nth(1)?.parse().ok()?;
    Some((number, words.next_back()?.parse().ok()?))
}

fn write_message(out: &mut Vec<u8>, subject: &str, reply: &str, payload: &[u8]) {
    let head = format!("PUB {subject} {reply} {}\r\n", payload.len());
    out.extend_from_slice(head.as_bytes());
    out.extend_from_slice(payload);
    out.extend_from_slice(b"\r\n");
}

const SUBJECT: &str = "bench";
const ACKNOWLEDGED: &str = "_INBOX.acknowledged";
/// Numbers of subscriptions.
const ANSWER: u8 = 1;
const MESSAGES: u8 = 2;
const MESSAGE_BYTES_MAX: usize = 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_of_a_message_says_whose_it_is_and_how_long() {
        assert_eq!(head("MSG _INBOX.a 2 12"), Some((2, 12)));
        assert_eq!(head("MSG bench 1 $JS.ACK.bench.x.1 300"), Some((1, 300)));
        assert_eq!(head("-ERR 'Unknown Protocol Operation'"), None);
        assert_eq!(head("MSG bench 1"), None);
    }
}
