//! What the handle sends to a worker thread, each with the sender of its reply.

use media::{
    Allocation, Ban, Gate, MediaRefusal, OpenSession, SourceLabel, Trial, ViewRequest, Worker,
    WorkerNumber,
};
use model::{RoomId, SessionId};
use std::time::Instant;
use tokio::sync::oneshot;

use crate::stats::MediaStats;

/// Where the outcome goes.
pub(crate) type Reply<T> = oneshot::Sender<Result<T, MediaRefusal>>;

/// What a session is sent of others' pictures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pictures {
    /// What its connection is thought to bear, bits per second. `None`: not measured.
    pub estimate_bps: Option<u64>,
    /// What is in each of its sections, and in which layer.
    pub sent: Vec<Allocation>,
}

/// One call of the handle.
pub(crate) enum Command {
    Open {
        open: OpenSession,
        /// The other workers with sessions of its room.
        beside: Vec<WorkerNumber>,
        reply: Reply<()>,
    },
    Offer {
        session: SessionId,
        /// Boxed: much larger than every other command.
        trial: Box<Trial>,
        sources: Vec<SourceLabel>,
        reply: Reply<String>,
    },
    Answer {
        session: SessionId,
        sdp: String,
        reply: Reply<()>,
    },
    Candidate {
        session: SessionId,
        candidate: Option<String>,
        reply: Reply<()>,
    },
    SetGate {
        session: SessionId,
        room: RoomId,
        gate: Gate,
        reply: Reply<Vec<Ban>>,
    },
    Carry {
        session: SessionId,
        room: RoomId,
        gate: Gate,
        /// The other workers with sessions of that room.
        beside: Vec<WorkerNumber>,
        reply: Reply<Vec<Ban>>,
    },
    /// What such a command has promised on another worker. Like every command it is carried out after
    /// all that other workers have sent here before it.
    Forbid {
        ban: Ban,
        reply: Reply<()>,
    },
    View {
        session: SessionId,
        wants: Vec<ViewRequest>,
        reply: Reply<()>,
    },
    Close {
        session: SessionId,
        room: RoomId,
        reply: Reply<Vec<Ban>>,
    },
    Pictures {
        session: SessionId,
        reply: Reply<Pictures>,
    },
    Stats {
        reply: Reply<MediaStats>,
    },
    /// Brings the thread down, as a defect would.
    #[cfg(test)]
    Die {
        reply: Reply<()>,
    },
}

/// An outcome that waits until everything the command caused has been sent.
pub(crate) enum Done {
    Nothing(Reply<()>, Result<(), MediaRefusal>),
    Bans(Reply<Vec<Ban>>, Result<Vec<Ban>, MediaRefusal>),
    Text(Reply<String>, Result<String, MediaRefusal>),
    Pictures(Reply<Pictures>, Result<Pictures, MediaRefusal>),
    Stats(Reply<MediaStats>),
}

impl Command {
    /// Carries it out; the caller drains the worker, flushes, and only then completes the outcome.
    pub fn run(self, worker: &mut Worker, now: Instant) -> Done {
        match self {
            Self::Open { open, beside, reply } => {
                Done::Nothing(reply, worker.open(now, open, &beside))
            }
            Self::Offer { session, trial, sources, reply } => {
                let answer = worker.apply(now, session, *trial, &sources);
                Done::Text(reply, answer)
            }
            Self::Answer { session, sdp, reply } => {
                Done::Nothing(reply, worker.answer(session, &sdp))
            }
            Self::Candidate { session, candidate, reply } => {
                Done::Nothing(reply, worker.candidate(session, candidate.as_deref()))
            }
            Self::SetGate { session, room, gate, reply } => {
                Done::Bans(reply, worker.set_gate(now, session, room, gate))
            }
            Self::Carry { session, room, gate, beside, reply } => {
                Done::Bans(reply, worker.carry(now, session, room, gate, &beside))
            }
            Self::Forbid { ban, reply } => {
                worker.forbid(now, &ban);
                Done::Nothing(reply, Ok(()))
            }
            Self::View { session, wants, reply } => {
                Done::Nothing(reply, worker.view(now, session, &wants))
            }
            Self::Close { session, room, reply } => {
                Done::Bans(reply, Ok(worker.close(now, session, room)))
            }
            Self::Pictures { session, reply } => {
                let allocations = worker.allocations(session);
                let estimate_bps = worker.estimate(session);
                let pictures = allocations.map(|sent| Pictures { estimate_bps, sent });
                Done::Pictures(reply, pictures)
            }
            Self::Stats { reply } => Done::Stats(reply),
            #[cfg(test)]
            Self::Die { reply: _reply } => panic!("told to by a test"),
        }
    }
}

impl Done {
    /// Tells the caller, who may have stopped waiting.
    pub fn complete(self, stats: impl FnOnce() -> MediaStats) {
        match self {
            Self::Nothing(reply, result) => drop(reply.send(result)),
            Self::Bans(reply, result) => drop(reply.send(result)),
            Self::Text(reply, result) => drop(reply.send(result)),
            Self::Pictures(reply, result) => drop(reply.send(result)),
            Self::Stats(reply) => drop(reply.send(Ok(stats()))),
        }
    }
}
