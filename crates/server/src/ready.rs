//! What works: most of it before the server takes work, speech to text beside it.

use std::time::Duration;

use app::App;

/// A part that does not answer within this is not ready.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// A part of the server and what is wrong with it.
#[derive(Clone, Debug)]
pub struct Part {
    /// Its name.
    pub name: &'static str,
    /// `None`: ready.
    pub problem: Option<String>,
    /// Whether the server takes no work without it.
    pub needed: bool,
}

impl Part {
    fn needed(name: &'static str, problem: Option<String>) -> Self {
        Self { name, problem, needed: true }
    }

    /// Whether it keeps the server from taking work.
    pub fn is_in_the_way(&self) -> bool {
        self.needed && self.problem.is_some()
    }
}

/// Asks the parts.
#[derive(Clone, Debug, Default)]
pub struct Readiness {
    /// What is wrong with the TURN server since the start.
    pub turn: Option<String>,
}

impl Readiness {
    /// How the parts are just now.
    pub async fn check(&self, app: &App) -> Vec<Part> {
        let database = tokio::time::timeout(ANSWER_WITHIN, app.store.ping()).await;
        let database = match database {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some("does not answer".to_owned()),
        };
        let media = tokio::time::timeout(ANSWER_WITHIN, app.media.stats()).await;
        let media = match media {
            Err(_) => Some("does not answer".to_owned()),
            Ok(_) if app.media.is_healthy() => None,
            Ok(_) => {
                let (running, all) = app.media.threads();
                Some(format!("{running} of {all} media threads run"))
            }
        };
        let stopping = app.is_stopping().then(|| "the server is stopping".to_owned());
        vec![
            Part::needed("database", database),
            Part::needed("media", media),
            Part::needed("server", stopping),
            // Most clients need no relay.
            Part { name: "turn", problem: self.turn.clone(), needed: false },
            // Voices are heard without captions.
            Part { name: "speech", problem: app.speech.state().problem(), needed: false },
        ]
    }
}
