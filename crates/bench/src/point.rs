//! One measurement: a scene on a running server, from the first join to the row.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::{Map, Value, json};

use crate::clock::unix_ns;
use crate::engine::{Addresses, Engine};
use crate::member::Heard;
use crate::scene::Scene;
use crate::signal::Signal;
use crate::spread::quantile;
use crate::stream::Window;
use crate::usage::{self, Cpu};

/// All connections of a scene must be up within this.
const CONNECT_WITHIN: Duration = Duration::from_secs(30);
/// What the window is told ahead.
const NOTICE: Duration = Duration::from_millis(40);
/// After the window, for what is still on its way.
const AFTER: Duration = Duration::from_millis(300);

/// How a scene is measured.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    pub addresses: Addresses,
    /// Bytes of a sound's payload.
    pub payload_len: usize,
    /// Before the window, with everyone there.
    pub warm_up: Duration,
    pub window: Duration,
}

/// A row, by column.
pub type Row = Map<String, Value>;

/// Measures a scene on the server with this process id.
pub fn measure(scene: &Scene, signal: &mut Signal, pid: u32, manner: &Manner) -> Result<Row> {
    let (idle_kib, _) = usage::memory_kib(pid)?;
    let mut engine = Engine::start(manner.addresses)?;
    let speakers = signal.speakers(scene, manner.payload_len, &mut engine)?;
    engine.wait("connected", Engine::connected, speakers, CONNECT_WITHIN)?;
    std::thread::sleep(NOTICE);
    let (before_joins, joins_at) = (Cpu::of(pid)?, unix_ns());
    let listeners = signal.listeners(scene, &mut engine)?;
    engine.wait("connected", Engine::connected, speakers + listeners, CONNECT_WITHIN)?;
    engine.wait("hearing", Engine::hearing, speakers + listeners, CONNECT_WITHIN)?;
    let (after_joins, joined_at) = (Cpu::of(pid)?, unix_ns());
    std::thread::sleep(manner.warm_up);
    let edges = window(&engine, pid, manner.window)?;
    let (kib, proportional_kib) = usage::memory_kib(pid)?;
    let heard = engine.finish()?;
    signal.leave();
    let mut row = tell(scene, &heard, &edges, manner);
    let joins =
        Joins { cpu: after_joins.since(&before_joins), from_ns: joins_at, to_ns: joined_at };
    let told: Row = joins.tell(&heard[speakers..], &edges, &row).collect();
    row.extend(told);
    let members = (scene.rooms * scene.members) as u64;
    row.extend(columns([
        ("idle_kib", json!(idle_kib)),
        ("rss_kib", json!(kib)),
        ("pss_kib", json!(proportional_kib)),
        ("kib_per_member", json!(kib.saturating_sub(idle_kib) / members)),
    ]));
    Ok(row)
}

fn columns<const N: usize>(columns: [(&str, Value); N]) -> impl Iterator<Item = (String, Value)> {
    columns.into_iter().map(|(name, value)| (name.to_owned(), value))
}

/// What was used in the window.
struct Edges {
    server: Cpu,
    own: Cpu,
    lasted: Duration,
    steal_ticks: u64,
    load: f64,
}

fn window(engine: &Engine, pid: u32, lasts: Duration) -> Result<Edges> {
    let from_ns = unix_ns() + NOTICE.as_nanos() as u64;
    engine.measure(Window { from_ns, to_ns: from_ns + lasts.as_nanos() as u64 })?;
    std::thread::sleep(NOTICE);
    let me = std::process::id();
    let (server, own, steal) = (Cpu::of(pid)?, Cpu::of(me)?, usage::steal_ticks());
    let began = Instant::now();
    std::thread::sleep(lasts);
    let edges = Edges {
        server: Cpu::of(pid)?.since(&server),
        own: Cpu::of(me)?.since(&own),
        lasted: began.elapsed(),
        steal_ticks: usage::steal_ticks() - steal,
        load: usage::load(),
    };
    std::thread::sleep(AFTER);
    Ok(edges)
}

