//! `eksentry checks`: lists the checks.

use comfy_table::{
    Attribute, Cell, ColumnConstraint, ContentArrangement, Table, TableStyle, Width,
};
use eksentry_core::checks::CHECKS;
use eksentry_core::standards::groups;
use eksentry_core::{Check, service};
use eksentry_report::Style;

use crate::error::CommandError;
use crate::options::SelectionOptions;
use crate::{DONE, standard, terminal};

/// Prints the selected checks, or all.
pub(crate) fn run(options: &SelectionOptions) -> Result<u8, CommandError> {
    let settings = options.settings()?;
    let is_all = !options.is_narrowed() && !options.kubernetes && options.settings.is_none();
    let checks = if is_all {
        CHECKS.into_iter().collect()
    } else {
        options.checks(&settings)?
    };
    let style = Style::of_stdout();
    terminal::print(&render(&checks, style))?;
    Ok(DONE)
}

fn render(checks: &[&Check], style: Style) -> String {
    let mut table = Table::new();
    table
        .load_style(TableStyle::new())
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(style.columns)
        .force_no_tty();
    if style.colors {
        table.enforce_styling();
    }
    let names = ["Check", "Service", "Severity", "Standards", "Requirement"];
    table.set_header(names.map(|name| Cell::new(name).add_attribute(Attribute::Bold)));
    // An ID that is broken into lines can't be copied.
    let longest = checks.iter().map(|check| check.id.len()).max();
    let longest = u16::try_from(longest.unwrap_or_default() + 2).unwrap_or(u16::MAX);
    table.set_constraints([ColumnConstraint::Absolute(Width::Fixed(longest))]);
    for check in checks {
        let severity = check.severities.first();
        let standards: Vec<String> = groups(check.id)
            .map(|group| standard::name(group.standard))
            .collect();
        let off = if check.enabled {
            ""
        } else {
            " (off by default)"
        };
        table.add_row([
            check.id.to_owned(),
            service::of(check.id)
                .map_or("", |service| service.name)
                .to_owned(),
            severity
                .map_or("", |(severity, _)| severity.label())
                .to_owned(),
            standards.join(" "),
            format!("{}{off}", check.title),
        ]);
    }
    format!("{}\n\n{} checks\n", table.trim_fmt(), checks.len())
}
