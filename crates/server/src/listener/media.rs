//! A TCP port for media alone: MEDIA_TCP_PORT, where it is not the HTTP port.

use std::sync::Arc;

use net::Media;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use super::first::{Kind, kind};
use super::{ACCEPT_AGAIN_AFTER, UNDECIDED_MAX, undecided};

/// Serves it for as long as the process runs.
pub async fn serve(tcp: TcpListener, media: Media) {
    let places = Arc::new(Semaphore::new(UNDECIDED_MAX));
    loop {
        let stream = match tcp.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a media connection could not be accepted");
                tokio::time::sleep(ACCEPT_AGAIN_AFTER).await;
                continue;
            }
        };
        let Some(place) = undecided(&places) else { continue };
        let media = media.clone();
        tokio::spawn(async move {
            if kind(&stream).await == Some(Kind::Media) {
                drop(place);
                media.take_stream(stream, ());
            }
        });
    }
}
