//! `load member`: members for tests of pictures. One may replay a recording with all its layers; the
//! others ask for a size and tell as JSON lines what they are sent over time.
//!
//! Commands come as JSON lines on standard input: `{"member":0,"view":[640,360]}` (zero by zero: hidden),
//! `{"end":true}`. Its end is an end as well.

use std::io::{BufRead, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::{Value, json};
use str0m::media::Mid;
use str0m::net::{Protocol, Receive};
use str0m::{Event, Input, Output, Rtc};
use tungstenite::WebSocket;

use crate::draft::{Draft, Path};
use crate::recording::Recording;
use crate::replay::Replay;
use crate::seen::Seen;
use crate::signal::parlor::{Parlor, Session};

/// How long the loop sleeps when nothing comes.
const STEP: Duration = Duration::from_millis(2);

#[derive(Args)]
pub struct Members {
    /// Parlor's address.
    #[arg(long)]
    url: String,
    /// Its JWT_SECRET. Without it everyone registers.
    #[arg(long)]
    secret: Option<String>,
    /// The room's id; a new room without it.
    #[arg(long)]
    room: Option<String>,
    /// How many watch.
    #[arg(long, default_value_t = 1)]
    members: usize,
    /// A recording that one more member sends.
    #[arg(long)]
    replay: Option<PathBuf>,
    /// The size that watchers ask for at first, WIDTHxHEIGHT.
    #[arg(long)]
    view: Option<String>,
    /// Where watchers find the server's media, in place of what it says: a network in between.
    #[arg(long)]
    media: Option<SocketAddrV4>,
    /// Milliseconds between two lines of a watcher.
    #[arg(long, default_value_t = 250)]
    every: u64,
    /// Seconds until the end, if none comes by standard input.
    #[arg(long)]
    seconds: Option<f64>,
}

impl Members {
    /// Runs until the end.
    pub fn run(&self) -> Result<()> {
        let mut parlor = Parlor::new(&self.url, self.secret.as_deref());
        let first = parlor.person()?;
        let room = self.room.clone().map_or_else(|| parlor.room(0, &first), Ok)?;
        let mut peers = Vec::new();
        let recording = self.replay.as_ref().map(|path| Recording::read(&std::fs::read(path)?));
        let recording = recording.transpose()?;
        let codec = recording.as_ref().map(|recording| recording.codec.clone());
        if let Some(recording) = recording {
            peers.push(self.sender(&parlor, &room, &first, recording)?);
        }
        let view = self.view.as_deref().map(size).transpose()?;
        for number in 0..self.members {
            let mut peer = self.watcher(&mut parlor, &room, number, codec.clone())?;
            if let Some(view) = view {
                peer.view(view)?;
            }
            peers.push(peer);
        }
        tell(&json!({"event": "ready", "room": room, "members": self.members}))?;
        self.drive(&mut peers, &commands())
    }

    fn drive(&self, peers: &mut [Peer], commands: &Receiver<Option<Value>>) -> Result<()> {
        let began = Instant::now();
        let mut tell_at = began;
        loop {
            let now = Instant::now();
            if self.seconds.is_some_and(|most| now.duration_since(began).as_secs_f64() > most) {
                return Ok(());
            }
            for command in commands.try_iter() {
                match command {
                    Some(command) if command.get("end").is_none() => obey(peers, &command)?,
                    // Standard input may be closed from the start when a time was given.
                    None if self.seconds.is_some() => {}
                    _ => return Ok(()),
                }
            }
            let mut idle = true;
            for peer in peers.iter_mut() {
                idle &= !peer.step(now)?;
            }
            if now >= tell_at {
                tell_at = now + Duration::from_millis(self.every);
                for peer in peers.iter_mut() {
                    peer.tell(now.duration_since(began))?;
                }
            }
            if idle {
                std::thread::sleep(STEP);
            }
        }
    }

    fn sender(
        &self,
        parlor: &Parlor,
        room: &str,
        token: &str,
        recording: Recording,
    ) -> Result<Peer> {
        let mut draft = draft()?;
        let rids: Vec<&str> = recording.layers.iter().map(|layer| layer.rid.as_str()).collect();
        let (offer, mid) = draft.offer_layers(&rids)?;
        let session = parlor.enter(&mut draft, room, token, &offer)?;
        let events = Events::open(&self.url, &session)?;
        let part = Part::Sends(Replay::new(recording, mid, Instant::now()));
        Peer::new(draft, mid, part, events)
    }

    fn watcher(
        &self,
        parlor: &mut Parlor,
        room: &str,
        number: usize,
        codec: Option<String>,
    ) -> Result<Peer> {
        let token = parlor.person()?;
        let mut draft = draft()?;
        draft.media = self.media;
        let offer = draft.offer(None, 1)?;
        let mid = draft.receives.first().copied().context("no section to receive in")?;
        let session = parlor.enter(&mut draft, room, &token, &offer)?;
        let events = Events::open(&self.url, &session)?;
        Peer::new(draft, mid, Part::Watches(Box::new(Seen::new(number, codec))), events)
    }
}

/// A connection that is not running yet, from a socket of its own on loopback.
fn draft() -> Result<Draft> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.set_nonblocking(true)?;
    let port = socket.local_addr()?.port();
    Draft::new(Path::Full, SocketAddrV4::new(Ipv4Addr::LOCALHOST, port), Some(socket))
}

