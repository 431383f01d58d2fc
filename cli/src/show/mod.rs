//! What people and scripts see: tables, JSON, CSV, notes and progress. The only place that knows of
//! terminals and colours.
//!
//! `fields` reads a row, `column` says how one of its values is shown, `layout` how all of it is,
//! `table` and `printer` write it, `gauge` shows how far long work is, `complaint` what went wrong.

mod column;
mod complaint;
mod fields;
mod gauge;
mod layout;
mod printer;
mod table;

pub(crate) use column::{Column, Shown, bytes, printable, time};
pub(crate) use complaint::complain;
pub(crate) use fields::Fields;
pub(crate) use gauge::Gauge;
pub(crate) use layout::Layout;
pub(crate) use printer::{Format, Printer};
