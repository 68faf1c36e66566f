//! The report as Markdown: a summary and the findings that require action.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use eksentry_core::Severity;

use crate::frameworks::FORMULA;
use crate::{Comparison, Finding, Outcome, Report, Status};

/// The number of findings of a check that are listed. JSON and CSV have all.
const SHOWN: usize = 10;

impl Report {
    pub(super) fn markdown(&self, comparison: Option<&Comparison>) -> String {
        let scopes: Vec<String> = self
            .scopes
            .iter()
            .map(|scope| format!("account {}, {}", code(&scope.account), code(&scope.region)))
            .collect();
        let mut parts = vec![
            "# eksentry report".to_owned(),
            format!(
                "As of {} · eksentry {} · {}",
                self.made_at,
                code(&self.version),
                scopes.join("; ")
            ),
            self.by_severity(),
        ];
        parts.extend(self.narrowing.sentences());
        parts.extend(comparison.map(ToString::to_string));
        parts.extend(self.by_standard());
        parts.extend(self.not_read());
        parts.extend(self.accepted());
        parts.push(self.open());
        parts.join("\n\n") + "\n"
    }

    /// Renders the numbers of findings by severity and status.
    fn by_severity(&self) -> String {
        let count = |severity, status| {
            let findings = self.findings.iter();
            findings
                .filter(|one| one.severity == severity && one.status == status)
                .count()
        };
        let shown: Vec<Status> = Status::ALL
            .into_iter()
            .filter(|status| self.findings.iter().any(|one| one.status == *status))
            .collect();
        if shown.is_empty() {
            return "There are no findings.".to_owned();
        }
        let header = shown.iter().map(|status| capital(status.label()));
        let mut lines = head(
            std::iter::once("Severity".to_owned())
                .chain(header)
                .collect(),
        );
        for severity in Severity::ALL.into_iter().rev() {
            let numbers = shown
                .iter()
                .map(|status| count(severity, *status).to_string());
            let name = capital(&severity.label().to_lowercase());
            lines.push(row(std::iter::once(name).chain(numbers).collect()));
        }
        lines.join("\n")
    }

    /// Renders the scores; `None` if there are none.
    fn by_standard(&self) -> Option<String> {
        const OUTCOMES: [Outcome; 7] = [
            Outcome::Failed,
            Outcome::NotAvailable,
            Outcome::Warning,
            Outcome::Passed,
            Outcome::NoResources,
            Outcome::NotRun,
            Outcome::Manual,
        ];
        let titles = ["Standard", "Score", "Passed resources", "Controls"];
        let mut lines = head(titles.map(str::to_owned).to_vec());
        let frameworks = self.frameworks();
        for framework in &frameworks {
            let score = framework.score;
            let percent = score.percent();
            let controls: Vec<String> = OUTCOMES
                .into_iter()
                .map(|outcome| (framework.count(outcome), outcome.label()))
                .filter(|(count, _)| *count > 0)
                .map(|(count, label)| format!("{count} {label}"))
                .collect();
            lines.push(row(vec![
                framework.name.to_owned(),
                percent.map_or_else(|| "–".to_owned(), |percent| format!("{percent} %")),
                format!("{} of {}", score.passed, score.judged),
                controls.join(", "),
            ]));
        }
        let table = lines.join("\n");
        (!frameworks.is_empty()).then(|| format!("## Standards\n\n{table}\n\n{FORMULA}"))
    }

    /// Renders what could not be read; `None` if everything was read.
    fn not_read(&self) -> Option<String> {
        let mut by_reason: BTreeMap<(String, String), usize> = BTreeMap::new();
        for finding in &self.findings {
            if finding.status == Status::NotAvailable {
                let reason = finding.reasons.first();
                let code = reason.map(|reason| reason.code.clone()).unwrap_or_default();
                *by_reason.entry((code, finding.reason())).or_default() += 1;
            }
        }
        if by_reason.is_empty() && self.errors.is_empty() {
            return None;
        }
        let mut out = "## Not read\n".to_owned();
        for error in &self.errors {
            let _ = write!(out, "\n- {}", text(error));
        }
        for ((reason, explanation), count) in by_reason {
            let findings = if count == 1 { "finding" } else { "findings" };
            let _ = write!(
                out,
                "\n- {} ({count} {findings}): {}",
                code(&reason),
                text(&explanation)
            );
        }
        Some(out)
    }

