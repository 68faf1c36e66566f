const data = JSON.parse(document.getElementById("data").textContent);
const checks = new Map(data.checks.map((check) => [check.id, check]));
const findings = data.findings.map(complete);
const evaluations = data.evaluations || [];
const comparison = data.comparison;
data.errors ||= [];
data.pending ||= [];
if (comparison) findings.forEach((finding, index) => { finding.change = comparison.changes[index]; });
const former = comparison ? comparison.former.map(({ change, finding }) => ({ ...complete(finding), change })) : [];

const SEVERITIES = ["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL"];
const OPEN = ["FAILED", "WARNING", "NOT_AVAILABLE"];
const STATUSES = [...OPEN, "PASSED", "SUPPRESSED", "ARCHIVED"];
const EVALUATED = [...OPEN, "PASSED"];
const COMPLIANCES = ["NON_COMPLIANT", "COMPLIANT", "NOT_APPLICABLE"];
const OUTCOMES = [...OPEN, "PARTLY_RUN", "PASSED", "NO_RESOURCES", "NOT_RUN", "MANUAL"];
const CHANGES = ["NEW", "WORSE", "FIXED", "GONE", "NOT_EVALUATED", "UNCHANGED"];
const PAGE = 150;
const PAGE_OF_PART = 12;
const VULNERABILITIES_SHOWN = 15;
const WORST_SHOWN = 4;
/** The number of findings from which on only what is in sight is laid out. */
const LARGE = 2000;

/** Adds to a finding what all findings of its check have in common, and its reasons as one text. */
function complete(finding) {
  const check = checks.get(finding.check) || {};
  const reasons = (finding.reasons || []).map(({ text }) => text).filter(Boolean);
  return Object.assign(finding, {
    title: check.title || finding.check,
    service: check.service || "Other",
    standards: check.standards || [],
    reason: reasons.join(" ") || finding.explanation || "",
  });
}
