//! The answers of the log equal what is computed from the file without it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use swarmlet::{Durability, Node, Options, QueryOptions};
use swarmlet_replay::{Answers, Columns, Replayed, ask, replay};

/// A node in a temporary folder, with one file replayed into it.
struct Told {
    node: Node,
    replayed: Replayed,
    _folder: tempfile::TempDir,
}

impl Told {
    async fn new(file: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("node");
        let options = Options::new().durability(Durability::Buffered);
        let node = Node::open(path, options).await.unwrap();
        let file = File::open(file).unwrap();
        let columns = Columns::default();
        let replayed = replay(&node, file, &columns).await.unwrap();
        Self {
            node,
            replayed,
            _folder: folder,
        }
    }

    async fn answers(&self) -> Answers {
        let columns = Columns::default();
        ask(&self.node, &columns, &self.replayed).await.unwrap()
    }

    /// One field of all events of a case, in the order of the log.
    async fn field_of_case(&self, case: &str, field: &str) -> Vec<String> {
        let query = format!("FROM 'case:{case}'");
        let mut results = self.node.query(&query, QueryOptions::default()).unwrap();
        let mut fields = Vec::new();
        while let Some(rows) = results.next_chunk(100).await.unwrap() {
            for row in rows {
                let payload: Value = row.payload().to_serde().unwrap();
                fields.push(payload[field].as_str().unwrap().to_owned());
            }
        }
        fields
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_file_gives_the_numbers_that_were_checked_by_hand() {
    let told = Told::new(&beside("small.csv")).await;
    let expected: Value =
        serde_json::from_reader(File::open(beside("small.json")).unwrap()).unwrap();
    assert_eq!(json!(told.answers().await), expected);
    assert_eq!(told.replayed.events, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_replay_is_answered_by_itself() {
    let first = Told::new(&beside("small.csv")).await;
    let file = File::open(beside("small.csv")).unwrap();
    let again = replay(&first.node, file, &Columns::default())
        .await
        .unwrap();
    let answers = ask(&first.node, &Columns::default(), &again).await.unwrap();
    assert_eq!(answers.events, 10);
    assert_eq!(first.answers().await.events, 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_a_factory_answers_as_its_file_does() {
    let Some(file) = production() else { return };
    let told = Told::new(&file).await;
    let expected = Straight::read(&file);
    assert_eq!(json!(told.answers().await), expected.answers());
    assert_eq!(told.replayed.events, expected.events);
    for (case, numbers) in &expected.cases {
        assert_eq!(
            &told.field_of_case(case, "event_nr").await,
            numbers,
            "{case}"
        );
    }
}

/// The same questions, answered from the file.
#[derive(Default)]
struct Straight {
    events: u64,
    machines: BTreeMap<String, [u64; 3]>,
    durations: BTreeMap<String, Vec<f64>>,
    cases: BTreeMap<String, Vec<String>>,
}

impl Straight {
    fn read(file: &Path) -> Self {
        let mut straight = Self::default();
        let mut reader = csv::Reader::from_path(file).unwrap();
        for row in reader.deserialize::<BTreeMap<String, String>>() {
            straight.add(&row.unwrap());
        }
        straight
    }

    fn add(&mut self, row: &BTreeMap<String, String>) {
        self.events += 1;
        let machine = self.machines.entry(row["machine"].clone()).or_default();
        machine[0] += 1;
        machine[1] += row["qty_completed"].parse::<u64>().unwrap();
        machine[2] += row["qty_rejected"].parse::<u64>().unwrap();
        let durations = self.durations.entry(row["activity"].clone()).or_default();
        durations.push(row["duration_min"].parse().unwrap());
        let numbers = self.cases.entry(row["case"].clone()).or_default();
        numbers.push(row["event_nr"].clone());
    }

    fn answers(&self) -> Value {
        let sum = |index: usize| self.machines.values().map(|of| of[index]).sum::<u64>();
        let machines = self
            .machines
            .iter()
            .map(|(name, [events, parts, rejects])| {
                json!({
                    "machine": name, "app_id": app_id(name),
                    "events": events, "parts": parts, "rejects": rejects,
                })
            });
        let activities = self.durations.iter().map(|(name, all)| {
            let mean = all.iter().sum::<f64>() / all.len() as f64;
            json!({ "activity": name, "events": all.len(), "mean_duration": mean })
        });
        json!({
            "events": self.events, "parts": sum(1), "rejects": sum(2),
            "machines": machines.collect::<Vec<_>>(),
            "activities": activities.collect::<Vec<_>>(),
        })
    }
}

/// Written another way than in the program.
fn app_id(machine: &str) -> String {
    let mut text = String::from("com.example.");
    for letter in machine.to_lowercase().chars() {
        match letter {
            'a'..='z' | '0'..='9' => text.push(letter),
            _ if text.ends_with(['-', '.']) => {}
            _ => text.push('-'),
        }
    }
    text.trim_end_matches('-').to_owned()
}

fn beside(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(name)
}

/// The log of a real factory, which lies beside the checkout and is no part of it.
fn production() -> Option<PathBuf> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/production.csv");
    if !file.is_file() {
        // Not by `eprintln!`, whose output the test harness keeps to itself.
        let line = b"NOT CHECKED: ../shared/data/production.csv is not there\n";
        std::io::stderr().write_all(line).unwrap();
        return None;
    }
    Some(file)
}
