//! The report as Markdown: a summary and the findings that require action.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use eksentry_core::Severity;

use crate::frameworks::FORMULA;
use crate::{Comparison, Exception, Finding, ONE_MONTH, Outcome, Report, Status};

/// The number of findings that are listed of a check and, where something could not be read, of a reason. JSON and CSV
/// have all.
const SHOWN: usize = 10;

/// The number of different exceptions and of errors that are listed.
const MOST_LISTED: usize = 100;

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
        parts.extend(self.limits());
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
        const OUTCOMES: [Outcome; 8] = [
            Outcome::Failed,
            Outcome::NotAvailable,
            Outcome::Warning,
            Outcome::PartlyRun,
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
        let mut by_code: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
        for finding in &self.findings {
            if finding.status == Status::NotAvailable {
                let reason = finding.reasons.first();
                let code = reason.map_or("", |reason| reason.code.as_str());
                by_code.entry(code).or_default().push(finding);
            }
        }
        if by_code.is_empty() && self.errors.is_empty() && self.pending.is_empty() {
            return None;
        }
        let mut out = "## Not read\n".to_owned();
        for error in self.errors.iter().take(MOST_LISTED) {
            let _ = write!(out, "\n- {}", text(error));
        }
        write_others(&mut out, self.errors.len(), MOST_LISTED);
        if let Some(pending) = self.pending_results() {
            let _ = write!(out, "\n- {pending}");
        }
        for (reason, findings) in by_code {
            let mut texts: BTreeMap<String, usize> = BTreeMap::new();
            for finding in &findings {
                *texts.entry(finding.reason()).or_default() += 1;
            }
            let number = texts.len();
            for (explanation, count) in texts.into_iter().take(SHOWN) {
                let findings = if count == 1 { "finding" } else { "findings" };
                let (reason, explanation) = (code(reason), text(&explanation));
                let _ = write!(out, "\n- {reason} ({count} {findings}): {explanation}");
            }
            write_others(&mut out, number, SHOWN);
        }
        Some(out)
    }

    /// Renders the accepted failures; `None` if there are none.
    fn accepted(&self) -> Option<String> {
        let mut by_exception: BTreeMap<(Option<i32>, &str), (&Exception, usize)> = BTreeMap::new();
        for exception in self
            .findings
            .iter()
            .filter_map(|one| one.exception.as_ref())
        {
            let key = (exception.days_left(self.made_at), exception.reason.as_str());
            by_exception.entry(key).or_insert((exception, 0)).1 += 1;
        }
        let mut lines = head(["Reason", "Ends", "Findings"].map(str::to_owned).to_vec());
        // Those without an end come last.
        let (endless, ending): (Vec<_>, Vec<_>) = by_exception
            .iter()
            .partition(|((days, _), _)| days.is_none());
        for ((days, reason), (exception, count)) in
            ending.into_iter().chain(endless).take(MOST_LISTED)
        {
            let end = exception
                .until
                .map(|day| day.to_string())
                .unwrap_or_default();
            let end = match days {
                None => "no end".to_owned(),
                Some(days) if *days < 0 => format!("**{end}, ended**"),
                Some(_) if exception.ends_soon(self.made_at) => {
                    format!("**{end}, within {ONE_MONTH} days**")
                }
                Some(_) => end,
            };
            lines.push(row(vec![text(reason), end, count.to_string()]));
        }
        let mut table = lines.join("\n");
        if by_exception.len() > MOST_LISTED {
            let others = by_exception.len() - MOST_LISTED;
            let _ = write!(table, "\n\nAnd {others} more.");
        }
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
            write_others(&mut out, findings.len(), SHOWN);
        }
        out
    }
}

/// Appends the number of items that are not listed.
fn write_others(out: &mut String, all: usize, listed: usize) {
    if all > listed {
        let _ = write!(out, "\n- and {} more", all - listed);
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

/// Returns a text that is shown as it is: in one line, without any markup, and without mentions, which would notify
/// people. Addresses may still be links.
fn text(untrusted: &str) -> String {
    let mut out = String::with_capacity(untrusted.len());
    for character in untrusted.chars() {
        match character {
            _ if character.is_control() => out.push(' '),
            // A space without a width ends the mention.
            '@' => out.push_str("@\u{200b}"),
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

/// Returns a code span with the text: in one line, with a fence that the text does not contain. In a table, a bar in the
/// text would end the cell, so tables have no code spans.
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
    format!("{fence}{space}{line}{space}{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{CLUSTER, finding, plain, report};
    use crate::{Narrowing, Reason};

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
            "Since 2026-11-23T09:00:00Z: 2 new, 0 worse, 0 fixed, 0 gone, 0 not evaluated.",
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
    fn what_could_not_be_read_is_listed_in_part() {
        let unread = (0..SHOWN + 3).map(|number| Finding {
            reasons: vec![Reason {
                code: "ACCESS_DENIED".to_owned(),
                text: format!("The key {number:02} could not be read."),
            }],
            ..plain(
                "kms-cmk-rotation",
                &format!("k{number}"),
                Status::NotAvailable,
            )
        });
        let text = report(unread)
            .with_errors((0..MOST_LISTED + 2).map(|number| format!("Error {number}.")))
            .with_pending(["a".to_owned(), "b".to_owned()])
            .markdown(None);
        let (not_read, _) = text.split_once("## Needs attention").unwrap();
        assert_eq!(not_read.matches("\n- `ACCESS").count(), SHOWN);
        assert!(not_read.contains("\n- and 3 more"), "{text}");
        assert_eq!(not_read.matches("\n- Error").count(), MOST_LISTED);
        assert!(not_read.contains("\n- and 2 more"), "{text}");
        assert!(
            not_read.contains("\n- 2 results are not known yet."),
            "{text}"
        );
    }

    #[test]
    fn accepted_failures_that_end_first_come_first() {
        let accepted = |reason: &str, until: Option<&str>| Finding {
            exception: Some(Exception {
                reason: reason.to_owned(),
                until: until.map(|day| day.parse().unwrap()),
            }),
            ..plain("kms-cmk-rotation", reason, Status::Passed)
        };
        let text = report([
            accepted("By design.", None),
            accepted("Later.", Some("2027-11-23")),
            accepted("Soon.", Some("2026-11-30")),
            accepted("Soon.", Some("2026-11-30")),
            accepted("Over.", Some("2026-11-22")),
        ])
        .markdown(None);
        let rows = [
            "| Over. | **2026-11-22, ended** | 1 |",
            "| Soon. | **2026-11-30, within 30 days** | 2 |",
            "| Later. | 2027-11-23 | 1 |",
            "| By design. | no end | 1 |",
        ];
        assert!(text.contains(&rows.join("\n")), "{text}");
    }

    #[test]
    fn a_report_without_all_failures_has_no_scores() {
        let text = report([plain("eks-endpoint-private", CLUSTER, Status::Failed)])
            .narrowed(Narrowing {
                severity: Some(Severity::Critical),
                ..Narrowing::default()
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
            ("@org/team", "@\u{200b}org/team"),
        ] {
            assert_eq!(text(untrusted), expected);
        }
        for (untrusted, expected) in [
            ("a", "`a`"),
            ("", "`  `"),
            ("a`b", "``a`b``"),
            ("```", "```` ``` ````"),
            ("a|b\n", "` a|b  `"),
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
