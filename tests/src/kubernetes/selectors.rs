//! The conditions on fields and labels by which lists are narrowed.

use serde_json::Value;

use super::kinds::Kind;

/// The condition of a requirement on the value or on the key itself: demanded or excluded.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Condition {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    Absent,
}

/// A condition on a field or a label.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Requirement {
    key: String,
    condition: Condition,
}

/// Conditions that must all be met.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Selector(Vec<Requirement>);

impl Requirement {
    fn is_met(&self, value: Option<&str>) -> bool {
        let is_among = |values: &[String]| {
            value.is_some_and(|value| values.iter().any(|other| other == value))
        };
        match &self.condition {
            Condition::In(values) => is_among(values),
            Condition::NotIn(values) => !is_among(values),
            Condition::Exists => value.is_some(),
            Condition::Absent => value.is_none(),
        }
    }
}

impl Selector {
    /// Returns `true` if the labels of an object meet all conditions.
    pub(super) fn fits_labels(&self, object: &Value) -> bool {
        let label = |key: &str| {
            object["metadata"]["labels"]
                .get(key)
                .and_then(Value::as_str)
        };
        self.0
            .iter()
            .all(|requirement| requirement.is_met(label(&requirement.key)))
    }

    /// Returns `true` if the fields of an object meet all conditions. A field that is absent is empty.
    pub(super) fn fits_fields(&self, object: &Value) -> bool {
        self.0.iter().all(|requirement| {
            let path = format!("/{}", requirement.key.replace('.', "/"));
            let value = match object.pointer(&path) {
                None | Some(Value::Null) => String::new(),
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
            };
            requirement.is_met(Some(&value))
        })
    }
}

/// Parses a condition on fields. The error is the message of the API server.
pub(super) fn fields(kind: &Kind, text: &str) -> Result<Selector, String> {
    let terms = text.split(',').filter(|term| !term.is_empty());
    let requirements = terms.map(|term| {
        let (key, value, is_negated) = if let Some((key, value)) = term.split_once("!=") {
            (key, value, true)
        } else if let Some((key, value)) = term.split_once('=') {
            (key, value.strip_prefix('=').unwrap_or(value), false)
        } else {
            return Err(format!(
                "invalid selector: '{text}'; can't understand '{term}'"
            ));
        };
        if !is_field(kind, key) {
            return Err(format!("field label not supported: {key}"));
        }
        let values = vec![value.to_owned()];
        let condition = if is_negated {
            Condition::NotIn(values)
        } else {
            Condition::In(values)
        };
        Ok(Requirement {
            key: key.to_owned(),
            condition,
        })
    });
    requirements.collect::<Result<_, _>>().map(Selector)
}

/// Returns `true` if objects can be selected by a field.
/// Source: <https://kubernetes.io/docs/concepts/overview/working-with-objects/field-selectors/>.
fn is_field(kind: &Kind, field: &str) -> bool {
    let fields: &[&str] = match kind.name.as_str() {
        "Pod" => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        ],
        "Namespace" => &["status.phase"],
        "Service" => &["spec.clusterIP", "spec.type"],
        "Secret" => &["type"],
        "Job" => &["status.successful"],
        "Node" => &["spec.unschedulable"],
        "ReplicaSet" | "ReplicationController" => &["status.replicas"],
        _ => &[],
    };
    let is_of_namespaces = field == "metadata.namespace" && kind.is_namespaced;
    field == "metadata.name" || is_of_namespaces || fields.contains(&field)
}

/// Parses a condition on labels. The error is the message of the API server.
pub(super) fn labels(text: &str) -> Result<Selector, String> {
    let mut tokens = Tokens::of(text);
    let mut requirements = Vec::new();
    if tokens.next_is("") {
        return Ok(Selector::default());
    }
    loop {
        requirements.push(tokens.requirement()?);
        match tokens.next().as_str() {
            "" => return Ok(Selector(requirements)),
            "," => {}
            other => return Err(format!("found '{other}', expected: ',' or 'end of string'")),
        }
    }
}

/// The tokens of a condition that remain, in reverse order.
struct Tokens(Vec<String>);

impl Tokens {
    fn of(text: &str) -> Self {
        let mut tokens = Vec::new();
        let mut rest = text.trim_start();
        let is_special = |char: char| "=!(),<>".contains(char);
        while !rest.is_empty() {
            let end = if rest.starts_with("==") || rest.starts_with("!=") {
                2
            } else if rest.starts_with(is_special) {
                1
            } else {
                let end = rest.find(|char: char| is_special(char) || char.is_whitespace());
                end.unwrap_or(rest.len())
            };
            tokens.push(rest[..end].to_owned());
            rest = rest[end..].trim_start();
        }
        tokens.reverse();
        Self(tokens)
    }

    fn next(&mut self) -> String {
        self.0.pop().unwrap_or_default()
    }

