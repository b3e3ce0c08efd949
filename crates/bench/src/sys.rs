//! The system calls of the load client: datagrams in batches with the kernel's time of arrival and the
//! local address they came to, datagrams from a chosen local address, and waiting for sockets.
//!
//! One socket serves many members: it is bound to all addresses and each member has an address of
//! 127.0.0.0/8 of its own, which on Linux are all local. So a burst to a hundred members is two calls.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd;
use std::ptr;
use std::time::Duration;

/// Datagrams per call. A burst to a larger room takes several.
pub const BATCH: usize = 128;
const BYTES: usize = 2048;
/// Wanted kernel buffer: a burst to every member must fit while the client does something else.
const BUFFER_BYTES: libc::c_int = 32 * 1024 * 1024;

/// Room for a time stamp and a packet information, aligned for their headers.
type Control = [u64; 16];

/// A received datagram.
pub struct Datagram<'a> {
    /// Its sender.
    pub from: SocketAddrV4,
    /// The local address that it came to.
    pub to: Ipv4Addr,
    /// When the kernel got it, in nanoseconds since 1970.
    pub at_ns: u64,
    /// What is in it.
    pub bytes: &'a [u8],
}

/// Opens a socket that tells time and local address of what it receives.
pub fn open(address: SocketAddrV4) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind(address)?;
    socket.set_nonblocking(true)?;
    set(&socket, libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, 1)?;
    set(&socket, libc::IPPROTO_IP, libc::IP_PKTINFO, 1)?;
    // Beyond the system's limit where that is allowed, else up to it.
    if set(&socket, libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, BUFFER_BYTES).is_err() {
        set(&socket, libc::SOL_SOCKET, libc::SO_RCVBUF, BUFFER_BYTES)?;
    }
    Ok(socket)
}

fn set(socket: &UdpSocket, level: i32, name: i32, value: libc::c_int) -> io::Result<()> {
    // SAFETY: the descriptor is open for the call and `value` is readable for the length given.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            name,
            (&raw const value).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Buffers to receive into, made once.
pub struct Inlet {
    buffers: Box<[[u8; BYTES]]>,
    names: Box<[libc::sockaddr_in]>,
    controls: Box<[Control]>,
    vectors: Box<[libc::iovec]>,
    headers: Box<[libc::mmsghdr]>,
}

impl Inlet {
    /// Buffers for one batch.
    pub fn new() -> Self {
        let mut buffers = vec![[0; BYTES]; BATCH].into_boxed_slice();
        let vectors = buffers.iter_mut().map(|buffer| libc::iovec {
            iov_base: buffer.as_mut_ptr().cast(),
            iov_len: buffer.len(),
        });
        let vectors = vectors.collect();
        // SAFETY: all-zero bytes are valid values of these plain C structures.
        let (name, header) = unsafe { (std::mem::zeroed(), std::mem::zeroed::<libc::mmsghdr>()) };
        Self {
            buffers,
            names: vec![name; BATCH].into_boxed_slice(),
            controls: vec![[0; 16]; BATCH].into_boxed_slice(),
            vectors,
            headers: (0..BATCH).map(|_| header).collect(),
        }
    }

    /// Takes one batch without waiting; returns how many there were.
    pub fn receive(&mut self, socket: &UdpSocket, mut take: impl FnMut(Datagram<'_>)) -> usize {
        for at in 0..BATCH {
            let header = &mut self.headers[at].msg_hdr;
            header.msg_name = (&raw mut self.names[at]).cast();
            header.msg_namelen = size_of::<libc::sockaddr_in>() as libc::socklen_t;
            header.msg_iov = &raw mut self.vectors[at];
            header.msg_iovlen = 1;
            header.msg_control = self.controls[at].as_mut_ptr().cast();
            header.msg_controllen = size_of::<Control>() as _;
            header.msg_flags = 0;
        }
        // SAFETY: every header points to this struct's own vector, name and control, which are alive,
        // at fixed places in their boxes and as long as the header says; the count is their number.
        let received = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                self.headers.as_mut_ptr(),
                BATCH as libc::c_uint,
                libc::MSG_DONTWAIT as _,
                ptr::null_mut(),
            )
        };
        let received = usize::try_from(received).unwrap_or(0);
        for at in 0..received {
            let header = &self.headers[at];
            let name = &self.names[at];
            let ip = Ipv4Addr::from(u32::from_be(name.sin_addr.s_addr));
            let (at_ns, to) = read_control(&header.msg_hdr);
            take(Datagram {
                from: SocketAddrV4::new(ip, u16::from_be(name.sin_port)),
                to,
                at_ns,
                bytes: &self.buffers[at][..(header.msg_len as usize).min(BYTES)],
            });
        }
        received
    }
}

