//! Real packets, for fuzzing to begin with.

pub const OFFERS: [&str; 3] =
    [include_str!("chromium.sdp"), include_str!("firefox.sdp"), include_str!("aiortc.sdp")];

pub const CANDIDATES: [&str; 4] = [
    "candidate:1 1 udp 2122260223 10.0.0.7 50123 typ host generation 0 ufrag Hkop network-id 1",
    "candidate:842163049 1 udp 1677729535 203.0.113.9 46154 typ srflx raddr 10.0.0.7 rport 50123",
    "candidate:1 1 udp 2122260223 1f4712db-ea17-4bcf-a596-105139dfd8bf.local 50123 typ host",
    "a=candidate:4 1 tcp 1518280447 2001:db8::7 9 typ host tcptype active",
];

/// As they are on the wire, without a connection's keys.
pub const DATAGRAMS: [&[u8]; 7] = [
    // The request of RFC 5769 section 2.1: an ICE check.
    &[
        0x00, 0x01, 0x00, 0x58, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6,
        0x86, 0xfa, 0x87, 0xdf, 0xae, 0x80, 0x22, 0x00, 0x10, 0x53, 0x54, 0x55, 0x4e, 0x20, 0x74,
        0x65, 0x73, 0x74, 0x20, 0x63, 0x6c, 0x69, 0x65, 0x6e, 0x74, 0x00, 0x24, 0x00, 0x04, 0x6e,
        0x00, 0x01, 0xff, 0x80, 0x29, 0x00, 0x08, 0x93, 0x2f, 0xf9, 0xb1, 0x51, 0x26, 0x3b, 0x36,
        0x00, 0x06, 0x00, 0x09, 0x65, 0x76, 0x74, 0x6a, 0x3a, 0x68, 0x36, 0x76, 0x59, 0x20, 0x20,
        0x20, 0x00, 0x08, 0x00, 0x14, 0x9a, 0xea, 0xa7, 0x0c, 0xbf, 0xd8, 0xcb, 0x56, 0x78, 0x1e,
        0xf2, 0xb5, 0xb2, 0xd3, 0xf2, 0x49, 0xc1, 0xb5, 0x71, 0xa2, 0x80, 0x28, 0x00, 0x04, 0xe5,
        0x7a, 0x3b, 0xcf,
    ],
    // A check for a session of the harness (its names are known), without the password.
    &[
        0x00, 0x01, 0x00, 0x18, 0x21, 0x12, 0xa4, 0x42, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 0x00,
        0x06, 0x00, 0x0f, b'0', b'0', b'C', b'C', b'C', b'C', b'C', b'C', b'C', b'C', b':', b'a',
        b'b', b'c', b'd', 0, 0x00, 0x25, 0x00, 0x00,
    ],
    // A plain request, and a response.
    &[0x00, 0x01, 0x00, 0x00, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
    &[
        0x01, 0x01, 0x00, 0x0c, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
        0x00, 0x20, 0x00, 0x08, 0x00, 0x01, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43,
    ],
    // The beginning of a DTLS 1.2 ClientHello, and an alert.
    &[
        22, 0xfe, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x36, 1, 0, 0, 0x2a, 0, 0, 0, 0, 0, 0, 0, 0x2a,
        0xfe, 0xfd, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22,
        23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 0, 0, 0, 2, 0xc0, 0x2b, 1, 0,
    ],
    &[21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 40],
    // SRTP with extensions.
    &[
        0x90, 0x6f, 0x11, 0x22, 0, 0, 0, 9, 0xaa, 0xaa, 0xaa, 0xaa, 0xbe, 0xde, 0, 2, 0x10, 0x9e,
        0x42, b'R', b'C', b'V', 0, 0, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
        7, 7, 7, 7,
    ],
];

const A: u8 = 0xaa;
const B: u8 = 0xbb;

/// RTCP in the clear: from the stream aaaaaaaa, about bbbbbbbb.
pub const REPORTS: [&[u8]; 14] = [
    // Sender report with a block.
    &[
        0x81, 200, 0, 12, A, A, A, A, 0xe8, 1, 2, 3, 4, 5, 6, 7, 0, 0, 9, 9, 0, 0, 1, 0, 0, 0, 9,
        0, B, B, B, B, 3, 0, 0, 7, 0, 0, 0x12, 0x34, 0, 0, 0, 9, 1, 2, 3, 4, 0, 0, 9, 9,
    ],
    // Receiver report with a block, and without.
    &[
        0x81, 201, 0, 7, A, A, A, A, B, B, B, B, 3, 0, 0, 7, 0, 0, 0x12, 0x34, 0, 0, 0, 9, 1, 2, 3,
        4, 0, 0, 9, 9,
    ],
    &[0x80, 201, 0, 1, A, A, A, A],
    // Source description with a name.
    &[0x81, 202, 0, 4, A, A, A, A, 1, 6, b'a', b'b', b'c', b'd', b'e', b'f', 0, 0, 0, 0],
    // Goodbye with a reason.
    &[0x81, 203, 0, 3, B, B, B, B, 4, b'g', b'o', b'n', b'e', 0, 0, 0],
    // Application-defined.
    &[0x80, 204, 0, 3, A, A, A, A, b'n', b'a', b'm', b'e', 1, 2, 3, 4],
    // NACK of three numbers.
    &[0x81, 205, 0, 4, A, A, A, A, B, B, B, B, 0, 9, 0, 0, 0, 40, 0x80, 0x01],
    // Transport-wide feedback: a run length chunk, a vector chunk, deltas.
    &[
        0x8f, 205, 0, 6, A, A, A, A, B, B, B, B, 0, 7, 0, 4, 0, 0, 9, 3, 0x20, 2, 0xd4, 0, 4, 4, 4,
        0,
    ],
    // Picture loss, slice loss, full intra request, bandwidth estimate.
    &[0x81, 206, 0, 2, A, A, A, A, B, B, B, B],
    &[0x82, 206, 0, 3, A, A, A, A, B, B, B, B, 1, 2, 3, 4],
    &[0x84, 206, 0, 4, A, A, A, A, 0, 0, 0, 0, B, B, B, B, 7, 0, 0, 0],
    &[
        0x8f, 206, 0, 5, A, A, A, A, 0, 0, 0, 0, b'R', b'E', b'M', b'B', 1, 0x0b, 0xff, 0xff, B, B,
        B, B,
    ],
    // Extended reports: reference time, and its answer.
    &[0x80, 207, 0, 4, A, A, A, A, 4, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8],
    &[0x80, 207, 0, 5, A, A, A, A, 5, 0, 0, 3, B, B, B, B, 1, 2, 3, 4, 0, 0, 9, 9],
];

/// RTP in the clear: header and payload.
pub const MEDIA: [(&[u8], &[u8]); 9] = [
    // Opus with its level and its section.
    (
        &[
            0x90, 111, 0, 1, 0, 0, 0, 9, A, A, A, A, 0xbe, 0xde, 0, 2, 0x10, 0x9e, 0x42, b'R',
            b'C', b'V', 0, 0,
        ],
        &[0xfc, 0xff, 0xfe],
    ),
    // Extensions with heads of two bytes.
    (
        &[
            0x90, 111, 0, 1, 0, 0, 0, 9, A, A, A, A, 0x10, 0, 0, 2, 1, 1, 0x9e, 4, 3, b'R', b'C',
            b'V',
        ],
        &[0xfc, 0xff, 0xfe],
    ),
    // Contributing sources, and padding.
    (&[0x82, 111, 0, 1, 0, 0, 0, 9, A, A, A, A, 1, 1, 1, 1, 2, 2, 2, 2], &[0xfc, 0xff, 0xfe]),
    (&[0xa0, 111, 0, 1, 0, 0, 0, 9, A, A, A, A], &[0xfc, 0, 0, 0, 4]),
    (&[0xa0, 111, 0, 1, 0, 0, 0, 9, A, A, A, A], &[]),
    // VP8: a keyframe with all of a descriptor.
    (
        &[0x80, 0xe0, 0, 1, 0, 0, 0, 9, A, A, A, A],
        &[0x90, 0xf0, 0x81, 0x22, 1, 0x21, 0x50, 0, 0, 0x9d, 1, 0x2a, 0x80, 2, 0x68, 1, 7, 7],
    ),
    // VP9: a keyframe with a scalability structure.
    (
        &[0x80, 0xe2, 0, 1, 0, 0, 0, 9, A, A, A, A],
        &[
            0xaa, 0x81, 0x22, 0x00, 9, 0x58, 1, 0x40, 0, 0xb4, 2, 0x80, 1, 0x68, 5, 0, 2, 0xd0, 4,
            4, 4, 0x54, 1, 0x34, 2, 0x44, 1, 0x82, 0x49, 0x83, 0x42, 0, 0x13, 0xf0, 0x0b, 0x30,
        ],
    ),
    // H.264: parameters and a slice together; a fragment.
    (
        &[0x80, 0xe4, 0, 1, 0, 0, 0, 9, A, A, A, A],
        &[0x78, 0, 4, 0x67, 0x42, 0xe0, 0x1f, 0, 2, 0x65, 0x88],
    ),
    // A retransmission: the number it had, and what it was.
    (&[0x80, 97, 0, 1, 0, 0, 0, 9, A, A, A, A], &[0, 7, 0x10, 0x50, 0, 0, 0x9d, 1, 0x2a]),
];
