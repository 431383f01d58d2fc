//! The settings of the folder: what is at a path in them, and changing it.

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use swarmlet::ErrorKind;

use super::host::{Host, Standing};
use crate::failure::{Failure, Result};
use crate::settings::Settings;
use crate::wire::Link;

/// A setting.
#[derive(Serialize)]
struct SettingRow<'a> {
    path: &'a str,
    value: &'a Value,
}

/// Gives all settings that were made, or the one at a path.
pub(super) async fn show(host: &Host, path: Option<&str>, link: &mut Link) -> Result<()> {
    let mut settings = value_of(&Settings::load(&host.folder)?)?;
    let Some(path) = path else {
        return link.row(&settings).await;
    };
    let found = names(path)?.try_fold(&mut settings, |at, name| at.get_mut(name));
    let found = found.ok_or_else(|| {
        Failure::new(ErrorKind::NotFound, format!("nothing is set at `{path}`"))
            .advise("`swarmlet settings get` shows what is, `swarmlet settings schema` what can be")
    })?;
    link.row(&SettingRow { path, value: found }).await
}

/// Changes the setting at a path; `null` takes it back. All of it is checked before it is kept.
pub(super) async fn set(host: &Host, path: &str, value: &RawValue, link: &mut Link) -> Result<()> {
    let value: Value = serde_json::from_str(value.get())
        .map_err(|error| Failure::invalid(format!("the value is no JSON: {error}")))?;
    change(host, path, value.clone())?;
    link.row(&SettingRow {
        path,
        value: &value,
    })
    .await?;
    match host.standing {
        Standing::Service => link.note("the node uses it from its next start on").await,
        Standing::Command => Ok(()),
    }
}

fn change(host: &Host, path: &str, value: Value) -> Result<()> {
    let _one_at_a_time = host
        .changing
        .lock()
        .unwrap_or_else(|held| held.into_inner());
    let mut settings = value_of(&Settings::load(&host.folder)?)?;
    let mut names: Vec<&str> = names(path)?.collect();
    let last = names.pop().unwrap_or_default();
    let mut at = &mut settings;
    for name in names {
        let within = object(at, path)?;
        at = within
            .entry(name)
            .or_insert_with(|| Value::Object(Default::default()));
    }
    let within = object(at, path)?;
    match value {
        Value::Null => within.remove(last),
        value => within.insert(last.to_owned(), value),
    };
    Settings::parse(&settings.to_string())?.save(&host.folder)
}

fn object<'a>(value: &'a mut Value, path: &str) -> Result<&'a mut serde_json::Map<String, Value>> {
    value.as_object_mut().ok_or_else(|| {
        let message = format!("`{path}` leads into a setting that has no parts");
        Failure::invalid(message).advise("`swarmlet settings schema` says what they may be")
    })
}

/// The names of a path, from outside to inside.
fn names(path: &str) -> Result<impl Iterator<Item = &str>> {
    if path.split('.').any(str::is_empty) {
        return Err(
            Failure::invalid(format!("`{path}` is no path of a setting"))
                .advise("write it as in network.listen"),
        );
    }
    Ok(path.split('.'))
}

fn value_of(settings: &Settings) -> Result<Value> {
    serde_json::to_value(settings)
        .map_err(|error| Failure::new(ErrorKind::Internal, format!("no JSON: {error}")))
}
