//! Tables: what is set, and what comes of it.

use app::{EngineChoice, UploadLimits};

use super::*;

fn load(file: Option<&str>, env: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::load(file, &|name| {
        env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    })
}

fn loaded(file: Option<&str>, env: &[(&str, &str)]) -> Config {
    load(file, env).unwrap_or_else(|error| panic!("{env:?} {file:?}: {error}"))
}

#[track_caller]
fn check_refused(file: Option<&str>, env: &[(&str, &str)], expect: &str) {
    let error = load(file, env).map(|config| config.to_string()).unwrap_err().to_string();
    assert_eq!(error, expect);
}

#[test]
fn nothing_set_is_a_whole_configuration() {
    let config = loaded(None, &[]);
    assert_eq!((config.port, config.media_port), (8085, 8085));
    assert_eq!(config.media_tcp_port, Some(8085));
    let relay = config.relay.unwrap();
    assert_eq!((relay.port, relay.chosen, relay.ports), (3478, false, 49152..=49407));
    assert!(relay.secret.is_none());
    assert_eq!((config.bind, config.public_address), (None, None));
    assert_eq!(config.data_dir, PathBuf::from("./data"));
    assert_eq!((config.log.as_str(), config.server_name.as_str()), ("info", "Parlor"));
    assert_eq!((config.tls, config.room_creation), (Tls::Off, RoomCreation::Anyone));
    assert!(config.rate_limits && config.turn.is_none() && config.jwt_secret.is_none());
    assert!(config.trusted_proxies.is_empty() && config.cors_origins.is_empty());
    assert_eq!((config.media_workers, config.warnings.len()), (None, 0));
    assert_eq!(config.speech.engine, EngineChoice::Moonshine { at: None });
    assert_eq!(config.speech.upload, UploadLimits::default());
    assert_eq!(config.speech.models_dir, PathBuf::from("./data/models"));
    assert!(config.speech.threads >= 1);
    let timing = room::Timing::default();
    assert_eq!(
        (config.speaker_ttl, config.request_idle),
        (timing.speaker_ttl, timing.request_idle)
    );
}

