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
        let Some(stream) = Stream::new(session) else { return Ok(()) };
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
        let heard = || stream.handle_packet(&packet, now.mono, now.wall);
        match catch_unwind(AssertUnwindSafe(heard)) {
            Ok(actions) => self.ask_for(number, actions),
            Err(_) => {
                tracing::error!("a speaker's sound could not be looked at; their captions end");
                self.live_by_session.remove(&session);
                self.streams.remove(&number);
                self.report(Report::Ended { stream: number })
            }
        }
    }

    fn end(&mut self, session: SessionId) -> Result<(), Stopped> {
        let Some(number) = self.live_by_session.remove(&session) else { return Ok(()) };
        let Some(stream) = self.streams.get_mut(&number) else { return Ok(()) };
        let last = stream.end();
        if last.is_none()
            && let Ok(pool) = self.speech.pool()
        {
            pool.cancel(source_of(session));
        }
        self.ask_for(number, last)?;
        self.forget_if_over(number)
    }

    fn handle_tick(&mut self) -> Result<(), Stopped> {
        let now = Instant::now();
        let numbers: Vec<u64> = self.streams.keys().copied().collect();
        for number in numbers {
            self.ask_for_held(number)?;
            let Some(stream) = self.streams.get_mut(&number) else { continue };
            let actions = stream.handle_tick(now);
            self.ask_for(number, actions)?;
            self.forget_if_over(number)?;
        }
        Ok(())
    }

    /// Tries again what the pool had no room for, as far as it has room now.
    fn ask_for_held(&mut self, number: u64) -> Result<(), Stopped> {
        while !self.waits_behind_another(number) {
            let Some(stream) = self.streams.get_mut(&number) else { return Ok(()) };
            let Some(action) = stream.held.pop_front() else { return Ok(()) };
            if let Some(action) = self.submit(number, action)
                && let Some(stream) = self.streams.get_mut(&number)
            {
                stream.held.push_front(action);
                return Ok(());
            }
        }
        Ok(())
    }

    /// Whether an earlier stream of the same session still holds words: they come first.
    fn waits_behind_another(&self, number: u64) -> bool {
        let Some(session) = self.streams.get(&number).map(|stream| stream.session) else {
            return false;
        };
        let earlier = |(other, stream): (&u64, &Stream)| {
            *other < number && stream.session == session && !stream.held.is_empty()
        };
        self.streams.iter().any(earlier)
    }

    /// Hands decodes to the pool. A final that it has no room for waits, and so do those after it.
    fn ask_for(
        &mut self,
        number: u64,
        actions: impl IntoIterator<Item = Action>,
    ) -> Result<(), Stopped> {
        for action in actions {
            let held = self.streams.get(&number).is_some_and(|stream| !stream.held.is_empty());
            let refused = if held || self.waits_behind_another(number) {
                Some(action)
            } else {
                self.submit(number, action)
            };
            if let Some(action) = refused {
                self.hold(number, action)?;
            }
        }
        Ok(())
    }

    /// Gives the action back when the pool has no room, or there is none.
    fn submit(&mut self, number: u64, action: Action) -> Option<Action> {
        let stream = self.streams.get_mut(&number)?;
        let Ok(pool) = self.speech.pool() else { return Some(action) };
        let (done, wake) = (self.done.clone(), self.own.clone());
        let tell = move |outcome| {
            // Either the hub is awake anyway, or it is gone with the server.
            let _ = done.send((number, outcome));
            let _ = wake.try_send(Input::Wake);
        };
        stream.decoding += 1;
        // Under the session's name: the pool keeps the order of one name, over grants too.
        let refused = pool.submit(source_of(stream.session), action, tell).err();
        let (_, action) = refused?;
        stream.decoding -= 1;
        Some(action)
    }

    /// Keeps what cannot be decoded now: a final. A guess that is not taken is over.
    fn hold(&mut self, number: u64, action: Action) -> Result<(), Stopped> {
        let held: usize = self.streams.values().map(|stream| stream.held.len()).sum();
        let Some(stream) = self.streams.get_mut(&number) else { return Ok(()) };
        let given_up = match action {
            Action::Partial(_) => Some(action),
            Action::Final(..) => {
                stream.held.push_back(action);
                // Not before what is being decoded: a speaker's finals come in order.
                if held >= HELD_MAX && stream.decoding == 0 {
                    stream.held.pop_front()
                } else {
                    None
                }
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

/// Whose decodes they are, for the pool.
fn source_of(session: SessionId) -> u64 {
    session.as_i64().unsigned_abs()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use model::{RoomId, UserId};
    use transcribe::audio::{Clip, Position};
    use transcribe::utterance::{Utterance, UtteranceId};

    use super::*;

    fn session(number: i64) -> SessionId {
        SessionId::from_i64(number).unwrap()
    }

    /// A hub whose model is not there, and what it reports.
    fn hub() -> (Hub, mpsc::Receiver<Report>) {
        let (own, inputs) = sync_channel(8);
        let (reports, received) = mpsc::channel(1_000);
        (Hub::new(inputs, own, Speech::off(), reports), received)
    }

    fn begin(hub: &mut Hub, number: i64) -> u64 {
        let (room, user) = (RoomId::from_i64(1).unwrap(), UserId::from_i64(number).unwrap());
        assert!(hub.begin(session(number), Speaker { room, user }).is_ok());
        hub.next_stream - 1
    }

    fn last_words(id: u64) -> Action {
        let range = Position::ZERO..Position::from_millis(1_000);
        let clip = Clip { range, samples: vec![0.0; 16_000].into() };
        Action::Final(Utterance { id: UtteranceId(id), clip, speech_millis: 500 }, None)
    }

    fn ended(received: &mut mpsc::Receiver<Report>) -> Vec<u64> {
        let mut ended = Vec::new();
        while let Ok(report) = received.try_recv() {
            match report {
                Report::Ended { stream } => ended.push(stream),
                Report::Began { .. } | Report::Caption { .. } | Report::Settled(_) => {}
            }
        }
        ended
    }

    #[test]
    fn a_stream_lasts_until_its_last_words_are_told() {
        let (mut hub, mut received) = hub();
        let stream = begin(&mut hub, 1);
        assert!(hub.ask_for(stream, [last_words(1)]).is_ok());
        assert!(hub.end(session(1)).is_ok());
        let (settled, mut all_told) = oneshot::channel();
        hub.settling.push(settled);
        assert!(hub.settle().is_ok());
        assert_eq!((ended(&mut received), hub.streams.len()), (vec![], 1), "they wait");
        assert!(hub.settle().is_ok());
        assert!(all_told.try_recv().is_err());
        // The pool never comes: beyond the limit the oldest are given up, one by one.
        let other = begin(&mut hub, 2);
        for id in 0..HELD_MAX as u64 {
            assert!(hub.ask_for(other, [last_words(id)]).is_ok());
        }
        assert_eq!(hub.streams[&other].held.len(), HELD_MAX - 1);
        assert!(hub.handle_tick().is_ok());
        assert_eq!(hub.streams[&stream].held.len(), 1, "each gives up its own");
    }

    #[test]
    fn words_of_an_earlier_grant_come_first() {
        let (mut hub, mut received) = hub();
        let first = begin(&mut hub, 1);
        assert!(hub.ask_for(first, [last_words(1), last_words(2)]).is_ok());
        let second = begin(&mut hub, 1);
        assert!(hub.streams[&first].ended, "the same session began anew");
        assert!(!hub.waits_behind_another(first) && hub.waits_behind_another(second));
        hub.streams.get_mut(&first).unwrap().held.clear();
        assert!(!hub.waits_behind_another(second));
        assert!(hub.forget_if_over(first).is_ok());
        assert_eq!(ended(&mut received), [first]);
    }

    #[test]
    fn a_guess_that_nobody_can_make_is_over() {
        let (mut hub, mut received) = hub();
        let stream = begin(&mut hub, 1);
        let Action::Final(utterance, _) = last_words(1) else { panic!("made above") };
        assert!(hub.ask_for(stream, [Action::Partial(utterance)]).is_ok());
        assert_eq!((hub.streams[&stream].decoding, hub.streams[&stream].held.len()), (0, 0));
        assert!(hub.end(session(1)).is_ok());
        assert_eq!(ended(&mut received), [stream]);
    }
}
