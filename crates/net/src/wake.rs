//! Waking a worker thread that waits for its socket: an eventfd on Linux, a datagram to itself
//! elsewhere. Many wakes before the thread looks are one.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

#[cfg(target_os = "linux")]
use linux::Signal;
#[cfg(not(target_os = "linux"))]
use portable::Signal;

/// Wakes one thread; cheap to clone.
#[derive(Clone)]
pub(crate) struct Waker(Arc<Inner>);

struct Inner {
    pending: AtomicBool,
    signal: Signal,
}

impl Waker {
    /// Makes one; `local` is the worker's address, for systems that wake by datagram.
    pub fn new(local: SocketAddr) -> io::Result<Self> {
        let signal = Signal::new(local)?;
        Ok(Self(Arc::new(Inner { pending: AtomicBool::new(false), signal })))
    }

    /// Makes the thread look at its queues soon.
    pub fn wake(&self) {
        if !self.0.pending.swap(true, Ordering::AcqRel) {
            self.0.signal.raise();
        }
    }

    /// The thread calls this before it looks: a wake after it is a new one.
    pub fn clear(&self) {
        self.0.signal.lower();
        // Read as well as written: whoever found it set has queued before, and that must be seen now.
        self.0.pending.swap(false, Ordering::AcqRel);
    }

    /// What to wait for besides the socket.
    #[cfg(target_os = "linux")]
    pub fn fd(&self) -> std::os::fd::RawFd {
        self.0.signal.fd()
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::io;
    use std::net::SocketAddr;
    use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

    pub(super) struct Signal(OwnedFd);

    impl Signal {
        pub fn new(_local: SocketAddr) -> io::Result<Self> {
            // SAFETY: eventfd takes no pointers.
            let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
            if fd < 0 {
                return Err(io::Error::last_os_error());
            }
            // SAFETY: the descriptor is fresh, valid and owned by nobody else.
            Ok(Self(unsafe { OwnedFd::from_raw_fd(fd) }))
        }

        pub fn raise(&self) {
            let one = 1_u64;
            // SAFETY: `one` is readable for its 8 bytes. A failure means the counter is full: awake.
            unsafe { libc::write(self.fd(), (&raw const one).cast(), 8) };
        }

        pub fn lower(&self) {
            let mut count = 0_u64;
            // SAFETY: `count` is writable for its 8 bytes. A failure means nobody had raised it.
            unsafe { libc::read(self.fd(), (&raw mut count).cast(), 8) };
        }

        pub fn fd(&self) -> RawFd {
            self.0.as_raw_fd()
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod portable {
    use std::io;
    use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

    /// Sends an empty datagram to the worker's own socket.
    pub(super) struct Signal {
        socket: UdpSocket,
        target: SocketAddr,
    }

    impl Signal {
        pub fn new(local: SocketAddr) -> io::Result<Self> {
            let mut target = local;
            if target.ip().is_unspecified() {
                target.set_ip(Ipv4Addr::LOCALHOST.into());
            }
            Ok(Self { socket: UdpSocket::bind((target.ip(), 0))?, target })
        }

        pub fn raise(&self) {
            // If it is lost the thread wakes by its own time limit.
            let _ = self.socket.send_to(&[], self.target);
        }

        pub fn lower(&self) {}
    }
}
