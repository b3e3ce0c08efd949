//! `voice-service health`: for container health checks and shell scripts.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::config::Config;

/// A server that does not answer within this is not well.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// Enough of the answer to read its status line.
const STATUS_LINE_MAX: u64 = 256;

/// Asks the server that the same configuration starts. Plain HTTP is answered with TLS on, too.
pub async fn run(config: &Config) -> anyhow::Result<()> {
    let host = config.bind.filter(|bind| !bind.is_unspecified());
    let address = SocketAddr::new(host.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)), config.port);
    let asked = tokio::time::timeout(ANSWER_WITHIN, ask(address)).await;
    let status = asked.context("no answer")?.with_context(|| format!("cannot reach {address}"))?;
    if !status.contains(" 200 ") {
        bail!("the server answers {}", status.trim());
    }
    println!("ok");
    Ok(())
}

async fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET /health HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(STATUS_LINE_MAX).read_to_end(&mut answer).await?;
    let text = String::from_utf8_lossy(&answer).into_owned();
    Ok(text.lines().next().unwrap_or_default().to_owned())
}
