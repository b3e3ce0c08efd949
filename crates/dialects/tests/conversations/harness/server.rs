//! The server of a conversation: everything but the command line, on loopback.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use app::{
    Accounts, App, AppSettings, Ids, MediaAddress, MediaSide, MediaTokenTimes, RoomCreation,
    SetupCode, Speech, Tokens, UploadLimits,
};
use axum::extract::Request;
use axum::response::Response;
use axum::serve::ListenerExt;
use axum::{Router, http::StatusCode};
use dialects::{Doors, TrustedProxies};
use model::Redacted;
use net::{Media, MediaConfig, Tap};
use room::Timing;
use serde_json::{Value, json};
use store::{Database, Store};
use tempfile::TempDir;

use super::{Person, Reply, Schemas, speech};

/// A long enough password for everyone.
pub const PASSWORD: &str = "correct horse";

/// What the server of a conversation is called.
pub const SERVER_NAME: &str = "Parlor";
/// Opens everything about conferences by REST.
pub const SERVICE_KEY: &str = "a service key of good length";

/// How a server is set up.
#[derive(Clone, Debug)]
pub struct Setup {
    pub rate_limits: bool,
    pub jwt_secret: Option<&'static str>,
    pub room_creation: RoomCreation,
    pub timing: Timing,
    pub media_tokens: MediaTokenTimes,
    pub public_url: Option<&'static str>,
    /// With the real model, or none.
    pub speech: Option<UploadLimits>,
    /// Two media threads, one of which can be brought down: [`Server::break_media`].
    pub fragile: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            rate_limits: false,
            jwt_secret: None,
            room_creation: RoomCreation::Anyone,
            timing: Timing::default(),
            media_tokens: MediaTokenTimes::default(),
            public_url: None,
            speech: None,
            fragile: false,
        }
    }
}

/// A running server. Clones share it; it goes when the last one does.
#[derive(Clone)]
pub struct Server(Arc<Parts>);

pub struct Parts {
    pub app: App,
    pub store: Store,
    pub api: Schemas,
    pub stream: Schemas,
    pub http: reqwest::Client,
    pub router: Router,
    address: SocketAddr,
    broken: Arc<AtomicBool>,
    setup: Setup,
    directory: Arc<TempDir>,
}

impl std::ops::Deref for Server {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        self.app.media.stop();
    }
}

impl Server {
    /// As most conversations want it: somebody else is the administrator already.
    pub async fn start() -> Self {
        Self::with(Setup::default()).await
    }

    /// The same with other settings.
    pub async fn with(setup: Setup) -> Self {
        let server = Self::bare(setup).await;
        server.account("operator").await;
        server
    }

    /// Without any account.
    pub async fn bare(setup: Setup) -> Self {
        // The first line of main, too: whoever opens TLS in this process finds one library.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        Self::over(setup, Arc::new(tempfile::tempdir().unwrap())).await
    }

    /// Ends this one as a signal would, and starts another over the same data.
    pub async fn restart(self) -> Self {
        self.app.shut_down().await;
        Self::over(self.setup.clone(), Arc::clone(&self.directory)).await
    }

    async fn over(setup: Setup, directory: Arc<TempDir>) -> Self {
        let path = directory.path();
        let store = Store::open(&Database::new(path, None).unwrap()).await.unwrap();
        let secret = setup.jwt_secret.map(|secret| Redacted::new(secret.to_owned()));
        let tokens = Tokens::open(path, secret).unwrap();
        let broken = Arc::new(AtomicBool::new(false));
        let app = start_app(&setup, path, store.clone(), tokens, &broken).await;
        let doors = Doors {
            aura_service_key: Some(Redacted::new(SERVICE_KEY.to_owned())),
            app: app.clone(),
            trusted_proxies: TrustedProxies::new(|address| address.is_loopback()),
            public_url: setup.public_url.map(str::to_owned),
            server_name: SERVER_NAME.to_owned(),
        };
        let (router, api) = dialects::router(doors).split_for_parts();
        let router = router.fallback(not_found).method_not_allowed_fallback(method_not_allowed);
        let address = serve(router.clone()).await;
        Self(Arc::new(Parts {
            app,
            store,
            api: Schemas::new(serde_json::to_value(api).unwrap()),
            stream: Schemas::new(serde_json::from_str(dialects::asyncapi()).unwrap()),
            http: reqwest::Client::new(),
            router,
            address,
            broken,
            setup,
            directory,
        }))
    }

    /// The media thread that next has something for captions dies of it, as of a defect.
    pub fn break_media(&self) {
        self.broken.store(true, Ordering::SeqCst);
    }

    /// Signs somebody up.
    pub async fn account(&self, name: &str) -> Person {
        let body = json!({ "username": name, "password": PASSWORD });
        let made = self.nobody().post("/api/v1/auth/register", body).await.expect(201);
        let token = made["token"].as_str().unwrap();
        Person::new(self, name, made["user_id"].as_str().unwrap(), token)
    }

