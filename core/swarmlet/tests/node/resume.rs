//! Where to resume: after any part of what a subscription hands out, on several streams, the
//! offsets neither repeat nor skip an event.

use std::collections::BTreeSet;

use swarmlet::{
    Event, EventKey, Node, Offsets, Options, QueryOptions, Retention, SubscribeOptions,
};

use crate::harness::{Place, collect, event, next_events, publish, receive, soon, take_events};

/// Three streams: tags `one`, `two` and everything else.
fn three_streams() -> Options {
    Options::new()
        .stream("one", Retention::keep_all())
        .stream("two", Retention::keep_all())
        .route("'one'", "one")
        .route("'two'", "two")
}

/// A small generator of pseudo-random numbers (xorshift); each seed is one story.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}

async fn publish_some(node: &Node, dice: &mut Dice) {
    for _ in 0..=dice.roll(4) {
        let events = (0..=dice.roll(5)).map(|content| {
            let names = [
                "one",
                "two",
                "three",
                "one wanted",
                "two wanted",
                "three wanted",
            ];
            event(names[dice.roll(6) as usize], content)
        });
        node.publish_many(events.collect()).await.unwrap();
    }
}

async fn all_wanted(node: &Node) -> Vec<EventKey> {
    let mut results = node
        .query("FROM 'wanted'", QueryOptions::default())
        .unwrap();
    keys(&collect(&mut results, 1000).await)
}

fn keys(events: &[Event]) -> Vec<EventKey> {
    events.iter().map(|event| event.key).collect()
}

/// Takes a few chunks, often in the middle of a round, then throws the subscription away and
/// continues from its offsets, while more is published.
async fn tell_story(seed: u64) {
    let place = Place::new();
    let node = place.open_with(three_streams()).await;
    let mut dice = Dice(seed * 2 + 1);
    let mut from = Offsets::new();
    let mut found = Vec::new();
    for _ in 0..20 {
        publish_some(&node, &mut dice).await;
        let mut subscription = node
            .subscribe("FROM 'wanted'", SubscribeOptions::after(from.clone()))
            .unwrap();
        let wanted = all_wanted(&node).await.len();
        let mut left = (wanted - found.len()).min(dice.roll(12) as usize);
        while left > 0 {
            if dice.roll(4) == 0 {
                publish_some(&node, &mut dice).await;
            }
            let count = 1 + dice.roll(left as u64) as usize;
            let events = soon(next_events(&mut subscription, count)).await.unwrap();
            left -= events.len();
            found.extend(keys(&events));
        }
        from = subscription.offsets().clone();
        assert_exact(&node, &from, &found, seed).await;
    }
    let options = SubscribeOptions::after(from);
    let mut subscription = node.subscribe("FROM 'wanted'", options).unwrap();
    let all = all_wanted(&node).await;
    found.extend(keys(
        &receive(&mut subscription, all.len() - found.len()).await,
    ));
    found.sort_unstable();
    assert_eq!(found, all, "seed {seed}");
}

/// What the offsets contain is what was handed out, no more and no less.
async fn assert_exact(node: &Node, from: &Offsets, found: &[EventKey], seed: u64) {
    let handed_out: BTreeSet<_> = found.iter().collect();
    assert_eq!(
        handed_out.len(),
        found.len(),
        "seed {seed}: something came twice"
    );
    for key in all_wanted(node).await {
        let is_behind = from.contains(key.stream, key.offset);
        assert_eq!(is_behind, handed_out.contains(&key), "seed {seed}: {key:?}");
    }
}

#[tokio::test]
async fn resuming_after_any_chunk_is_exact() {
    for seed in 0..30 {
        tell_story(seed).await;
    }
}

#[tokio::test]
async fn offsets_pass_what_does_not_match_once_everything_before_it_is_handed_out() {
    let place = Place::new();
    let node = place.open_with(three_streams()).await;
    publish(&node, "one wanted", 0..2).await;
    publish(&node, "two", 0..50).await;
    publish(&node, "three", 0..50).await;
    let options = SubscribeOptions::default();
    let mut subscription = node.subscribe("FROM 'wanted'", options).unwrap();
    soon(subscription.ready()).await.unwrap();
    take_events(&mut subscription, 1);
    assert_eq!(subscription.offsets().len(), 1);
    take_events(&mut subscription, 1);
    assert_eq!(*subscription.offsets(), node.offsets().unwrap().present);
}

#[tokio::test]
async fn offsets_follow_the_log_when_nothing_matches_at_all() {
    let place = Place::new();
    let node = place.open().await;
    let options = SubscribeOptions::default();
    let mut subscription = node.subscribe("FROM 'wanted'", options).unwrap();
    publish(&node, "other", 0..50).await;
    let waited = tokio::time::timeout(
        std::time::Duration::from_millis(300),
        subscription.next_chunk(1),
    );
    assert!(waited.await.is_err());
    assert_eq!(*subscription.offsets(), node.offsets().unwrap().present);
}

#[tokio::test]
async fn offsets_of_streams_that_are_not_here_are_kept() {
    let place = Place::new();
    let node = place.open().await;
    let other = format!("{}-5", node.id()).parse().unwrap();
    let from = Offsets::from_iter([(other, swarmlet::Offset::new(41).unwrap())]);
    let mut subscription = node
        .subscribe("FROM 'a'", SubscribeOptions::after(from))
        .unwrap();
    publish(&node, "a", [0]).await;
    receive(&mut subscription, 1).await;
    assert_eq!(subscription.offsets().last(other).unwrap().get(), 41);
}
