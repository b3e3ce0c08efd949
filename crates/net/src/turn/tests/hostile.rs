//! What nobody sends who means well: a target for a fuzzer, and a short run of it with every test run.

use std::time::Duration;

use turn_types::stun::message::Method;

use super::client::{Client, World};
use crate::turn::desk;

/// Enough to see every method with every attribute; the limit on time is for slow machines.
const ROUNDS: usize = 2000;
const AT_MOST: Duration = Duration::from_secs(2);
/// The attributes that something looks at.
const LOOKED_AT: [u16; 15] = [
    0x0006, 0x0008, 0x0009, 0x000c, 0x000d, 0x0012, 0x0013, 0x0014, 0x0015, 0x0017, 0x0018, 0x0019,
    0x001a, 0x0022, 0x7abc,
];

/// A message of a stranger, or of somebody with a password, or of a peer.
#[derive(Clone, Debug, bolero::TypeGenerator)]
enum Sent {
    Bytes(Vec<u8>),
    Signed { method: u8, attributes: Vec<(u8, Vec<u8>)> },
    Flipped { method: u8, at: u16, bit: u8 },
    Channel { number: u16, data: Vec<u8> },
    Peer { address: [u8; 4], port: u16, data: Vec<u8> },
    Pass(u16),
}

/// No message makes it panic, and nothing is ever relayed to what only this machine reaches.
#[test]
fn nothing_that_is_sent_breaks_it() {
    let target = bolero::check!().with_type::<Vec<Sent>>();
    target.with_iterations(ROUNDS).with_test_time(AT_MOST).for_each(|sent| {
        let mut world = World::new();
        let client = world.allocate("900000:42");
        for sent in sent.iter().take(20) {
            take(&mut world, &client, sent);
        }
    });
}

fn take(world: &mut World, client: &Client, sent: &Sent) {
    let message = match sent {
        Sent::Bytes(bytes) => bytes.clone(),
        Sent::Signed { method, attributes } => {
            let named = attributes.iter().take(10).map(|(kind, value)| {
                let kind = LOOKED_AT[usize::from(*kind) % LOOKED_AT.len()];
                (kind, &value[..value.len().min(600)])
            });
            // Those of the signature are the client's own.
            let named: Vec<(u16, &[u8])> =
                named.filter(|(k, _)| ![6, 8, 0x14, 0x15].contains(k)).collect();
            client.request(Method::new(u16::from(method % 12)), &named)
        }
        Sent::Flipped { method, at, bit } => {
            let mut message = client.request(Method::new(u16::from(method % 12)), &[]);
            let at = usize::from(*at) % message.len();
            message[at] ^= 1 << (bit % 8);
            message
        }
        Sent::Channel { number, data } => {
            world.channel_data(*number, &data[..data.len().min(2000)]);
            return;
        }
        Sent::Peer { address, port, data } => {
            world.peer_sends((*address, *port).into(), &data[..data.len().min(2000)]);
            return;
        }
        Sent::Pass(secs) => return world.pass(u64::from(*secs)),
    };
    let _ = desk::look(&message, client.address, &world.secrets, world.now);
    let act = world.handle(&message);
    if let crate::turn::allocation::Act::Relay { to, bytes } = act {
        assert!(message.get(bytes).is_some());
        assert!(world.policy.verdict(to) != crate::turn::policy::Verdict::Refused, "{to}");
    }
}
