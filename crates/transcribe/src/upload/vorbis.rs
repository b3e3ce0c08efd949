//! The tables that a Vorbis stream asks for: thirty bytes can ask for 16 MB, 256 times.

/// How a codebook begins (Vorbis I, section 3.2.1), before 16 bits with its dimensions and 24 bits
/// with its entries, the lowest bit of the lowest byte first.
const CODEBOOK: u64 = 0x56_4342;
/// What the decoder takes of one.
const DIMENSIONS: std::ops::RangeInclusive<u64> = 1..=32;
const ENTRIES_MAX: u64 = 128 * 1024;
/// Entries of all codebooks: libvorbis' largest set has a quarter of it. Each takes up to 0.1 kB.
const ALL_ENTRIES_MAX: u64 = 128 * 1024;
/// Numbers in all codebooks, 8 MB.
const ALL_VALUES_MAX: u64 = 2 * 1024 * 1024;

/// Whether the headers of a stream ask for no more than real ones. Codebooks follow each other
/// without a length, so they are looked for at every bit: what is found is all that the decoder
/// finds, and in 100 GB of other bits once something else.
pub fn is_sane(headers: &[u8]) -> bool {
    let (mut entries, mut values) = (0, 0);
    for at in 0..headers.len() {
        let window = &headers[at..headers.len().min(at + 9)];
        let bits = window.iter().rev().fold(0_u128, |bits, &byte| bits << 8 | u128::from(byte));
        for shift in 0..8 {
            let bits = (bits >> shift) as u64;
            let (mark, dimensions, count) = (bits & 0xff_ffff, bits >> 24 & 0xffff, bits >> 40);
            if mark == CODEBOOK && DIMENSIONS.contains(&dimensions) && count <= ENTRIES_MAX {
                entries += count;
                values += count * dimensions;
            }
        }
    }
    entries <= ALL_ENTRIES_MAX && values <= ALL_VALUES_MAX
}
