//! Linux: recvmmsg, sendmmsg, ppoll. All buffers are made once per worker and reused.

use std::io;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::ptr;
use std::time::Duration;

use media::Transmit;

use super::Socket;
use super::sys::{
    Control, empty_header, empty_name, read_destination, read_name, write_name, write_source,
};
use crate::wake::Waker;

/// Datagrams received in one call: enough that a busy worker spends little on calls, few enough that
/// its replies are not late.
const RECEIVE_BATCH: usize = 64;
/// Bytes per datagram. Longer ones are cut here and refused by the media core, whose limit is below.
const RECEIVE_BYTES: usize = 2048;
/// Datagrams sent in one call. The kernel takes up to 1024; past a few hundred nothing is gained.
const SEND_BATCH: usize = 256;
/// How long a full socket buffer is waited for. After that, real-time data is better lost than late.
const SEND_PATIENCE: Duration = Duration::from_millis(5);

/// Buffers for what comes in.
pub(crate) struct Ingress {
    buffers: Box<[[u8; RECEIVE_BYTES]]>,
    names: Box<[libc::sockaddr_storage]>,
    controls: Box<[Control]>,
    vectors: Box<[libc::iovec]>,
    headers: Box<[libc::mmsghdr]>,
}

impl Ingress {
    pub fn new() -> Self {
        let mut buffers = vec![[0; RECEIVE_BYTES]; RECEIVE_BATCH].into_boxed_slice();
        let vectors = buffers
            .iter_mut()
            .map(|buffer| libc::iovec {
                iov_base: buffer.as_mut_ptr().cast(),
                iov_len: buffer.len(),
            })
            .collect();
        Self {
            buffers,
            names: vec![empty_name(); RECEIVE_BATCH].into_boxed_slice(),
            controls: vec![[0; 6]; RECEIVE_BATCH].into_boxed_slice(),
            vectors,
            headers: (0..RECEIVE_BATCH).map(|_| empty_header()).collect(),
        }
    }

    /// Takes one batch without waiting: source, local destination, bytes.
    pub fn receive(
        &mut self,
        socket: &Socket,
        mut take: impl FnMut(SocketAddr, SocketAddr, &[u8]),
    ) {
        self.prepare();
        // SAFETY: every header points to this struct's own vector, name and control, which are alive,
        // at fixed places in their boxes and as long as the header says; the count is their number.
        let received = unsafe {
            libc::recvmmsg(
                socket.inner.as_raw_fd(),
                self.headers.as_mut_ptr(),
                RECEIVE_BATCH as libc::c_uint,
                libc::MSG_DONTWAIT as _,
                ptr::null_mut(),
            )
        };
        // Nothing there, interrupted, or an error of an earlier send: the next turn looks again.
        let received = usize::try_from(received).unwrap_or(0);
        for at in 0..received {
            let header = &self.headers[at];
            let len = (header.msg_len as usize).min(RECEIVE_BYTES);
            let Some(source) = read_name(&self.names[at]) else { continue };
            let ip = read_destination(&header.msg_hdr).unwrap_or(socket.local.ip());
            let destination = SocketAddr::new(ip, socket.local.port());
            take(source, destination, &self.buffers[at][..len]);
        }
    }

    /// The kernel overwrites lengths: they are set anew for each call.
    fn prepare(&mut self) {
        for at in 0..RECEIVE_BATCH {
            let header = &mut self.headers[at].msg_hdr;
            header.msg_name = (&raw mut self.names[at]).cast();
            header.msg_namelen = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
            header.msg_iov = &raw mut self.vectors[at];
            header.msg_iovlen = 1;
            header.msg_control = self.controls[at].as_mut_ptr().cast();
            header.msg_controllen = size_of::<Control>() as _;
            header.msg_flags = 0;
        }
    }
}

/// Buffers for what goes out.
pub(crate) struct Egress {
    contents: Vec<Vec<u8>>,
    names: Box<[libc::sockaddr_storage]>,
    controls: Box<[Control]>,
    vectors: Box<[libc::iovec]>,
    headers: Box<[libc::mmsghdr]>,
    dual: bool,
    /// Datagrams that the kernel would not take.
    pub dropped: u64,
}

