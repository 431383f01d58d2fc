//! `settings`: what the node of a folder is opened with.

use clap::Subcommand;

use super::command::Task;
use super::values;
use crate::ask::{self, Errand};
use crate::failure::{Failure, Result};
use crate::request::Request;
use crate::show::{Fields, Layout};

/// Show or change what the node of the folder is opened with.
///
/// They are kept in `settings.json` in the data folder. A node that runs uses a change from its
/// next start on.
#[derive(Subcommand)]
pub(crate) enum Settings {
    /// Print what is set, or what is at a path.
    Get {
        /// As in `network.listen`.
        path: Option<String>,
    },
    /// Set what is at a path; `null` takes it back.
    Set {
        /// As in `network.listen`.
        path: String,
        /// JSON, or else a text; `@FILE` is that of a file, `@-` that of the standard input.
        value: String,
    },
    /// Print the JSON schema of what can be set.
    Schema,
}

impl Settings {
    pub(super) fn into_task(self) -> Result<Task> {
        let errand = match self {
            Self::Get { path: None } => {
                Errand::new(Request::SettingsGet { path: None }, Layout::Text(all))
            }
            Self::Get { path } => Errand::new(Request::SettingsGet { path }, Layout::Text(one)),
            Self::Set { path, value } => {
                let value = ask::text(value)?;
                let value = values::json_or_text(value.trim()).map_err(Failure::invalid)?;
                let request = Request::SettingsSet { path, value };
                Errand::new(request, Layout::Text(set)).making_folder()
            }
            Self::Schema => {
                let schema = schemars::schema_for!(crate::settings::Settings);
                return Ok(Task::Row(schema.into(), Layout::Text(all)));
            }
        };
        Ok(Task::Ask(Box::new(errand)))
    }
}

fn all(row: &Fields) -> String {
    let field = |(name, value)| format!("{}:{value}", serde_json::Value::from(name));
    let fields: Vec<String> = row.iter().map(field).collect();
    pretty(format!("{{{}}}", fields.join(",")))
}

fn one(row: &Fields) -> String {
    pretty(row.value("value").unwrap_or("null").to_owned())
}

fn set(row: &Fields) -> String {
    format!(
        "{} = {}",
        row.text("path"),
        row.value("value").unwrap_or("null")
    )
}

/// JSON on several lines.
fn pretty(json: String) -> String {
    let parsed: Result<serde_json::Value, _> = serde_json::from_str(&json);
    let pretty = parsed.and_then(|value| serde_json::to_string_pretty(&value));
    pretty.unwrap_or(json)
}