fn tell(scene: &Scene, heard: &[Heard], edges: &Edges, manner: &Manner) -> Row {
    let sent = |speaker: u32| {
        let said = heard.iter().filter_map(|one| one.said).find(|(who, _)| *who == speaker);
        said.map(|(_, counts)| counts)
    };
    // Between two looks into a stream, and a few more for the way.
    let slack = 2 * crate::light::LOOKED_INTO;
    let mut totals = Totals::default();
    for stream in heard.iter().flat_map(|one| &one.streams) {
        totals.got += stream.got_in_window;
        if let Some((expected, lost)) = stream.loss(sent, slack) {
            (totals.expected, totals.lost) = (totals.expected + expected, totals.lost + lost);
            totals.streams += 1;
        }
    }
    let mut delays: Vec<f64> = heard.iter().flat_map(|one| one.delays_us.iter().copied()).collect();
    delays.sort_by(f64::total_cmp);
    let delay = |part| json!(quantile(&delays, part).map(f64::round));
    let per_packet = |ns: u64| json!(ns as f64 / 1000.0 / totals.got.max(1) as f64);
    let profile = heard.iter().map(|one| one.profile.as_str()).find(|name| !name.is_empty());
    let bad: u64 = heard.iter().map(|one| one.bad).sum();
    columns([
        ("scene", json!(scene.name)),
        ("packets", json!(totals.got)),
        ("per_second", json!((totals.got as f64 / edges.lasted.as_secs_f64()).round())),
        ("cpu_us_per_packet", per_packet(edges.server.scheduled_ns)),
        ("ticks_us_per_packet", per_packet(edges.server.ticks_ms * 1_000_000)),
        (
            "core_percent",
            json!(edges.server.scheduled_ns as f64 / edges.lasted.as_nanos() as f64 * 100.0),
        ),
        ("client_us_per_packet", per_packet(edges.own.scheduled_ns)),
        ("streams", json!(totals.streams)),
        ("streams_missing", json!(scene.streams().saturating_sub(totals.streams))),
        ("loss_percent", json!(totals.lost as f64 * 100.0 / totals.expected.max(1) as f64)),
        ("bad", json!(bad)),
        ("delay_us_p50", delay(0.5)),
        ("delay_us_p90", delay(0.9)),
        ("delay_us_p99", delay(0.99)),
        ("delay_us_max", delay(1.0)),
        ("srtp", json!(profile)),
        ("payload_bytes", json!(manner.payload_len)),
        ("window_s", json!(edges.lasted.as_secs_f64())),
        ("load", json!(edges.load)),
        ("steal_ms", json!(edges.steal_ticks * 10)),
    ])
    .collect()
}

#[derive(Default)]
struct Totals {
    got: u64,
    expected: u64,
    lost: u64,
    streams: usize,
}

/// The time in which the listeners came.
struct Joins {
    cpu: Cpu,
    from_ns: u64,
    to_ns: u64,
}

impl Joins {
    fn tell(
        &self,
        joined: &[Heard],
        edges: &Edges,
        row: &Row,
    ) -> impl Iterator<Item = (String, Value)> + use<> {
        let course = |one: &Heard| one.course.clone();
        let after = |at: Option<u64>, from: u64| at.map(|at| at.saturating_sub(from) as f64 / 1e6);
        let times = |of: fn(&crate::member::Course) -> Option<u64>| {
            let all = joined.iter().map(course);
            let mut all: Vec<f64> = all.filter_map(|one| after(of(&one), one.joined_ns)).collect();
            all.sort_by(f64::total_cmp);
            all
        };
        let (connected, heard) = (times(|one| one.connected_ns), times(|one| one.first_media_ns));
        let at = |all: &[f64], part| json!(quantile(all, part));
        columns([
            ("joins", json!(joined.len())),
            ("joins_s", json!((self.to_ns - self.from_ns) as f64 / 1e9)),
            ("connected_ms_p50", at(&connected, 0.5)),
            ("first_media_ms_p50", at(&heard, 0.5)),
            ("first_media_ms_p95", at(&heard, 0.95)),
            ("cpu_ms_per_join", json!(self.cpu_ms_per_join(joined, edges, row))),
        ])
    }

    /// Without what was forwarded to those who were in already, at the window's price.
    fn cpu_ms_per_join(&self, joined: &[Heard], edges: &Edges, row: &Row) -> Option<f64> {
        let per_second = row.get("per_second").and_then(Value::as_f64)?;
        let member_seconds: f64 = joined
            .iter()
            .filter_map(|one| one.course.first_media_ns)
            .map(|at| self.to_ns.saturating_sub(at) as f64 / 1e9)
            .sum();
        let joins = joined.len().checked_sub(1)? as f64 + 1.0;
        let forwarded = per_second / joins * member_seconds;
        let window_packets = per_second * edges.lasted.as_secs_f64();
        let forwarding = edges.server.scheduled_ns as f64 / window_packets.max(1.0) * forwarded;
        Some((self.cpu.scheduled_ns as f64 - forwarding) / 1e6 / joins)
    }
}