    /// Renders the accepted failures; `None` if there are none.
    fn accepted(&self) -> Option<String> {
        let mut by_exception: BTreeMap<(Option<jiff::civil::Date>, &str), usize> = BTreeMap::new();
        let exceptions = self
            .findings
            .iter()
            .filter_map(|one| one.exception.as_ref());
        for exception in exceptions.clone() {
            let key = (exception.until, exception.reason.as_str());
            *by_exception.entry(key).or_default() += 1;
        }
        let mut lines = head(["Reason", "Ends", "Findings"].map(str::to_owned).to_vec());
        for ((until, reason), count) in &by_exception {
            let same = |one: &&crate::Exception| one.until == *until && one.reason == *reason;
            let is_soon = exceptions
                .clone()
                .find(same)
                .is_some_and(|one| one.ends_soon(self.made_at));
            let end = match until {
                Some(day) if is_soon => format!("**{day}, within 30 days**"),
                Some(day) => day.to_string(),
                None => "no end".to_owned(),
            };
            lines.push(row(vec![text(reason), end, count.to_string()]));
        }
        let table = lines.join("\n");
        (!by_exception.is_empty()).then(|| format!("## Accepted failures\n\n{table}"))
    }

    /// Renders the findings that require action, by severity and check.
    fn open(&self) -> String {
        let mut out = "## Needs attention".to_owned();
        let open: Vec<&Finding> = self
            .findings
            .iter()
            .filter(|one| one.status.is_open())
            .collect();
        if open.is_empty() {
            out += "\n\nNo finding needs attention.";
        }
        for findings in open.chunk_by(|one, next| {
            (one.status, one.severity, &one.check) == (next.status, next.severity, &next.check)
        }) {
            let Some(first) = findings.first() else {
                continue;
            };
            let check = self.check(&first.check);
            let title = check.map_or(first.check.as_str(), |check| check.title.as_str());
            let _ = write!(
                out,
                "\n\n### {}, {}: {}\n\n{}",
                first.severity,
                first.status.label(),
                text(title),
                code(&first.check)
            );
            if let Some(check) = check.filter(|check| !check.remediation.is_empty()) {
                let _ = write!(out, " · {}", text(&check.remediation));
            }
            out.push('\n');
            for finding in findings.iter().take(SHOWN) {
                let _ = write!(
                    out,
                    "\n- {}: {}",
                    code(&finding.resource_id),
                    text(&finding.reason())
                );
                if first.status == Status::Failed && !finding.command.is_empty() {
                    let _ = write!(out, " To fix it, run {}", code(&finding.command));
                }
            }
            if findings.len() > SHOWN {
                let _ = write!(out, "\n- and {} more", findings.len() - SHOWN);
            }
        }
        out
    }
}

fn head(titles: Vec<String>) -> Vec<String> {
    let rules = titles.iter().map(|_| "---".to_owned()).collect();
    vec![row(titles), row(rules)]
}

fn row(cells: Vec<String>) -> String {
    format!("| {} |", cells.join(" | "))
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(characters).collect()
}

/// Returns a text that is shown as it is: in one line, and without any markup.
fn text(untrusted: &str) -> String {
    let mut out = String::with_capacity(untrusted.len());
    for character in untrusted.chars() {
        match character {
            _ if character.is_control() => out.push(' '),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '!' | '$' => {
                out.push('\\');
                out.push(character);
            }
            _ => out.push(character),
        }
    }
    out
}