    /// The administrator of [`Server::start`].
    pub async fn operator(&self) -> Person {
        let body = json!({ "username": "operator", "password": PASSWORD });
        let login = self.nobody().post("/api/v1/auth/login", body).await.expect(200);
        let token = login["token"].as_str().unwrap();
        Person::new(self, "operator", login["user_id"].as_str().unwrap(), token)
    }

    /// Somebody without a token.
    pub fn nobody(&self) -> Person {
        Person::new(self, "nobody", "0", "")
    }

    /// Somebody with this token, whatever it is.
    pub fn bearer(&self, token: &str) -> Person {
        Person::new(self, "bearer", "0", token)
    }

    /// `ws://` or `http://` and the path.
    pub fn url(&self, scheme: &str, path: &str) -> String {
        format!("{scheme}://{}{path}", self.address)
    }

    /// Fails unless `/openapi.json` says that the route may answer this.
    #[track_caller]
    pub fn check_reply(&self, method: &str, path: &str, reply: &Reply) {
        let path = path.split('?').next().unwrap();
        // No route at all, and known routes by another method, are described nowhere.
        let Some(operation) = self.operation(method, path) else { return };
        let status = reply.status.to_string();
        let described = operation["responses"].get(&status);
        let described =
            described.unwrap_or_else(|| panic!("{method} {path}: {status} is in no document"));
        let media_type = reply.header("content-type").map(|kind| kind.split(';').next().unwrap());
        let schema = match media_type {
            Some(kind) => &described["content"][kind]["schema"],
            None => &Value::Bool(true),
        };
        assert!(!schema.is_null(), "{method} {path} {status}: {media_type:?} is in no document");
        let objections = self.api.objections(&reply.body, schema);
        assert!(objections.is_empty(), "{method} {path} {status}: {objections:?}");
        let described = media_type.is_some() || described.get("content").is_none();
        assert!(described, "{method} {path} {status}: no body");
    }

    fn operation(&self, method: &str, path: &str) -> Option<&Value> {
        let fits = |template: &str| {
            let segments = || template.split('/').zip(path.split('/'));
            let fits = |(wanted, found): (&str, &str)| wanted == found || wanted.starts_with('{');
            template.split('/').count() == path.split('/').count() && segments().all(fits)
        };
        let paths = self.api.document()["paths"].as_object().unwrap();
        let (_, item) = paths.iter().find(|(template, _)| fits(template))?;
        item.get(method.to_lowercase())
    }
}

async fn start_app(
    setup: &Setup,
    directory: &Path,
    store: Store,
    tokens: Tokens,
    broken: &Arc<AtomicBool>,
) -> App {
    let has_administrator = store.has_administrator().await.unwrap();
    let setup_code = SetupCode::open(directory, has_administrator).unwrap();
    let ids = Arc::new(Ids::new(app::only_node()));
    let accounts = Accounts::new(store.clone(), tokens, ids, setup_code, setup.rate_limits);
    let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let (tap, voices) = app::tap();
    let tap = if setup.fragile { breakable(broken) } else { tap };
    let (bind, tap, workers) = (Some(loopback), Some(tap), 1 + usize::from(setup.fragile));
    let config = MediaConfig { bind, workers, tap, ..MediaConfig::default() };
    let (media, events) = Media::start(config).unwrap();
    let address = MediaAddress {
        host: "127.0.0.1".into(),
        port: media.local_port(),
        secret: app::secrets::media_secret(directory).unwrap(),
        own_turn: Vec::new(),
        turn: None,
    };
    let settings = AppSettings {
        media: address,
        room_creation: setup.room_creation,
        limited: setup.rate_limits,
        timing: setup.timing,
        media_tokens: setup.media_tokens,
    };
    let media = MediaSide { media, events, voices };
    let speech = match setup.speech {
        Some(limits) => speech::start(limits).await,
        None => Speech::off(),
    };
    App::start(settings, store, accounts, media, speech).await.unwrap()
}

/// Drops what it is given, and panics over it once when it is told to.
fn breakable(broken: &Arc<AtomicBool>) -> Tap {
    let broken = Arc::clone(broken);
    Tap::new(move |_| {
        assert!(!broken.swap(false, Ordering::SeqCst), "as a defect would");
        Ok(())
    })
}

async fn serve(router: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    // As the server does: small frames are not held back for an acknowledgement.
    let listener = listener.tap_io(|stream| stream.set_nodelay(true).unwrap());
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    // Ends with the test's runtime.
    tokio::spawn(async move { axum::serve(listener, service).await });
    address
}

async fn not_found(request: Request) -> Response {
    dialects::unclaimed(request.uri().path(), StatusCode::NOT_FOUND)
}

async fn method_not_allowed(request: Request) -> Response {
    dialects::unclaimed(request.uri().path(), StatusCode::METHOD_NOT_ALLOWED)
}
