//! The matrix as a page of the documentation.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::{env, fs};

use super::Undisturbed;
use super::cases::{Case, Column};
use crate::world::workspace;

const PATH: &str = "docs/faults.md";
const BLESS: &str = "BLESS=1 cargo test -p eksentry-tests --test suite fault_matrix";

const HEAD: &str = "# Faults

<!-- Written by a test. To write it anew: BLESS=1 cargo test -p eksentry-tests --test suite fault_matrix -->

What comes of every call when it goes wrong, by what the function was doing. [reliability.md](reliability.md) says what
must hold in each case, and how the cases are made. In a cell:

| Word | Meaning |
| --- | --- |
| as ever | the invocation succeeded, and everything was reported as without the fault |
| not available | it succeeded; what could not be read is `NOT_AVAILABLE`, with the reason |
| worse, archived | it succeeded; what the service itself said (not found, another word, a default) is taken at its word |
| left | it succeeded; what an answer without its list may not have told is as it was |
| again | the messages come again |
| the name of an error | the invocation ended in it, and is made again; the rest was reported |

Numbers count cases where a cell has several. An empty cell: that call can't go wrong so, or the case is tried in another
table. Columns: *in passing*, throttled, 500, 503 and a broken connection one after another; *no answer*, ever; *deadline*,
the same in a function that has twice the time that it takes when nothing fails; *cut off*, half of an answer; *no AWS*, a
page for people with status 200; *same token* and *by turns*, a list whose pages lead to themselves, or each to the one
before; *new word*, in place of each enumerated word; *missing*, each member of the answer.
";

type Tried = (Case, Result<String, String>);

/// Compares the page with the results, or writes it if `BLESS` is set.
pub(super) fn hold_against_docs(undisturbed: &[Undisturbed], tried: &[Tried]) {
    let (path, page) = (workspace().join(PATH), page(undisturbed, tried));
    if env::var_os("BLESS").is_some() {
        fs::write(&path, page).unwrap();
    } else {
        let committed = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == page,
            "{PATH} is not what was tried; to rewrite it: {BLESS}\n{page}"
        );
    }
}

fn page(undisturbed: &[Undisturbed], tried: &[Tried]) -> String {
    let mut page = format!(
        "{HEAD}\n{} cases, and none of them ended wrong.\n\n",
        tried.len()
    );
    for (number, one) in undisturbed.iter().enumerate() {
        let of_scenario: Vec<&Tried> = tried
            .iter()
            .filter(|(case, _)| case.scenario == number)
            .collect();
        let _ = writeln!(page, "## {}\n\n{}", one.scenario.name, table(&of_scenario));
    }
    page
}

fn table(tried: &[&Tried]) -> String {
    let mut rows: BTreeMap<&str, BTreeMap<Column, Vec<&str>>> = BTreeMap::new();
    for (case, result) in tried {
        let word = result.as_deref().unwrap_or("wrong");
        let row = rows.entry(&case.call).or_default();
        row.entry(case.column).or_default().push(word);
    }
    let mut table = "| Call |".to_owned();
    for column in Column::ALL {
        let _ = write!(table, " {} |", column.heading());
    }
    table += "\n| --- |";
    table += &" --- |".repeat(Column::ALL.len());
    for (call, cells) in rows {
        let _ = write!(table, "\n| `{call}` |");
        for column in Column::ALL {
            let _ = write!(
                table,
                " {} |",
                cells
                    .get(&column)
                    .map(|words| cell(words))
                    .unwrap_or_default()
            );
        }
    }
    table + "\n"
}

/// Renders the words of a cell: the word alone if there is one case, otherwise each word with its number of cases.
fn cell(words: &[&str]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for word in words {
        *counts.entry(word).or_default() += 1;
    }
    let told = counts.iter().map(|(word, count)| {
        if words.len() == 1 {
            (*word).to_owned()
        } else {
            format!("{count} {word}")
        }
    });
    told.collect::<Vec<_>>().join(", ")
}
