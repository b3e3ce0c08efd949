//! Which decode is next, which waits, which is dropped, which is refused. Pure: called by the
//! [`pool`](crate::pool) under its lock.
//!
//! The policy. Finals go first, then guesses and files in turn; within each, sources in turn. A
//! speaker has at most one decode running, so finals come out in order, and at most one guess
//! waiting: a newer one replaces it, a final makes it pointless. When the queue is full, guesses
//! are dropped, oldest first; a final is never dropped once taken. What cannot be taken is refused
//! with the time after which to try again.

use std::collections::{BTreeSet, VecDeque};

use thiserror::Error;

/// Whose audio a decode is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// A live speaker.
    Speaker(u64),
    /// An uploaded file.
    File(u64),
}

/// How much a decode matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A guess at something still being said.
    Partial,
    /// The text that is kept.
    Final,
    /// A piece of a file.
    Piece,
}

/// A decode to do.
#[derive(Debug)]
pub struct Job<Work> {
    /// Whose.
    pub source: Source,
    /// How much it matters.
    pub kind: Kind,
    /// How much audio it is.
    pub audio_millis: u64,
    /// The rest, which the policy does not look at.
    pub work: Work,
}

/// No room; try again after this time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("too much speech is waiting to be transcribed, try again in {retry_after_ms} ms")]
pub struct Busy {
    /// When about half of what waits will be done.
    pub retry_after_ms: u64,
}

/// What may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Finals. Each holds up to 28 s of audio, 2 MB: 64 are more than a minute of work for a core.
    pub finals: usize,
    /// Finals and guesses together.
    pub live: usize,
    /// Files, counted while they are decoded too. Each holds up to 40 MB of samples.
    pub files: usize,
    /// Jobs that run at the same time.
    pub threads: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { finals: 64, live: 96, files: 4, threads: 1 }
    }
}

/// Before anything was measured: what Moonshine takes for a second of audio, in milliseconds.
const FIRST_COST_PER_SECOND: f32 = 40.0;
/// How much the latest measurement counts.
const COST_SMOOTHING: f32 = 0.1;
/// Nobody is told to come back sooner.
const RETRY_MIN_MILLIS: u64 = 1_000;
/// Nor later.
const RETRY_MAX_MILLIS: u64 = 60_000;

/// What waits and what runs.
pub struct Queue<Work> {
    limits: Limits,
    finals: Lane<Work>,
    partials: Lane<Work>,
    pieces: Lane<Work>,
    /// Speakers with a running decode.
    running: BTreeSet<Source>,
    running_millis: u64,
    files: usize,
    /// Whether a guess or a piece goes next when both wait.
    piece_next: bool,
    cost_per_second: f32,
}

/// Jobs of one kind, sources in turn.
struct Lane<Work> {
    turns: VecDeque<(Source, VecDeque<Job<Work>>)>,
    len: usize,
    audio_millis: u64,
}

