//! A file's way through the pool: admitted, cut into pieces, put together again.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use thiserror::Error;

use super::{Pool, Shared, Work as Job, give_up};
use crate::audio::{level_dbfs, millis_of};
use crate::clean::{Heard, clean};
use crate::engine::{Decoded, EngineError};
use crate::pieces::{Piece, pieces};
use crate::queue::{self, Busy, Kind, Source};
use crate::transcript::{Segment, Transcript};

/// Why a file has no transcript.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FileError {
    /// The engine failed on a piece.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The pool stopped, or the file was cancelled.
    #[error("the transcription was given up")]
    GivenUp,
}

/// Room for one file; held from before it is decoded until its transcript is there.
pub struct FileSlot {
    shared: Arc<Shared>,
    id: u64,
}

impl FileSlot {
    /// Names the file for [`Pool::cancel_file`].
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }
}

impl Drop for FileSlot {
    fn drop(&mut self) {
        self.shared.lock().queue.end_file();
    }
}

/// One piece of a file.
pub struct Work {
    file: Arc<File>,
    index: usize,
    piece: Piece,
}

struct File {
    samples: Vec<f32>,
    model: String,
    state: Mutex<FileState>,
}

struct FileState {
    segments: Vec<Option<Segment>>,
    missing: usize,
    language: Option<String>,
    /// Gone when the caller was told.
    on_done: Option<OnDone>,
    slot: Option<FileSlot>,
}

type OnDone = Box<dyn FnOnce(Result<Transcript, FileError>) + Send>;

impl Pool {
    /// Room for a file. Ask before decoding an upload: that is what costs memory.
    pub fn admit_file(&self) -> Result<FileSlot, Busy> {
        let mut state = self.shared.lock();
        state.queue.admit_file()?;
        let id = state.next_file;
        state.next_file += 1;
        drop(state);
        Ok(FileSlot { shared: Arc::clone(&self.shared), id })
    }

    /// Transcribes a recording at 16 kHz. Looks for speech on the caller's thread (about a
    /// thousandth of the audio's length), then returns; `on_done` is told once.
    pub fn transcribe(
        &self,
        slot: FileSlot,
        samples: Vec<f32>,
        on_done: impl FnOnce(Result<Transcript, FileError>) + Send + 'static,
    ) {
        let pieces = pieces(&samples);
        let source = Source::File(slot.id);
        let state = FileState {
            segments: vec![None; pieces.len()],
            missing: pieces.len(),
            language: None,
            on_done: Some(Box::new(on_done)),
            slot: Some(slot),
        };
        let model = self.shared.engine.model().to_owned();
        let file = Arc::new(File { samples, model, state: Mutex::new(state) });
        if pieces.is_empty() {
            file.end(Ok(()));
            return;
        }
        let mut state = self.shared.lock();
        if state.stopping {
            drop(state);
            file.end(Err(FileError::GivenUp));
            return;
        }
        for (index, piece) in pieces.into_iter().enumerate() {
            let audio_millis = millis_of(piece.samples.len());
            let work = Job::Piece(Work { file: Arc::clone(&file), index, piece });
            // Pieces of an admitted file are never refused.
            let _ = state.queue.push(queue::Job { source, kind: Kind::Piece, audio_millis, work });
        }
        drop(state);
        self.shared.work.notify_all();
    }

    /// Gives up a file: whoever sent it has gone.
    pub fn cancel_file(&self, id: u64) {
        let dropped = self.shared.lock().queue.cancel(Source::File(id));
        dropped.into_iter().for_each(|job| give_up(job.work));
    }
}

impl Work {
    /// What to decode.
    pub fn samples(&self) -> &[f32] {
        self.file.samples.get(self.piece.samples.clone()).unwrap_or_default()
    }

    /// The piece was decoded, or could not be.
    pub fn finish(self, decoded: Result<Decoded, EngineError>) {
        match decoded {
            Ok(decoded) => {
                let segment = self.segment(&decoded);
                self.file.piece_done(self.index, segment, decoded.language);
            }
            Err(error) => self.file.end(Err(error.into())),
        }
    }

    /// The piece will not be decoded.
    pub fn give_up(self) {
        self.file.end(Err(FileError::GivenUp));
    }

    fn segment(&self, decoded: &Decoded) -> Option<Segment> {
        let heard = Heard {
            speech_millis: self.piece.speech_millis,
            level_dbfs: level_dbfs(self.samples()),
            confidence: decoded.confidence,
        };
        let text = clean(&decoded.text, heard)?;
        let Range { start, end } = self.piece.samples;
        let (start_ms, end_ms) = (millis_of(start), millis_of(end));
        Some(Segment { start_ms, end_ms, speaker: None, text, confidence: decoded.confidence })
    }
}

impl File {
    fn piece_done(&self, index: usize, segment: Option<Segment>, language: Option<String>) {
        let all = {
            let mut state = self.lock();
            if let Some(place) = state.segments.get_mut(index) {
                *place = segment;
            }
            state.language = state.language.take().or(language);
            state.missing -= 1;
            state.missing == 0
        };
        if all {
            self.end(Ok(()));
        }
    }

    /// Tells the caller, the first time it is called.
    fn end(&self, result: Result<(), FileError>) {
        let mut state = self.lock();
        let Some(on_done) = state.on_done.take() else { return };
        let segments = std::mem::take(&mut state.segments).into_iter().flatten().collect();
        let language = state.language.take();
        // Room for the next file comes with this one's result, not before.
        let slot = state.slot.take();
        drop(state);
        drop(slot);
        on_done(result.map(|()| Transcript {
            segments,
            duration_ms: millis_of(self.samples.len()),
            language,
            model: self.model.clone(),
        }));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, FileState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