fn read_control(header: &libc::msghdr) -> (u64, Ipv4Addr) {
    let (mut at_ns, mut to) = (0, Ipv4Addr::UNSPECIFIED);
    // SAFETY: `header` was filled by recvmmsg, so its control pointer and length describe readable
    // control messages, which CMSG_FIRSTHDR and CMSG_NXTHDR walk without leaving them; the kernel
    // writes the payload that belongs to each kind that was asked for.
    unsafe {
        let mut at = libc::CMSG_FIRSTHDR(header);
        while let Some(message) = at.as_ref() {
            let payload = libc::CMSG_DATA(at);
            match (message.cmsg_level, message.cmsg_type) {
                (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS) => {
                    let time = payload.cast::<libc::timespec>().read_unaligned();
                    at_ns = time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64;
                }
                (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                    let info = payload.cast::<libc::in_pktinfo>().read_unaligned();
                    to = Ipv4Addr::from(u32::from_be(info.ipi_addr.s_addr));
                }
                _ => {}
            }
            at = libc::CMSG_NXTHDR(header, at);
        }
    }
    (at_ns, to)
}

/// Sends one datagram from a local address of the socket. What the kernel does not take is lost, as it
/// would be on a network.
pub fn send(socket: &UdpSocket, from: Ipv4Addr, to: SocketAddrV4, bytes: &[u8]) {
    let mut name = libc::sockaddr_in {
        sin_family: libc::AF_INET as libc::sa_family_t,
        sin_port: to.port().to_be(),
        sin_addr: libc::in_addr { s_addr: u32::from(*to.ip()).to_be() },
        sin_zero: [0; 8],
    };
    let info = libc::in_pktinfo {
        ipi_ifindex: 0,
        ipi_spec_dst: libc::in_addr { s_addr: u32::from(from).to_be() },
        ipi_addr: libc::in_addr { s_addr: 0 },
    };
    let mut control: Control = [0; 16];
    let mut vector =
        libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
    // SAFETY: CMSG_SPACE and CMSG_LEN only compute; `control` is aligned and long enough for one header
    // and its payload; the header's pointers are to locals that outlive the call, and the kernel only
    // reads through all of them.
    unsafe {
        let payload_len = size_of::<libc::in_pktinfo>() as libc::c_uint;
        let at: *mut libc::cmsghdr = control.as_mut_ptr().cast();
        (*at).cmsg_len = libc::CMSG_LEN(payload_len) as _;
        (*at).cmsg_level = libc::IPPROTO_IP;
        (*at).cmsg_type = libc::IP_PKTINFO;
        libc::CMSG_DATA(at).cast::<libc::in_pktinfo>().write_unaligned(info);
        let mut header: libc::msghdr = std::mem::zeroed();
        header.msg_name = (&raw mut name).cast();
        header.msg_namelen = size_of::<libc::sockaddr_in>() as libc::socklen_t;
        header.msg_iov = &raw mut vector;
        header.msg_iovlen = 1;
        header.msg_control = control.as_mut_ptr().cast();
        header.msg_controllen = libc::CMSG_SPACE(payload_len) as _;
        libc::sendmsg(socket.as_raw_fd(), &raw const header, libc::MSG_DONTWAIT);
    }
}

/// Sockets that are waited for.
#[derive(Default)]
pub struct Waiting(Vec<libc::pollfd>);

impl Waiting {
    /// One more; it must live for as long as this does.
    pub fn add(&mut self, socket: &UdpSocket) {
        self.0.push(libc::pollfd { fd: socket.as_raw_fd(), events: libc::POLLIN, revents: 0 });
    }

    /// Waits until one of them has something or the time is over.
    pub fn wait(&mut self, limit: Duration) {
        let limit = libc::timespec {
            tv_sec: limit.as_secs().min(1) as libc::time_t,
            tv_nsec: libc::c_long::from(limit.subsec_nanos() as i32),
        };
        let count = self.0.len() as libc::nfds_t;
        // SAFETY: the set is writable for its length, `limit` readable, and a null mask changes none.
        unsafe { libc::ppoll(self.0.as_mut_ptr(), count, &raw const limit, ptr::null()) };
    }

    /// Which of them, in the order in which they were added, had something at the last look.
    pub fn ready(&self) -> impl Iterator<Item = usize> {
        let all = self.0.iter().enumerate();
        all.filter(|(_, entry)| entry.revents != 0).map(|(at, _)| at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_socket_is_many_addresses_and_arrivals_have_a_time() {
        let socket = open(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0)).unwrap();
        let port = socket.local_addr().unwrap().port();
        let (one, two) = (Ipv4Addr::new(127, 77, 0, 1), Ipv4Addr::new(127, 77, 0, 2));
        send(&socket, one, SocketAddrV4::new(two, port), b"hello");
        let (mut inlet, mut seen, mut waiting) = (Inlet::new(), Vec::new(), Waiting::default());
        waiting.add(&socket);
        while seen.is_empty() {
            waiting.wait(Duration::from_secs(1));
            assert!(waiting.ready().all(|at| at == 0));
            inlet.receive(&socket, |d| seen.push((d.from, d.to, d.bytes.to_vec(), d.at_ns)));
        }
        assert_eq!(seen.len(), 1);
        assert_eq!((seen[0].0, seen[0].1), (SocketAddrV4::new(one, port), two));
        assert_eq!(seen[0].2, b"hello");
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let age = now.as_nanos() as u64 - seen[0].3;
        assert!(age < 3_600_000_000_000, "{age}");
    }
}