impl Egress {
    pub fn new(socket: &Socket) -> Self {
        let empty_vector = libc::iovec { iov_base: ptr::null_mut(), iov_len: 0 };
        Self {
            contents: Vec::with_capacity(SEND_BATCH),
            names: vec![empty_name(); SEND_BATCH].into_boxed_slice(),
            controls: vec![[0; 6]; SEND_BATCH].into_boxed_slice(),
            vectors: vec![empty_vector; SEND_BATCH].into_boxed_slice(),
            headers: (0..SEND_BATCH).map(|_| empty_header()).collect(),
            dual: socket.is_dual(),
            dropped: 0,
        }
    }

    /// Queues a datagram; a full batch is sent at once.
    pub fn push(&mut self, socket: &Socket, transmit: Transmit) {
        let at = self.contents.len();
        let name_len = write_name(&mut self.names[at], transmit.destination, self.dual);
        let Some(name_len) = name_len else {
            self.dropped += 1;
            return;
        };
        let control_len = write_source(&mut self.controls[at], transmit.source.ip(), self.dual);
        self.contents.push(transmit.contents);
        let contents = &mut self.contents[at];
        self.vectors[at] =
            libc::iovec { iov_base: contents.as_mut_ptr().cast(), iov_len: contents.len() };
        let header = &mut self.headers[at].msg_hdr;
        header.msg_name = (&raw mut self.names[at]).cast();
        header.msg_namelen = name_len;
        header.msg_iov = &raw mut self.vectors[at];
        header.msg_iovlen = 1;
        header.msg_control = match control_len {
            0 => ptr::null_mut(),
            _ => self.controls[at].as_mut_ptr().cast(),
        };
        header.msg_controllen = control_len as _;
        if self.contents.len() == SEND_BATCH {
            self.flush(socket);
        }
    }

    /// Hands everything queued to the kernel; when it returns nothing is queued, sent or not.
    pub fn flush(&mut self, socket: &Socket) {
        let (mut next, mut patient) = (0, true);
        while next < self.contents.len() {
            match self.send_from(socket, next) {
                Ok(sent) => next += sent,
                Err(error) => match error.kind() {
                    io::ErrorKind::Interrupted => {}
                    io::ErrorKind::WouldBlock if patient => patient = wait_writable(socket),
                    io::ErrorKind::WouldBlock => {
                        self.dropped += (self.contents.len() - next) as u64;
                        next = self.contents.len();
                    }
                    // What is left concerns this one datagram: too long for the path, no route,
                    // forbidden by a firewall, or the echo of an earlier refusal.
                    _ => {
                        self.dropped += 1;
                        next += 1;
                    }
                },
            }
        }
        self.contents.clear();
    }

    fn send_from(&mut self, socket: &Socket, next: usize) -> io::Result<usize> {
        let headers = &mut self.headers[next..self.contents.len()];
        // SAFETY: these headers were filled by `push`: name, control and vector point into this
        // struct's boxes, each vector to a Vec in `contents` that lives until the end of `flush` and
        // whose heap buffer does not move with it.
        let sent = unsafe {
            libc::sendmmsg(
                socket.inner.as_raw_fd(),
                headers.as_mut_ptr(),
                headers.len() as libc::c_uint,
                libc::MSG_DONTWAIT as _,
            )
        };
        usize::try_from(sent).map_err(|_| io::Error::last_os_error())
    }
}

/// Waits until the socket has something, the waker was used, or the time is over.
pub(crate) fn wait(socket: &Socket, waker: &Waker, limit: Duration) {
    poll(
        &mut [
            libc::pollfd { fd: socket.inner.as_raw_fd(), events: libc::POLLIN, revents: 0 },
            libc::pollfd { fd: waker.fd(), events: libc::POLLIN, revents: 0 },
        ],
        limit,
    );
}

/// `false`: still full.
fn wait_writable(socket: &Socket) -> bool {
    let fd = socket.inner.as_raw_fd();
    let mut set = [libc::pollfd { fd, events: libc::POLLOUT, revents: 0 }];
    poll(&mut set, SEND_PATIENCE);
    set[0].revents & libc::POLLOUT != 0
}

fn poll(set: &mut [libc::pollfd], limit: Duration) {
    let limit = libc::timespec {
        tv_sec: limit.as_secs().min(3600) as libc::time_t,
        tv_nsec: libc::c_long::from(limit.subsec_nanos() as i32),
    };
    // SAFETY: `set` is writable for its length, `limit` readable, and a null mask changes none. An
    // error (a signal) only means an early return.
    unsafe {
        libc::ppoll(set.as_mut_ptr(), set.len() as libc::nfds_t, &raw const limit, ptr::null());
    }
}