fn size(text: &str) -> Result<(u16, u16)> {
    let (width, height) = text.split_once('x').context("a size is WIDTHxHEIGHT")?;
    Ok((width.parse()?, height.parse()?))
}

/// Lines of standard input; `None` is its end.
fn commands() -> Receiver<Option<Value>> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            let Ok(command) = serde_json::from_str(&line) else {
                eprintln!("not a command: {line}");
                continue;
            };
            if sender.send(Some(command)).is_err() {
                return;
            }
        }
        // Nobody may listen any more.
        let _ = sender.send(None);
    });
    receiver
}

fn obey(peers: &mut [Peer], command: &Value) -> Result<()> {
    let number = command["member"].as_u64().unwrap_or(0) as usize;
    let is = |peer: &&mut Peer| matches!(&peer.part, Part::Watches(seen) if seen.number == number);
    let peer = peers.iter_mut().find(is).with_context(|| format!("no member {number}"))?;
    if let Some([width, height]) = command["view"].as_array().map(Vec::as_slice) {
        let side =
            |value: &Value| value.as_u64().map(|side| side as u16).context("a side in pixels");
        peer.view((side(width)?, side(height)?))?;
    }
    Ok(())
}

fn tell(line: &Value) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}

/// A member.
struct Peer {
    rtc: Rtc,
    socket: UdpSocket,
    local: SocketAddrV4,
    mid: Mid,
    due: Instant,
    connected: bool,
    part: Part,
    events: Events,
}

enum Part {
    Sends(Replay),
    Watches(Box<Seen>),
}

impl Peer {
    fn new(draft: Draft, mid: Mid, part: Part, events: Events) -> Result<Self> {
        Ok(Self {
            rtc: draft.rtc,
            socket: draft.socket.context("no socket")?,
            local: draft.local,
            mid,
            due: Instant::now(),
            connected: false,
            part,
            events,
        })
    }

    fn view(&mut self, (width, height): (u16, u16)) -> Result<()> {
        let slot = json!({"mid": self.mid.to_string(), "width": width, "height": height});
        self.events.send(&json!({"type": "view", "slots": [slot]}))
    }

    /// `false`: there was nothing to do.
    fn step(&mut self, now: Instant) -> Result<bool> {
        self.events.step();
        let mut buffer = [0; 2048];
        let mut acted = false;
        while let Ok((len, source)) = self.socket.recv_from(&mut buffer) {
            acted = true;
            let Ok(contents) = buffer[..len].try_into() else { continue };
            let (proto, destination) = (Protocol::Udp, self.local.into());
            self.input(Input::Receive(now, Receive { proto, source, destination, contents }))?;
        }
        if let Part::Sends(replay) = &mut self.part
            && self.connected
            && replay.send(&mut self.rtc, now)
        {
            self.due = now;
        }
        if self.due <= now {
            acted = true;
            self.input(Input::Timeout(now))?;
        }
        Ok(acted)
    }

    fn input(&mut self, input: Input<'_>) -> Result<()> {
        self.rtc.handle_input(input)?;
        loop {
            match self.rtc.poll_output()? {
                Output::Timeout(at) => {
                    self.due = at;
                    return Ok(());
                }
                Output::Transmit(transmit) => {
                    // What the kernel does not take is lost, as it would be on a network.
                    let _ = self.socket.send_to(&transmit.contents, transmit.destination);
                }
                Output::Event(Event::Connected) => self.connected = true,
                Output::Event(Event::KeyframeRequest(_)) => {
                    if let Part::Sends(replay) = &mut self.part {
                        replay.want_keyframe();
                    }
                }
                Output::Event(Event::RtpPacket(packet)) => {
                    if let Part::Watches(seen) = &mut self.part {
                        seen.handle_packet(&packet, &self.rtc);
                    }
                }
                Output::Event(_) => {}
            }
        }
    }

    fn tell(&mut self, since: Duration) -> Result<()> {
        match &mut self.part {
            Part::Watches(seen) => tell(&seen.tell(since)),
            Part::Sends(replay) => tell(&json!({
                "event": "sender", "t_ms": since.as_millis() as u64, "keyframes": replay.keyframes,
                "connected": self.connected,
            })),
        }
    }
}

/// A member's event stream: kept open, asked by it for sizes.
struct Events(WebSocket<TcpStream>);

impl Events {
    fn open(url: &str, session: &Session) -> Result<Self> {
        let host = url.strip_prefix("http://").context("http only")?.trim_end_matches('/');
        let stream = TcpStream::connect(host).with_context(|| host.to_owned())?;
        let Session { token, id } = session;
        let address = format!("ws://{host}/voice/sessions/{id}/events?token={token}");
        let (socket, _) = match tungstenite::client(address, stream) {
            Ok(opened) => opened,
            Err(error) => bail!("the event stream: {error}"),
        };
        socket.get_ref().set_nonblocking(true)?;
        Ok(Self(socket))
    }

    fn send(&mut self, message: &Value) -> Result<()> {
        Ok(self.0.send(tungstenite::Message::text(message.to_string()))?)
    }

    /// Reads what there is, so that pings are answered; what it says is of no matter here.
    fn step(&mut self) {
        while self.0.read().is_ok() {}
        // A pong that does not fit now goes out with the next.
        let _ = self.0.flush();
    }
}
