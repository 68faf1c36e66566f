//! Patterns with the wildcards `*` and `?`.

use wildmatch::WildMatch;

/// An action or an ARN with wildcards.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    text: String,
    /// The patterns of the six parts of an ARN, each of which must fit its part of the text (in the last part, a colon
    /// is an ordinary character); otherwise one pattern of the whole text.
    parts: Vec<WildMatch>,
}

/// The number of parts of an ARN.
const ARN_PARTS: usize = 6;

/// Parses a pattern of actions, such as `eks:Describe*`. Their case is not significant.
pub(super) fn action(text: &str) -> Result<Pattern, String> {
    if !text.contains(':') {
        return Err(format!("{text} is not an action of a service"));
    }
    Ok(Pattern {
        text: text.to_owned(),
        parts: vec![WildMatch::new_case_insensitive(text)],
    })
}

/// Parses a pattern of ARNs, or `*`. A wildcard never extends over a colon into the next part.
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>.
pub(super) fn arn(text: &str) -> Result<Pattern, String> {
    let parts: Vec<&str> = text.splitn(ARN_PARTS, ':').collect();
    if !matches!(parts[..], ["*"] | ["arn", _, _, _, _, _]) {
        return Err(format!("{text} is not an ARN"));
    }
    Ok(Pattern {
        text: text.to_owned(),
        parts: parts.into_iter().map(WildMatch::new).collect(),
    })
}

impl Pattern {
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn fits(&self, text: &str) -> bool {
        if let [whole] = &self.parts[..] {
            return whole.matches(text);
        }
        let mut parts = text.splitn(ARN_PARTS, ':');
        let fits = |pattern: &WildMatch| parts.next().is_some_and(|part| pattern.matches(part));
        self.parts.iter().all(fits)
    }
}
