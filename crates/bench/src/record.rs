//! `load record`: the answering side for a browser that sends video, and what it sends as a file.
//!
//! A page of its own on localhost makes the browser offer its fake camera with all layers; any other
//! sender may post an SDP offer to `/offer` and gets the answer. Recording begins when every layer flows,
//! with a keyframe of each.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;
use str0m::change::SdpOffer;
use str0m::media::{KeyframeRequestKind, Mid, Rid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::RtpPacket;
use str0m::{Candidate, Event, Input, Output, Rtc};

use crate::picture;
use crate::recording::{Layer, Packet, Recording};

const PAGE: &str = include_str!("page.html");
/// A browser starts, opens the page, asks for the camera.
const OFFER_WITHIN: Duration = Duration::from_secs(60);
/// A request line and headers of a browser are shorter, its offer as well.
const REQUEST_MAX: u64 = 256 * 1024;
/// Keyframes are asked for again after this.
const ASK_EVERY: Duration = Duration::from_millis(500);

#[derive(Args)]
pub struct Record {
    /// The file to write.
    #[arg(long)]
    out: PathBuf,
    /// VP8 (three layers by simulcast) or VP9 (L3T3_KEY).
    #[arg(long, default_value = "VP8")]
    codec: String,
    /// Layers to wait for.
    #[arg(long, default_value_t = 3)]
    layers: usize,
    /// Seconds for the sender's estimate to rise before anything is kept.
    #[arg(long, default_value_t = 10.0)]
    settle: f64,
    /// Seconds to keep.
    #[arg(long, default_value_t = 4.0)]
    seconds: f64,
    /// A browser to start; without it the address to open is printed.
    #[arg(long)]
    chromium: Option<PathBuf>,
}

impl Record {
    /// Records one sender.
    pub fn run(&self) -> Result<()> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let url = format!("http://{}/?codec={}", listener.local_addr()?, self.codec);
        let profile = tempfile::tempdir()?;
        let browser = self.chromium.as_ref().map(|path| browser(path, profile.path(), &url));
        let browser = browser.transpose()?.map(Ended);
        eprintln!("{url}");
        let mut tape = Tape::answer(&listener, &self.codec)?;
        let recording = tape.record(self)?;
        drop(browser);
        let bytes = recording.write();
        std::fs::write(&self.out, &bytes)?;
        for layer in &recording.layers {
            eprintln!("{} {}", layer.rid, layer.ssrc);
        }
        eprintln!("{} packets, {} bytes", recording.packets.len(), bytes.len());
        Ok(())
    }
}

/// A program that ends with its holder.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn browser(path: &PathBuf, profile: &std::path::Path, url: &str) -> Result<Child> {
    let flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        "--allow-loopback-in-peer-connection",
        "--remote-debugging-port=0",
    ];
    let mut command = Command::new(path);
    command.args(flags).arg(format!("--user-data-dir={}", profile.display())).arg(url);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().with_context(|| path.display().to_string())
}

/// The connection that is recorded.
struct Tape {
    rtc: Rtc,
    socket: UdpSocket,
    local: SocketAddr,
    codec: String,
    mid: Option<Mid>,
    /// Streams so far; each with whether its keyframe has been kept.
    layers: Vec<(Layer, bool)>,
    began: Option<Instant>,
    packets: Vec<Packet>,
}

