//! Media over TCP: what reaches clients whose network lets no UDP through (ICE-TCP, RFC 6544, the passive
//! side; frames as of RFC 4571).
//!
//! The listener belongs to whoever shares the port; a connection that begins like media is given to
//! [`crate::Media::take_stream`]. A task for each connection reads its frames. The first must be an ICE check: the
//! name in it tells the worker, to which all frames go through the queue that handed-over datagrams use.
//! The worker answers into the connection's own bounded queue, and drops what finds no place there: nobody
//! on a media thread waits for a connection.
//!
//! What must hold: a connection shows a whole frame and is worth an answer every [`IDLE_MAX`] or is closed, so that
//! strangers hold nothing for long; a frame that is too long closes it at once.

mod frame;
mod outgoing;
mod place;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use media::Handover;
use metrics::{counter, gauge};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};

use frame::{FRAME_BYTES_MAX, Frames, TooLong};
pub(crate) use outgoing::Outgoing;
pub(crate) use place::{Full, Places, subscriber};

use crate::socket::plain;
use crate::thread::Link;

/// Connections at once. Each is a file descriptor, a task and a queue; a client has one or two.
const STREAMS_MAX: usize = 4096;
/// Of one address, a /64 of IPv6: an office behind one NAT whose firewall takes UDP from all of them.
const STREAMS_PER_ADDRESS_MAX: usize = 256;
/// Frames that wait for a connection: half a second of a call with video. More would only be later.
const QUEUE_MAX: usize = 256;
/// Without a whole frame, or without anything for the peer, for this long a connection is closed. Checks that keep
/// a path alive come every 6 s at most (RFC 7675 section 5.1), those of a browser's second-best path every 25 s,
/// and each is answered.
const IDLE_MAX: Duration = Duration::from_secs(40);
/// The first frame must be there by then.
const FIRST_WITHIN: Duration = Duration::from_secs(5);
/// A peer that takes nothing for this long is gone.
const WRITE_WITHIN: Duration = Duration::from_secs(10);
/// Frames written with one call.
const WRITE_BYTES: usize = 16 * 1024;
const READ_BYTES: usize = 4096;
/// Between two tries to tell a worker whose queue is full what it must know.
const RETRY_AFTER: Duration = Duration::from_millis(5);

/// What reaches a worker from others: datagrams of its sessions, and its sessions' connections.
pub(crate) enum Arrival {
    Datagram(Handover),
    Opened { connection: Connection, sender: mpsc::Sender<Vec<u8>> },
    Frame { connection: Connection, contents: Vec<u8> },
    Closed { connection: Connection },
}

/// Names a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Connection {
    /// The peer.
    pub source: SocketAddr,
    /// Our end.
    pub destination: SocketAddr,
}

/// All connections.
pub(crate) struct Streams {
    links: Vec<Link>,
    places: Arc<Places<IpAddr>>,
}

impl Streams {
    pub fn new(links: Vec<Link>) -> Arc<Self> {
        let places = Places::new(STREAMS_MAX, STREAMS_PER_ADDRESS_MAX);
        Arc::new(Self { links, places })
    }

    /// Serves a connection to its end; `keep` is dropped then.
    pub fn take(self: &Arc<Self>, stream: TcpStream, keep: impl Send + 'static) {
        let streams = Arc::clone(self);
        tokio::spawn(async move {
            let _keep = keep;
            match streams.serve(stream).await {
                Ok(()) => {}
                // The peer's own affair, whatever it is.
                Err(error) => count(match error.kind() {
                    io::ErrorKind::InvalidData => "broken",
                    io::ErrorKind::TimedOut => "idle",
                    io::ErrorKind::QuotaExceeded => "full",
                    _ => "lost",
                }),
            }
        });
    }

