//! The UDP port of the relay: a thread that reads what clients send, answers those without an allocation, and hands
//! the rest to their allocations. What those have for their clients goes out here, from the address that
//! each client knows.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use media::{Protocol, Transmit};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::ALLOCATIONS_MAX;
use super::desk::{self, Said};
use super::relay::{INBOX_MAX, Shared, Wanted, Way, now, run};
use crate::socket::{Egress, Ingress, Socket, wait};
use crate::wake::Waker;

/// Datagrams that wait to be sent to clients: some milliseconds of all of them.
const OUTBOX_MAX: usize = 2048;
/// Sent per turn, so that receiving is not held up.
const SENT_PER_TURN: usize = 512;
/// Clients whose allocation may be over and has not been looked at since.
const CLIENTS_MAX: usize = 2 * ALLOCATIONS_MAX;
const SLEEP_MAX: Duration = Duration::from_secs(1);

/// Where allocations put what is for clients of this port.
#[derive(Clone)]
pub(super) struct Outbox {
    sender: SyncSender<Transmit>,
    waker: Waker,
}

impl Outbox {
    /// `false`: there was no place for it.
    pub fn send(&self, transmit: Transmit) -> bool {
        let sent = self.sender.try_send(transmit).is_ok();
        self.waker.wake();
        sent
    }
}

/// Starts the thread. It ends when the returned waker is used after `stop` was set.
pub(super) fn start(
    socket: Socket,
    shared: Arc<Shared>,
    stop: Arc<AtomicBool>,
) -> io::Result<Waker> {
    let waker = Waker::new(socket.local)?;
    let (sender, receiver) = sync_channel(OUTBOX_MAX);
    let outbox = Outbox { sender, waker: waker.clone() };
    let runtime = Handle::current();
    let body = move || {
        let clients = HashMap::new();
        let egress = Egress::new(&socket);
        Port { socket, egress, shared, outbox, clients, runtime }.serve(&receiver, &stop);
    };
    std::thread::Builder::new().name("turn".to_owned()).spawn(body)?;
    Ok(waker)
}

struct Port {
    socket: Socket,
    egress: Egress,
    shared: Arc<Shared>,
    outbox: Outbox,
    /// Allocations by their clients' addresses, and ours that they know.
    clients: HashMap<(SocketAddr, SocketAddr), mpsc::Sender<Vec<u8>>>,
    runtime: Handle,
}

impl Port {
    fn serve(mut self, receiver: &Receiver<Transmit>, stop: &AtomicBool) {
        let mut ingress = Ingress::new();
        let mut received: Vec<(SocketAddr, SocketAddr, Vec<u8>)> = Vec::new();
        while !stop.load(Ordering::Acquire) {
            self.outbox.waker.clear();
            ingress.receive(&self.socket, |source, destination, bytes| {
                received.push((source, destination, bytes.to_vec()));
            });
            for (client, local, message) in received.drain(..) {
                self.take(client, local, message);
            }
            let mut sent = 0;
            for transmit in receiver.try_iter().take(SENT_PER_TURN) {
                self.egress.push(&self.socket, transmit);
                sent += 1;
            }
            self.egress.flush(&self.socket);
            if sent == SENT_PER_TURN {
                self.outbox.waker.wake();
            }
            wait(&self.socket, &self.outbox.waker, SLEEP_MAX);
        }
    }

    fn take(&mut self, client: SocketAddr, local: SocketAddr, message: Vec<u8>) {
        let mut message = message;
        if let Some(inbox) = self.clients.get(&(client, local)) {
            match inbox.try_send(message) {
                Ok(()) => return,
                Err(mpsc::error::TrySendError::Full(_)) => {
                    return self.shared.counts.dropped.increment(1);
                }
                Err(mpsc::error::TrySendError::Closed(unsent)) => message = unsent,
            }
            self.clients.remove(&(client, local));
        }
        let secrets = &self.shared.secrets;
        // A panic of the library about one stranger's message is that message's; the rest is everybody's port.
        // Nothing is changed while looking.
        let look = AssertUnwindSafe(|| desk::look(&message, client, secrets, now()));
        match catch_unwind(look).unwrap_or(Said::Nothing) {
            Said::Nothing => {}
            Said::Reply(contents) => {
                let (protocol, source, destination) = (Protocol::Udp, local, client);
                let reply = Transmit { protocol, source, destination, contents };
                self.egress.push(&self.socket, reply);
            }
            Said::Allocate { owner, ipv6 } => {
                if self.clients.len() >= CLIENTS_MAX {
                    self.clients.retain(|_, inbox| !inbox.is_closed());
                }
                let (sender, inbox) = mpsc::channel(INBOX_MAX);
                self.clients.insert((client, local), sender);
                let way = Way::Udp { outbox: self.outbox.clone(), client, local };
                let wanted = Wanted { message, owner, ipv6 };
                self.runtime.spawn(run(Arc::clone(&self.shared), way, wanted, inbox));
            }
        }
    }
}
