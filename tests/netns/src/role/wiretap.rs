//! The wiretap: counts what arrives at a host, packet by packet, before anybody there reads it.

use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use rustix::net::sockopt::set_socket_recv_buffer_size;
use rustix::net::{AddressFamily, Protocol, RawProtocol, RecvFlags, SocketType};

use crate::orders::{Flow, Overheard};

/// Counts, and says what it has counted for each line of the standard input, until its end.
pub(crate) fn run(own: Ipv4Addr) -> Result<()> {
    let every_protocol = RawProtocol::new(u32::from(ETHERNET_ALL.to_be())).context("not zero")?;
    let socket = rustix::net::socket(
        AddressFamily::PACKET,
        SocketType::RAW,
        Some(Protocol::from_raw(every_protocol)),
    );
    let socket = socket.context("packets cannot be seen")?;
    set_socket_recv_buffer_size(&socket, SOCKET_BYTES)?;
    let counted = Arc::new(Mutex::new(Counted::default()));
    let counting = Arc::clone(&counted);
    std::thread::spawn(move || {
        let mut frame = vec![0; FRAME_BYTES_MAX];
        while let Ok((len, _)) = rustix::net::recv(&socket, &mut frame[..], RecvFlags::empty()) {
            lock(&counting).count(&frame[..len], own);
        }
    });
    say(&Overheard::default())?;
    for line in std::io::stdin().lock().lines() {
        line?;
        let overheard = lock(&counted).overheard();
        say(&overheard)?;
    }
    Ok(())
}

fn say(overheard: &Overheard) -> Result<()> {
    let mut text = serde_json::to_string(overheard)?;
    text.push('\n');
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

fn lock(counted: &Mutex<Counted>) -> std::sync::MutexGuard<'_, Counted> {
    counted.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Default)]
struct Counted {
    frame_bytes: u64,
    flows: BTreeMap<(u8, SocketAddrV4, u16), u64>,
}

impl Counted {
    /// Counts a frame if it came from somebody else.
    fn count(&mut self, frame: &[u8], own: Ipv4Addr) {
        let Some(packet) = Packet::parse(frame) else {
            return;
        };
        let is_for_us = packet.to == own || packet.to.is_multicast() || packet.to.is_broadcast();
        if packet.from == own || !is_for_us {
            return;
        }
        self.frame_bytes += frame.len() as u64;
        if let Some((from, to, carried)) = packet.ports() {
            let flow = (packet.protocol, SocketAddrV4::new(packet.from, from), to);
            *self.flows.entry(flow).or_default() += carried;
        }
    }

    fn overheard(&self) -> Overheard {
        let flow = |(&(protocol, from, to_port), &bytes): (&_, &_)| Flow {
            protocol: if protocol == TCP { "tcp" } else { "udp" }.to_owned(),
            from: SocketAddrV4::to_string(&from),
            to_port,
            bytes,
        };
        Overheard {
            frame_bytes: self.frame_bytes,
            flows: self.flows.iter().map(flow).collect(),
        }
    }
}

/// An IPv4 packet in an Ethernet frame.
struct Packet<'a> {
    protocol: u8,
    from: Ipv4Addr,
    to: Ipv4Addr,
    body: &'a [u8],
}

impl<'a> Packet<'a> {
    fn parse(frame: &'a [u8]) -> Option<Self> {
        let (ethernet, packet) = frame.split_at_checked(14)?;
        let header = packet.first_chunk::<20>()?;
        let is_ipv4 = ethernet[12..] == ETHERNET_IPV4 && header[0] >> 4 == 4;
        let header_len = usize::from(header[0] & 0xf) * 4;
        // What is behind the packet only fills the frame.
        let len = usize::from(u16::from_be_bytes([header[2], header[3]]));
        let address = |at: usize| Some(Ipv4Addr::from(*packet.get(at..)?.first_chunk::<4>()?));
        let body = packet.get(header_len..len)?;
        is_ipv4.then_some(Self {
            protocol: header[9],
            from: address(12)?,
            to: address(16)?,
            body,
        })
    }

