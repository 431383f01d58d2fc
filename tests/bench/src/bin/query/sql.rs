//! The questions in SQL.

use crate::Answered;
use crate::questions::{Question, machine};
use anyhow::Result;
use rusqlite::Connection;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;
use swarmlet_bench::event::machine_tag;

pub(crate) struct Store(Connection);

impl Store {
    /// Opens what was loaded, with the same cache as when it was.
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        let connection = Connection::open(folder.join("events.sqlite"))?;
        connection.execute_batch("PRAGMA cache_size = -32768; PRAGMA optimize;")?;
        Ok(Self(connection))
    }

    pub(crate) fn ask(&self, question: &Question, time: u64) -> Result<Answered> {
        let tag = machine_tag(machine(time));
        let mut answered = Answered::default();
        let start = Instant::now();
        let mut statement = self.0.prepare_cached(&question.sql)?;
        if statement.parameter_count() == 1 {
            statement.raw_bind_parameter(1, &tag)?;
        }
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            if answered.rows == 0 {
                answered.first_ms = start.elapsed().as_secs_f64() * 1e3;
            }
            answered.rows += 1;
            if question.is_computed {
                answered.total += row.get::<_, f64>(0)?;
            }
            black_box(row.get_ref(0)?.as_bytes_or_null().ok());
        }
        answered.all_ms = start.elapsed().as_secs_f64() * 1e3;
        Ok(answered)
    }
}