    async fn serve(&self, stream: TcpStream) -> io::Result<()> {
        let connection = Connection {
            source: plain(stream.peer_addr()?),
            destination: plain(stream.local_addr()?),
        };
        let Ok(_place) = self.places.take(subscriber(connection.source.ip())) else {
            return Err(io::ErrorKind::QuotaExceeded.into());
        };
        // Each frame is wanted now; without the option it only comes later.
        let _ = stream.set_nodelay(true);
        let (reader, writer) = stream.into_split();
        let mut reader = Reader::new(reader);
        let first = timeout(FIRST_WITHIN, reader.next()).await??;
        let worker = media::worker_of_check(&first).map(|worker| usize::from(worker.0));
        let link = worker.and_then(|worker| self.links.get(worker));
        let link = link.ok_or(io::ErrorKind::InvalidData)?;
        gauge!("parlor_media_streams").increment(1.0);
        let (sender, queue) = mpsc::channel(QUEUE_MAX);
        let told = tell(link, Arrival::Opened { connection, sender }).await;
        let served = if told {
            tokio::select! {
                read = read(&mut reader, link, connection, first) => read,
                written = write(writer, queue) => written,
            }
        } else {
            Ok(())
        };
        tell(link, Arrival::Closed { connection }).await;
        gauge!("parlor_media_streams").decrement(1.0);
        served
    }
}

fn count(reason: &'static str) {
    counter!("parlor_media_streams_ended_total", "reason" => reason).increment(1);
}

/// Tells a worker what it must know. `false`: it is gone.
async fn tell(link: &Link, mut arrival: Arrival) -> bool {
    loop {
        match link.offer(arrival) {
            Ok(()) => return true,
            Err(None) => return false,
            Err(Some(unsent)) => arrival = unsent,
        }
        tokio::time::sleep(RETRY_AFTER).await;
    }
}

/// Hands the worker frame after frame; one that finds no place is lost, as a datagram would be.
async fn read(
    reader: &mut Reader,
    link: &Link,
    connection: Connection,
    first: Vec<u8>,
) -> io::Result<()> {
    let mut contents = first;
    loop {
        match link.offer(Arrival::Frame { connection, contents }) {
            Ok(()) => {}
            Err(Some(_)) => {
                counter!("parlor_media_stream_frames_dropped_total", "way" => "in").increment(1);
            }
            Err(None) => return Ok(()),
        }
        contents = timeout(IDLE_MAX, reader.next()).await??;
    }
}

/// Writes what the worker has for the peer. Ends when the worker is gone.
async fn write(mut writer: OwnedWriteHalf, mut queue: mpsc::Receiver<Vec<u8>>) -> io::Result<()> {
    let mut bytes = Vec::with_capacity(WRITE_BYTES);
    while let Some(first) = timeout(IDLE_MAX, queue.recv()).await? {
        bytes.clear();
        frame::write(&mut bytes, &first);
        while bytes.len() + FRAME_BYTES_MAX < WRITE_BYTES {
            let Ok(next) = queue.try_recv() else { break };
            frame::write(&mut bytes, &next);
        }
        timeout(WRITE_WITHIN, writer.write_all(&bytes)).await??;
    }
    Ok(())
}

/// Frames of a connection.
struct Reader {
    half: OwnedReadHalf,
    frames: Frames,
    chunk: Box<[u8; READ_BYTES]>,
}

impl Reader {
    fn new(half: OwnedReadHalf) -> Self {
        Self { half, frames: Frames::default(), chunk: Box::new([0; READ_BYTES]) }
    }

    async fn next(&mut self) -> io::Result<Vec<u8>> {
        // Also for a frame whose bytes trickle in.
        let by = Instant::now() + IDLE_MAX;
        loop {
            let frame = self.frames.next();
            let frame = frame.map_err(|TooLong| io::Error::from(io::ErrorKind::InvalidData))?;
            if let Some(frame) = frame {
                return Ok(frame.to_vec());
            }
            match timeout_at(by, self.half.read(&mut self.chunk[..])).await?? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                len => self.frames.push(&self.chunk[..len]),
            }
        }
    }
}