    /// The ports, and how many bytes are carried from the one to the other.
    fn ports(&self) -> Option<(u16, u16, u64)> {
        let ports = self.body.first_chunk::<4>()?;
        let header_len = match self.protocol {
            TCP => usize::from(self.body.get(12)? >> 4) * 4,
            UDP => 8,
            _ => return None,
        };
        let carried = self.body.len().checked_sub(header_len)?;
        let port = |at: usize| u16::from_be_bytes([ports[at], ports[at + 1]]);
        Some((port(0), port(2), carried as u64))
    }
}

const ETHERNET_ALL: u16 = 3;
const ETHERNET_IPV4: [u8; 2] = [8, 0];
const TCP: u8 = 6;
const UDP: u8 = 17;
/// Frames are not cut into packets between namespaces, so they may be as large as IP allows.
const FRAME_BYTES_MAX: usize = 128 * 1024;
const SOCKET_BYTES: usize = 8 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: Ipv4Addr = Ipv4Addr::new(10, 1, 0, 2);
    const OTHER: Ipv4Addr = Ipv4Addr::new(10, 1, 0, 1);

    fn frame(from: Ipv4Addr, to: Ipv4Addr, protocol: u8, body: &[u8]) -> Vec<u8> {
        let len = u16::try_from(20 + body.len()).unwrap().to_be_bytes();
        let mut frame = vec![0; 12];
        frame.extend(ETHERNET_IPV4);
        frame.extend([0x45, 0, len[0], len[1], 0, 0, 0, 0, 64, protocol, 0, 0]);
        frame.extend(from.octets());
        frame.extend(to.octets());
        frame.extend(body);
        frame
    }

    fn udp(carried: usize) -> Vec<u8> {
        let mut body = vec![0, 7, 0, 9, 0, 0, 0, 0];
        body.resize(8 + carried, 0xff);
        body
    }

    #[test]
    fn what_is_carried_is_counted_by_its_ports_without_headers_and_filling() {
        let mut counted = Counted::default();
        let mut filled = frame(OTHER, OWN, UDP, &udp(3));
        filled.resize(60, 0);
        counted.count(&filled, OWN);
        counted.count(&frame(OTHER, OWN, UDP, &udp(500)), OWN);
        let overheard = counted.overheard();
        assert_eq!(overheard.frame_bytes, 60 + 14 + 20 + 8 + 500);
        assert_eq!(overheard.flows.len(), 1);
        let flow = &overheard.flows[0];
        assert_eq!((flow.from.as_str(), flow.to_port), ("10.1.0.1:7", 9));
        assert_eq!((flow.protocol.as_str(), flow.bytes), ("udp", 503));
    }

    #[test]
    fn the_header_of_tcp_has_the_length_that_it_says() {
        let mut body = vec![0; 32];
        body[12] = 8 << 4;
        body.extend([1; 10]);
        let bytes = frame(OTHER, OWN, TCP, &body);
        let packet = Packet::parse(&bytes).unwrap();
        assert_eq!(packet.ports(), Some((0, 0, 10)));
    }

    #[test]
    fn what_the_host_says_itself_and_what_is_for_others_does_not_count() {
        let mut counted = Counted::default();
        for (from, to) in [
            (OWN, OTHER),
            (OTHER, OTHER),
            (OWN, Ipv4Addr::new(224, 0, 0, 251)),
        ] {
            counted.count(&frame(from, to, UDP, &udp(9)), OWN);
        }
        for cut in 0..frame(OTHER, OWN, UDP, &[]).len() {
            counted.count(&frame(OTHER, OWN, UDP, &[])[..cut], OWN);
        }
        assert_eq!(counted.overheard().frame_bytes, 0);
    }
}
