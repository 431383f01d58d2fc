//! The predecessor, over its HTTP API: one node, one process that publishes, one that subscribes.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use swarmlet_bench::server::{Server, free_address};

use super::contract::{Publisher, Running, Setting, Subscriber};
use super::receive::MESSAGE_BYTES;

/// A connection that is kept, and what the node lets it do.
struct Client {
    reader: BufReader<TcpStream>,
    writer: TcpStream,
    token: String,
}

/// The endless answer to a subscription: lines of JSON in chunks.
struct Rows {
    client: Client,
    /// What of the chunks is not a whole line yet.
    rest: Vec<u8>,
}

/// Fails unless it was said where the program is.
pub(crate) fn prepare(setting: &Setting<'_>) -> Result<()> {
    program(setting).map(drop)
}

pub(crate) fn start(setting: &Setting<'_>) -> Result<Running> {
    let folder = setting.folder.join("ax");
    fs::create_dir_all(&folder)?;
    let address = free_address()?;
    let mut command = Command::new(program(setting)?);
    command
        .arg("run")
        .arg("--working-dir")
        .arg(folder.join("data"))
        .args(["--bind-admin", "127.0.0.1:0", "--bind-swarm", "127.0.0.1:0"])
        .args(["--bind-api", &address.to_string()]);
    let server = Server::start(&mut command, address, &folder.join("log"))?;
    Ok(Running {
        name: "ax, one node".to_owned(),
        address: address.to_string(),
        publisher: Box::new(Client::connect(&address.to_string())?),
        _server: Some(server),
    })
}

pub(crate) fn subscribe(address: &str) -> Result<Box<dyn Subscriber>> {
    let mut client = Client::connect(address)?;
    client.request("GET", "events/offsets", "application/json", "")?;
    let present = client.answer()?["present"].clone();
    let query = json!({ "query": "FROM 'bench'", "lowerBound": present });
    client.request(
        "POST",
        "events/subscribe",
        "application/x-ndjson",
        &query.to_string(),
    )?;
    ensure!(
        client.head()?.is_none(),
        "the answer to a subscription has an end"
    );
    Ok(Box::new(Rows {
        client,
        rest: Vec::new(),
    }))
}

fn program<'a>(setting: &Setting<'a>) -> Result<&'a Path> {
    let program = setting.ax.filter(|program| program.is_file());
    program.context("--ax must say where the program is; `cargo xtask bench` installs it")
}

impl Publisher for Client {
    fn publish(&mut self, messages: &[Vec<u8>]) -> Result<()> {
        let events = messages
            .iter()
            .map(|message| json!({ "tags": ["bench"], "payload": to_payload(message) }));
        let body = json!({ "data": events.collect::<Vec<_>>() });
        self.request(
            "POST",
            "events/publish",
            "application/json",
            &body.to_string(),
        )?;
        self.answer().map(drop)
    }
}

impl Subscriber for Rows {
    fn next(&mut self) -> Result<Vec<u8>> {
        loop {
            if let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.rest.drain(..=end).collect();
                // An empty line says that the node is alive, other types that it has caught up.
                let row: Value = serde_json::from_slice(&line).unwrap_or_default();
                if row["type"] == "event" {
                    return from_payload(&row["payload"]);
                }
                continue;
            }
            let chunk = self.client.chunk()?;
            self.rest.extend_from_slice(&chunk);
        }
    }
}

impl Client {
    fn connect(address: &str) -> Result<Self> {
        let writer = TcpStream::connect(address)?;
        writer.set_nodelay(true)?;
        writer.set_read_timeout(Some(Duration::from_secs(30)))?;
        let mut client = Self {
            reader: BufReader::new(writer.try_clone()?),
            writer,
            token: String::new(),
        };
        let manifest = json!({
            "appId": "com.example.bench", "displayName": "bench", "version": "1.0.0",
        });
        client.request("POST", "auth", "application/json", &manifest.to_string())?;
        let token = client.answer()?["token"].as_str().map(str::to_owned);
        client.token = token.context("no token")?;
        Ok(client)
    }

    fn request(&mut self, method: &str, path: &str, accept: &str, body: &str) -> Result<()> {
        let authorization = match self.token.as_str() {
            "" => String::new(),
            token => format!("Authorization: Bearer {token}\r\n"),
        };
        let request = format!(
            "{method} /api/v2/{path} HTTP/1.1\r\nHost: localhost\r\nAccept: {accept}\r\n\
             {authorization}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        Ok(self.writer.write_all(request.as_bytes())?)
    }

    /// The length of the answer that follows; nothing if it comes in chunks.
    fn head(&mut self) -> Result<Option<usize>> {
        let status = self.line()?;
        let mut length = None;
        loop {
            let line = self.line()?.to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = Some(value.trim().parse()?);
            }
        }
        if !status.starts_with("HTTP/1.1 200") {
            let body = self.body(length)?;
            bail!("the node said {status}: {}", String::from_utf8_lossy(&body));
        }
        Ok(length)
    }

    fn answer(&mut self) -> Result<Value> {
        let length = self.head()?;
        Ok(serde_json::from_slice(&self.body(length)?)?)
    }

    fn body(&mut self, length: Option<usize>) -> Result<Vec<u8>> {
        if let Some(length) = length {
            return self.bytes(length);
        }
        let mut body = Vec::new();
        loop {
            let chunk = self.chunk()?;
            if chunk.is_empty() {
                return Ok(body);
            }
            body.extend_from_slice(&chunk);
        }
    }

    fn chunk(&mut self) -> Result<Vec<u8>> {
        let line = self.line()?;
        let length = usize::from_str_radix(&line, 16);
        let length = length.with_context(|| format!("not the length of a chunk: {line}"))?;
        let chunk = self.bytes(length)?;
        ensure!(self.line()?.is_empty(), "a chunk is longer than it says");
        Ok(chunk)
    }

    fn bytes(&mut self, length: usize) -> Result<Vec<u8>> {
        ensure!(length <= BYTES_MAX, "the node sends {length} bytes");
        let mut bytes = vec![0; length];
        self.reader.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        let read = self.reader.read_line(&mut line)?;
        ensure!(read > 0, "the node closed the connection");
        line.truncate(line.trim_end().len());
        Ok(line)
    }
}

/// A message as JSON, which has no bytes: of about the same length.
fn to_payload(message: &[u8]) -> Value {
    let (head, text) = message.split_at(9);
    let sent = head.first_chunk().map(|sent| u64::from_le_bytes(*sent));
    json!({ "sent": sent, "mark": head[8], "text": String::from_utf8_lossy(text) })
}

fn from_payload(payload: &Value) -> Result<Vec<u8>> {
    let (sent, mark) = (payload["sent"].as_u64(), payload["mark"].as_u64());
    let (sent, mark) = sent.zip(mark).context("not one of our events")?;
    let mut message = vec![b'.'; MESSAGE_BYTES];
    message[..8].copy_from_slice(&sent.to_le_bytes());
    message[8] = u8::try_from(mark)?;
    Ok(message)
}

const BYTES_MAX: usize = 16 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_the_same_after_json() {
        let mut message = vec![b'.'; MESSAGE_BYTES];
        message[..9].copy_from_slice(&[1, 2, 3, 4, 5, 6, 0, 0, 2]);
        assert_eq!(from_payload(&to_payload(&message)).unwrap(), message);
        assert!(from_payload(&json!({ "sent": "now" })).is_err());
    }
}
