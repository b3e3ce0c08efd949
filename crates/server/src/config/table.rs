//! The table of settings, and the names that belong to later versions.

use std::time::Duration;

use model::Redacted;

use super::parse;
use super::setting::Fallback::{Is, Means};
use super::setting::Privacy::{self, Secret, UrlPassword};
use super::setting::{Kind, Setting};
use super::speech::{ENGINES, Engine};

/// Threads beyond this many would be a slip: no machine that this runs on has more cores.
const MEDIA_WORKERS_MAX: usize = 256;

/// The same for decoders.
const STT_THREADS_MAX: usize = 256;
/// An upload is in memory as a whole, and up to sixteen are read at a time.
const STT_UPLOAD_MB_MAX: usize = 1024;
/// Four hours of samples are 0.9 GB of memory, for each of up to four files.
const STT_UPLOAD_SECONDS_MAX: usize = 4 * 60 * 60;
/// Who is silent for longer than this holds the floor for nobody.
const SPEAKER_TTL_SECONDS_MAX: usize = 60 * 60;
/// A member who asked for nothing for longer than this has surely left.
const PARTICIPANT_IDLE_SECONDS_MAX: usize = 24 * 60 * 60;

/// A row of the table.
macro_rules! row {
    ($name:ident, $kind:expr, $default:expr, $privacy:expr, $help:literal, $apply:expr) => {
        Setting {
            name: stringify!($name),
            kind: $kind,
            default: $default,
            privacy: $privacy,
            help: $help,
            apply: $apply,
        }
    };
}

/// A row whose value may be shown.
macro_rules! public {
    ($name:ident, $kind:expr, $default:expr, $help:literal, $apply:expr) => {
        row!($name, $kind, $default, Privacy::Public, $help, $apply)
    };
}

