//! A client that builds its messages by itself, and what it talks to.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use model::Redacted;
use turn_types::attribute::XorPeerAddress;
use turn_types::message::{ALLOCATE, CHANNEL_BIND, CREATE_PERMISSION, SEND};
use turn_types::stun::attribute::{ErrorCode, Nonce, RawAttribute, Realm, Username};
use turn_types::stun::message::{
    BINDING, IntegrityAlgorithm, LongTermKeyCredentials, Message, MessageWrite, MessageWriteExt,
    MessageWriteVec, Method,
};

use crate::turn::allocation::{Act, Allocation};
use crate::turn::credential::Secrets;
use crate::turn::desk::{self, Said};
use crate::turn::policy::Policy;
use crate::turn::request::{self, Now};

const SECRET: &[u8] = b"shared";

/// Attributes by number, unpadded.
pub type Attributes<'a> = &'a [(u16, &'a [u8])];

/// The deciding parts, and at most one allocation.
pub struct World {
    pub now: Now,
    pub secrets: Secrets,
    pub policy: Policy,
    pub relayed: SocketAddr,
    pub allocation: Option<Allocation>,
    /// The request that made it.
    pub made_by: Vec<u8>,
}

fn machine() -> Vec<IpAddr> {
    vec!["127.0.0.1".parse().unwrap(), "10.0.0.5".parse().unwrap()]
}

impl World {
    pub fn new() -> Self {
        let media = vec!["10.0.0.5".parse().unwrap()];
        Self {
            now: Now { mono: Instant::now(), unix_secs: 1000 },
            secrets: Secrets::new(&Redacted::new(SECRET.to_vec()), [7; 32]),
            policy: Policy::new(media, 8085, None, None, machine),
            relayed: "10.0.0.5:49152".parse().unwrap(),
            allocation: None,
            made_by: Vec::new(),
        }
    }

    pub fn pass(&mut self, secs: u64) {
        self.now.mono += Duration::from_secs(secs);
        self.now.unix_secs += secs;
    }

    /// A client with an allocation.
    pub fn allocate(&mut self, username: &str) -> Client {
        let mut client = Client::new(username);
        client.learn_nonce(self);
        self.made_by = client.request(ALLOCATE, &[(0x19, &[17, 0, 0, 0])]);
        let said = desk::look(&self.made_by, client.address, &self.secrets, self.now);
        let Said::Allocate { owner, ipv6: false } = said else { panic!("refused") };
        let message = request::read(&self.made_by).unwrap();
        let made = Allocation::new(&message, owner, client.address, self.relayed, self.now);
        self.allocation = made;
        client
    }

    pub fn handle(&mut self, bytes: &[u8]) -> Act {
        let allocation = self.allocation.as_mut().unwrap();
        allocation.handle(bytes, &self.secrets, &self.policy, self.now)
    }

    /// A request of a client with an allocation.
    pub fn ask(&mut self, client: &Client, method: Method, attributes: Attributes<'_>) -> Reply {
        match self.handle(&client.request(method, attributes)) {
            Act::Reply(reply) => Reply::new(reply),
            other => panic!("{other:?}"),
        }
    }

    pub fn permit(&mut self, client: &Client, peers: &[SocketAddr]) -> Reply {
        let message = client.request_about(CREATE_PERMISSION, peers, &[]);
        let Act::Reply(reply) = self.handle(&message) else { panic!("no reply") };
        Reply::new(reply)
    }

    pub fn bind(&mut self, client: &Client, number: u16, peer: SocketAddr) -> Reply {
        let [high, low] = number.to_be_bytes();
        let message = client.request_about(CHANNEL_BIND, &[peer], &[(0x0c, &[high, low, 0, 0])]);
        let Act::Reply(reply) = self.handle(&message) else { panic!("no reply") };
        Reply::new(reply)
    }

    pub fn send(&mut self, _client: &Client, peer: SocketAddr, data: &[u8]) -> Act {
        let mut message = Message::builder_indication(SEND, MessageWriteVec::new());
        let transaction = message.transaction_id();
        message.add_attribute(&XorPeerAddress::new(peer, transaction)).unwrap();
        message.add_attribute(&RawAttribute::new(0x13.into(), data)).unwrap();
        let message = message.finish();
        let act = self.handle(&message);
        if let Act::Relay { bytes, .. } = &act {
            assert_eq!(&message[bytes.clone()], data);
        }
        act
    }

    pub fn channel_data(&mut self, number: u16, data: &[u8]) -> Act {
        let mut message = number.to_be_bytes().to_vec();
        message.extend((data.len() as u16).to_be_bytes());
        message.extend(data);
        self.handle(&message)
    }

    pub fn peer_sends(&mut self, peer: SocketAddr, bytes: &[u8]) -> Option<Vec<u8>> {
        let allocation = self.allocation.as_mut().unwrap();
        allocation.handle_peer(peer, bytes, &self.policy, self.now.mono)
    }
}

/// A client.
pub struct Client {
    pub address: SocketAddr,
    pub username: String,
    /// Empty: it signs nothing.
    pub password: String,
    pub nonce: Option<String>,
}

impl Client {
    /// Whose password is the right one for its name.
    pub fn new(username: &str) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, SECRET);
        Self {
            address: "198.51.100.7:4000".parse().unwrap(),
            username: username.to_owned(),
            password: STANDARD.encode(hmac::sign(&key, username.as_bytes())),
            nonce: None,
        }
    }

    pub fn request(&self, method: Method, attributes: Attributes<'_>) -> Vec<u8> {
        self.request_about(method, &[], attributes)
    }

    pub fn request_about(
        &self,
        method: Method,
        peers: &[SocketAddr],
        attributes: Attributes<'_>,
    ) -> Vec<u8> {
        let mut message = Message::builder_request(method, MessageWriteVec::new());
        let transaction = message.transaction_id();
        for (number, value) in attributes {
            message.add_attribute(&RawAttribute::new((*number).into(), value)).unwrap();
        }
        for peer in peers {
            message.add_attribute(&XorPeerAddress::new(*peer, transaction)).unwrap();
        }
        if !self.password.is_empty() {
            message.add_attribute(&Username::new(&self.username).unwrap()).unwrap();
            message.add_attribute(&Realm::new("parlor").unwrap()).unwrap();
            let nonce = self.nonce.as_deref().unwrap_or("none");
            message.add_attribute(&Nonce::new(nonce).unwrap()).unwrap();
            let credentials = self.credentials();
            message.add_message_integrity(&credentials, IntegrityAlgorithm::Sha1).unwrap();
        }
        message.finish()
    }

    fn credentials(&self) -> turn_types::stun::message::MessageIntegrityCredentials {
        let (name, password) = (self.username.clone(), self.password.clone());
        LongTermKeyCredentials::new(name, password, "parlor".to_owned()).into()
    }

    /// Says something without an allocation. `None`: nothing came back, or it would be given one.
    pub fn look(
        &mut self,
        world: &World,
        method: Method,
        attributes: Attributes<'_>,
    ) -> Option<Reply> {
        let message = self.request(method, attributes);
        match desk::look(&message, self.address, &world.secrets, world.now) {
            Said::Reply(reply) => {
                let reply = Reply::new(reply);
                if let Ok(nonce) = reply.message().attribute::<Nonce>() {
                    self.nonce = Some(nonce.nonce().to_owned());
                }
                Some(reply)
            }
            Said::Nothing | Said::Allocate { .. } => None,
        }
    }

    pub fn ask_for_allocation(&mut self, world: &World) -> Option<Reply> {
        self.look(world, ALLOCATE, &[(0x19, &[17, 0, 0, 0])])
    }

    pub fn learn_nonce(&mut self, world: &World) {
        let password = std::mem::take(&mut self.password);
        assert_eq!(self.ask_for_allocation(world).unwrap().code, Some(401));
        self.password = password;
    }

    pub fn bind_request(&self, world: &World) -> Reply {
        let message = Message::builder_request(BINDING, MessageWriteVec::new()).finish();
        match desk::look(&message, self.address, &world.secrets, world.now) {
            Said::Reply(reply) => Reply::new(reply),
            Said::Nothing | Said::Allocate { .. } => panic!("no reply"),
        }
    }
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    bytes: Vec<u8>,
    /// `None`: it is a success.
    pub code: Option<u16>,
}

impl Reply {
    pub fn new(bytes: Vec<u8>) -> Self {
        let code = Message::from_bytes(&bytes).unwrap().attribute::<ErrorCode>().ok();
        Self { code: code.map(|code| code.code()), bytes }
    }

    pub fn message(&self) -> Message<'_> {
        Message::from_bytes(&self.bytes).unwrap()
    }

    pub fn is_signed_by(&self, client: &Client) -> bool {
        self.message().validate_integrity(&client.credentials()).is_ok()
    }
}