    fn next_is(&self, token: &str) -> bool {
        self.0.last().map_or("", String::as_str) == token
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
        let is_negated = self.next_is("!");
        if is_negated {
            self.next();
        }
        let key = self.next();
        if !is_word(&key) {
            let expected = if is_negated {
                "identifier"
            } else {
                "!, identifier, or 'end of string'"
            };
            return Err(format!("found '{key}', expected: {expected}"));
        }
        if is_negated {
            return Ok(Requirement {
                key,
                condition: Condition::Absent,
            });
        }
        if self.next_is("") || self.next_is(",") {
            return Ok(Requirement {
                key,
                condition: Condition::Exists,
            });
        }
        let condition = match self.next().as_str() {
            "=" | "==" => Condition::In(vec![self.value()?]),
            "!=" => Condition::NotIn(vec![self.value()?]),
            "in" => Condition::In(self.values()?),
            "notin" => Condition::NotIn(self.values()?),
            other => {
                return Err(format!(
                    "found '{other}', expected: in, notin, =, ==, !=, gt, lt"
                ));
            }
        };
        Ok(Requirement { key, condition })
    }

    /// Reads a value, which may be empty.
    fn value(&mut self) -> Result<String, String> {
        if self.next_is("") || self.next_is(",") {
            return Ok(String::new());
        }
        let value = self.next();
        if is_word(&value) {
            Ok(value)
        } else {
            Err(format!("found '{value}', expected: identifier"))
        }
    }

    /// Reads values in parentheses.
    fn values(&mut self) -> Result<Vec<String>, String> {
        let open = self.next();
        if open != "(" {
            return Err(format!("found '{open}' expected: '('"));
        }
        let mut values = Vec::new();
        loop {
            let is_empty = self.next_is(",") || self.next_is(")");
            values.push(if is_empty { String::new() } else { self.next() });
            match self.next().as_str() {
                ")" => return Ok(values),
                "," => {}
                other => return Err(format!("found '{other}', expected: ',' or ')'")),
            }
        }
    }
}

/// Returns `true` if a token is a key or a value.
fn is_word(token: &str) -> bool {
    let is_usual = |char: char| char.is_ascii_alphanumeric() || "-_./".contains(char);
    !token.is_empty() && token.chars().all(is_usual)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn labels_are_selected() {
        let object =
            json!({"metadata": {"labels": {"app": "shop", "k8s.io/tier": "web", "empty": ""}}});
        for (selector, fits) in [
            ("", true),
            ("app=shop", true),
            ("app==shop", true),
            ("app = shop , k8s.io/tier = web", true),
            ("app=shop,k8s.io/tier=db", false),
            ("app!=shop", false),
            ("app!=bank", true),
            ("other!=bank", true),
            ("other=", false),
            ("empty=", true),
            ("app", true),
            ("!app", false),
            ("! app", false),
            ("!pod-template-hash", true),
            ("app in (shop, bank)", true),
            ("app in (bank)", false),
            ("app notin (bank,web)", true),
            ("app notin (shop)", false),
            ("other notin (shop)", true),
            ("other in (shop)", false),
            ("empty in ()", true),
        ] {
            let parsed = labels(selector).unwrap();
            assert_eq!(parsed.fits_labels(&object), fits, "{selector}");
        }
        assert!(
            labels("!app")
                .unwrap()
                .fits_labels(&json!({"metadata": {}}))
        );
    }

    #[test]
    fn a_broken_condition_on_labels_is_an_error() {
        for (selector, message) in [
            // Recorded from an API server.
            (
                "===",
                "found '==', expected: !, identifier, or 'end of string'",
            ),
            ("a=b=c", "found '=', expected: ',' or 'end of string'"),
            ("a b", "found 'b', expected: in, notin, =, ==, !=, gt, lt"),
            ("a in b", "found 'b' expected: '('"),
            ("a in (b", "found '', expected: ',' or ')'"),
            (
                "!=a",
                "found '!=', expected: !, identifier, or 'end of string'",
            ),
            ("a=§", "found '§', expected: identifier"),
            ("!", "found '', expected: identifier"),
            (
                "a,",
                "found '', expected: !, identifier, or 'end of string'",
            ),
        ] {
            assert_eq!(labels(selector), Err(message.to_owned()), "{selector}");
        }
    }

    #[test]
    fn fields_are_selected() {
        let pod = Kind::of(&json!({"kind": "Pod"})).unwrap();
        let object = json!({
            "metadata": {"name": "a", "namespace": "shop"},
            "spec": {"hostNetwork": true},
            "status": {"phase": "Running"},
        });
        for (selector, fits) in [
            ("", true),
            ("metadata.name=a", true),
            ("metadata.name==b", false),
            ("metadata.namespace=shop,metadata.name!=b", true),
            ("status.phase!=Succeeded,status.phase!=Failed", true),
            ("status.phase!=Running", false),
            ("spec.hostNetwork=true", true),
            ("spec.nodeName=", true),
            ("spec.nodeName!=", false),
        ] {
            let parsed = fields(&pod, selector).unwrap();
            assert_eq!(parsed.fits_fields(&object), fits, "{selector}");
        }
    }

    #[test]
    fn a_field_that_objects_are_not_selected_by_is_an_error() {
        for (kind, selector, message) in [
            // Recorded from an API server.
            ("Pod", "spec.foo=bar", "field label not supported: spec.foo"),
            (
                "Deployment",
                "status.phase=a",
                "field label not supported: status.phase",
            ),
            (
                "Namespace",
                "metadata.namespace=a",
                "field label not supported: metadata.namespace",
            ),
            ("Pod", "a", "invalid selector: 'a'; can't understand 'a'"),
        ] {
            let kind = Kind::of(&json!({"kind": kind})).unwrap();
            assert_eq!(fields(&kind, selector), Err(message.to_owned()));
        }
    }
}
