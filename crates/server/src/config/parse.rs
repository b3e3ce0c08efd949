//! Text into values. `None` is "not of this kind"; the caller says what was expected.

use std::ops::RangeInclusive;

/// A port; 0 would be a different one at each start.
pub(super) fn port(text: &str) -> Option<u16> {
    text.parse().ok().filter(|&port| port != 0)
}

/// A port, or none. 0 means none as well.
pub(super) fn port_or_off(text: &str) -> Option<Option<u16>> {
    match text.to_ascii_lowercase().as_str() {
        "off" | "0" => Some(None),
        number => port(number).map(Some),
    }
}

/// The first port and the last.
pub(super) fn port_range(text: &str) -> Option<RangeInclusive<u16>> {
    let (first, last) = text.split_once('-')?;
    let (first, last) = (port(first.trim())?, port(last.trim())?);
    (first <= last).then_some(first..=last)
}

/// A number from 1.
pub(super) fn count(text: &str, max: usize) -> Option<usize> {
    text.parse().ok().filter(|count| (1..=max).contains(count))
}

/// Whole seconds from 1.
pub(super) fn seconds(text: &str, max: usize) -> Option<u32> {
    count(text, max)?.try_into().ok()
}

/// On or off, as people write it.
pub(super) fn switch(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "on" | "true" | "yes" | "1" => Some(true),
        "off" | "false" | "no" | "0" => Some(false),
        _ => None,
    }
}

/// Which of the words it is, whatever the case.
pub(super) fn choice(text: &str, words: &[&str]) -> Option<usize> {
    words.iter().position(|word| word.eq_ignore_ascii_case(text))
}

/// A list separated by commas; empty items are skipped.
pub(super) fn list<T>(text: &str, item: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    text.split(',').map(str::trim).filter(|text| !text.is_empty()).map(item).collect()
}

/// An address that paths can be appended to.
pub(super) fn http_url(text: &str) -> Option<String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
    let rest = rest.trim_end_matches('/');
    let plain = !rest.is_empty() && rest.chars().all(|c| is_printable(c) && !"?#@".contains(c));
    plain.then(|| text.trim_end_matches('/').to_owned())
}

/// RFC 7065.
pub(super) fn turn_url(text: &str) -> Option<String> {
    let rest = text.strip_prefix("turns:").or_else(|| text.strip_prefix("turn:"))?;
    (!rest.is_empty() && rest.chars().all(is_printable)).then(|| text.to_owned())
}

/// What a browser sends as `Origin`, or `*`.
pub(super) fn origin(text: &str) -> Option<String> {
    if text == "*" {
        return Some(text.to_owned());
    }
    let url = http_url(text)?;
    let (_, host) = url.split_once("://")?;
    (!host.contains('/')).then(|| url.to_ascii_lowercase())
}

fn is_printable(c: char) -> bool {
    !c.is_whitespace() && !c.is_control()
}
