//! How far long work is: a bar on the standard error, if somebody looks at it.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::wire::Progress;

/// A bar that appears with the first progress, if anybody wants it.
pub(crate) struct Gauge {
    is_wanted: bool,
    bar: Option<ProgressBar>,
}

impl Gauge {
    pub(crate) fn new(is_wanted: bool) -> Self {
        Self {
            is_wanted,
            bar: None,
        }
    }

    /// Shows how far it is.
    pub(crate) fn show(&mut self, progress: Progress) {
        if !self.is_wanted {
            return;
        }
        let bar = self.bar.get_or_insert_with(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            bar.set_style(style(progress));
            bar
        });
        if let Some(total) = progress.total
            && bar.length() != Some(total)
        {
            bar.set_length(total);
            bar.set_style(style(progress));
        }
        bar.set_position(progress.done);
    }

    /// Makes room for a line.
    pub(crate) fn hide(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

fn style(progress: Progress) -> ProgressStyle {
    let template = match (progress.total.is_some(), progress.is_bytes) {
        (true, true) => "{bar:30} {bytes}/{total_bytes}  {bytes_per_sec}  {eta}",
        (true, false) => "{bar:30} {pos}/{len}  {per_sec}  {eta}",
        (false, true) => "{spinner} {bytes}  {bytes_per_sec}",
        (false, false) => "{spinner} {pos}  {per_sec}",
    };
    let style = ProgressStyle::with_template(template);
    style.unwrap_or_else(|_| ProgressStyle::default_bar())
}
