//! The SRTP keys of a connection, taken where the WebRTC library gets them: from its DTLS. The library has
//! no call for them, but its DTLS is pluggable. This one is another with a tap: what it exports is left in
//! a place of its thread, too, and whoever drives a connection looks there right after it has drained the library.

use std::cell::RefCell;
use std::time::Instant;

use str0m::crypto::dtls::{
    DtlsCert, DtlsImplError, DtlsInstance, DtlsOutput, DtlsProvider, DtlsVersion, ProtocolVersion,
    SrtpProfile,
};
use str0m::crypto::{CryptoError, CryptoProvider};

/// What DTLS agreed on for SRTP.
pub struct Exported {
    /// Both keys, then both salts (RFC 5764 section 4.2).
    pub material: Vec<u8>,
    /// What to do with them.
    pub profile: SrtpProfile,
    /// This side was the DTLS client: the first of each pair is its own.
    pub client: bool,
}

thread_local! {
    static LAST: RefCell<Option<Exported>> = const { RefCell::new(None) };
}

/// The keys exported on this thread since this was asked last: of the connection that was just drained.
pub fn take_exported() -> Option<Exported> {
    LAST.take()
}

/// The same provider, whose DTLS is tapped. What this makes is never freed: call it once per process.
pub fn tapped(provider: CryptoProvider) -> CryptoProvider {
    let tapped = Tapped(provider.dtls_provider);
    CryptoProvider { dtls_provider: Box::leak(Box::new(tapped)), ..provider }
}

#[derive(Debug)]
struct Tapped(&'static dyn DtlsProvider);

impl DtlsProvider for Tapped {
    fn generate_certificate(&self) -> Option<DtlsCert> {
        self.0.generate_certificate()
    }

    fn new_dtls(
        &self,
        cert: &DtlsCert,
        now: Instant,
        dtls_version: DtlsVersion,
        mtu: Option<usize>,
    ) -> Result<Box<dyn DtlsInstance>, CryptoError> {
        Ok(Box::new(Tap(self.0.new_dtls(cert, now, dtls_version, mtu)?)))
    }

    fn is_test(&self) -> bool {
        self.0.is_test()
    }
}

#[derive(Debug)]
struct Tap(Box<dyn DtlsInstance>);

impl DtlsInstance for Tap {
    fn set_active(&mut self, active: bool) {
        self.0.set_active(active);
    }

    fn handle_packet(&mut self, packet: &[u8]) -> Result<(), DtlsImplError> {
        self.0.handle_packet(packet)
    }

    fn poll_output<'a>(&mut self, buf: &'a mut [u8]) -> DtlsOutput<'a> {
        let output = self.0.poll_output(buf);
        if let DtlsOutput::KeyingMaterial(material, profile) = &output {
            let (material, profile) = (material.to_vec(), *profile);
            LAST.set(Some(Exported { material, profile, client: self.0.is_active() }));
        }
        output
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), DtlsImplError> {
        self.0.handle_timeout(now)
    }

    fn send_application_data(&mut self, data: &[u8]) -> Result<usize, DtlsImplError> {
        self.0.send_application_data(data)
    }

    fn is_active(&self) -> bool {
        self.0.is_active()
    }

    fn protocol_version(&self) -> Option<ProtocolVersion> {
        self.0.protocol_version()
    }

    fn is_closing(&self) -> bool {
        self.0.is_closing()
    }

    fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    fn close(&mut self) -> Result<(), DtlsImplError> {
        self.0.close()
    }
}
