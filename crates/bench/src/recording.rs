//! Recorded RTP of one video sender with all its layers, as `load record` writes and `load member`
//! replays it. Integers are big-endian:
//!
//! ```text
//! file    "parlrtp1", codec: text, layers: u8, then each: rid: text, ssrc: u32; packets to the end
//! text    length: u8, UTF-8
//! packet  at: u32 microseconds since the first, layer: u8, marker: u8, number: u16, time: u32 (RTP),
//!         length: u16, payload
//! ```
//!
//! Each layer begins with a keyframe. A sender without simulcast has one layer without a name.

use anyhow::{Context, Result, bail};

const MAGIC: &[u8; 8] = b"parlrtp1";

/// What was recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recording {
    /// As in SDP: VP8, VP9.
    pub codec: String,
    pub layers: Vec<Layer>,
    /// In the order of arrival.
    pub packets: Vec<Packet>,
}

/// A stream of the sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// Its name; empty without simulcast.
    pub rid: String,
    pub ssrc: u32,
}

/// A packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Since the first packet.
    pub at_us: u32,
    /// Index of its layer.
    pub layer: u8,
    pub marker: bool,
    pub seq: u16,
    pub timestamp: u32,
    pub payload: Vec<u8>,
}

impl Recording {
    /// As bytes of a file.
    pub fn write(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        write_text(&mut bytes, &self.codec);
        bytes.push(self.layers.len() as u8);
        for layer in &self.layers {
            write_text(&mut bytes, &layer.rid);
            bytes.extend(layer.ssrc.to_be_bytes());
        }
        for packet in &self.packets {
            bytes.extend(packet.at_us.to_be_bytes());
            bytes.extend([packet.layer, u8::from(packet.marker)]);
            bytes.extend(packet.seq.to_be_bytes());
            bytes.extend(packet.timestamp.to_be_bytes());
            bytes.extend((packet.payload.len() as u16).to_be_bytes());
            bytes.extend(&packet.payload);
        }
        bytes
    }

    /// From the bytes of a file.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        let mut rest = bytes.strip_prefix(MAGIC).context("not a recording")?;
        let codec = read_text(&mut rest)?;
        let mut layers = Vec::new();
        for _ in 0..take::<1>(&mut rest)?[0] {
            let rid = read_text(&mut rest)?;
            layers.push(Layer { rid, ssrc: u32::from_be_bytes(take(&mut rest)?) });
        }
        let mut packets = Vec::new();
        while !rest.is_empty() {
            let at_us = u32::from_be_bytes(take(&mut rest)?);
            let [layer, marker] = take(&mut rest)?;
            let seq = u16::from_be_bytes(take(&mut rest)?);
            let timestamp = u32::from_be_bytes(take(&mut rest)?);
            let len = u16::from_be_bytes(take(&mut rest)?);
            let payload = take_slice(&mut rest, usize::from(len))?.to_vec();
            if usize::from(layer) >= layers.len() {
                bail!("a packet of a layer that is not there");
            }
            packets.push(Packet { at_us, layer, marker: marker != 0, seq, timestamp, payload });
        }
        Ok(Self { codec, layers, packets })
    }
}

fn write_text(bytes: &mut Vec<u8>, text: &str) {
    bytes.push(text.len() as u8);
    bytes.extend(text.as_bytes());
}

fn read_text(rest: &mut &[u8]) -> Result<String> {
    let [len] = take(rest)?;
    Ok(std::str::from_utf8(take_slice(rest, usize::from(len))?)?.to_owned())
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N]> {
    let (head, tail) = rest.split_first_chunk().context("the recording is cut off")?;
    *rest = tail;
    Ok(*head)
}

fn take_slice<'r>(rest: &mut &'r [u8], len: usize) -> Result<&'r [u8]> {
    let (head, tail) = rest.split_at_checked(len).context("the recording is cut off")?;
    *rest = tail;
    Ok(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let layer = |rid: &str, ssrc| Layer { rid: rid.to_owned(), ssrc };
        let packet = |layer, payload: &[u8]| Packet {
            at_us: 5,
            layer,
            marker: true,
            seq: 65_535,
            timestamp: 9,
            payload: payload.to_vec(),
        };
        let recording = Recording {
            codec: "VP8".to_owned(),
            layers: vec![layer("l", 1), layer("h", 2)],
            packets: vec![packet(0, b"abc"), packet(1, b"")],
        };
        let bytes = recording.write();
        assert_eq!(Recording::read(&bytes).unwrap(), recording);
        for len in 0..bytes.len() {
            let whole = Recording::read(&bytes[..len]).is_ok_and(|cut| cut.packets.len() < 2);
            assert!(Recording::read(&bytes[..len]).is_err() || whole, "{len}");
        }
        let mut bytes = bytes;
        bytes.extend(
            Recording { packets: vec![packet(2, b"x")], ..Recording::default() }
                .write()
                .split_off(10),
        );
        assert!(Recording::read(&bytes).is_err(), "no third layer");
    }
}
