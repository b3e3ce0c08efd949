//! Linux's structures for addresses and packet information, behind safe functions.

use std::io;
use std::mem::size_of;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::os::fd::AsRawFd;

use super::plain;

/// Room for one packet-information control message of either family, aligned for its header.
pub(super) type Control = [u64; 6];

const CONTROL_LEN: usize = size_of::<Control>();

/// Has the kernel say to which local address each datagram came.
pub(super) fn ask_for_destination(socket: &socket2::Socket, ipv6: bool) -> io::Result<()> {
    let (level, option) = if ipv6 {
        (libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO)
    } else {
        (libc::IPPROTO_IP, libc::IP_PKTINFO)
    };
    let on: libc::c_int = 1;
    // SAFETY: the descriptor is open for the call and `on` is readable for the length given.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            option,
            (&raw const on).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// A storage of zeroes.
pub(super) fn empty_name() -> libc::sockaddr_storage {
    // SAFETY: all-zero bytes are a valid value of this plain C structure.
    unsafe { std::mem::zeroed() }
}

/// A header of zeroes and null pointers.
pub(super) fn empty_header() -> libc::mmsghdr {
    // SAFETY: all-zero bytes (null pointers, zero lengths) are a valid value of this C structure.
    unsafe { std::mem::zeroed() }
}

/// Writes an address for the kernel. `None`: a socket of this family cannot send there.
pub(super) fn write_name(
    name: &mut libc::sockaddr_storage,
    address: SocketAddr,
    dual: bool,
) -> Option<libc::socklen_t> {
    if !dual {
        let SocketAddr::V4(address) = address else { return None };
        let raw = libc::sockaddr_in {
            sin_family: libc::AF_INET as libc::sa_family_t,
            sin_port: address.port().to_be(),
            sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes(address.ip().octets()) },
            sin_zero: [0; 8],
        };
        // SAFETY: sockaddr_storage is at least as large and as aligned as every socket address.
        unsafe { (&raw mut *name).cast::<libc::sockaddr_in>().write(raw) };
        return Some(size_of::<libc::sockaddr_in>() as libc::socklen_t);
    }
    let (flow, scope) = match address {
        SocketAddr::V6(v6) => (v6.flowinfo(), v6.scope_id()),
        SocketAddr::V4(_) => (0, 0),
    };
    let raw = libc::sockaddr_in6 {
        sin6_family: libc::AF_INET6 as libc::sa_family_t,
        sin6_port: address.port().to_be(),
        sin6_flowinfo: flow,
        sin6_addr: libc::in6_addr { s6_addr: mapped(address.ip()).octets() },
        sin6_scope_id: scope,
    };
    // SAFETY: as above.
    unsafe { (&raw mut *name).cast::<libc::sockaddr_in6>().write(raw) };
    Some(size_of::<libc::sockaddr_in6>() as libc::socklen_t)
}

/// Reads an address that the kernel wrote.
pub(super) fn read_name(name: &libc::sockaddr_storage) -> Option<SocketAddr> {
    match i32::from(name.ss_family) {
        libc::AF_INET => {
            // SAFETY: the family says which structure the kernel wrote; the storage is large enough.
            let raw = unsafe { (&raw const *name).cast::<libc::sockaddr_in>().read() };
            let ip = Ipv4Addr::from(raw.sin_addr.s_addr.to_ne_bytes());
            Some(SocketAddr::new(ip.into(), u16::from_be(raw.sin_port)))
        }
        libc::AF_INET6 => {
            // SAFETY: as above.
            let raw = unsafe { (&raw const *name).cast::<libc::sockaddr_in6>().read() };
            let ip = Ipv6Addr::from(raw.sin6_addr.s6_addr);
            let port = u16::from_be(raw.sin6_port);
            Some(plain(SocketAddrV6::new(ip, port, 0, raw.sin6_scope_id).into()))
        }
        _ => None,
    }
}

/// Writes the local address to send from. Returns the length of the control data: 0 if it cannot
/// be said on this socket, and the kernel chooses.
pub(super) fn write_source(control: &mut Control, source: IpAddr, dual: bool) -> usize {
    if dual {
        let info = libc::in6_pktinfo {
            ipi6_addr: libc::in6_addr { s6_addr: mapped(source).octets() },
            ipi6_ifindex: 0,
        };
        return write_control(control, libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, info);
    }
    let IpAddr::V4(source) = source else { return 0 };
    let info = libc::in_pktinfo {
        ipi_ifindex: 0,
        ipi_spec_dst: libc::in_addr { s_addr: u32::from_ne_bytes(source.octets()) },
        ipi_addr: libc::in_addr { s_addr: 0 },
    };
    write_control(control, libc::IPPROTO_IP, libc::IP_PKTINFO, info)
}

fn write_control<T: Copy>(control: &mut Control, level: i32, kind: i32, info: T) -> usize {
    let payload_len = size_of::<T>() as libc::c_uint;
    // SAFETY: CMSG_SPACE and CMSG_LEN only compute.
    let (space, len) = unsafe { (libc::CMSG_SPACE(payload_len), libc::CMSG_LEN(payload_len)) };
    assert!(space as usize <= CONTROL_LEN, "a control message fits");
    let header: *mut libc::cmsghdr = control.as_mut_ptr().cast();
    // SAFETY: `control` is aligned for a header (u64) and, as asserted, has room for header and
    // payload; CMSG_DATA points into it, behind the header.
    unsafe {
        (*header).cmsg_len = len as _;
        (*header).cmsg_level = level;
        (*header).cmsg_type = kind;
        libc::CMSG_DATA(header).cast::<T>().write_unaligned(info);
    }
    space as usize
}

/// The local address that a received datagram came to.
pub(super) fn read_destination(header: &libc::msghdr) -> Option<IpAddr> {
    // SAFETY: `header` was filled by recvmmsg, so its control pointer and length describe readable
    // control messages, which CMSG_FIRSTHDR and CMSG_NXTHDR walk without leaving them. A payload is
    // read only where the kernel's length says that it is there.
    unsafe {
        let mut at = libc::CMSG_FIRSTHDR(header);
        while let Some(message) = at.as_ref() {
            let payload = libc::CMSG_DATA(at);
            let has = |len: usize| message.cmsg_len >= libc::CMSG_LEN(len as _) as _;
            match (message.cmsg_level, message.cmsg_type) {
                (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) if has(size_of::<libc::in6_pktinfo>()) => {
                    let info = payload.cast::<libc::in6_pktinfo>().read_unaligned();
                    let ip = IpAddr::V6(Ipv6Addr::from(info.ipi6_addr.s6_addr));
                    return Some(plain(SocketAddr::new(ip, 0)).ip());
                }
                (libc::IPPROTO_IP, libc::IP_PKTINFO) if has(size_of::<libc::in_pktinfo>()) => {
                    let info = payload.cast::<libc::in_pktinfo>().read_unaligned();
                    return Some(Ipv4Addr::from(info.ipi_addr.s_addr.to_ne_bytes()).into());
                }
                _ => at = libc::CMSG_NXTHDR(header, at),
            }
        }
    }
    None
}

fn mapped(ip: IpAddr) -> Ipv6Addr {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    }
}