/// All settings of this version.
pub const SETTINGS: &[Setting] = &[
    public!(PORT, Kind::Port, Is("8085"), "HTTP port.", |draft, text| {
        draft.port = parse::port(text)?;
        Some(())
    }),
    public!(MEDIA_PORT, Kind::Port, Means("same as PORT"), "UDP port of media.", |draft, text| {
        draft.media_port = Some(parse::port(text)?);
        Some(())
    }),
    public!(
        MEDIA_TCP_PORT,
        Kind::PortOrOff,
        Means("same as PORT"),
        "TCP port of media, for networks without UDP; off: none. Another one than PORT is listened on as well.",
        |draft, text| {
            draft.media_tcp_port = Some(parse::port_or_off(text)?);
            Some(())
        }
    ),
    public!(
        BIND,
        Kind::Address,
        Means("all addresses"),
        "The one address to listen on.",
        |draft, text| {
            draft.bind = Some(text.parse().ok()?);
            Some(())
        }
    ),
    public!(
        PUBLIC_ADDRESS,
        Kind::Address,
        Means("only the machine's own addresses"),
        "The address under which the internet reaches this machine, if a router stands between.",
        |draft, text| {
            draft.public_address = Some(text.parse().ok()?);
            Some(())
        }
    ),
    public!(
        PUBLIC_URL,
        Kind::Url(&["http://", "https://"]),
        Means("the address that each request names"),
        "The address of the web page, for links to it and for the sockets that clients are sent to.",
        |draft, text| {
            draft.public_url = Some(parse::http_url(text)?);
            Some(())
        }
    ),
    public!(
        DATA_DIR,
        Kind::Path,
        Is("./data"),
        "Where everything is kept: database, keys, the speech model.",
        |draft, text| {
            draft.data_dir = text.into();
            Some(())
        }
    ),
    row!(
        DATABASE_URL,
        Kind::Text,
        Means("a SQLite file in DATA_DIR"),
        UrlPassword,
        "Another place for the database: sqlite:PATH.",
        |draft, text| {
            draft.database_url = Some(Redacted::new(text.to_owned()));
            Some(())
        }
    ),
    public!(
        TLS,
        Kind::Choice(&["off", "self"]),
        Is("off"),
        "self: HTTPS with a certificate made here. Microphones need HTTPS or localhost.",
        |draft, text| {
            draft.tls_self_signed = parse::choice(text, &["off", "self"])? == 1;
            Some(())
        }
    ),
    public!(
        TLS_CERT,
        Kind::Path,
        Means("no certificate"),
        "Certificate chain for HTTPS, PEM.",
        |draft, text| {
            draft.tls_cert = Some(text.into());
            Some(())
        }
    ),
    public!(
        TLS_KEY,
        Kind::Path,
        Means("no certificate"),
        "Private key of the certificate, PEM.",
        |draft, text| {
            draft.tls_key = Some(text.into());
            Some(())
        }
    ),
    row!(
        AURA_SERVICE_KEY,
        Kind::Text,
        Means("no such key"),
        Secret,
        "Who shows it as bearer token may do everything with conferences by REST.",
        |draft, text| {
            draft.aura_service_key = Some(Redacted::new(text.to_owned()));
            Some(())
        }
    ),
    public!(
        AURA_MEMBERS_PORT,
        Kind::PortOrOff,
        Is("off"),
        "One more HTTP port, which has nothing but the members of conferences.",
        |draft, text| {
            draft.aura_members_port = parse::port_or_off(text)?;
            Some(())
        }
    ),
    row!(
        JWT_SECRET,
        Kind::Text,
        Means("only tokens of this server are accepted"),
        Secret,
        "Key of the surrounding platform's HS256 tokens.",
        |draft, text| {
            draft.jwt_secret = Some(Redacted::new(text.to_owned()));
            Some(())
        }
    ),
    public!(
        TURN_PORT,
        Kind::PortOrOff,
        Is("3478"),
        "UDP and TCP port of the built-in TURN server, with TLS also 5349; off: none.",
        |draft, text| {
            draft.turn_port = parse::port_or_off(text)?;
            Some(())
        }
    ),
    public!(
        TURN_RELAY_PORTS,
        Kind::PortRange,
        Is("49152-49407"),
        "UDP ports that it relays through, one for each allocation.",
        |draft, text| {
            draft.turn_relay_ports = Some(parse::port_range(text)?);
            Some(())
        }
    ),
    row!(
        TURN_SECRET,
        Kind::Text,
        Means("made once, kept in DATA_DIR"),
        Secret,
        "Keys the credentials that clients get for it; the same on all servers that share them.",
        |draft, text| {
            draft.turn_secret = Some(Redacted::new(text.to_owned()));
            Some(())
        }
    ),
    public!(
        TURN_URL,
        Kind::Url(&["turn:", "turns:"]),
        Means("only the built-in one is offered"),
        "A TURN server elsewhere that clients may use.",
        |draft, text| {
            draft.turn_url = Some(parse::turn_url(text)?);
            Some(())
        }
    ),
    public!(TURN_USERNAME, Kind::Text, Means("none"), "User at that server.", |draft, text| {
        draft.turn_username = Some(text.to_owned());
        Some(())
    }),
    row!(
        TURN_PASSWORD,
        Kind::Text,
        Means("none"),
        Secret,
        "Password there; every client is told.",
        |draft, text| {
            draft.turn_password = Some(Redacted::new(text.to_owned()));
            Some(())
        }
    ),
    public!(
        TRUSTED_PROXIES,
        Kind::Networks,
        Means("none"),
        "Proxies whose X-Forwarded-For is believed.",
        |draft, text| {
            draft.trusted_proxies = parse::list(text, |item| item.parse().ok())?;
            Some(())
        }
    ),
    public!(
        CORS_ORIGINS,
        Kind::Origins,
        Means("none"),
        "Other sites whose pages may call the API; * for all.",
        |draft, text| {
            draft.cors_origins = parse::list(text, parse::origin)?;
            Some(())
        }
    ),
    public!(SERVER_NAME, Kind::Text, Is("Parlor"), "The name that clients show.", |draft, text| {
        draft.server_name = text.to_owned();
        Some(())
    }),
    public!(
        ROOM_CREATION,
        Kind::Choice(&["anyone", "MANAGE_SPACES"]),
        Is("anyone"),
        "Who may make rooms: anyone, or who has that permission.",
        |draft, text| {
            draft.room_managers_only = parse::choice(text, &["anyone", "MANAGE_SPACES"])? == 1;
            Some(())
        }
    ),
    public!(
        RATE_LIMITS,
        Kind::Switch,
        Is("on"),
        "off for tests and benchmarks only.",
        |draft, text| {
            draft.rate_limits = parse::switch(text)?;
            Some(())
        }
    ),
    public!(
        MEDIA_WORKERS,
        Kind::Count { max: MEDIA_WORKERS_MAX },
        Means("one per core"),
        "Threads that forward media.",
        |draft, text| {
            draft.media_workers = Some(parse::count(text, MEDIA_WORKERS_MAX)?);
            Some(())
        }
    ),
    public!(
        STT_ENGINE,
        Kind::Choice(&ENGINES),
        Is("moonshine"),
        "What turns speech into text: moonshine (English, in this process), whisper (a ggml model, in builds with that feature), http (another server), or off.",
        |draft, text| {
            draft.speech.engine = Engine::parse(text)?;
            Some(())
        }
    ),
    public!(
        STT_MODEL,
        Kind::Text,
        Means("moonshine's is downloaded; http asks for whisper-1"),
        "moonshine: a folder with the model or its package; whisper: the ggml file; http: the model's name there.",
        |draft, text| {
            draft.speech.model = Some(text.to_owned());
            Some(())
        }
    ),
    public!(
        STT_THREADS,
        Kind::Count { max: STT_THREADS_MAX },
        Means("half of the cores"),
        "Decodes at the same time, one core each.",
        |draft, text| {
            draft.speech.threads = Some(parse::count(text, STT_THREADS_MAX)?);
            Some(())
        }
    ),
    row!(
        STT_HTTP_URL,
        Kind::Url(&["http://", "https://"]),
        Means("none"),
        UrlPassword,
        "http: the server's address, up to and with /v1.",
        |draft, text| {
            draft.speech.http_url = Some(parse::http_url(text)?);
            Some(())
        }
    ),
    row!(
        STT_HTTP_KEY,
        Kind::Text,
        Means("none"),
        Secret,
        "http: the key for it.",
        |draft, text| {
            draft.speech.http_key = Some(Redacted::new(text.to_owned()));
            Some(())
        }
    ),
    public!(
        STT_UPLOAD_MB,
        Kind::Count { max: STT_UPLOAD_MB_MAX },
        Is("25"),
        "The largest recording that may be sent, in MB.",
        |draft, text| {
            draft.speech.upload_mb = parse::count(text, STT_UPLOAD_MB_MAX)?;
            Some(())
        }
    ),
    public!(
        STT_UPLOAD_SECONDS,
        Kind::Count { max: STT_UPLOAD_SECONDS_MAX },
        Is("600"),
        "The longest recording that may be sent.",
        |draft, text| {
            draft.speech.upload_seconds = parse::seconds(text, STT_UPLOAD_SECONDS_MAX)?;
            Some(())
        }
    ),
    public!(
        SPEAKER_TTL_SECONDS,
        Kind::Count { max: SPEAKER_TTL_SECONDS_MAX },
        Is("20"),
        "Push to talk: the turn of who does not renew it ends after this.",
        |draft, text| {
            let seconds = parse::seconds(text, SPEAKER_TTL_SECONDS_MAX)?;
            draft.speaker_ttl = Duration::from_secs(seconds.into());
            Some(())
        }
    ),
    public!(
        PARTICIPANT_IDLE_SECONDS,
        Kind::Count { max: PARTICIPANT_IDLE_SECONDS_MAX },
        Is("60"),
        "STT Room API: who sends no request for this long, and has no socket open, has left.",
        |draft, text| {
            let seconds = parse::seconds(text, PARTICIPANT_IDLE_SECONDS_MAX)?;
            draft.request_idle = Duration::from_secs(seconds.into());
            Some(())
        }
    ),
    public!(
        LOG,
        Kind::Text,
        Is("info"),
        "What is logged: a level, or levels per part as in info,net=debug.",
        |draft, text| {
            draft.log = text.to_owned();
            Some(())
        }
    ),
];

/// Names that mean something to this program, but not in this version: set, they are a warning.
pub const NOT_SERVED: &[&str] = &[
    "MEDIA_SECRET",
    "MEDIA_SERVER_URL",
    "NATS_URL",
    "P2P",
    "REDIS_URL",
    "SIP_PORT",
    "SIP_REALM",
    "SIP_RTP_PORTS",
    "SIP_TLS_PORT",
];
