//! A worker's side of its sessions' connections: where what it sends over TCP goes.

use std::collections::HashMap;

use media::Transmit;
use tokio::sync::mpsc;

use super::Connection;

/// The connections of one worker.
#[derive(Default)]
pub(crate) struct Outgoing {
    queues: HashMap<Connection, mpsc::Sender<Vec<u8>>>,
    /// Frames for a connection whose queue was full.
    pub dropped: u64,
}

impl Outgoing {
    pub fn open(&mut self, connection: Connection, sender: mpsc::Sender<Vec<u8>>) {
        self.queues.insert(connection, sender);
    }

    pub fn close(&mut self, connection: Connection) {
        self.queues.remove(&connection);
    }

    /// Never waits. What is for a connection that is closed is nobody's any more.
    pub fn send(&mut self, transmit: Transmit) {
        let Transmit { source, destination, contents, .. } = transmit;
        let connection = Connection { source: destination, destination: source };
        let Some(queue) = self.queues.get(&connection) else { return };
        if let Err(mpsc::error::TrySendError::Full(_)) = queue.try_send(contents) {
            self.dropped += 1;
        }
    }
}
