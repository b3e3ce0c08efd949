//! Rows as tables of Markdown: for each scene the servers beside each other, in the middle of all
//! repeats, with the least and the most.

use std::fmt::Write;
use std::io::{BufRead, Read};

use anyhow::{Context, Result};

use crate::point::Row;
use crate::scene::SCENES;
use crate::spread::spread;

/// A column: its head, the row's key, digits behind the point.
type Column = (&'static str, &'static str, usize);

const FORWARDING: [Column; 7] = [
    ("us of CPU a packet", "cpu_us_per_packet", 1),
    ("% of a core", "core_percent", 1),
    ("delay p50, us", "delay_us_p50", 0),
    ("p99, us", "delay_us_p99", 0),
    ("loss, %", "loss_percent", 3),
    ("client, us a packet", "client_us_per_packet", 1),
    ("load", "load", 1),
];

const MEMORY_AND_JOINS: [Column; 5] = [
    ("KiB a member", "kib_per_member", 0),
    ("RSS idle, KiB", "idle_kib", 0),
    ("join to first media p50, ms", "first_media_ms_p50", 0),
    ("p95, ms", "first_media_ms_p95", 0),
    ("ms of CPU a join", "cpu_ms_per_join", 1),
];

/// The scene whose rows tell of memory and joins.
const LARGEST: &str = "1-200";

/// Reads rows, one a line.
pub fn read(input: impl Read) -> Result<Vec<Row>> {
    let lines = std::io::BufReader::new(input).lines();
    let rows = lines.map(|line| {
        let line = line?;
        serde_json::from_str(&line).with_context(|| format!("not a row: {line}"))
    });
    rows.collect()
}

/// All tables.
pub fn markdown(rows: &[&Row]) -> String {
    let mut text = about(rows);
    for scene in SCENES {
        let of_scene = of(rows, "scene", scene.name);
        if let Some(first) = of_scene.first() {
            let per_second = first.get("per_second").and_then(serde_json::Value::as_f64);
            let _ = write!(
                text,
                "\n{} ({:.0} packets a second):\n",
                scene.name,
                per_second.unwrap_or(0.0)
            );
            text.push_str(&table(&of_scene, &FORWARDING));
        }
    }
    let largest = of(rows, "scene", LARGEST);
    if !largest.is_empty() {
        let _ = write!(text, "\nMemory and joins ({LARGEST}):\n");
        text.push_str(&table(&largest, &MEMORY_AND_JOINS));
    }
    text
}

/// What all rows have in common.
fn about(rows: &[&Row]) -> String {
    let one = |key: &str| {
        let values = rows.iter().filter_map(|row| row.get(key));
        let mut values: Vec<String> = values.map(plain).collect();
        values.sort();
        values.dedup();
        values.join(", ")
    };
    let sum = |key: &str| rows.iter().filter_map(|row| row.get(key)?.as_f64()).sum::<f64>();
    let (bad, missing) = (sum("bad"), sum("streams_missing"));
    format!(
        "Machine: {}. Commit: {}. SRTP: {}. Payload of sound: {} bytes. Packets that were not what was \
         sent: {bad}; streams that were missing: {missing}.\n",
        one("machine"),
        one("commit"),
        one("srtp"),
        one("payload_bytes"),
    )
}

fn plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn of<'r>(rows: &[&'r Row], key: &str, value: &str) -> Vec<&'r Row> {
    let is = |row: &&&Row| row.get(key).and_then(|one| one.as_str()) == Some(value);
    rows.iter().filter(is).copied().collect()
}

fn table(rows: &[&Row], columns: &[Column]) -> String {
    let heads: Vec<&str> = columns.iter().map(|(head, ..)| *head).collect();
    let mut text = format!("\n| server | {} | n |\n", heads.join(" | "));
    text.push_str(&format!("|{}\n", " --- |".repeat(columns.len() + 2)));
    let mut servers: Vec<String> = Vec::new();
    for name in rows.iter().filter_map(|row| row.get("server")).map(plain) {
        if !servers.contains(&name) {
            servers.push(name);
        }
    }
    for server in servers {
        let own = of(rows, "server", &server);
        let cells = columns.iter().map(|(_, key, digits)| cell(&own, key, *digits));
        let cells: Vec<String> = cells.collect();
        let _ = writeln!(text, "| {server} | {} | {} |", cells.join(" | "), own.len());
    }
    text
}

/// The middle, and the least and the most where they differ.
fn cell(rows: &[&Row], key: &str, digits: usize) -> String {
    let figures = rows.iter().filter_map(|row| row.get(key)?.as_f64()).collect();
    let Some(spread) = spread(figures) else { return String::new() };
    let shown = |figure: f64| format!("{figure:.digits$}");
    let (least, most) = (shown(spread.least), shown(spread.most));
    match least == most {
        true => least,
        false => format!("{} ({least} to {most})", shown(spread.median)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_stand_beside_each_other() {
        let lines = "{\"scene\":\"1-20\",\"server\":\"A\",\"cpu_us_per_packet\":3.0}\n\
                     {\"scene\":\"1-20\",\"server\":\"B\",\"cpu_us_per_packet\":9}\n\
                     {\"scene\":\"1-20\",\"server\":\"A\",\"cpu_us_per_packet\":1.04}\n";
        let rows = read(lines.as_bytes()).unwrap();
        let text = markdown(&rows.iter().collect::<Vec<_>>());
        assert!(text.contains("| A | 2.0 (1.0 to 3.0) |  |"), "{text}");
        assert!(text.contains("| B | 9.0 |  |"), "{text}");
        assert!(!text.contains("1-50"));
        assert!(read("no row".as_bytes()).is_err());
    }
}
