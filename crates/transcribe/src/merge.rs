//! Which words of two utterances decoded together belong to the second one.
//!
//! Models give no times for words, so the joined text is cut where its two parts best match what
//! each utterance read alone. Nothing of the joined text is lost or said twice: `before` and
//! `after` are all of it, in order. Pure.

/// The joined text in two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// The first utterance's words, as they read in context.
    pub before: String,
    /// The second's.
    pub after: String,
}

/// A word left out or put in costs this; one read differently at most as much.
const MISSING: f32 = 1.0;
/// A joined text further from its parts than this, per word, is not to be trusted.
const DISTANCE_PER_WORD_MAX: f32 = 0.5;

/// Cuts `joined`, which was decoded from the audio of both, given what each read alone; `None`
/// when it is not the same speech.
#[must_use]
pub fn split(previous: &str, own: &str, joined: &str) -> Option<Split> {
    let words: Vec<&str> = joined.split_whitespace().collect();
    let heard: Vec<String> = words.iter().map(|word| plain(word)).collect();
    let (previous, own) = (plain_words(previous), plain_words(own));
    if words.is_empty() || previous.is_empty() {
        return None;
    }
    let reversed = |words: &[String]| words.iter().rev().cloned().collect::<Vec<_>>();
    let before = prefix_distances(&previous, &heard);
    let mut after = prefix_distances(&reversed(&own), &reversed(&heard));
    after.reverse();
    // Of two places alike, the one that leaves the first utterance as it was already shown.
    let (at, distance, _) = before
        .iter()
        .zip(&after)
        .enumerate()
        .map(|(at, (before, after))| (at, before + after, *before))
        .reduce(|best, next| {
            let better = next.1 < best.1 - 1e-4 || (next.1 < best.1 + 1e-4 && next.2 < best.2);
            if better { next } else { best }
        })?;
    let length = (previous.len() + own.len()).max(words.len());
    if distance > DISTANCE_PER_WORD_MAX * length as f32 {
        return None;
    }
    let (first, second) = words.split_at(at);
    Some(Split { before: first.join(" "), after: second.join(" ") })
}

/// Whether two texts have the same words, whatever their case and punctuation.
#[must_use]
pub fn same_words(a: &str, b: &str) -> bool {
    plain_words(a) == plain_words(b)
}

/// The words as they are compared.
#[must_use]
pub fn plain_words(text: &str) -> Vec<String> {
    text.split_whitespace().map(plain).filter(|word| !word.is_empty()).collect()
}

fn plain(word: &str) -> String {
    word.chars().filter(|one| one.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The edit distance of all of `words` to each prefix of `heard`, shortest prefix first.
fn prefix_distances(words: &[String], heard: &[String]) -> Vec<f32> {
    let mut row: Vec<f32> = (0..=heard.len()).map(|count| count as f32 * MISSING).collect();
    for word in words {
        let mut diagonal = row[0];
        row[0] += MISSING;
        for (at, other) in heard.iter().enumerate() {
            let replaced = diagonal + difference(word, other);
            diagonal = row[at + 1];
            row[at + 1] = replaced.min(diagonal + MISSING).min(row[at] + MISSING);
        }
    }
    row
}

/// How differently two words read: 0 alike, 1 not a letter in common.
fn difference(a: &str, b: &str) -> f32 {
    if a == b {
        return 0.0;
    }
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (above, one) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = above + 1;
        for (at, other) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(one != other);
            diagonal = row[at + 1];
            row[at + 1] = replaced.min(diagonal + 1).min(row[at] + 1);
        }
    }
    row[b.len()] as f32 / a.len().max(b.len()).max(1) as f32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(previous: &str, own: &str, joined: &str, wanted: Option<(&str, &str)>) {
        let wanted = wanted
            .map(|(before, after)| Split { before: before.to_owned(), after: after.to_owned() });
        assert_eq!(split(previous, own, joined), wanted);
    }

    #[test]
    fn words_go_where_they_were_said() {
        check(
            "And so, my fellow Americans.",
            "As not.",
            "And so my fellow Americans ask not",
            Some(("And so my fellow Americans", "ask not")),
        );
        // A word that a cut made two of.
        check(
            "the quick bro",
            "own fox",
            "The quick brown fox.",
            Some(("The quick brown", "fox.")),
        );
        // A word that neither has by itself.
        check(
            "ask not what",
            "country can do",
            "Ask not what your country can do.",
            Some(("Ask not what", "your country can do.")),
        );
        // A word that both have is said once more only if the two together say so.
        check("you ask", "ask what", "you ask what", Some(("you ask", "what")));
        check("you ask", "ask what", "you ask, ask what", Some(("you ask,", "ask what")));
        check("all of it", "", "all of it", Some(("all of it", "")));
    }

    #[test]
    fn other_speech_is_refused() {
        check("one two three", "four five", "you", None);
        check("one two three", "four five", "completely different words were read here", None);
        check("one", "two", "", None);
        check("", "two", "two", None);
    }

    /// Words that are no part of each other, so that there is one right place to cut.
    fn words(letter: char) -> impl Strategy<Value = Vec<String>> {
        proptest::collection::vec(
            (0..26_u8, 0..26_u8).prop_map(move |(a, b)| {
                format!("{letter}{}{letter}{}", char::from(b'a' + a), char::from(b'a' + b))
            }),
            1..12,
        )
    }

    proptest! {
        #[test]
        fn no_word_is_dropped_or_doubled(
            first in words('q'), second in words('z'), lost_end in 0..2_usize, lost_start in 0..2_usize)
        {
            let joined: Vec<&str> = first.iter().chain(&second).map(String::as_str).collect();
            // Each alone may have lost the word at the cut, if it has others.
            let alone = &first[..(first.len() - lost_end).max(1)];
            let own = &second[lost_start.min(second.len() - 1)..];
            let split = split(&alone.join(" "), &own.join(" "), &joined.join(" ")).unwrap();
            prop_assert_eq!(format!("{} {}", split.before, split.after), joined.join(" "));
            // At most the lost words can change sides.
            let at = split.before.split_whitespace().count();
            let slack = if lost_end + lost_start > 0 { 1 } else { 0 };
            prop_assert!(at.abs_diff(first.len()) <= slack, "{} in {:?}", at, joined);
        }

        #[test]
        fn any_text_is_cut_in_two_or_refused(previous in ".{0,60}", own in ".{0,60}", joined in ".{0,90}") {
            if let Some(split) = split(&previous, &own, &joined) {
                let all: Vec<&str> = joined.split_whitespace().collect();
                let parts: Vec<&str> =
                    split.before.split_whitespace().chain(split.after.split_whitespace()).collect();
                prop_assert_eq!(parts, all);
            }
        }
    }
}
