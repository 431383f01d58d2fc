//! One bit flipped in each page of each file of a small store, one after the other.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result};
use swarmlet_engine::event::{AppId, Content, DeviceKey, Event, Payload, Tags, Timestamp};
use swarmlet_engine::log::{Log, LogOptions, Publish};
use swarmlet_engine::storage::SimDisk;

use crate::flip::{Place, check_flip};
use crate::met::Met;
use crate::query::{everything, read_all};
use swarmlet_sim::chain::Files;
use swarmlet_sim::disk::SmallFiles;
use swarmlet_sim::random::Random;

/// Damages every page of a store with merged and plain segments and unsealed log files.
pub(crate) fn run() -> Result<String> {
    let (files, events) = small_store()?;
    let mut random = Random::new(1);
    let (mut pages, mut detected) = (0, 0);
    for (name, bytes) in &files {
        for page in 0..bytes.len().div_ceil(PAGE_BYTES) {
            let page_bytes = (bytes.len() - page * PAGE_BYTES).min(PAGE_BYTES) as u64;
            for _ in 0..FLIPS_PER_PAGE {
                let offset = (page * PAGE_BYTES) as u64 + random.below(page_bytes);
                let bit = random.below(8) as u8;
                let place = Place { name, offset, bit };
                let met = check_flip(&files, &place, &events)
                    .with_context(|| format!("bit {bit} of byte {offset} of {name}"))?;
                detected += u64::from(met == Met::BitFlipDetected);
            }
            pages += 1;
        }
    }
    Ok(format!(
        "one bit in each of {pages} pages of {} files, {FLIPS_PER_PAGE} times: {detected} \
         detected, the others without effect",
        files.len()
    ))
}

fn small_store() -> Result<(Files, Vec<Event>)> {
    let disk = SimDisk::new(0);
    let small = SmallFiles {
        disk: disk.clone(),
        log_file_bytes: 32 * 1024,
        is_recycling: Arc::new(AtomicBool::new(false)),
    };
    let signer = Arc::new(DeviceKey::from_seed(&[7; 32]));
    let mut log = Log::open(Arc::new(small), signer, LogOptions::default())?;
    let mut maintenance = log.maintenance().context("maintenance is there once")?;
    let mut random = Random::new(2);
    for number in 0..GROUPS {
        let calls = [draw_call(&mut random)?];
        log.commit(&calls, Timestamp::from_micros(number))?;
        let is_last_file = number > GROUPS - 20;
        while !is_last_file && maintenance.step(Timestamp::from_micros(number))?.is_some() {}
    }
    let events = read_all(&mut log.reader().query(&everything())?, 1000)?;
    log.close()?;
    Ok((disk.files(), events))
}

fn draw_call(random: &mut Random) -> Result<Publish> {
    let contents = (0..random.up_to(8)).map(|_| {
        let machine = format!("machine:{}", random.below(5));
        let len = random.skewed(2000) as usize;
        let text: String = random
            .bytes(len)
            .iter()
            .map(|byte| char::from(byte % 64 + 48))
            .collect();
        Ok(Content::new(
            &Tags::new(["order", &machine])?,
            &Payload::from_serde(&text)?,
        ))
    });
    let contents = contents.collect::<Result<Vec<_>>>()?;
    let app = random.pick::<&str>(&["com.example.one", "com.example.two"]);
    let app_id = AppId::new(app)?;
    Ok(Publish::new(app_id, contents)?)
}

const GROUPS: i64 = 260;
const PAGE_BYTES: usize = 4096;
const FLIPS_PER_PAGE: u32 = 6;
