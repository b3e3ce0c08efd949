//! MP4: what is said about the file, and its index.

use transcribe::upload::{Limits, decode};

use super::{FRAGMENTED, M4A, MB, RECORDER_MP4, stays_small};

fn atom(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    [&(content.len() as u32 + 8).to_be_bytes(), &kind[..], content].concat()
}

/// The file with more in its `moov`, which is after the sound or has no positions in it.
fn with(file: &[u8], more: &[u8]) -> Vec<u8> {
    let kind_at = file.windows(4).position(|it| it == b"moov").unwrap();
    let size = u32::from_be_bytes(*file[kind_at - 4..].first_chunk().unwrap());
    let end = kind_at - 4 + size as usize;
    let mut all = [&file[..end], more, &file[end..]].concat();
    all[kind_at - 4..kind_at].copy_from_slice(&(size + more.len() as u32).to_be_bytes());
    all
}

/// Tags as iTunes writes them.
fn tags() -> Vec<u8> {
    let text = atom(b"data", b"\0\0\0\x01\0\0\0\0x");
    let list = atom(b"ilst", &atom(b"\xa9cmt", &text).repeat(700_000));
    atom(
        b"meta",
        &[&[0; 4], &atom(b"hdlr", b"\0\0\0\0\0\0\0\0mdirappl\0\0\0\0\0\0\0\0\0")[..], &list]
            .concat(),
    )
}

#[test]
fn tags_in_all_their_places() {
    let _alone = super::alone();
    let (plain, fragmented) =
        [M4A, RECORDER_MP4].map(|file| decode(file, Limits::default()).unwrap().len()).into();
    let udta = atom(b"udta", &tags());
    assert_eq!(stays_small("udta", &with(M4A, &udta), MB), Ok(plain));
    assert_eq!(stays_small("udta of fragments", &with(RECORDER_MP4, &udta), MB), Ok(fragmented));
    assert_eq!(stays_small("meta", &with(M4A, &tags()), MB), Ok(plain));
    assert_eq!(stays_small("meta at the end", &[M4A, &tags()].concat(), MB), Ok(plain));
    let unknown = atom(b"\nxyz", b"").repeat(2_500_000);
    assert!(stays_small("unknown", &[M4A, &unknown].concat(), MB).is_err());
}

/// As every recording is whose index is written last: nothing of the sound counts against it.
#[test]
fn much_sound_before_the_index() {
    let _alone = super::alone();
    let plain = decode(M4A, Limits::default()).unwrap().len();
    let kind_at = M4A.windows(4).position(|it| it == b"mdat").unwrap();
    let size = u32::from_be_bytes(*M4A[kind_at - 4..].first_chunk().unwrap());
    let (end, more) = (kind_at - 4 + size as usize, vec![0x55; 20 * MB]);
    let mut file = [&M4A[..end], &more, &M4A[end..]].concat();
    file[kind_at - 4..kind_at].copy_from_slice(&(size + more.len() as u32).to_be_bytes());
    assert_eq!(stays_small("sound", &file, MB), Ok(plain));
}

#[test]
fn indexes() {
    let _alone = super::alone();
    let fragment = |run: &[u8]| {
        let track = atom(b"traf", &[atom(b"tfhd", b"\0\0\0\0\0\0\0\x01"), run.to_vec()].concat());
        atom(b"moof", &[atom(b"mfhd", &[0; 8]), track].concat())
    };
    let run = |count: u32| atom(b"trun", &[&[0; 4], &count.to_be_bytes()[..]].concat());
    let after = |more: &[u8]| [FRAGMENTED, more].concat();
    let empty = atom(b"moof", &atom(b"mfhd", &[0; 8])).repeat(1_000_000);
    let runs = fragment(&run(1).repeat(1_500_000));
    assert!(stays_small("empty fragments", &after(&empty), MB).is_err());
    let _ = stays_small("some empty fragments", &after(&empty[..MB]), 100 * MB);
    assert!(stays_small("runs", &after(&runs), MB).is_err());
    let _ = stays_small("some runs", &after(&fragment(&run(0).repeat(100_000))), 100 * MB);
    let long = fragment(&run(u32::MAX).repeat(1_000));
    assert!(stays_small("long runs", &after(&long), 2 * MB).is_err());
    let _ = stays_small("many frames", &after(&fragment(&run(99_999).repeat(1_000))), 10 * MB);
    let track = atom(b"trak", &[]).repeat(2_500_000);
    assert!(stays_small("tracks", &with(M4A, &track), MB).is_err());
}
