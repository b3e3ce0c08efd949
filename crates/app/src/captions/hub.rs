//! The thread that listens: it owns every speaker's stream and asks the speech pool for decodes.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel};
use std::time::{Duration, Instant};

use media::Voice;
use model::SessionId;
use tokio::sync::{mpsc, oneshot};
use transcribe::track::{Caption, Outcome};
use transcribe::utterance::Action;

use super::stream::{Packet, Stream};
use super::{Done, Input, Report, Speaker};
use crate::clock::now;
use crate::speech::Speech;

/// How often streams without packets are looked at: what adds to the lateness of a last word.
const TICK: Duration = Duration::from_millis(100);
/// Nobody speaks: how long to sleep at most. Anything that arrives wakes the thread.
const IDLE: Duration = Duration::from_secs(3600);
/// Finals of all speakers that may wait because the queue is full, beside those in the queue: each holds
/// up to 2 MB. Beyond it a speaker's oldest becomes what its last guess was.
const HELD_MAX: usize = 64;

pub(super) struct Hub {
    inputs: Receiver<Input>,
    own: SyncSender<Input>,
    outcomes: Receiver<Done>,
    done: Sender<Done>,
    speech: Speech,
    reports: mpsc::Sender<Report>,
    streams: HashMap<u64, Stream>,
    live_by_session: HashMap<SessionId, u64>,
    next_stream: u64,
    ticked_at: Instant,
    settling: Vec<oneshot::Sender<()>>,
}

/// The publisher is gone: the server stops.
struct Stopped;

impl Hub {
    pub fn new(
        inputs: Receiver<Input>,
        own: SyncSender<Input>,
        speech: Speech,
        reports: mpsc::Sender<Report>,
    ) -> Self {
        let (done, outcomes) = channel();
        Self {
            inputs,
            own,
            outcomes,
            done,
            speech,
            reports,
            streams: HashMap::new(),
            live_by_session: HashMap::new(),
            next_stream: 0,
            ticked_at: Instant::now(),
            settling: Vec::new(),
        }
    }

    /// A panic over something that was heard ends what is being heard, not the captions.
    pub fn run(mut self) {
        loop {
            match catch_unwind(AssertUnwindSafe(|| self.turn())) {
                Ok(Ok(())) => {}
                Ok(Err(Stopped)) => return,
                Err(_) => {
                    tracing::error!("live captions failed; who speaks now goes without them");
                    self.live_by_session.clear();
                    let numbers: Vec<u64> =
                        self.streams.drain().map(|(number, _)| number).collect();
                    for stream in numbers {
                        if self.report(Report::Ended { stream }).is_err() {
                            return;
                        }
                    }
                }
            }
        }
    }

    fn turn(&mut self) -> Result<(), Stopped> {
        let patience = if self.streams.is_empty() { IDLE } else { TICK };
        match self.inputs.recv_timeout(patience) {
            Ok(Input::Voice(voice)) => self.handle_voice(&voice)?,
            Ok(Input::Settle(settled)) => self.settling.push(settled),
            Ok(Input::Wake) | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Err(Stopped),
        }
        while let Ok((stream, outcome)) = self.outcomes.try_recv() {
            self.handle_outcome(stream, outcome)?;
        }
        if self.ticked_at.elapsed() >= TICK {
            self.ticked_at = Instant::now();
            self.handle_tick()?;
        }
        self.settle()
    }

    fn handle_voice(&mut self, voice: &Voice) -> Result<(), Stopped> {
        match voice {
            Voice::Began { session, room, user } => {
                self.begin(*session, Speaker { room: *room, user: *user })
            }
            Voice::Packet { session, .. } => self.handle_packet(*session, voice),
            Voice::Ended { session } => self.end(*session),
        }
    }

    fn begin(&mut self, session: SessionId, speaker: Speaker) -> Result<(), Stopped> {
        self.end(session)?;
        let Some(stream) = Stream::new() else { return Ok(()) };
        let number = self.next_stream;
        self.next_stream += 1;
        self.streams.insert(number, stream);
        self.live_by_session.insert(session, number);
        self.report(Report::Began { stream: number, speaker })
    }

    fn handle_packet(&mut self, session: SessionId, voice: &Voice) -> Result<(), Stopped> {
        // Until the model is there nothing is listened to.
        if self.speech.pool().is_err() {
            return Ok(());
        }
        let Some(number) = self.live_by_session.get(&session).copied() else { return Ok(()) };
        let (Some(stream), Some(packet)) = (self.streams.get_mut(&number), Packet::of(voice))
        else {
            return Ok(());
        };
        let now = now();
        let actions = stream.handle_packet(&packet, now.mono, now.wall);
        self.ask_for(number, actions)
    }

