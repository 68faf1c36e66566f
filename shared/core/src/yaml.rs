//! A reader of YAML, and thus of JSON, that returns a tree whose nodes have line numbers.
//!
//! `saphyr-parser` parses; this module builds the tree. serde's readers of YAML report the line of a syntax error, but
//! not the line of a value that is wrong.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span};

/// The deepest nesting of lists and mappings. The documents of eksentry need three levels, and the configuration values
/// of an add-on about ten; without a limit, a few kilobytes of brackets would overflow the stack.
const MAX_DEPTH: usize = 16;

/// The most bytes that copies for aliases may have: those of their texts, and [`SIZE_OF_NODE`] for each node. Without a
/// limit, a few aliases of aliases would stand for gigabytes.
const MAX_COPIES: usize = 1 << 20;

/// The number of bytes by which a node without a text counts.
const SIZE_OF_NODE: usize = 8;

/// The number that the parser gives to a node without an anchor.
const NO_ANCHOR: usize = 0;

/// A part of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The line on which it begins, counted from 1.
    pub line: usize,
    /// The content.
    pub content: Content,
}

/// The content of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A text without quotes, which may mean a number, `true`, `false` or null.
    Plain(String),
    /// A text in quotes, or a block of text.
    Quoted(String),
    /// Items, in the order of the document.
    List(Vec<Node>),
    /// Keys with values, in the order of the document. Each key appears once.
    Mapping(Vec<(Key, Node)>),
}

/// The key of a value in a mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The line on which it begins, counted from 1.
    pub line: usize,
    /// The text, without quotes.
    pub text: String,
}

/// The error of a text that is not YAML, or that has something that is not supported here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct YamlError {
    /// The line of the problem, counted from 1.
    pub line: usize,
    /// The problem.
    #[source]
    pub problem: YamlProblem,
}

/// The problem on a line of a text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum YamlProblem {
    /// The parser rejects the text.
    #[error("it isn't valid YAML: {}", error.info())]
    Syntax {
        /// The error of the parser.
        #[source]
        error: ScanError,
    },
    /// There is no document in the text.
    #[error("it is empty")]
    Empty,
    /// There are several documents in the text.
    #[error("a second document begins here, but only one is allowed")]
    SecondDocument,
    /// The text has an alias of an anchor.
    #[error("aliases aren't supported: write the value itself")]
    Alias,
    /// The text has aliases that stand for too much, or one in the value that it stands for.
    #[error("its aliases stand for more than {MAX_COPIES} bytes")]
    Copies,
    /// The text has a tag.
    #[error("tags aren't supported: remove the tag")]
    Tag,
    /// Lists or mappings are nested too deep.
    #[error("it is nested more than {MAX_DEPTH} levels deep")]
    Depth,
    /// A key is a list or mapping.
    #[error("a key must be a string, not a list or mapping")]
    Key,
    /// A mapping has a key twice.
    #[error("the key {key:?} already appears on line {line}")]
    DuplicateKey {
        /// The key.
        key: String,
        /// The line on which it first appears.
        line: usize,
    },
}

impl YamlError {
    /// Returns the error of the parser. If a text ends too early, the parser reports the line after the last one, and
    /// the error has the last one.
    fn of(error: ScanError, text: &str) -> Self {
        let last = text.lines().count().max(1);
        Self {
            line: error.marker().line().min(last),
            problem: YamlProblem::Syntax { error },
        }
    }
}

impl Node {
    /// Returns `true` if the node is null: `null`, `~`, or no text at all.
    pub fn is_null(&self) -> bool {
        match &self.content {
            Content::Plain(text) => ["", "~", "null", "Null", "NULL"].contains(&text.as_str()),
            Content::Quoted(_) | Content::List(_) | Content::Mapping(_) => false,
        }
    }

    /// Returns the number of bytes by which a copy of the node counts.
    fn size(&self) -> usize {
        let of_content: usize = match &self.content {
            Content::Plain(text) | Content::Quoted(text) => text.len(),
            Content::List(items) => items.iter().map(Self::size).sum(),
            Content::Mapping(members) => {
                let members = members.iter();
                let sizes = members.map(|(key, value)| key.text.len() + value.size());
                sizes.sum()
            }
        };
        SIZE_OF_NODE + of_content
    }

    /// Returns the number of lists and mappings that are nested in the node, with the node itself.
    fn depth(&self) -> usize {
        let of_content = match &self.content {
            Content::Plain(_) | Content::Quoted(_) => return 0,
            Content::List(items) => items.iter().map(Self::depth).max(),
            Content::Mapping(members) => members.iter().map(|(_, value)| value.depth()).max(),
        };
        1 + of_content.unwrap_or_default()
    }
}

