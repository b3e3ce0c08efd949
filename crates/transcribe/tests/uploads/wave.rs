//! WAVE files of every kind.

/// How samples are written.
#[derive(Clone, Copy)]
pub struct Kind {
    pub name: &'static str,
    format: u16,
    bytes: u16,
    channels: u16,
    write: fn(f32, &mut Vec<u8>),
}

/// What the header says of the length.
#[derive(Clone, Copy)]
pub enum Length {
    True,
    Unknown,
    Seconds(u32),
}

const RATE_HZ: u32 = 16_000;

pub const KINDS: [Kind; 7] = [
    Kind { name: "16 bit", format: 1, bytes: 2, channels: 1, write: sixteen },
    Kind { name: "16 bit stereo", format: 1, bytes: 2, channels: 2, write: sixteen },
    Kind {
        name: "24 bit",
        format: 1,
        bytes: 3,
        channels: 1,
        write: |sample, to| {
            to.extend_from_slice(&((sample * 8_388_607.0) as i32).to_le_bytes()[..3]);
        },
    },
    Kind {
        name: "float",
        format: 3,
        bytes: 4,
        channels: 1,
        write: |sample, to| {
            to.extend_from_slice(&sample.to_le_bytes());
        },
    },
    Kind {
        name: "mu-law",
        format: 7,
        bytes: 1,
        channels: 1,
        write: |sample, to| to.push(mu_law(sample)),
    },
    Kind {
        name: "mu-law without extension",
        format: 7,
        bytes: 1,
        channels: 1,
        write: |sample, to| to.push(mu_law(sample)),
    },
    Kind {
        name: "A-law",
        format: 6,
        bytes: 1,
        channels: 1,
        write: |sample, to| to.push(a_law(sample)),
    },
];

impl Kind {
    /// The file; stereo has the sound on one side only.
    pub fn file(&self, samples: &[f32], length: Length) -> Vec<u8> {
        let block = self.bytes * self.channels;
        let mut data = Vec::new();
        for &sample in samples {
            (self.write)(sample, &mut data);
            (1..self.channels).for_each(|_| (self.write)(0.0, &mut data));
        }
        let announced = match length {
            Length::True => data.len() as u32,
            Length::Unknown => u32::MAX,
            Length::Seconds(seconds) => seconds * RATE_HZ * u32::from(block),
        };
        let mut file = b"RIFF".to_vec();
        file.extend(announced.saturating_add(36).to_le_bytes());
        let extended = self.format > 3 && !self.name.ends_with("without extension");
        file.extend(b"WAVEfmt ");
        file.extend(if extended { 18_u32 } else { 16 }.to_le_bytes());
        file.extend(self.format.to_le_bytes());
        file.extend(self.channels.to_le_bytes());
        file.extend(RATE_HZ.to_le_bytes());
        file.extend((RATE_HZ * u32::from(block)).to_le_bytes());
        file.extend(block.to_le_bytes());
        file.extend((self.bytes * 8).to_le_bytes());
        if extended {
            file.extend(0_u16.to_le_bytes());
        }
        file.extend(b"data");
        file.extend(announced.to_le_bytes());
        file.extend(data);
        file
    }
}

fn sixteen(sample: f32, to: &mut Vec<u8>) {
    to.extend(((sample * 32_767.0) as i16).to_le_bytes());
}

/// G.711 section 3.2.
fn mu_law(sample: f32) -> u8 {
    let sign = if sample < 0.0 { 0x80 } else { 0 };
    let value = (sample.abs() * 32_635.0) as i32 + 132;
    let exponent = (7..15).rev().find(|bit| value >> bit & 1 == 1).unwrap_or(7) - 7;
    let mantissa = value >> (exponent + 3) & 0x0f;
    !(sign | (exponent as u8) << 4 | mantissa as u8)
}

/// G.711 section 3.1.
fn a_law(sample: f32) -> u8 {
    let sign = if sample < 0.0 { 0 } else { 0x80 };
    let value = (sample.abs() * 32_635.0) as i32;
    let exponent = (8..15).rev().find(|bit| value >> bit & 1 == 1).map_or(0, |bit| bit - 7);
    let shift = if exponent == 0 { 4 } else { exponent + 3 };
    let mantissa = value >> shift & 0x0f;
    (sign | (exponent as u8) << 4 | mantissa as u8) ^ 0x55
}