    fn end(&mut self, session: SessionId) -> Result<(), Stopped> {
        let Some(number) = self.live_by_session.remove(&session) else { return Ok(()) };
        let Some(stream) = self.streams.get_mut(&number) else { return Ok(()) };
        let last = stream.end();
        if last.is_none()
            && let Ok(pool) = self.speech.pool()
        {
            pool.cancel(number);
        }
        self.ask_for(number, last)?;
        self.forget_if_over(number)
    }

    fn handle_tick(&mut self) -> Result<(), Stopped> {
        let now = Instant::now();
        let numbers: Vec<u64> = self.streams.keys().copied().collect();
        for number in numbers {
            let Some(stream) = self.streams.get_mut(&number) else { continue };
            let mut actions: Vec<Action> = std::mem::take(&mut stream.held).into();
            actions.extend(stream.handle_tick(now));
            self.ask_for(number, actions)?;
            self.forget_if_over(number)?;
        }
        Ok(())
    }

    /// Hands decodes to the pool. A final that it has no room for waits, and so do those after it.
    fn ask_for(
        &mut self,
        number: u64,
        actions: impl IntoIterator<Item = Action>,
    ) -> Result<(), Stopped> {
        for action in actions {
            let Some(stream) = self.streams.get_mut(&number) else { return Ok(()) };
            let pool = self.speech.pool().ok();
            let refused = match (pool, stream.held.is_empty()) {
                (Some(pool), true) => {
                    stream.decoding += 1;
                    let (done, wake) = (self.done.clone(), self.own.clone());
                    let tell = move |outcome| {
                        // Either the hub is awake anyway, or it is gone with the server.
                        let _ = done.send((number, outcome));
                        let _ = wake.try_send(Input::Wake);
                    };
                    match pool.submit(number, action, tell) {
                        Ok(()) => None,
                        Err((_, action)) => {
                            stream.decoding -= 1;
                            Some(action)
                        }
                    }
                }
                (Some(_), false) | (None, _) => Some(action),
            };
            if let Some(action) = refused {
                self.hold(number, action)?;
            }
        }
        Ok(())
    }

    /// Keeps what cannot be decoded now: a final. A guess that is not taken is over.
    fn hold(&mut self, number: u64, action: Action) -> Result<(), Stopped> {
        let held: usize = self.streams.values().map(|stream| stream.held.len()).sum();
        let Some(stream) = self.streams.get_mut(&number) else { return Ok(()) };
        let given_up = match action {
            Action::Partial(_) => Some(action),
            Action::Final(..) => {
                stream.held.push_back(action);
                if held >= HELD_MAX { stream.held.pop_front() } else { None }
            }
        };
        match given_up {
            Some(action) => {
                stream.decoding += 1;
                self.handle_outcome(number, Outcome { action, texts: None, took_millis: 0 })
            }
            None => Ok(()),
        }
    }

    fn handle_outcome(&mut self, number: u64, outcome: Outcome) -> Result<(), Stopped> {
        let Some(stream) = self.streams.get_mut(&number) else { return Ok(()) };
        stream.decoding -= 1;
        let took_millis = outcome.took_millis;
        let captions: Vec<Caption> = stream.handle_outcome(outcome);
        let began_at = stream.began_at().unwrap_or(now().wall);
        for caption in captions {
            self.report(Report::Caption { stream: number, caption, began_at, took_millis })?;
        }
        self.forget_if_over(number)
    }

    fn forget_if_over(&mut self, number: u64) -> Result<(), Stopped> {
        if self.streams.get(&number).is_some_and(Stream::is_over) {
            self.streams.remove(&number);
            return self.report(Report::Ended { stream: number });
        }
        Ok(())
    }

    /// Says so to whoever waits for it once no stream has ended with words still being decoded.
    fn settle(&mut self) -> Result<(), Stopped> {
        if self.settling.is_empty() || self.streams.values().any(|stream| stream.ended) {
            return Ok(());
        }
        for settled in std::mem::take(&mut self.settling) {
            self.report(Report::Settled(settled))?;
        }
        Ok(())
    }

    fn report(&self, report: Report) -> Result<(), Stopped> {
        // Waits for the publisher, which waits for nobody long; the tap drops what comes meanwhile.
        self.reports.blocking_send(report).map_err(|_| Stopped)
    }
}