/// Reads a text with one document. Aliases of anchors, and tags, are rejected: the documents of eksentry need none.
///
/// # Errors
///
/// Returns an error, with its line, if the text is not such a document.
pub fn read(text: &str) -> Result<Node, YamlError> {
    read_into(Tree::default(), text)
}

/// Reads a text with one document, as [`read`] does. An alias becomes a copy of the node that it stands for, which begins
/// on the line of the alias.
///
/// # Errors
///
/// Returns an error, with its line, if the text is not such a document.
pub fn read_with_aliases(text: &str) -> Result<Node, YamlError> {
    let tree = Tree {
        anchors: Some(Anchors::default()),
        ..Tree::default()
    };
    read_into(tree, text)
}

fn read_into(mut tree: Tree, text: &str) -> Result<Node, YamlError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| YamlError::of(error, text))?;
        tree.take(event, span)?;
    }
    tree.root.ok_or(YamlError {
        line: 1,
        problem: YamlProblem::Empty,
    })
}

/// A tree under construction.
#[derive(Default)]
struct Tree {
    /// The lists and mappings that have begun and not ended, the innermost last.
    open: Vec<Open>,
    root: Option<Node>,
    /// The nodes for which aliases stand; `None` if aliases are rejected.
    anchors: Option<Anchors>,
}

/// The nodes with anchors that have ended.
#[derive(Default)]
struct Anchors {
    /// Copies of the nodes, by the number that the parser gives to their anchor, as far as there is room for them.
    nodes: HashMap<usize, Node>,
    /// The size of all copies: these, and those for aliases.
    copied: usize,
}

/// A list or mapping that has not ended.
struct Open {
    line: usize,
    anchor: usize,
    inside: Inside,
}

enum Inside {
    List(Vec<Node>),
    Mapping(OpenMapping),
}

/// The part of a mapping that was read.
#[derive(Default)]
struct OpenMapping {
    members: Vec<(Key, Node)>,
    /// The line of each key.
    lines: HashMap<String, usize>,
    /// The key whose value comes next.
    next: Option<Key>,
}

impl Tree {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), YamlError> {
        let line = span.start.line();
        let error = |problem| Err(YamlError { line, problem });
        match event {
            Event::DocumentStart(_) if self.root.is_some() => error(YamlProblem::SecondDocument),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
            Event::Alias(anchor) => {
                let depth = self.open.len();
                let copy = match &mut self.anchors {
                    Some(anchors) => anchors.copy(anchor, depth),
                    None => Err(YamlProblem::Alias),
                };
                match copy {
                    Ok(content) => self.add(Node { line, content }, NO_ANCHOR),
                    Err(problem) => error(problem),
                }
            }
            Event::Scalar(_, _, _, Some(_))
            | Event::SequenceStart(_, Some(_))
            | Event::MappingStart(_, Some(_)) => error(YamlProblem::Tag),
            Event::Scalar(text, style, anchor, None) => {
                let content = match style {
                    ScalarStyle::Plain => Content::Plain(text.into_owned()),
                    _ => Content::Quoted(text.into_owned()),
                };
                self.add(Node { line, content }, anchor)
            }
            Event::SequenceStart(anchor, None) => self.open(line, anchor, Inside::List(Vec::new())),
            Event::MappingStart(anchor, None) => {
                self.open(line, anchor, Inside::Mapping(OpenMapping::default()))
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
        }
    }

    fn open(&mut self, line: usize, anchor: usize, inside: Inside) -> Result<(), YamlError> {
        if self.open.len() == MAX_DEPTH {
            let problem = YamlProblem::Depth;
            return Err(YamlError { line, problem });
        }
        self.open.push(Open {
            line,
            anchor,
            inside,
        });
        Ok(())
    }

    fn close(&mut self) -> Result<(), YamlError> {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        let Open {
            line,
            anchor,
            inside,
        } = open;
        let content = match inside {
            Inside::List(items) => Content::List(items),
            Inside::Mapping(mapping) => Content::Mapping(mapping.members),
        };
        self.add(Node { line, content }, anchor)
    }

    /// Adds a complete node to the innermost list or mapping that is open, and keeps it for aliases of its anchor.
    fn add(&mut self, node: Node, anchor: usize) -> Result<(), YamlError> {
        if anchor != NO_ANCHOR
            && let Some(anchors) = &mut self.anchors
        {
            anchors.keep(anchor, &node);
        }
        match self.open.last_mut().map(|open| &mut open.inside) {
            None => self.root = Some(node),
            Some(Inside::List(items)) => items.push(node),
            Some(Inside::Mapping(mapping)) => mapping.add(node)?,
        }
        Ok(())
    }
}

