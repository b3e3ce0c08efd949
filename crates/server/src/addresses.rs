//! Where people open the server, and whether a microphone will work there.

use std::net::{IpAddr, Ipv4Addr};

use crate::config::{Config, Tls};

/// An address to open and what to say beside it.
#[derive(Debug, PartialEq, Eq)]
pub struct Address {
    /// The whole URL.
    pub url: String,
    /// Browsers give pages a microphone only on localhost or over HTTPS (W3C Secure Contexts).
    pub microphone: bool,
}

/// The addresses of this machine as URLs, localhost first.
pub fn to_open(config: &Config, port: u16, found: &[IpAddr]) -> Vec<Address> {
    let https = config.tls != Tls::Off;
    let scheme = if https { "https" } else { "http" };
    let url = |host: &str| Address {
        url: format!("{scheme}://{host}:{port}"),
        microphone: https || host == "localhost",
    };
    let public = config
        .public_url
        .iter()
        .map(|public| Address { url: public.clone(), microphone: public.starts_with("https://") });
    let shown = found.iter().filter(|address| !address.is_loopback() && !is_link_local(address));
    let local = config.bind.is_none_or(|bind| bind.is_loopback() || bind.is_unspecified());
    let localhost = local.then(|| url("localhost"));
    localhost
        .into_iter()
        .chain(shown.map(|address| url(&bracketed(*address))))
        .chain(public)
        .collect()
}

/// The host that clients are told for media, when nothing is configured: the first address that others
/// can reach.
pub fn media_host(config: &Config, found: &[IpAddr]) -> String {
    let first = found.first().copied().unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    config.public_address.unwrap_or(first).to_string()
}

/// The host of the public URL, where it has HTTPS: the certificate may be for it.
pub fn tls_host(config: &Config) -> Option<String> {
    let rest = config.public_url.as_ref()?.strip_prefix("https://")?;
    let authority = rest.split('/').next()?;
    let host = match authority.strip_prefix('[') {
        Some(bracketed) => bracketed.split(']').next()?,
        None => authority.split(':').next()?,
    };
    Some(host.to_owned())
}

fn is_link_local(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}

fn bracketed(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}
