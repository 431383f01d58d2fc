//! The result of a benchmark: rows, printed as a table and written as one JSON object a line.

use anyhow::{Context, Result};
use serde::Serialize;
use std::fs;
use std::path::{Path, PathBuf};

/// One figure, beside that of a peer where there is one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// What was measured.
    pub name: String,
    /// The figure.
    pub value: f64,
    /// Its unit.
    pub unit: &'static str,
    /// Whom it is compared with.
    pub peer: Option<String>,
    /// The figure of the peer, in the same unit.
    pub peer_value: Option<f64>,
    /// The figure divided by that of the peer.
    pub ratio: Option<f64>,
    /// What is aimed at, in words.
    pub target: Option<String>,
    /// Whether the target is met; nothing where there is none.
    pub met: Option<bool>,
}

/// What a figure, or its ratio to the peer's, should be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target {
    /// No aim.
    Open,
    /// The figure is at most this.
    ValueMax(f64),
    /// The figure is at least this.
    ValueMin(f64),
    /// The ratio is at most this.
    RatioMax(f64),
    /// The ratio is at least this.
    RatioMin(f64),
}

impl Row {
    /// A figure without peer.
    #[must_use]
    pub fn alone(name: impl Into<String>, value: f64, unit: &'static str, target: Target) -> Row {
        let mut row = Row {
            name: name.into(),
            value,
            unit,
            peer: None,
            peer_value: None,
            ratio: None,
            target: None,
            met: None,
        };
        row.judge(target);
        row
    }

    /// The figure beside that of a peer.
    #[must_use]
    pub fn beside(mut self, peer: impl Into<String>, peer_value: f64, target: Target) -> Row {
        self.peer = Some(peer.into());
        self.peer_value = Some(peer_value);
        self.ratio = (peer_value > 0.0).then(|| self.value / peer_value);
        self.judge(target);
        self
    }

    fn judge(&mut self, target: Target) {
        let ratio = self.ratio;
        let (words, met) = match target {
            Target::Open => return,
            Target::ValueMax(most) => {
                (format!("<= {most} {}", self.unit), Some(self.value <= most))
            }
            Target::ValueMin(least) => (
                format!(">= {least} {}", self.unit),
                Some(self.value >= least),
            ),
            Target::RatioMax(most) => (format!("<= {most} x"), ratio.map(|ratio| ratio <= most)),
            Target::RatioMin(least) => (format!(">= {least} x"), ratio.map(|ratio| ratio >= least)),
        };
        self.target = Some(words);
        self.met = met;
    }

    fn cells(&self) -> [String; 7] {
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        [
            self.name.clone(),
            rounded(self.value),
            self.unit.to_owned(),
            or_dash(
                self.peer
                    .as_ref()
                    .zip(self.peer_value)
                    .map(|(peer, value)| format!("{peer} {}", rounded(value))),
            ),
            or_dash(self.ratio.map(|ratio| format!("{ratio:.2}"))),
            or_dash(self.target.clone()),
            or_dash(self.met.map(|met| {
                if met {
                    "met".to_owned()
                } else {
                    "NOT MET".to_owned()
                }
            })),
        ]
    }
}

/// The rows as an aligned table with a line of heads.
#[must_use]
pub fn table(rows: &[Row]) -> String {
    let heads = ["what", "value", "unit", "peer", "ratio", "target", ""].map(str::to_owned);
    let lines: Vec<[String; 7]> = std::iter::once(heads)
        .chain(rows.iter().map(Row::cells))
        .collect();
    let widths: [usize; 7] = std::array::from_fn(|column| {
        lines
            .iter()
            .map(|cells| cells[column].len())
            .max()
            .unwrap_or_default()
    });
    let mut out = String::new();
    for cells in &lines {
        let is_number = |column: usize| column == 1 || column == 4;
        let padded = cells
            .iter()
            .zip(widths)
            .enumerate()
            .map(|(column, (cell, width))| {
                if is_number(column) {
                    format!("{cell:>width$}")
                } else {
                    format!("{cell:<width$}")
                }
            });
        out += padded.collect::<Vec<_>>().join("  ").trim_end();
        out.push('\n');
    }
    out
}

/// Writes the rows to `target/bench/NAME.jsonl`, in place of what an earlier run left there.
///
/// # Errors
///
/// When the file cannot be written.
pub fn write(name: &str, rows: &[Row]) -> Result<PathBuf> {
    let folder = folder();
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let path = folder.join(format!("{name}.jsonl"));
    let mut lines = String::new();
    for row in rows {
        lines += &serde_json::to_string(row)?;
        lines.push('\n');
    }
    fs::write(&path, lines).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

/// Where results and the data of a run are kept: `target/bench` of the workspace.
#[must_use]
pub fn folder() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    workspace
        .expect("the package lies two folders below the workspace")
        .join("target/bench")
}

/// Three significant digits, thousands set apart.
fn rounded(value: f64) -> String {
    let decimals = match value.abs() {
        small if small < 1.0 => 3,
        small if small < 10.0 => 2,
        small if small < 100.0 => 1,
        _ => return grouped(value.round() as i64),
    };
    format!("{value:.decimals$}")
}

fn grouped(value: i64) -> String {
    let digits = value.abs().to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    if value < 0 { format!("-{out}") } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(target: Target) -> Row {
        Row::alone("publish", 30.0, "events/s", Target::Open).beside("sqlite", 10.0, target)
    }

    #[test]
    fn a_target_is_met_at_its_bound_and_not_beyond() {
        assert_eq!(row(Target::RatioMin(3.0)).met, Some(true));
        assert_eq!(row(Target::RatioMin(3.1)).met, Some(false));
        assert_eq!(row(Target::RatioMax(2.9)).met, Some(false));
        assert_eq!(row(Target::ValueMax(30.0)).met, Some(true));
        assert_eq!(row(Target::ValueMin(30.5)).met, Some(false));
        assert_eq!(row(Target::Open).met, None);
    }

    #[test]
    fn a_row_is_one_object_with_every_field() {
        let object = serde_json::to_value(row(Target::RatioMin(2.0))).unwrap();
        let expected = serde_json::json!({
            "name": "publish", "value": 30.0, "unit": "events/s", "peer": "sqlite",
            "peer_value": 10.0, "ratio": 3.0, "target": ">= 2 x", "met": true,
        });
        assert_eq!(object, expected);
    }

    #[test]
    fn the_table_is_aligned() {
        let rows = [
            row(Target::RatioMin(4.0)),
            Row::alone("x", 0.5, "ms", Target::Open),
        ];
        let expected = "\
what     value  unit      peer         ratio  target
publish   30.0  events/s  sqlite 10.0   3.00  >= 4 x  NOT MET
x        0.500  ms        -                -  -       -
";
        assert_eq!(table(&rows), expected);
    }

    #[test]
    fn large_figures_are_grouped() {
        assert_eq!(rounded(1_234_567.8), "1 234 568");
        assert_eq!(rounded(123.4), "123");
        assert_eq!(rounded(0.0), "0.000");
    }
}
