//! What a run makes carries its process in its name, so that a run that was killed can be cleaned
//! up after by the next one, and two runs at once do not meet.

use std::fs;
use std::path::Path;

use anyhow::Result;

use super::ip::ip;

/// The beginning of the name of whatever this run makes.
pub(super) fn prefix() -> String {
    format!("{PREFIX}{}-", std::process::id())
}

/// Removes the namespaces and folders of runs whose process is gone.
pub(crate) fn remove_leftovers() -> Result<()> {
    let listed = ip("netns list")?;
    let names = listed.lines().filter_map(|line| line.split(' ').next());
    for name in names.filter(|name| is_left(name)) {
        ip(&format!("netns delete {name}"))?;
    }
    for entry in fs::read_dir(std::env::temp_dir())? {
        let entry = entry?;
        if is_left(&entry.file_name().to_string_lossy()) && entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// Whether a name is that of something whose process is gone.
fn is_left(name: &str) -> bool {
    let process = name
        .strip_prefix(PREFIX)
        .and_then(|rest| rest.split_once('-'))
        .and_then(|(process, _)| process.parse::<u32>().ok());
    process.is_some_and(|id| !Path::new("/proc").join(id.to_string()).exists())
}

const PREFIX: &str = "swarmlet-netns-";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_dead_process_has_left_is_left_over() {
        assert!(!is_left(&format!("{}0", prefix())));
        assert!(!is_left(
            &format!("{PREFIX}{}-0", u32::MAX).replace("netns", "other")
        ));
        assert!(!is_left("swarmlet-netns-"));
        assert!(!is_left("swarmlet-netns-x-0"));
        assert!(is_left(&format!("{PREFIX}{}-0", u32::MAX)));
    }
}
