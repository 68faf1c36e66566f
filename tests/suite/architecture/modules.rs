//! The imports between the modules of a crate: they must not form cycles.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use regex::Regex;

use super::sources::{is_test, sources, without_tests};
use super::{names_in, read};

/// The modules that each module of a crate imports, by their names below the crate's root.
type Imports = BTreeMap<String, BTreeSet<String>>;

#[test]
fn modules_do_not_import_each_other_in_cycles() {
    for name in names_in("shared") {
        let imports = imports(&Path::new("shared").join(&name).join("src"));
        if let Some(cycle) = cycles(&imports).first() {
            panic!(
                "modules of shared/{name} import each other in a cycle: {}; move the shared items into a module that \
                 imports none of them",
                cycle.join(", ")
            );
        }
    }
}

/// Returns the imports between the modules of a crate. An item that a module imports from the crate's root counts as an
/// import of the module from which the root re-exports it.
fn imports(folder: &Path) -> Imports {
    let mut files = sources(folder);
    files.retain(|path| !is_test(path));
    let name_of = |path: &Path| {
        let below = path.strip_prefix(folder).expect("it is in the folder");
        let first = below.iter().next().expect("it has a name");
        let first = first.to_str().expect("names are UTF-8");
        first.strip_suffix(".rs").unwrap_or(first).to_owned()
    };
    let modules: BTreeSet<String> = files.iter().map(|path| name_of(path)).collect();
    let root = code(&read(folder.join("lib.rs")));
    let exported: BTreeMap<String, String> = modules
        .iter()
        .flat_map(|module| {
            let names = names_behind(&root, &format!("use {module}::"));
            let names = names.into_iter().map(|name| (name, module.clone()));
            names.chain([(module.clone(), module.clone())])
        })
        .collect();
    let mut imports = Imports::new();
    for path in files {
        let module = name_of(&path);
        if module == "lib" {
            continue;
        }
        let named = names_behind(&code(&read(&path)), "crate::");
        let named = named.iter().filter_map(|name| exported.get(name).cloned());
        let of_module = imports.entry(module.clone()).or_default();
        of_module.extend(named.filter(|other| *other != module));
    }
    imports
}

/// Returns the code of a file without its comments and tests.
fn code(text: &str) -> String {
    let lines = without_tests(text).lines();
    let lines = lines.map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

/// Returns the first name of each path that begins with `start`: for `crate::a::b` and `crate::{a, c::{d, e}}` the
/// names a, a and c.
fn names_behind(code: &str, start: &str) -> Vec<String> {
    let name = Regex::new("^[A-Za-z_][A-Za-z0-9_]*").expect("it is a regular expression");
    let mut names = Vec::new();
    for (at, _) in code.match_indices(start) {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|before| before.is_alphanumeric() || "_$:".contains(before)) {
            continue;
        }
        let rest = &code[at + start.len()..];
        let Some(group) = rest.strip_prefix('{') else {
            names.extend(name.find(rest).map(|found| found.as_str().to_owned()));
            continue;
        };
        let mut depth = 0_usize;
        let mut is_first = true;
        for (at, character) in group.char_indices() {
            match character {
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                '{' => depth += 1,
                ',' if depth == 0 => is_first = true,
                _ if is_first && depth == 0 && !character.is_whitespace() => {
                    names.extend(
                        name.find(&group[at..])
                            .map(|found| found.as_str().to_owned()),
                    );
                    is_first = false;
                }
                _ => {}
            }
        }
    }
    names
}

/// Returns the groups of modules in which each module leads to all others.
fn cycles(imports: &Imports) -> BTreeSet<Vec<String>> {
    let reached: BTreeMap<&String, BTreeSet<&String>> = imports
        .keys()
        .map(|module| (module, reached_from(module, imports)))
        .collect();
    let leads_to =
        |from: &String, to: &String| reached.get(from).is_some_and(|all| all.contains(to));
    let in_cycles = reached.keys().filter(|module| leads_to(module, module));
    in_cycles
        .map(|module| {
            let others = reached
                .keys()
                .filter(|other| leads_to(module, other) && leads_to(other, module));
            others.map(ToString::to_string).collect()
        })
        .collect()
}

/// Returns all modules to which imports lead from one module.
fn reached_from<'a>(module: &str, imports: &'a Imports) -> BTreeSet<&'a String> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<&String> = imports.get(module).into_iter().flatten().collect();
    while let Some(module) = next.pop() {
        if reached.insert(module) {
            next.extend(imports.get(module).into_iter().flatten());
        }
    }
    reached
}

#[test]
fn import_cycles_are_found() {
    let imports = |pairs: &[(&str, &[&str])]| -> Imports {
        let pairs = pairs.iter().map(|(module, imported)| {
            let imported = imported.iter().map(ToString::to_string);
            ((*module).to_owned(), imported.collect())
        });
        pairs.collect()
    };
    let found = |pairs: &[(&str, &[&str])]| cycles(&imports(pairs)).into_iter().collect::<Vec<_>>();
    assert_eq!(
        found(&[("a", &["b", "c"]), ("b", &["c"]), ("c", &[])]),
        [[""; 0]; 0]
    );
    assert_eq!(
        found(&[("a", &["b"]), ("b", &["a", "c"]), ("c", &[])]),
        [["a", "b"]]
    );
    assert_eq!(
        found(&[
            ("a", &["b"]),
            ("b", &["c"]),
            ("c", &["a"]),
            ("d", &["e"]),
            ("e", &["d"])
        ]),
        [vec!["a", "b", "c"], vec!["d", "e"]]
    );
}

#[test]
fn all_forms_of_imports_are_parsed() {
    let code = code(
        "use crate::a::B; // crate::no\nuse crate::{\n    c::{D, e::F}, g,\n};\n/// [`crate::no`]\nfn f() { crate::h::i(); \
         other_crate::j(); }\n#[cfg(test)]\nmod tests { use crate::no; }",
    );
    assert_eq!(names_behind(&code, "crate::"), ["a", "c", "g", "h"]);
    assert_eq!(
        names_behind("pub use a::{B, C as D};\nuse a::e;", "use a::"),
        ["B", "C", "e"]
    );
}
