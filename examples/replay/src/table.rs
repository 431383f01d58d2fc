//! The answers for people.

use std::io::{self, Write};

use crate::answers::Answers;

/// Writes the answers as two tables.
pub fn print(answers: &Answers, mut out: impl Write) -> io::Result<()> {
    writeln!(
        out,
        "{:<40} {:>8} {:>8} {:>8}",
        "machine", "events", "parts", "rejects"
    )?;
    for row in &answers.machines {
        let (machine, events) = (&row.machine, row.events);
        writeln!(
            out,
            "{machine:<40} {events:>8} {:>8} {:>8}",
            row.parts, row.rejects
        )?;
    }
    let (events, parts, rejects) = (answers.events, answers.parts, answers.rejects);
    writeln!(out, "{:<40} {events:>8} {parts:>8} {rejects:>8}", "all")?;
    writeln!(
        out,
        "\n{:<40} {:>8} {:>17}",
        "activity", "events", "mean duration"
    )?;
    for row in &answers.activities {
        let mean = row
            .mean_duration
            .map_or("-".to_owned(), |mean| format!("{mean:.1}"));
        writeln!(out, "{:<40} {:>8} {mean:>17}", row.activity, row.events)?;
    }
    Ok(())
}
