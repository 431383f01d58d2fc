//! Where a command begins, and how it ends.

use std::future::{Future as _, poll_fn};
use std::io::Write as _;
use std::path::Path;
use std::pin::pin;
use std::process::ExitCode;
use std::task::Poll;

use swarmlet::{Collection, ErrorKind};
use tokio::runtime::Builder;

use super::converse::Conversation;
use super::errand::{Errand, FolderTo, Place};
use super::folder::{SavedRow, place_of};
use super::reach::{Reached, reach};
use crate::arguments::{Arguments, Global, Task};
use crate::failure::{Failure, Result};
use crate::request::{BlobName, Blobs, Request};
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

/// Saves the files of a collection below a folder, each in a conversation of its own. If one fails,
/// those before it stay; repeated it goes on.
async fn save(
    reached: &mut Reached,
    files: &Collection,
    to: &FolderTo,
    global: &Global,
) -> Result<()> {
    let Place::File(folder) = &to.place else {
        let failure = Failure::invalid("the blob is a folder, which has no bytes of its own");
        return Err(failure.advise("name a folder to save its files in"));
    };
    let failed = |error| Failure::io(format!("cannot make {}", folder.display()), error);
    std::fs::create_dir_all(folder).map_err(failed)?;
    let mut saved = SavedRow::new(folder);
    for (path, file) in files.iter() {
        let Some(place) = place_of(folder, path, file).await? else {
            saved.unchanged += 1;
            continue;
        };
        let request = Request::Blobs(Blobs::Get {
            blob: BlobName::Id(file.id),
            within: to.within,
            is_raw: true,
        });
        let errand = Errand::new(request, Layout::Card).writing_bytes(Place::File(place));
        let conversation = Conversation::new(errand, global.format(), global.quiet)?;
        reached.hold(conversation).await?;
        saved.written += 1;
    }
    let mut printer = Printer::new(global.format(), global.quiet, Layout::Text(SavedRow::text));
    printer.print(&saved)?;
    printer.close()
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
