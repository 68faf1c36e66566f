//! What `*` and `?` stand for.

use wildmatch::WildMatch;

/// An action or an ARN with wildcards.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    text: String,
    /// Each has to fit its part of what is compared.
    parts: Vec<WildMatch>,
    separator: Separator,
}

#[derive(Clone, Copy, Debug)]
enum Separator {
    /// Nothing is taken apart: `*` alone, and actions, in which capitals make no difference.
    None { ignores_case: bool },
    /// The six parts of an ARN; in the last one a colon is a character like any other.
    Arn,
}

/// A pattern of actions such as `eks:Describe*`.
pub(super) fn action(text: &str) -> Result<Pattern, String> {
    if !text.contains(':') {
        return Err(format!("{text} is no action of a service"));
    }
    Ok(Pattern {
        text: text.to_owned(),
        parts: vec![WildMatch::new(&text.to_ascii_lowercase())],
        separator: Separator::None { ignores_case: true },
    })
}

/// A pattern of ARNs, or `*`. A wildcard never reaches over a colon into the next part.
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
        _ => return Err(format!("{text} is no ARN")),
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
