//! Patterns with the wildcards `*` and `?`.

use wildmatch::WildMatch;

/// An action or an ARN with wildcards.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    text: String,
    /// The patterns of the parts, each of which must fit its part of the text.
    parts: Vec<WildMatch>,
    separator: Separator,
}

#[derive(Clone, Copy, Debug)]
enum Separator {
    /// The text is one part: `*` alone, and actions, in which case is not significant.
    None { ignores_case: bool },
    /// The text has the six parts of an ARN. In the last part a colon is an ordinary character.
    Arn,
}

/// Parses a pattern of actions, such as `eks:Describe*`.
pub(super) fn action(text: &str) -> Result<Pattern, String> {
    if !text.contains(':') {
        return Err(format!("{text} is not an action of a service"));
    }
    Ok(Pattern {
        text: text.to_owned(),
        parts: vec![WildMatch::new(&text.to_ascii_lowercase())],
        separator: Separator::None { ignores_case: true },
    })
}

/// Parses a pattern of ARNs, or `*`. A wildcard never extends over a colon into the next part.
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>.
pub(super) fn arn(text: &str) -> Result<Pattern, String> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let (separator, parts) = match parts[..] {
        ["*"] => (
            Separator::None {
                ignores_case: false,
            },
            vec!["*"],
        ),
        ["arn", ..] if parts.len() == 6 => (Separator::Arn, parts),
        _ => return Err(format!("{text} is not an ARN")),
    };
    Ok(Pattern {
        text: text.to_owned(),
        parts: parts.into_iter().map(WildMatch::new).collect(),
        separator,
    })
}

impl Pattern {
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn fits(&self, text: &str) -> bool {
        match self.separator {
            Separator::None { ignores_case: true } => {
                self.parts[0].matches(&text.to_ascii_lowercase())
            }
            Separator::None { .. } => self.parts[0].matches(text),
            Separator::Arn => {
                let parts: Vec<&str> = text.splitn(6, ':').collect();
                parts.len() == self.parts.len()
                    && self
                        .parts
                        .iter()
                        .zip(parts)
                        .all(|(pattern, part)| pattern.matches(part))
            }
        }
    }
}
