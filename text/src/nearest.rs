//! The word that a person may have meant.

/// The word among these that a mistyped one is nearest to; `None`: it resembles none.
pub fn nearest<'a>(mistyped: &str, words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A mistake in each three letters, and no more than two.
    let most = (mistyped.chars().count() / 3).min(2);
    let distance = |word: &str| strsim::osa_distance(mistyped, word);
    let near = words.into_iter().map(|word| (distance(word), word));
    near.filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// `; did you mean 'WORD'?`, if there is such a word.
pub fn did_you_mean<'a>(mistyped: &str, words: impl IntoIterator<Item = &'a str>) -> String {
    nearest(mistyped, words).map_or_else(String::new, |word| format!("; did you mean '{word}'?"))
}
