//! Frames as zstd: every message is one whole zstd frame that says how large its content is, which the
//! public SDK's decoder needs. No context is shared between messages: none depends on another, and what a
//! connection that is idle costs stays nothing.

use std::cell::RefCell;

use zstd::bulk::{Compressor, Decompressor};

/// Frames are a few hundred bytes of JSON: a higher level costs time and saves next to nothing.
const LEVEL: i32 = 1;

thread_local! {
    // A context is a hundred kilobytes and more: one a thread instead of one a connection.
    static PACKER: RefCell<Option<Compressor<'static>>> = RefCell::new(Compressor::new(LEVEL).ok());
    static UNPACKER: RefCell<Option<Decompressor<'static>>> =
        RefCell::new(Decompressor::new().ok());
}

/// A text as one zstd frame. `None` only when there is no memory for it.
pub(super) fn pack(text: &str) -> Option<Vec<u8>> {
    PACKER.with_borrow_mut(|packer| packer.as_mut()?.compress(text.as_bytes()).ok())
}

/// The text in a message of a client's. `None` when it is no zstd, no UTF-8, or larger than `max` bytes,
/// of which no more than that is ever written.
pub(super) fn unpack(packed: &[u8], max: usize) -> Option<String> {
    let unpacked =
        UNPACKER.with_borrow_mut(|unpacker| unpacker.as_mut()?.decompress(packed, max).ok())?;
    String::from_utf8(unpacked).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_whole_and_says_its_size() {
        for text in [String::new(), "{}".to_owned(), "parlor ".repeat(10_000)] {
            let packed = pack(&text).unwrap();
            let size = zstd::zstd_safe::get_frame_content_size(&packed).unwrap();
            assert_eq!(size, Some(text.len() as u64));
            assert_eq!(zstd::zstd_safe::find_frame_compressed_size(&packed), Ok(packed.len()));
            assert_eq!(unpack(&packed, text.len()), Some(text));
        }
    }

    #[test]
    fn what_is_too_large_or_no_text_is_nothing() {
        let packed = pack(&"x".repeat(1025)).unwrap();
        assert_eq!(unpack(&packed, 1024), None);
        assert_eq!(unpack(&packed[..packed.len() - 1], 4096), None);
        assert_eq!(unpack(b"{\"type\":\"heartbeat\"}", 4096), None);
        let no_text = zstd::bulk::compress(&[0xff, 0xfe], LEVEL).unwrap();
        assert_eq!(unpack(&no_text, 4096), None);
        // A frame that does not say its size, of a gigabyte of nothing.
        let mut streaming = zstd::stream::Encoder::new(Vec::new(), 19).unwrap();
        let zeros = vec![0; 1 << 20];
        for _ in 0..64 {
            std::io::Write::write_all(&mut streaming, &zeros).unwrap();
        }
        let bomb = streaming.finish().unwrap();
        assert!(bomb.len() < 16 * 1024);
        assert_eq!(zstd::zstd_safe::get_frame_content_size(&bomb).unwrap(), None);
        assert_eq!(unpack(&bomb, 16 * 1024), None);
        // The context is good for the next message.
        assert_eq!(unpack(&pack("ok").unwrap(), 16), Some("ok".to_owned()));
    }
}
