//! Word errors.

/// The words as they are compared: lower case, no punctuation, "mr" as it is said.
pub fn words(text: &str) -> Vec<String> {
    let text = text.to_lowercase().replace('-', " ");
    let plain = |word: &str| word.chars().filter(|one| one.is_alphanumeric()).collect::<String>();
    text.split_whitespace()
        .map(plain)
        .filter(|word| !word.is_empty())
        .map(|word| if word == "mr" { "mister".to_owned() } else { word })
        .collect()
}

/// Words wrong, missing and too many, and how many there should be.
pub fn count(wanted: &str, found: &str) -> (usize, usize) {
    let (wanted, found) = (words(wanted), words(found));
    let mut row: Vec<usize> = (0..=found.len()).collect();
    for (above, word) in wanted.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = above + 1;
        for (at, other) in found.iter().enumerate() {
            let replaced = diagonal + usize::from(word != other);
            diagonal = row[at + 1];
            row[at + 1] = replaced.min(diagonal + 1).min(row[at] + 1);
        }
    }
    (row[found.len()], wanted.len())
}