/// Returns a code span with the text: in one line, with a fence that the text does not contain.
fn code(untrusted: &str) -> String {
    let line: String = untrusted
        .chars()
        .map(|character| {
            if character.is_control() {
                ' '
            } else {
                character
            }
        })
        .collect();
    let longest = line.split(|character| character != '`').map(str::len).max();
    let fence = "`".repeat(longest.unwrap_or(0) + 1);
    let space = if line.is_empty() || line.starts_with(['`', ' ']) || line.ends_with(['`', ' ']) {
        " "
    } else {
        ""
    };
    // In a table, a bar ends the cell even in a code span.
    format!("{fence}{space}{}{space}{fence}", line.replace('|', "\\|"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{CLUSTER, finding, plain, report};
    use crate::{Exception, Narrowing, Reason};

    #[test]
    fn the_report_has_all_parts() {
        let mut failed = plain("eks-endpoint-private", CLUSTER, Status::Failed);
        failed.command = "aws eks update-cluster-config --name payments-prod".to_owned();
        let mut muted = plain("kms-cmk-rotation", "key", Status::Passed);
        muted.exception = Some(Exception {
            reason: "Agreed.".to_owned(),
            until: Some("2026-12-01".parse().unwrap()),
        });
        let mut unread = plain("eks-supported-version", CLUSTER, Status::NotAvailable);
        unread.reasons = vec![Reason {
            code: "ACCESS_DENIED".to_owned(),
            text: "Denied.".to_owned(),
        }];
        let now = report([failed, muted, unread])
            .with_errors(["The repositories could not be listed.".to_owned()]);
        let text = now.markdown(Some(&now.compare(&report([]))));
        for part in [
            "As of 2026-11-23T09:00:00Z",
            "| Severity | Failed | Not available | Passed |",
            "| High | 1 | 0 | 0 |",
            "Since 2026-11-23T09:00:00Z: 2 new, 0 fixed, 0 gone, 0 not evaluated.",
            "| CIS Amazon EKS Benchmark v1.8.0 | 0 % | 0 of 1 | 2 failed,",
            "14 manual |",
            "- The repositories could not be listed.",
            "- `ACCESS_DENIED` (1 finding): Denied.",
            "| Agreed. | **2026-12-01, within 30 days** | 1 |",
            "### HIGH, failed: EKS clusters should not have a public endpoint",
            "To fix it, run `aws eks update-cluster-config --name payments-prod`",
        ] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
    }

    #[test]
    fn many_findings_of_a_check_are_listed_in_part() {
        let findings = (0..SHOWN + 3).map(|number| {
            let resource = format!("r{number:02}");
            finding(
                "eks-endpoint-private",
                &resource,
                Status::Failed,
                Severity::High,
            )
        });
        let text = report(findings).markdown(None);
        assert_eq!(text.matches("\n- `r").count(), SHOWN);
        assert!(text.contains("\n- and 3 more"), "{text}");
    }

    #[test]
    fn a_report_without_all_failures_has_no_scores() {
        let text = report([plain("eks-endpoint-private", CLUSTER, Status::Failed)])
            .narrowed(Narrowing {
                resources: Vec::new(),
                severity: Some(Severity::Critical),
            })
            .markdown(None);
        assert!(text.contains("below CRITICAL are left out"), "{text}");
        assert!(!text.contains(" %"), "{text}");
    }

    #[test]
    fn an_empty_report_does_not_claim_that_anything_passed() {
        let text = report([]).markdown(None);
        assert!(text.contains("There are no findings."), "{text}");
        assert!(!text.contains("100 %"), "{text}");
    }

    #[test]
    fn hostile_texts_are_shown_as_they_are() {
        for (untrusted, expected) in [
            ("<b>*x*</b>", r"&lt;b&gt;\*x\*&lt;/b&gt;"),
            ("a | b\n# c", r"a \| b \# c"),
            ("![x](javascript:y)", r"\!\[x\](javascript:y)"),
            ("&lt;", "&amp;lt;"),
        ] {
            assert_eq!(text(untrusted), expected);
        }
        for (untrusted, expected) in [
            ("a", "`a`"),
            ("", "`  `"),
            ("a`b", "``a`b``"),
            ("```", "```` ``` ````"),
            ("a|b\n", "` a\\|b  `"),
        ] {
            assert_eq!(code(untrusted), expected, "{untrusted:?}");
        }
    }

    #[test]
    fn hostile_names_add_no_lines() {
        let hostile = "x\n\n# Heading\n| a | b |\r\n<script>";
        let mut one = plain("unknown", hostile, Status::Failed);
        one.reasons = vec![Reason {
            code: hostile.to_owned(),
            text: hostile.to_owned(),
        }];
        let mut plain_one = plain("unknown", "x", Status::Failed);
        plain_one.command = String::new();
        let lines = |finding| report([finding]).markdown(None).lines().count();
        assert_eq!(lines(one.clone()), lines(plain_one));
        assert!(!report([one]).markdown(None).contains("\n# Heading"));
    }
}
