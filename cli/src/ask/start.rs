//! Where a command begins, and how it ends.

use std::future::{Future as _, poll_fn};
use std::io::Write as _;
use std::path::Path;
use std::pin::pin;
use std::process::ExitCode;
use std::task::Poll;

use swarmlet::ErrorKind;
use tokio::runtime::Builder;

use super::converse::Conversation;
use super::errand::Errand;
use super::folder::save;
use super::reach::reach;
use crate::arguments::{Arguments, Global, Task};
use crate::failure::{Failure, Result};
use crate::show::{Layout, Printer, complain};
use crate::{demo, doctor, inspect, service};

/// Does what the words say.
pub(crate) fn run(arguments: Arguments) -> ExitCode {
    let global = arguments.global;
    let done = arguments
        .command
        .into_task()
        .and_then(|task| act(&global, task));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            complain(&failure, global.json);
            failure.exit_code()
        }
    }
}

fn act(global: &Global, task: Task) -> Result<()> {
    let runtime = Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::io("cannot start threads", error))?;
    let folder = global.folder();
    let done = runtime.block_on(async {
        match task {
            Task::Run { log } => service::run(&folder, &log, global.format()).await,
            Task::Ask(errand) => ask(global, &folder, *errand).await,
            Task::Print(text) => print(&text),
            Task::Row(row, layout) => print_row(global, &row, layout),
            Task::Demo(wanted) => {
                let named = global.named_folder();
                demo::demo(wanted, named, global.format(), global.quiet).await
            }
            Task::Doctor => doctor::doctor(&folder, global.format()).await,
            Task::Inspect { by_stream } => {
                inspect::inspect(&folder, by_stream, global.format(), global.quiet)
            }
        }
    });
    // A read of the standard input cannot be given up, and nobody waits for it.
    runtime.shutdown_background();
    done
}

async fn ask(global: &Global, folder: &Path, errand: Errand) -> Result<()> {
    let mut interrupt = pin!(tokio::signal::ctrl_c());
    // It is listened for from the first poll on, and has to be before there are files to remove.
    poll_fn(|context| Poll::Ready(interrupt.as_mut().poll(context).is_ready())).await;
    let (makes_folder, needs_others) = (errand.makes_folder, errand.request.needs_others());
    let folder_to = errand.folder_to.clone();
    let conversation = Conversation::new(errand, global.format(), global.quiet)?;
    let asked = async {
        let mut reached = reach(folder, makes_folder, needs_others).await?;
        let done = match (reached.hold(conversation).await, folder_to) {
            (Ok(Some(files)), Some(to)) => save(&mut reached, &files, &to, global).await,
            (held, _) => held.map(drop),
        };
        let closed = reached.close().await;
        done.and(closed)
    };
    tokio::select! {
        asked = asked => asked,
        _ = interrupt => Err(Failure::new(ErrorKind::Cancelled, "interrupted")),
    }
}

fn print_row(global: &Global, row: &serde_json::Value, layout: Layout) -> Result<()> {
    let mut printer = Printer::new(global.format(), global.quiet, layout);
    printer.print(row)?;
    printer.close()
}

fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::io("cannot write what was asked for", error))
        }
        _ => Ok(()),
    }
}