#[test]
fn every_setting_is_read() {
    let env = [
        ("PORT", " 9000 "),
        ("MEDIA_PORT", "9001"),
        ("MEDIA_TCP_PORT", "9002"),
        ("BIND", "::1"),
        ("PUBLIC_ADDRESS", "203.0.113.7"),
        ("PUBLIC_URL", "https://voice.example.com/"),
        ("DATA_DIR", "/var/lib/parlor"),
        ("DATABASE_URL", "sqlite:other.db"),
        ("TLS_CERT", "cert.pem"),
        ("TLS_KEY", "key.pem"),
        ("TLS", "off"),
        ("JWT_SECRET", "a secret of good length"),
        ("TURN_PORT", "3479"),
        ("TURN_RELAY_PORTS", "50000 - 50010"),
        ("TURN_SECRET", "another of good length"),
        ("TURN_URL", "turn:turn.example.com:3478?transport=udp"),
        ("TURN_USERNAME", "parlor"),
        ("TURN_PASSWORD", "hunter2"),
        ("TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8"),
        ("CORS_ORIGINS", "https://Example.com,http://localhost:3000"),
        ("SERVER_NAME", "Our place"),
        ("ROOM_CREATION", "manage_spaces"),
        ("RATE_LIMITS", "off"),
        ("MEDIA_WORKERS", "4"),
        ("STT_ENGINE", "HTTP"),
        ("STT_MODEL", "large-v3"),
        ("STT_THREADS", "3"),
        ("STT_HTTP_URL", "http://speech:8000/v1/"),
        ("STT_HTTP_KEY", "sk-hunter2"),
        ("STT_UPLOAD_MB", "50"),
        ("STT_UPLOAD_SECONDS", "1200"),
        ("SPEAKER_TTL_SECONDS", "5"),
        ("PARTICIPANT_IDLE_SECONDS", "30"),
        ("LOG", "info,net=debug"),
        ("AURA_SERVICE_KEY", "a third of good length"),
        ("AURA_MEMBERS_PORT", "8122"),
    ];
    assert_eq!(env.len(), SETTINGS.len(), "a setting is not tested");
    let config = loaded(None, &env);
    assert_eq!((config.port, config.media_port), (9000, 9001));
    assert_eq!(config.bind, "::1".parse().ok());
    assert_eq!(config.public_address, "203.0.113.7".parse().ok());
    assert_eq!(config.public_url.as_deref(), Some("https://voice.example.com"));
    assert_eq!(config.data_dir, PathBuf::from("/var/lib/parlor"));
    assert_eq!(config.database_url, Some(Redacted::new("sqlite:other.db".into())));
    assert_eq!(config.tls, Tls::Files { cert: "cert.pem".into(), key: "key.pem".into() });
    assert_eq!(config.jwt_secret, Some(Redacted::new("a secret of good length".into())));
    assert_eq!(config.aura_service_key, Some(Redacted::new("a third of good length".into())));
    assert_eq!((config.media_tcp_port, config.aura_members_port), (Some(9002), Some(8122)));
    let relay = config.relay.unwrap();
    assert_eq!((relay.port, relay.chosen, relay.ports), (3479, true, 50000..=50010));
    assert_eq!(relay.secret, Some(Redacted::new("another of good length".into())));
    let turn = config.turn.unwrap();
    assert_eq!((turn.url.as_str(), turn.username.as_str()), (env[15].1, "parlor"));
    assert_eq!(turn.password, Redacted::new("hunter2".into()));
    assert!(config.trusted_proxies[1].contains("10.1.2.3".parse().unwrap()));
    assert_eq!(config.cors_origins, ["https://example.com", "http://localhost:3000"]);
    assert_eq!((config.server_name.as_str(), config.log.as_str()), ("Our place", "info,net=debug"));
    assert_eq!((config.room_creation, config.rate_limits), (RoomCreation::Managers, false));
    assert_eq!((config.media_workers, config.warnings.len()), (Some(4), 0));
    let seconds = (config.speaker_ttl.as_secs(), config.request_idle.as_secs());
    assert_eq!(seconds, (5, 30));
    let http = EngineChoice::Http {
        url: "http://speech:8000/v1".into(),
        key: Some(Redacted::new("sk-hunter2".into())),
        model: Some("large-v3".into()),
    };
    assert_eq!((config.speech.engine, config.speech.threads), (http, 3));
    assert_eq!(config.speech.upload, UploadLimits { bytes: 50 * 1024 * 1024, seconds: 1200 });
    assert_eq!(config.speech.models_dir, PathBuf::from("/var/lib/parlor/models"));
}

#[test]
fn the_file_is_read_and_the_environment_wins() {
    let file = "port = 9000\nRATE_LIMITS = false\ncors_origins = [\"https://a.example\", \"*\"]\n";
    let config = loaded(Some(file), &[("PORT", "9100"), ("RATE_LIMITS", "")]);
    assert_eq!((config.port, config.rate_limits), (9100, false));
    assert_eq!(config.cors_origins, ["https://a.example", "*"]);
}

#[test]
fn ports_can_be_off() {
    for off in ["off", "OFF", "0"] {
        let config = loaded(None, &[("TURN_PORT", off), ("MEDIA_TCP_PORT", off)]);
        assert!(config.relay.is_none() && config.media_tcp_port.is_none(), "{off}");
    }
    assert_eq!(loaded(None, &[]).aura_members_port, None);
    assert!(loaded(None, &[("TURN_PORT", "3478")]).relay.unwrap().chosen);
    assert_eq!(loaded(None, &[("PORT", "9000")]).media_tcp_port, Some(9000));
}

