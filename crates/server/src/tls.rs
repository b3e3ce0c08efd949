//! The certificate: the operator's, or one made here and signed by itself.

use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

const CERT_FILE: &str = "tls-cert.pem";
const KEY_FILE: &str = "tls-key.pem";

/// TLS with the operator's certificate chain and key, both PEM.
pub fn from_files(cert: &Path, key: &Path) -> anyhow::Result<ServerConfig> {
    let shown = |path: &Path| format!("cannot read {}", path.display());
    let chain = fs::read(cert).with_context(|| shown(cert))?;
    let key_pem = fs::read(key).with_context(|| shown(key))?;
    server_config(&chain, &key_pem)
}

/// TLS with a certificate of our own, made once and kept in the data directory so that people confirm
/// it once. Browsers warn, and then give the microphone.
pub fn self_signed(data_dir: &Path, addresses: &[IpAddr]) -> anyhow::Result<ServerConfig> {
    let (cert_path, key_path) = (data_dir.join(CERT_FILE), data_dir.join(KEY_FILE));
    if !(cert_path.exists() && key_path.exists()) {
        // A key without its certificate, or the other way round, is of no use.
        let _ = (fs::remove_file(&cert_path), fs::remove_file(&key_path));
        let names = ["localhost".to_owned()].into_iter();
        let names: Vec<_> = names.chain(addresses.iter().map(IpAddr::to_string)).collect();
        let made = rcgen::generate_simple_self_signed(names)?;
        let key = made.signing_key.serialize_pem();
        app::secrets::read_or_create(&key_path, || key.into_bytes())?;
        write_new(&cert_path, made.cert.pem().as_bytes())?;
    }
    from_files(&cert_path, &key_path)
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension("new");
    fs::write(&temporary, bytes)?;
    fs::rename(&temporary, path)
}

/// For HTTP.
pub fn for_http(mut config: ServerConfig) -> TlsAcceptor {
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    TlsAcceptor::from(Arc::new(config))
}

/// For TURN, whose clients name no protocol, or that of RFC 7443.
pub fn for_turn(mut config: ServerConfig) -> TlsAcceptor {
    config.alpn_protocols = Vec::new();
    TlsAcceptor::from(Arc::new(config))
}

fn server_config(chain: &[u8], key: &[u8]) -> anyhow::Result<ServerConfig> {
    let chain = CertificateDer::pem_slice_iter(chain).collect::<Result<Vec<_>, _>>();
    let chain = chain.map_err(|error| anyhow!("the TLS certificate cannot be read: {error}"))?;
    let key = PrivateKeyDer::from_pem_slice(key);
    let key = key.map_err(|error| anyhow!("the TLS key cannot be read: {error}"))?;
    ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .context("the TLS certificate and key do not fit each other")
}