impl Anchors {
    /// Keeps a copy of a node for aliases of its anchor. One for which there is no room matters only if an alias stands
    /// for it.
    fn keep(&mut self, anchor: usize, node: &Node) {
        if self.count(node.size()).is_ok() {
            self.nodes.insert(anchor, node.clone());
        }
    }

    /// Returns a copy of the content for which an alias stands that is nested in `depth` lists and mappings. A node that
    /// has not ended contains the alias itself, so it has no end.
    fn copy(&mut self, anchor: usize, depth: usize) -> Result<Content, YamlProblem> {
        let node = self.nodes.get(&anchor).ok_or(YamlProblem::Copies)?;
        if depth + node.depth() > MAX_DEPTH {
            return Err(YamlProblem::Depth);
        }
        let (size, content) = (node.size(), node.content.clone());
        self.count(size)?;
        Ok(content)
    }

    /// Counts a copy of this size, if there is room for it.
    fn count(&mut self, size: usize) -> Result<(), YamlProblem> {
        let copied = self.copied + size;
        if copied > MAX_COPIES {
            return Err(YamlProblem::Copies);
        }
        self.copied = copied;
        Ok(())
    }
}

impl OpenMapping {
    /// Adds a node, which is the value of the key before it, or else a key.
    fn add(&mut self, node: Node) -> Result<(), YamlError> {
        match self.next.take() {
            Some(key) => self.members.push((key, node)),
            None => self.next = Some(self.key(node)?),
        }
        Ok(())
    }