#[test]
fn a_wrong_value_is_one_clear_line() {
    for (name, value, expected) in [
        ("PORT", "abc", "a number from 1 to 65535"),
        ("PORT", "0", "a number from 1 to 65535"),
        ("MEDIA_PORT", "65536", "a number from 1 to 65535"),
        ("MEDIA_TCP_PORT", "none", "a number from 1 to 65535, or off"),
        ("TURN_PORT", "-1", "a number from 1 to 65535, or off"),
        ("TURN_RELAY_PORTS", "9-8", "two numbers from 1 to 65535 like 49152-49407"),
        ("BIND", "localhost", "an IP address"),
        ("PUBLIC_URL", "example.com", "an address that starts with http:// or https://"),
        ("TURN_URL", "stun:example.com", "an address that starts with turn: or turns:"),
        ("TLS", "on", "off or self"),
        ("RATE_LIMITS", "maybe", "on or off"),
        ("ROOM_CREATION", "nobody", "anyone or MANAGE_SPACES"),
        ("MEDIA_WORKERS", "0", "a number from 1 to 256"),
        ("STT_ENGINE", "vosk", "moonshine or whisper or http or off"),
        ("STT_THREADS", "none", "a number from 1 to 256"),
        ("STT_HTTP_URL", "speech:8000", "an address that starts with http:// or https://"),
        ("STT_UPLOAD_MB", "0", "a number from 1 to 1024"),
        ("STT_UPLOAD_SECONDS", "86400", "a number from 1 to 14400"),
        ("SPEAKER_TTL_SECONDS", "0", "a number from 1 to 3600"),
        ("PARTICIPANT_IDLE_SECONDS", "1.5", "a number from 1 to 86400"),
        (
            "TRUSTED_PROXIES",
            "10.0.0.0/8,proxy",
            "IP addresses or networks like 10.0.0.0/8, separated by commas",
        ),
        (
            "CORS_ORIGINS",
            "https://a.example/path",
            "origins like https://example.com, separated by commas, or *",
        ),
    ] {
        let line = format!("{name}: expected {expected}, got {value:?}");
        check_refused(None, &[(name, value)], &line);
        let file = format!("{name} = {value:?}");
        check_refused(Some(&file), &[], &format!("{line} in voice-service.toml"));
    }
}

