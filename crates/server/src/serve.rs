//! Runs the server: from the open ports to the last goodbye.

use std::time::Duration;

use dialects::{Doors, TrustedProxies};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::signal::unix::{SignalKind, signal};

use crate::addresses;
use crate::compose::{self, Running};
use crate::config::Config;
use crate::connections;
use crate::gauges;
use crate::http::{self, Service};
use crate::listener::Doorway;
use crate::progress;
use crate::ready::Readiness;

/// How long members may take to be told and requests to end. Orchestrators kill after five or more.
const GOODBYE_WITHIN: Duration = Duration::from_secs(4);

/// How often old samples of the metrics are folded away.
const METRICS_UPKEEP: Duration = Duration::from_secs(5);

/// Starts everything, serves until a signal, and takes leave.
pub async fn run(config: Config) -> anyhow::Result<()> {
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let metrics = install_metrics()?;
    let Running { lock: _lock, app, tcp, members, tls, relay } = compose::start(&config).await?;
    let port = tcp.local_addr()?.port();
    let proxies = config.trusted_proxies.clone();
    let service = Service {
        doors: Doors {
            app: app.clone(),
            trusted_proxies: TrustedProxies::new(move |address| {
                proxies.iter().any(|network| network.contains(address))
            })
            .expected(config.is_behind_proxy()),
            public_url: config.public_url.clone(),
            server_name: config.server_name.clone(),
            aura_service_key: config.aura_service_key.clone(),
        },
        metrics,
        readiness: Readiness { turn: relay.problem.clone() },
        cors_origins: config.cors_origins.clone(),
        server_name: config.server_name.clone(),
    };
    let stopped = stop_signal()?;
    welcome(&config, port, &app);
    // After the welcome, which would go through the bar.
    tokio::spawn(progress::follow(app.speech.clone()));
    let leave = app.clone();
    let left = async move {
        stopped.await;
        tracing::info!("stopping: members are told, sessions end");
        leave.shut_down().await;
    };
    let media = config.media_tcp_port.map(|_| app.media.clone());
    if let Some(members) = members {
        let (doorway, doors) = (Doorway::open(members, tls.clone(), None), service.doors.clone());
        let routes = http::members_router(doors);
        // It has no sockets that are to be told, and ends with the process.
        tokio::spawn(connections::serve(doorway, routes, std::future::pending()));
    }
    let serving = connections::serve(Doorway::open(tcp, tls, media), service.into_router(), left);
    say_goodbye(serving, stop_signal()?).await;
    Ok(())
}

/// Waits for the end of serving; once a signal has come, no longer than [`GOODBYE_WITHIN`].
async fn say_goodbye(serving: impl Future<Output = ()>, stopped: impl Future<Output = ()>) {
    let overdue = async {
        stopped.await;
        tokio::time::sleep(GOODBYE_WITHIN).await;
    };
    tokio::select! {
        () = serving => {}
        () = overdue => tracing::warn!("some requests did not end in time"),
    }
}

/// SIGTERM or SIGINT.
fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

fn install_metrics() -> anyhow::Result<PrometheusHandle> {
    let handle = PrometheusBuilder::new().install_recorder()?;
    gauges::describe();
    let upkeep = handle.clone();
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(METRICS_UPKEEP);
        loop {
            ticks.tick().await;
            upkeep.run_upkeep();
        }
    });
    Ok(handle)
}

/// What a person who started the server needs to know next.
fn welcome(config: &Config, port: u16, app: &app::App) {
    let addresses = addresses::to_open(config, port, &app.media.addresses());
    let first = addresses.first().map_or_else(String::new, |address| address.url.clone());
    println!("Parlor is ready: open {first}");
    for address in addresses.iter().skip(1) {
        let microphone = if address.microphone {
            "microphones work there"
        } else {
            "no microphone there: browsers want HTTPS; set TLS=self, or TLS_CERT and TLS_KEY"
        };
        println!("  also {} ({microphone})", address.url);
    }
    if let Some(code) = app.accounts.setup_code() {
        println!("To become the administrator, sign up with the set-up code {}", code.expose());
        if !config.is_behind_proxy() {
            println!("The first account made on this machine needs none.");
        }
    }
}