    /// Returns the key that a node is.
    fn key(&mut self, node: Node) -> Result<Key, YamlError> {
        let Node { line, content } = node;
        let (Content::Plain(text) | Content::Quoted(text)) = content else {
            let problem = YamlProblem::Key;
            return Err(YamlError { line, problem });
        };
        match self.lines.insert(text.clone(), line) {
            None => Ok(Key { line, text }),
            Some(first) => {
                let problem = YamlProblem::DuplicateKey {
                    key: text.chars().take(100).collect(),
                    line: first,
                };
                Err(YamlError { line, problem })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plain(line: usize, text: &str) -> Node {
        let content = Content::Plain(text.to_owned());
        Node { line, content }
    }

    fn mapping(line: usize, members: Vec<(usize, &str, Node)>) -> Node {
        let members = members.into_iter().map(|(line, text, node)| {
            let text = text.to_owned();
            (Key { line, text }, node)
        });
        let content = Content::Mapping(members.collect());
        Node { line, content }
    }

    #[test]
    fn nodes_have_line_numbers() {
        let yaml = "# of clusters\na:\n  b: 90\n  c:\n    - one\n    - 'two'\n";
        let two = Node {
            line: 6,
            content: Content::Quoted("two".to_owned()),
        };
        let list = Node {
            line: 5,
            content: Content::List(vec![plain(5, "one"), two]),
        };
        let inner = mapping(3, vec![(3, "b", plain(3, "90")), (4, "c", list)]);
        assert_eq!(read(yaml), Ok(mapping(2, vec![(2, "a", inner)])));
    }

    #[test]
    fn json_is_accepted_with_any_indentation_and_line_ending() {
        let expected = |[one, two, three]: [usize; 3]| {
            let days = Node {
                line: three,
                content: Content::Plain("90".to_owned()),
            };
            mapping(
                one,
                vec![(two, "a", mapping(two, vec![(three, "b", days)]))],
            )
        };
        for (json, lines) in [
            (r#"{"a":{"b":90}}"#, [1, 1, 1]),
            ("{\n  \"a\": {\n    \"b\": 90\n  }\n}\n", [1, 2, 3]),
            ("{\n\t\"a\": {\n\t\t\"b\": 90\n\t}\n}", [1, 2, 3]),
            (
                "\u{feff}{\r\n  \"a\": {\r\n    \"b\": 90\r\n  }\r\n}",
                [1, 2, 3],
            ),
        ] {
            assert_eq!(read(json), Ok(expected(lines)), "{json:?}");
        }
    }

    #[test]
    fn null_is_distinguished_from_text() {
        let yaml = "a:\nb: ~\nc: null\nd: ''\ne: 'null'\nf: []\n";
        let Content::Mapping(members) = read(yaml).unwrap().content else {
            panic!("it is a mapping");
        };
        let nulls: Vec<_> = members
            .iter()
            .filter(|(_, node)| node.is_null())
            .map(|(key, _)| key.text.as_str())
            .collect();
        assert_eq!(nulls, ["a", "b", "c"]);
    }

    #[test]
    fn invalid_and_unsupported_yaml_is_reported_with_its_line() {
        let nested = format!("a:\n  {}{}", "[".repeat(40), "]".repeat(40));
        for (yaml, line, mention) in [
            ("", 1, "it is empty"),
            ("# a comment\n", 1, "it is empty"),
            ("a: 1\nb: [", 2, "it isn't valid YAML"),
            ("a: 1\n  b: 2\n", 2, "it isn't valid YAML"),
            ("a: 1\nb: 2\na: 3\n", 3, "\"a\" already appears on line 1"),
            ("a: &x [1]\nb: *x\n", 2, "aliases"),
            ("a: 1\n---\nb: 2\n", 2, "second document"),
            ("a: !!str 1\n", 1, "tags"),
            ("a:\n  !thing\n  b: 1\n", 2, "tags"),
            ("? [a]\n: 1\n", 1, "a key must be a string"),
            (&nested, 2, "16 levels"),
        ] {
            let error = read(yaml).unwrap_err();
            let problem = error.problem.to_string();
            assert!(problem.contains(mention), "{yaml:?}: {error}");
            assert_eq!(error.line, line, "{yaml:?}: {error}");
        }
    }

    #[test]
    fn aliases_become_copies_where_they_are_allowed() {
        for (yaml, same) in [
            (
                "{a: &x [1, 'two'], b: *x}",
                "{a: [1, 'two'], b: [1, 'two']}",
            ),
            (
                "[&x {a: &y [1]}, *y, *x, [*x]]",
                "[{a: [1]}, [1], {a: [1]}, [{a: [1]}]]",
            ),
            ("- &x 'y'\n- *x\n", "- 'y'\n- 'y'\n"),
            // The last anchor before an alias counts.
            ("- &x 1\n- *x\n- &x 2\n- *x\n", "- 1\n- 1\n- 2\n- 2\n"),
            ("- &x a\n- *x : 1\n", "- a\n- a: 1\n"),
            ("- &x a\n- 1\n", "- a\n- 1\n"),
        ] {
            assert_eq!(read_with_aliases(yaml), read(same), "{yaml:?}");
        }
    }

    #[test]
    fn copies_for_aliases_are_limited() {
        let laughs = (1..10).map(|level| {
            let copies = vec![format!("*l{}", level - 1); 10].join(", ");
            format!("- &l{level} [{copies}]\n")
        });
        let laughs = format!("- &l0 [ha, ha]\n{}", laughs.collect::<String>());
        let nested = (1..20).map(|level| format!("- &l{level} [*l{}]\n", level - 1));
        let nested = format!("- &l0 []\n{}", nested.collect::<String>());
        let long = format!("- &x {}\n{}", "a".repeat(1 << 16), "- *x\n".repeat(20));
        // An anchor for which there is no room is no problem without an alias.
        let unused = format!("- &a [&b [{}]]\n", "[],".repeat(1 << 16));
        assert!(read_with_aliases(&unused).is_ok());
        let large = format!("{unused}- *a\n");
        let bytes = "more than 1048576 bytes";
        for (yaml, line, mention) in [
            (laughs.as_str(), 6, bytes),
            (&nested, 16, "16 levels"),
            (&long, 16, bytes),
            (&large, 2, bytes),
            ("- 1\n- &a [*a]\n", 2, bytes),
            ("- *a\n", 1, "it isn't valid YAML"),
            ("- &a x\n- {*a : 1, x: 2}\n", 2, "already appears on line 2"),
            ("- &a [x]\n- {*a : 1}\n", 2, "a key must be a string"),
            ("- !!str &a x\n- *a\n", 1, "tags"),
        ] {
            let error = read_with_aliases(yaml).unwrap_err();
            let problem = error.problem.to_string();
            assert!(problem.contains(mention), "{yaml:.60?}: {error}");
            assert_eq!(error.line, line, "{yaml:.60?}: {error}");
        }
    }

    #[test]
    fn nesting_is_limited() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(&nested(MAX_DEPTH)).is_ok());
        assert!(read(&nested(MAX_DEPTH + 1)).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_rejected(text in r#"([-a\[\]{}:,?&*!|>'"%#~ \n\t]|\PC){0,60}"#) {
            let strict = read(&text);
            let with_aliases = read_with_aliases(&text);
            prop_assert!(strict.is_err() || strict == with_aliases);
        }
    }
}