#[test]
fn a_file_that_is_wrong_is_one_clear_line() {
    for (file, expect) in [
        ("prot = 1", r#"there is no setting "prot"; did you mean PORT?"#),
        (
            "PORT = 1\nMEDIA_WORKER = 1",
            r#"there is no setting "MEDIA_WORKER"; did you mean MEDIA_WORKERS?"#,
        ),
        ("sip_prt = 1", r#"there is no setting "sip_prt"; did you mean SIP_PORT?"#),
        ("[port]\nx = 1", "PORT: expected a text, a number, true, false or a list of texts"),
        ("port = 1\nPORT = 2", "PORT is there twice"),
    ] {
        check_refused(Some(file), &[], &format!("voice-service.toml: {expect}"));
    }
    let error = load(Some("PORT = 1\nJWT_SECRET = hunter2\n"), &[]).unwrap_err().to_string();
    assert!(error.starts_with("voice-service.toml: line 2: "), "{error}");
    assert!(!error.contains("hunter2") && error.lines().count() == 1, "{error}");
}

#[test]
fn what_does_not_go_together_is_refused() {
    let (cert, key) = (("TLS_CERT", "cert.pem"), ("TLS_KEY", "key.pem"));
    check_refused(None, &[cert], "TLS_CERT is set, TLS_KEY is missing");
    check_refused(None, &[key], "TLS_KEY is set, TLS_CERT is missing");
    let both = [cert, key, ("TLS", "self")];
    check_refused(None, &both, "TLS=self: remove it or TLS_CERT and TLS_KEY");
    let half = [("TURN_USERNAME", "parlor")];
    check_refused(None, &half, "TURN_USERNAME is set, TURN_PASSWORD is missing");
    assert_eq!(loaded(None, &[("TLS", "self")]).tls, Tls::SelfSigned);
    check_refused(None, &[("STT_ENGINE", "http")], "STT_ENGINE=http needs STT_HTTP_URL");
    let whisper = if cfg!(feature = "whisper") {
        "STT_ENGINE=whisper needs STT_MODEL, the path of a ggml model"
    } else {
        "STT_ENGINE=whisper is not in this build: build with --features whisper, or take \
         moonshine or http"
    };
    check_refused(None, &[("STT_ENGINE", "whisper")], whisper);
}

#[test]
fn a_model_means_what_its_engine_takes() {
    let engine = |env: &[(&str, &str)]| loaded(None, env).speech.engine;
    let model = ("STT_MODEL", "models/mine");
    let at = Some(PathBuf::from("models/mine"));
    assert_eq!(engine(&[model]), EngineChoice::Moonshine { at });
    assert_eq!(engine(&[("STT_ENGINE", "off")]), EngineChoice::Off);
    let elsewhere = [("STT_ENGINE", "http"), ("STT_HTTP_URL", "https://speech.example/v1")];
    let url = "https://speech.example/v1".to_owned();
    assert_eq!(engine(&elsewhere), EngineChoice::Http { url, key: None, model: None });
    #[cfg(feature = "whisper")]
    assert_eq!(
        engine(&[("STT_ENGINE", "whisper"), model]),
        EngineChoice::Whisper { model: PathBuf::from("models/mine") }
    );
}

#[test]
fn what_is_set_in_vain_is_a_warning() {
    let check = |file, env: &[(&str, &str)], expect: &[&str]| {
        assert_eq!(loaded(file, env).warnings, expect);
    };
    let unused = "REDIS_URL is set but this version does not use it";
    check(None, &[("REDIS_URL", "redis://host")], &[unused]);
    check(None, &[("REDIS_URL", "")], &[]);
    check(Some("redis_url = 'redis://host'"), &[], &[unused]);
    let short = "JWT_SECRET is shorter than 16 bytes and can be guessed";
    check(None, &[("JWT_SECRET", "short")], &[short]);
    let turn = "TURN_URL is not used: it needs TURN_USERNAME and TURN_PASSWORD";
    check(None, &[("TURN_URL", "turn:host")], &[turn]);
    let off = [("STT_ENGINE", "off"), ("STT_MODEL", "x"), ("STT_HTTP_KEY", "y")];
    let model = "STT_MODEL is not used: STT_ENGINE is off";
    check(None, &off, &[model, "STT_HTTP_KEY is not used: STT_ENGINE is off"]);
    let url = "STT_HTTP_URL is not used: STT_ENGINE is moonshine";
    check(None, &[("STT_HTTP_URL", "http://speech")], &[url]);
    for name in NOT_SERVED {
        assert!(SETTINGS.iter().all(|setting| setting.name != *name), "{name} is served");
    }
}

#[test]
fn what_is_printed_has_sources_and_no_secrets() {
    let env = [
        ("PORT", "9000"),
        ("JWT_SECRET", "hunter2"),
        ("TURN_URL", "turn:host"),
        ("TURN_USERNAME", "parlor"),
        ("TURN_PASSWORD", "hunter2"),
        ("STT_ENGINE", "http"),
        ("STT_HTTP_URL", "http://speech"),
        ("STT_HTTP_KEY", "hunter2"),
        ("DATABASE_URL", "postgres://parlor:hunter2@host/db?sslpassword=hunter2&a=b"),
    ];
    let config = loaded(Some("server_name = 'Our \"place\"'"), &env);
    let printed = config.to_string();
    for line in [
        "PORT = 9000 # environment",
        "# MEDIA_PORT is not set: same as PORT",
        "DATA_DIR = \"./data\" # default",
        "JWT_SECRET = \"[redacted]\" # environment",
        "DATABASE_URL = \"postgres://parlor:[redacted]@host/db?sslpassword=[redacted]&a=b\" # environment",
        "# Warning: JWT_SECRET is shorter than 16 bytes and can be guessed",
    ] {
        assert!(printed.lines().any(|printed| printed == line), "{line}\n{printed}");
    }
    assert!(!printed.contains("hunter2") && !format!("{config:?}").contains("hunter2"));
    // It is TOML, and means the same.
    let again = loaded(Some(&printed), &[]);
    assert_eq!((again.port, again.server_name), (9000, config.server_name));
}

#[test]
fn passwords_are_taken_out_of_urls() {
    for (url, expect) in [
        ("postgres://user@host/db", "postgres://user:[redacted]@host/db"),
        ("postgres://u:p@ss/w@rd@host/db", "postgres://u:[redacted]@host/db"),
        ("sqlite:data/parlor.db", "sqlite:data/parlor.db"),
        ("hunter2", "[redacted]"),
    ] {
        assert_eq!(show::without_password(url), expect, "{url}");
    }
}

#[test]
fn the_table_has_a_row_per_setting() {
    let table = markdown_table();
    assert_eq!(table.lines().count(), SETTINGS.len() + 2);
    assert!(table.contains("| `PORT` | HTTP port. | `8085` |"), "{table}");
    assert!(table.lines().all(|line| line.matches('|').count() == 4), "{table}");
}

#[test]
fn the_operators_page_has_this_table() {
    let page = include_str!("../../../../docs/operating.md");
    assert!(page.contains(&markdown_table()), "docs/operating.md wants:\n{}", markdown_table());
}

#[test]
fn a_file_that_is_named_must_be_there() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("missing.toml");
    let error = Config::read(Some(&path)).unwrap_err();
    assert!(matches!(&error, ConfigError::Unreadable(named, _) if *named == path), "{error}");
}
