//! Rows below each other, in columns that are as wide as what is in them.

use comfy_table::{
    Cell, CellAlignment, ColumnConstraint, ContentArrangement, Table, Width, presets,
};
use console::{Style, Term};

use super::column::Column;
use super::fields::Fields;

/// A table that is written page by page, with one heading.
pub(super) struct Pages {
    columns: &'static [Column],
    /// The columns of the first page, and how wide they were.
    shown: Option<Vec<(&'static Column, u16)>>,
}

impl Pages {
    pub(super) fn new(columns: &'static [Column]) -> Self {
        Self {
            columns,
            shown: None,
        }
    }

    /// The lines of a page. Of later pages columns are at least as wide as of the first.
    pub(super) fn lines(&mut self, rows: &[Fields]) -> Vec<String> {
        let is_first = self.shown.is_none();
        let shown = match &self.shown {
            Some(shown) => shown.clone(),
            None => {
                let said = |column: &&Column| rows.iter().any(|row| !column.text(row).is_empty());
                let columns = self.columns.iter().filter(said);
                columns.map(|column| (column, 0)).collect()
            }
        };
        let table = table(&shown, rows, is_first);
        let widths = table.column_max_content_widths();
        let lines: Vec<String> = table
            .lines()
            .map(|line| line.trim_end().to_owned())
            .collect();
        if is_first {
            let columns = shown.iter().zip(widths);
            self.shown = Some(
                columns
                    .map(|((column, _), width)| (*column, width))
                    .collect(),
            );
        }
        let heading = Style::new().bold();
        let style = |(index, line): (usize, String)| match is_first && index == 0 {
            true => heading.apply_to(line).to_string(),
            false => line,
        };
        lines.into_iter().enumerate().map(style).collect()
    }
}

fn table(shown: &[(&'static Column, u16)], rows: &[Fields], has_heading: bool) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    // Lines are folded for people only: scripts want one line a row.
    match Term::stdout()
        .size_checked()
        .filter(|_| console::user_attended())
    {
        Some((_, width)) => {
            table.set_content_arrangement(ContentArrangement::Dynamic);
            table.set_width(width);
        }
        None => {
            table.set_content_arrangement(ContentArrangement::Disabled);
        }
    }
    let align = |column: &Column, text: String| {
        Cell::new(text).set_alignment(match column.is_right() {
            true => CellAlignment::Right,
            false => CellAlignment::Left,
        })
    };
    if has_heading {
        let titles = shown.iter();
        table.set_header(titles.map(|(column, _)| align(column, column.title.to_owned())));
    }
    for row in rows {
        table.add_row(
            shown
                .iter()
                .map(|(column, _)| align(column, column.text(row))),
        );
    }
    for (index, (shown, width)) in shown.iter().enumerate() {
        let Some(column) = table.column_mut(index) else {
            continue;
        };
        column.set_padding((0, GAP));
        match (shown.is_foldable(), *width) {
            (true, _) => {}
            (false, 0) => {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
            (false, width) => {
                let least = ColumnConstraint::LowerBoundary(Width::Fixed(width + GAP));
                column.set_constraint(least);
            }
        }
    }
    table
}

/// Blanks between two columns.
const GAP: u16 = 2;
