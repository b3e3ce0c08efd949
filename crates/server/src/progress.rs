//! How far the download of the speech model is: a bar on a terminal, lines in the log elsewhere.
//!
//! Bar and log share standard error, so every line of the log passes here: the bar makes room for it.

use std::io::{self, IsTerminal, Write};
use std::sync::LazyLock;

use app::{Speech, SpeechState, SpeechStep};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// What is drawn on standard error just now.
static DRAWN: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);

const STYLE: &str = "{msg} [{bar:30}] {decimal_bytes} of {decimal_total_bytes}";
/// The log gets a line for each such part of the download.
const LOGGED_PERCENT: u64 = 25;
const BYTES_PER_MB: u64 = 1_000_000;

/// Writes around what is drawn.
pub struct Around<W>(pub W);

impl<W: Write> Write for Around<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        DRAWN.suspend(|| self.0.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Shows the download of a server that is running until the model is there.
pub async fn follow(speech: Speech) {
    let mut download = Download::default();
    let mut state = speech.state();
    loop {
        match state {
            SpeechState::Fetching { bytes, total } => download.show(bytes, total),
            SpeechState::Loading | SpeechState::Failed(_) => download = Download::default(),
            SpeechState::Ready { .. } | SpeechState::Off => return,
        }
        state = speech.changed(&state).await;
    }
}

/// One download; what is drawn of it goes with it.
#[derive(Default)]
pub struct Download {
    bar: Option<ProgressBar>,
    logged_percent: Option<u64>,
}

impl Download {
    /// The same for a command that waits for it.
    pub fn step(&mut self, step: SpeechStep) {
        match step {
            SpeechStep::Fetching(progress) => self.show(progress.bytes, progress.total),
            SpeechStep::Loading => *self = Self::default(),
        }
    }

    fn show(&mut self, bytes: u64, total: u64) {
        // The first report comes before anything is known.
        if total == 0 {
            return;
        }
        if io::stderr().is_terminal() {
            let bar = self.bar.get_or_insert_with(|| drawn(total));
            bar.set_position(bytes);
        } else if let Some(percent) = self.percent_to_log(bytes, total) {
            let megabytes = total / BYTES_PER_MB;
            tracing::info!("the speech model is being downloaded: {percent} % of {megabytes} MB");
        }
    }

    /// Each step of [`LOGGED_PERCENT`] once.
    fn percent_to_log(&mut self, bytes: u64, total: u64) -> Option<u64> {
        let percent = bytes * 100 / total / LOGGED_PERCENT * LOGGED_PERCENT;
        let is_new = self.logged_percent.is_none_or(|logged| percent > logged);
        is_new.then(|| *self.logged_percent.insert(percent))
    }
}

impl Drop for Download {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
            DRAWN.remove(bar);
        }
    }
}

fn drawn(total: u64) -> ProgressBar {
    let style =
        ProgressStyle::with_template(STYLE).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(total).with_style(style).with_message("speech model");
    DRAWN.add(bar)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_gets_a_line_for_each_quarter() {
        let mut download = Download::default();
        let logged: Vec<u64> =
            (0..=200).filter_map(|bytes| download.percent_to_log(bytes, 200)).collect();
        assert_eq!(logged, [0, 25, 50, 75, 100]);
    }

    #[tokio::test]
    async fn nobody_follows_what_is_off() {
        follow(Speech::off()).await;
    }
}
