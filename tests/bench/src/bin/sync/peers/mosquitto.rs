//! Mosquitto: MQTT 3.1.1 at quality of service 1, as much of it as one topic needs.

use std::fs;
use std::io::{BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use swarmlet_bench::server::{Server, free_address};

use super::contract::{Publisher, Running, Subscriber};
use super::program::Program;

struct Client {
    reader: BufReader<TcpStream>,
    writer: TcpStream,
    last_id: u16,
}

/// A packet: its first byte, and what follows the length.
type Packet = (u8, Vec<u8>);

/// Starts a broker that keeps its database, which it writes every half hour and never syncs.
pub(crate) fn start(folder: &Path) -> Result<Running> {
    let folder = folder.join("mosquitto");
    fs::create_dir_all(&folder)?;
    let address = free_address()?;
    let config = folder.join("mosquitto.conf");
    let text = format!(
        "listener {} {}\nallow_anonymous true\nset_tcp_nodelay true\npersistence true\n\
         persistence_location {}/\nmax_inflight_messages 0\nmax_queued_messages 0\nuser root\n",
        address.port(),
        address.ip(),
        folder.display()
    );
    fs::write(&config, text)?;
    let mut command = Program::MOSQUITTO.command()?;
    let server = Server::start(command.arg("-c").arg(&config), address, &folder.join("log"))?;
    Ok(Running {
        name: "mosquitto QoS 1, NOT synced".to_owned(),
        address: address.to_string(),
        publisher: Box::new(Client::connect(&address.to_string(), "publisher")?),
        _server: Some(server),
    })
}

pub(crate) fn subscribe(address: &str) -> Result<Box<dyn Subscriber>> {
    let mut client = Client::connect(address, "subscriber")?;
    let mut body = vec![0, 1];
    put_text(&mut body, TOPIC);
    body.push(QOS_1);
    client.send(SUBSCRIBE, &body)?;
    let (kind, answer) = client.packet()?;
    let is_granted = kind == SUBSCRIBED && answer.last() == Some(&QOS_1);
    ensure!(is_granted, "the broker answered {kind:x} {answer:?}");
    Ok(Box::new(client))
}

impl Publisher for Client {
    fn publish(&mut self, messages: &[Vec<u8>]) -> Result<()> {
        let mut bytes = Vec::new();
        for message in messages {
            self.last_id = self.last_id.checked_add(1).unwrap_or(1);
            let mut body = Vec::new();
            put_text(&mut body, TOPIC);
            body.extend_from_slice(&self.last_id.to_be_bytes());
            body.extend_from_slice(message);
            put_packet(&mut bytes, PUBLISH_QOS_1, &body);
        }
        self.writer.write_all(&bytes)?;
        for _ in messages {
            let (kind, _) = self.packet()?;
            ensure!(kind == ACKNOWLEDGED, "the broker sent {kind:x}");
        }
        Ok(())
    }
}

impl Subscriber for Client {
    fn next(&mut self) -> Result<Vec<u8>> {
        let (kind, mut body) = self.packet()?;
        // Whether it is a repetition or was retained does not matter.
        if kind & 0xf6 != PUBLISH_QOS_1 {
            bail!("the broker sent {kind:x}");
        }
        let head = 2 + TOPIC.len();
        ensure!(body.len() >= head + 2, "a message is cut off");
        let id = [body[head], body[head + 1]];
        self.send(ACKNOWLEDGED, &id)?;
        Ok(body.split_off(head + 2))
    }
}

impl Client {
    fn connect(address: &str, name: &str) -> Result<Self> {
        let writer = TcpStream::connect(address)?;
        writer.set_nodelay(true)?;
        writer.set_read_timeout(Some(Duration::from_secs(30)))?;
        let reader = BufReader::new(writer.try_clone()?);
        let mut client = Self {
            reader,
            writer,
            last_id: 0,
        };
        let mut body = Vec::new();
        put_text(&mut body, "MQTT");
        // Version 3.1.1, a clean session, no keep-alive.
        body.extend_from_slice(&[4, 2, 0, 0]);
        put_text(&mut body, name);
        client.send(CONNECT, &body)?;
        let (kind, answer) = client.packet()?;
        let is_accepted = kind == CONNECTED && answer.last() == Some(&0);
        ensure!(is_accepted, "the broker answered {kind:x} {answer:?}");
        Ok(client)
    }

    fn send(&mut self, kind: u8, body: &[u8]) -> Result<()> {
        let mut bytes = Vec::new();
        put_packet(&mut bytes, kind, body);
        Ok(self.writer.write_all(&bytes)?)
    }

    fn packet(&mut self) -> Result<Packet> {
        let mut byte = [0];
        self.reader.read_exact(&mut byte)?;
        let kind = byte[0];
        let mut length = 0;
        for shift in [0, 7, 14, 21] {
            self.reader.read_exact(&mut byte)?;
            length |= usize::from(byte[0] & 0x7f) << shift;
            if byte[0] & 0x80 == 0 {
                break;
            }
        }
        ensure!(length <= PACKET_BYTES_MAX, "a packet of {length} bytes");
        let mut body = vec![0; length];
        self.reader.read_exact(&mut body)?;
        Ok((kind, body))
    }
}

fn put_packet(out: &mut Vec<u8>, kind: u8, body: &[u8]) {
    out.push(kind);
    let mut rest = body.len();
    while rest >= 0x80 {
        out.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
    out.extend_from_slice(body);
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(&(text.len() as u16).to_be_bytes());
    out.extend_from_slice(text.as_bytes());
}

const TOPIC: &str = "bench";
const QOS_1: u8 = 1;
const CONNECT: u8 = 0x10;
const CONNECTED: u8 = 0x20;
const PUBLISH_QOS_1: u8 = 0x32;
const ACKNOWLEDGED: u8 = 0x40;
const SUBSCRIBE: u8 = 0x82;
const SUBSCRIBED: u8 = 0x90;
const PACKET_BYTES_MAX: usize = 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_take_seven_bits_a_byte() {
        let length = |bytes: usize| {
            let mut out = Vec::new();
            put_packet(&mut out, PUBLISH_QOS_1, &vec![0; bytes]);
            out[1..out.len() - bytes].to_vec()
        };
        assert_eq!(length(0), [0]);
        assert_eq!(length(127), [127]);
        assert_eq!(length(128), [0x80, 1]);
        assert_eq!(length(321), [0xc1, 2]);
    }
}