impl<Work> Queue<Work> {
    /// An empty one.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            finals: Lane::new(),
            partials: Lane::new(),
            pieces: Lane::new(),
            running: BTreeSet::new(),
            running_millis: 0,
            files: 0,
            piece_next: false,
            cost_per_second: FIRST_COST_PER_SECOND,
        }
    }

    /// Takes a live job; gives back the guesses that are dropped for it, which may be the new one
    /// itself. Pieces come with [`admit_file`](Self::admit_file).
    pub fn push(&mut self, job: Job<Work>) -> Result<Vec<Job<Work>>, (Busy, Job<Work>)> {
        // Who is refused loses nothing: their guess still waits.
        if job.kind == Kind::Final && self.finals.len >= self.limits.finals {
            return Err((self.busy(), job));
        }
        let mut dropped = self.partials.remove(job.source);
        match job.kind {
            Kind::Final => self.finals.push(job),
            Kind::Partial => {
                // A guess at what already has its final waiting would only delay that.
                if self.finals.has(job.source) || self.finals.len >= self.limits.live {
                    dropped.push(job);
                    return Ok(dropped);
                }
                self.partials.push(job);
            }
            Kind::Piece => self.pieces.push(job),
        }
        while self.finals.len + self.partials.len > self.limits.live {
            let Some(oldest) = self.partials.pop(|_| true) else { break };
            dropped.push(oldest);
        }
        Ok(dropped)
    }

    /// Room for a file, before it costs anything; [`end_file`](Self::end_file) gives it back.
    pub fn admit_file(&mut self) -> Result<(), Busy> {
        if self.files >= self.limits.files {
            return Err(self.busy());
        }
        self.files += 1;
        Ok(())
    }

    /// A file is done or given up.
    pub fn end_file(&mut self) {
        self.files = self.files.saturating_sub(1);
    }

    /// The job to run now, if one may.
    pub fn start_next(&mut self) -> Option<Job<Work>> {
        let running = &self.running;
        let idle = |source: Source| !running.contains(&source);
        let job = self.finals.pop(idle).or_else(|| {
            let job = if self.piece_next {
                self.pieces.pop(|_| true).or_else(|| self.partials.pop(idle))
            } else {
                self.partials.pop(idle).or_else(|| self.pieces.pop(|_| true))
            };
            if let Some(job) = &job {
                self.piece_next = job.kind == Kind::Partial;
            }
            job
        })?;
        if matches!(job.source, Source::Speaker(_)) {
            self.running.insert(job.source);
        }
        self.running_millis += job.audio_millis;
        Some(job)
    }

    /// A job of [`start_next`](Self::start_next) is over.
    pub fn handle_done(&mut self, source: Source, audio_millis: u64, took_millis: u32) {
        self.running.remove(&source);
        self.running_millis = self.running_millis.saturating_sub(audio_millis);
        if audio_millis > 0 {
            let cost = took_millis as f32 * 1000.0 / audio_millis as f32;
            self.cost_per_second += (cost - self.cost_per_second) * COST_SMOOTHING;
        }
    }

    /// Gives back a source's waiting guesses, or a file's waiting pieces. Finals stay.
    pub fn cancel(&mut self, source: Source) -> Vec<Job<Work>> {
        let mut dropped = self.partials.remove(source);
        dropped.extend(self.pieces.remove(source));
        dropped
    }

    /// Everything that waits, at the end.
    pub fn drain(&mut self) -> Vec<Job<Work>> {
        let mut all = Vec::new();
        for lane in [&mut self.finals, &mut self.partials, &mut self.pieces] {
            while let Some(job) = lane.pop(|_| true) {
                all.push(job);
            }
        }
        all
    }

    /// How many jobs wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.finals.len + self.partials.len + self.pieces.len
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn busy(&self) -> Busy {
        let waiting = self.finals.audio_millis + self.pieces.audio_millis + self.running_millis;
        let seconds = waiting as f32 / 1000.0 / self.limits.threads.max(1) as f32;
        let half = (seconds * self.cost_per_second / 2.0) as u64;
        Busy { retry_after_ms: half.clamp(RETRY_MIN_MILLIS, RETRY_MAX_MILLIS) }
    }
}

impl<Work> Lane<Work> {
    fn new() -> Self {
        Self { turns: VecDeque::new(), len: 0, audio_millis: 0 }
    }

    fn has(&self, source: Source) -> bool {
        self.turns.iter().any(|(other, _)| *other == source)
    }

    fn push(&mut self, job: Job<Work>) {
        self.len += 1;
        self.audio_millis += job.audio_millis;
        match self.turns.iter_mut().find(|(source, _)| *source == job.source) {
            Some((_, jobs)) => jobs.push_back(job),
            None => self.turns.push_back((job.source, VecDeque::from([job]))),
        }
    }

    /// The first job of the first source that may, which then has its turn last.
    fn pop(&mut self, may: impl Fn(Source) -> bool) -> Option<Job<Work>> {
        let at = self.turns.iter().position(|(source, _)| may(*source))?;
        let (source, mut jobs) = self.turns.remove(at)?;
        let job = jobs.pop_front()?;
        if !jobs.is_empty() {
            self.turns.push_back((source, jobs));
        }
        self.len -= 1;
        self.audio_millis -= job.audio_millis;
        Some(job)
    }

    fn remove(&mut self, source: Source) -> Vec<Job<Work>> {
        let Some(at) = self.turns.iter().position(|(other, _)| *other == source) else {
            return Vec::new();
        };
        let jobs: Vec<Job<Work>> =
            self.turns.remove(at).map(|(_, jobs)| jobs.into()).unwrap_or_default();
        self.len -= jobs.len();
        self.audio_millis -= jobs.iter().map(|job| job.audio_millis).sum::<u64>();
        jobs
    }
}

#[cfg(test)]
mod tests;