impl Tape {
    /// Serves the page until an offer comes, and answers that.
    fn answer(listener: &TcpListener, codec: &str) -> Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.set_read_timeout(Some(Duration::from_millis(5)))?;
        let local = socket.local_addr()?;
        let builder = Rtc::builder().set_ice_lite(true).set_rtp_mode(true).clear_codecs();
        let mut rtc = builder.enable_vp8(true).enable_vp9(true).build(Instant::now());
        rtc.add_local_candidate(Candidate::host(local, "udp")?);
        listener.set_nonblocking(true)?;
        let end = Instant::now() + OFFER_WITHIN;
        loop {
            if Instant::now() > end {
                bail!("nobody offered anything");
            }
            let Ok((stream, _)) = listener.accept() else {
                std::thread::sleep(Duration::from_millis(20));
                continue;
            };
            let Some((mut stream, offer)) = serve(stream)? else { continue };
            let offer = SdpOffer::from_sdp_string(&offer)?;
            let answer = rtc.sdp_api().accept_offer(offer)?.to_sdp_string();
            reply(&mut stream, "application/sdp", &answer)?;
            let (layers, packets, codec) = (Vec::new(), Vec::new(), codec.to_owned());
            return Ok(Self { rtc, socket, local, codec, mid: None, layers, began: None, packets });
        }
    }

    fn record(&mut self, wanted: &Record) -> Result<Recording> {
        let settled = Instant::now() + Duration::from_secs_f64(wanted.settle);
        let end = settled + OFFER_WITHIN;
        let mut ask_at = settled;
        let mut buffer = [0; 2048];
        while self.began.is_none_or(|at| at.elapsed().as_secs_f64() < wanted.seconds) {
            let now = Instant::now();
            if now > end {
                bail!("{} of {} layers came: {:?}", self.layers.len(), wanted.layers, self.layers);
            }
            if now >= ask_at {
                ask_at = now + ASK_EVERY;
                self.begin(wanted.layers, now);
            }
            if let Ok((len, source)) = self.socket.recv_from(&mut buffer) {
                let (proto, destination) = (Protocol::Udp, self.local);
                if let Ok(contents) = buffer[..len].try_into() {
                    let receive = Receive { proto, source, destination, contents };
                    self.rtc.handle_input(Input::Receive(Instant::now(), receive))?;
                }
            } else {
                self.rtc.handle_input(Input::Timeout(Instant::now()))?;
            }
            self.drain()?;
        }
        let layers = self.layers.iter().map(|(layer, _)| layer.clone()).collect();
        Ok(Recording {
            codec: self.codec.clone(),
            layers,
            packets: std::mem::take(&mut self.packets),
        })
    }

    /// Begins to keep packets once every layer flows; asks for the keyframes that are missing.
    fn begin(&mut self, layers: usize, now: Instant) {
        if self.layers.len() < layers {
            return;
        }
        self.began.get_or_insert(now);
        let Some(mid) = self.mid else { return };
        for (layer, _) in self.layers.iter().filter(|(_, kept)| !kept) {
            let rid = Some(layer.rid.as_str()).filter(|rid| !rid.is_empty()).map(Rid::from);
            if let Some(stream) = self.rtc.direct_api().stream_rx_by_mid(mid, rid) {
                stream.request_keyframe(KeyframeRequestKind::Pli);
            }
        }
    }

    fn drain(&mut self) -> Result<()> {
        loop {
            match self.rtc.poll_output()? {
                Output::Timeout(_) => return Ok(()),
                Output::Transmit(transmit) => {
                    self.socket.send_to(&transmit.contents, transmit.destination)?;
                }
                Output::Event(Event::RtpPacket(packet)) => self.keep(&packet),
                Output::Event(_) => {}
            }
        }
    }

    fn keep(&mut self, packet: &RtpPacket) {
        if packet.payload.is_empty() {
            return;
        }
        let ssrc = packet.header.ssrc;
        let Some((mid, rid)) = self.stream(&ssrc) else { return };
        self.mid = Some(mid);
        let known = self.layers.iter().position(|(layer, _)| layer.ssrc == *ssrc);
        let at = known.unwrap_or_else(|| {
            let rid = rid.map(|rid| rid.to_string()).unwrap_or_default();
            self.layers.push((Layer { rid, ssrc: *ssrc }, false));
            self.layers.len() - 1
        });
        let Some(began) = self.began else { return };
        let picture = picture::read(&self.codec, &packet.payload).unwrap_or_default();
        self.layers[at].1 |= picture.keyframe;
        // Every layer begins with a keyframe.
        if self.layers[at].1 {
            self.packets.push(Packet {
                at_us: began.elapsed().as_micros() as u32,
                layer: at as u8,
                marker: packet.header.marker,
                seq: packet.header.sequence_number,
                timestamp: packet.header.timestamp,
                payload: packet.payload.to_vec(),
            });
        }
    }

    fn stream(&mut self, ssrc: &str0m::rtp::Ssrc) -> Option<(Mid, Option<Rid>)> {
        let mut api = self.rtc.direct_api();
        api.stream_rx(ssrc).map(|stream| (stream.mid(), stream.rid()))
    }
}

/// Answers one request. Returns the stream and the body of an offer, which is answered later.
fn serve(stream: TcpStream) -> Result<Option<(TcpStream, String)>> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut reader = BufReader::new(stream.try_clone()?.take(REQUEST_MAX));
    let (mut first, mut length) = (String::new(), 0);
    // A browser opens connections that it may not use.
    if reader.read_line(&mut first).is_err() || first.is_empty() {
        return Ok(None);
    }
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse()?;
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut stream = stream;
    if first.starts_with("POST /offer") {
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        return Ok(Some((stream, String::from_utf8(body)?)));
    }
    reply(&mut stream, "text/html", PAGE)?;
    Ok(None)
}

fn reply(stream: &mut TcpStream, kind: &str, body: &str) -> Result<()> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    Ok(stream.write_all(body.as_bytes())?)
}
