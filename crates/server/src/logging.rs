//! What is logged: the operator's filter, and below it what no filter may let out.

use std::io::{self, IsTerminal};

use anyhow::anyhow;
use tracing::{Level, Subscriber, level_filters::LevelFilter};
use tracing_subscriber::filter::{FilterExt, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry};

use crate::progress;

/// Libraries whose finer levels would log what must never be in a log (SDP credentials, frames with
/// tokens, keys and answers of a transcription server), or a line for every oddity of a file that somebody
/// sent: held at these levels whatever LOG says. Not directives of the filter, where LOG could name a part of
/// such a library, which would win.
const HELD_DOWN: [(&str, LevelFilter); 12] = [
    ("str0m", LevelFilter::ERROR),
    ("is", LevelFilter::ERROR),
    ("dimpl", LevelFilter::ERROR),
    ("tungstenite", LevelFilter::INFO),
    ("tokio_tungstenite", LevelFilter::INFO),
    ("hyper", LevelFilter::INFO),
    ("hyper_util", LevelFilter::INFO),
    ("rustls", LevelFilter::INFO),
    ("ureq", LevelFilter::INFO),
    ("symphonia", LevelFilter::OFF),
    ("stun", LevelFilter::OFF),
    ("turn", LevelFilter::OFF),
];

/// Logs to standard error from now on. `log` is a filter as of [`EnvFilter`].
pub fn start(log: &str) -> anyhow::Result<()> {
    subscriber(log, || progress::Around(io::stderr()), io::stderr().is_terminal())?.init();
    Ok(())
}

fn subscriber<W>(log: &str, writer: W, colours: bool) -> anyhow::Result<impl Subscriber + use<W>>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let asked =
        EnvFilter::try_new(log).map_err(|error| anyhow!("LOG: not a log filter: {error}"))?;
    let allowed = filter_fn(|event| is_allowed(event.target(), *event.level()));
    // Without this hint the filter would be asked about every event of every library.
    let filter = asked.and(allowed.with_max_level_hint(LevelFilter::TRACE));
    let layer = tracing_subscriber::fmt::layer().with_ansi(colours).with_writer(writer);
    Ok(Registry::default().with(layer.with_filter(filter)))
}

fn is_allowed(target: &str, level: Level) -> bool {
    let library = target.split("::").next().unwrap_or(target);
    HELD_DOWN.iter().all(|(held, coarsest)| !is_part(library, held) || level <= *coarsest)
}

/// Some come as many crates of one first name.
fn is_part(library: &str, of: &str) -> bool {
    library.strip_prefix(of).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn no_filter_lets_libraries_tell_secrets() {
        for log in ["trace", "info,str0m::ice=trace", "str0m[x]=trace,str0m::ice=trace"] {
            let sink = Sink::default();
            let writer = sink.clone();
            let subscriber = subscriber(log, move || writer.clone(), false).unwrap();
            tracing::subscriber::with_default(subscriber, || {
                tracing::trace!(target: "str0m::ice", "secret");
                tracing::info!(target: "str0m", "secret");
                tracing::debug!(target: "hyper::proto", "secret");
                tracing::trace!(target: "ureq_proto::util", "secret");
                tracing::error!(target: "symphonia_bundle_mp3::demuxer", "secret");
                tracing::error!(target: "str0m::ice", "told");
            });
            let written = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
            assert!(written.contains("told") && !written.contains("secret"), "{log}: {written}");
        }
    }
}
