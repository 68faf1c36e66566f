//! `eksentry explain`: explains a check, with the text of its page.

use eksentry_core::facts::KubernetesCluster;
use eksentry_core::{Check, FactsOf as _, checks};
use eksentry_runtime::{ScanPermissions, Selection};
use include_dir::{Dir, include_dir};

use crate::DONE;
use crate::error::CommandError;
use crate::policy::with_parameters;
use crate::terminal;

/// The pages of the checks.
static PAGES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../docs/checks");

/// The section about the functions, which a person who scans does not have.
const ABOUT_FUNCTIONS: &str = "## When it runs";

/// Prints the explanation of a check.
pub(crate) fn run(id: &str) -> Result<u8, CommandError> {
    let check = checks::find(id)?;
    let page = PAGES.get_file(format!("{}.md", check.id));
    let page = page.and_then(|page| page.contents_utf8());
    let page = without_functions(page.unwrap_or(check.title));
    terminal::print(&format!("{page}\n{}", permissions(check)))?;
    Ok(DONE)
}

/// Returns the section about the permissions of a scan of the check.
fn permissions(check: &'static Check) -> String {
    let checks = with_parameters(&[check], &Selection::default());
    let permissions = ScanPermissions::default().of(&checks);
    let actions = permissions
        .iter()
        .map(|one| format!("- `{}`\n", one.action));
    let inside = if check.kind() == KubernetesCluster::KIND {
        " In clusters, it needs the roles that `eksentry policy --kubernetes --cluster-role` prints."
    } else {
        ""
    };
    format!(
        "## Permissions\n\n{}\nFor a policy, run `eksentry policy --checks {}`.{inside}\n",
        actions.collect::<String>(),
        check.id
    )
}

/// Returns a page without its comments, its links to other pages and its section about the functions.
fn without_functions(page: &str) -> String {
    let mut kept = Vec::new();
    let mut is_about_functions = false;
    // Links to other pages lead nowhere in a terminal.
    let is_shown = |line: &&str| !line.starts_with("<!--") && !line.contains("](../");
    for line in page.lines().filter(is_shown) {
        if line.starts_with("## ") {
            is_about_functions = line == ABOUT_FUNCTIONS;
        }
        let repeats_empty = line.is_empty() && kept.last() == Some(&"");
        if !is_about_functions && !repeats_empty {
            kept.push(line);
        }
    }
    kept.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use eksentry_core::checks::CHECKS;

    use super::*;

    #[test]
    fn every_check_has_a_page() {
        for check in CHECKS {
            let page = PAGES.get_file(format!("{}.md", check.id));
            let text = page.and_then(|page| page.contents_utf8()).unwrap();
            let shown = without_functions(text);
            assert!(
                shown.starts_with(&format!("# {}\n", check.title)),
                "{shown}"
            );
            for heading in [
                "\n## What it checks\n",
                "\n## Why it matters\n",
                "\n## How to fix it\n",
            ] {
                assert!(shown.contains(heading), "{}: {heading}", check.id);
            }
            assert!(
                !shown.contains("SweepSchedule")
                    && !shown.contains("<!--")
                    && !shown.contains("](../"),
                "{shown}"
            );
        }
    }
}
