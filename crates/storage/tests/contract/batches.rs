//! What a log brought is applied once, and whole.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use storage::{Cause, Error, EventRecord, LiveBatch, LiveList, Preferences, Recommended, Store, UserPreferences};

use super::harness::{Place, odd_keys, on_each};

fn event(id: &str, user: &str, time_ms: i64) -> EventRecord {
    EventRecord { id: id.into(), user: user.into(), asin: "a".into(), kind: "view".into(), weight: 3.3, time_ms }
}

fn preferences(user: &str, brand: &str) -> UserPreferences {
    let preferences = Preferences { brands: vec![brand.into()], price_max: Some(0.1), ..Preferences::default() };
    UserPreferences { user: user.into(), preferences }
}

fn list(user: &str, offset: u64, score: f32) -> LiveList {
    let causes = vec![Cause { asin: "日本 $x".into(), share: 0.1 }];
    let items = vec![
        Recommended { asin: "a.b".into(), score, causes },
        Recommended { asin: "b".into(), score: -0.1, causes: Vec::new() },
    ];
    LiveList { user: user.into(), version: "$v.1".into(), partition: 3, offset, items }
}

/// A batch of partition 3 with something of everything.
fn batch(from: u64, next: u64) -> LiveBatch {
    LiveBatch {
        log: "events".into(),
        partition: 3,
        from,
        next,
        events: (from..next).map(|offset| event(&format!("e{offset}"), "u", offset.cast_signed())).collect(),
        preferences: vec![preferences("u", &format!("brand {next}"))],
        lists: vec![list("u", next - 1, next as f32)],
        ..LiveBatch::default()
    }
}

/// A batch of nothing.
fn empty(log: &str, partition: u32, from: u64, next: u64) -> LiveBatch {
    LiveBatch { log: log.into(), partition, from, next, ..LiveBatch::default() }
}

/// All that the batches of these cases change.
async fn state(store: &dyn Store) -> impl PartialEq + std::fmt::Debug {
    (
        store.offsets("events").await.unwrap(),
        store.events_of_user("u", 1_000).await.unwrap(),
        store.preferences("u").await.unwrap(),
        store.live_list("u").await.unwrap(),
    )
}

#[test]
fn a_batch_has_its_effect_once() {
    on_each(async |place| {
        let store = &place.store;
        assert_eq!(store.offsets("events").await.unwrap(), BTreeMap::new());
        assert!(store.apply(&batch(0, 4)).await.unwrap());
        assert_eq!(store.offsets("events").await.unwrap(), BTreeMap::from([(3, 4)]));
        let ids: Vec<String> = store.events_of_user("u", 9).await.unwrap().into_iter().map(|event| event.id).collect();
        assert_eq!(ids, ["e3", "e2", "e1", "e0"]);
        assert_eq!(store.preferences("u").await.unwrap(), Some(preferences("u", "brand 4").preferences));
        assert_eq!(store.live_list("u").await.unwrap(), Some(list("u", 3, 4.0)));
        let before = state(&**store).await;
        // The same messages once more, cut as before or otherwise, with other effects.
        for again in [batch(0, 4), batch(0, 9), batch(3, 4), empty("events", 3, 2, 5)] {
            let again = LiveBatch { preferences: vec![preferences("u", "other")], ..again };
            assert!(!store.apply(&again).await.unwrap(), "{again:?}");
            assert_eq!(state(&**store).await, before);
        }
        assert!(store.apply(&batch(4, 5)).await.unwrap());
        assert_eq!(store.offsets("events").await.unwrap(), BTreeMap::from([(3, 5)]));
        assert_eq!(store.live_list("u").await.unwrap(), Some(list("u", 4, 5.0)));
    });
}

#[test]
fn events_that_are_known_change_nothing() {
    on_each(async |place| {
        let store = &place.store;
        store.put_event(&event("before", "u", 1)).await.unwrap();
        let events = vec![
            event("before", "u", 2),
            event("twice", "u", 3),
            event("twice", "u", 4),
            event("before", "v", 5),
            event("new", "u", 6),
        ];
        let batch = LiveBatch { events, ..empty("events", 0, 0, 5) };
        assert!(store.apply(&batch).await.unwrap());
        let kept = [event("new", "u", 6), event("twice", "u", 3), event("before", "u", 1)];
        assert_eq!(store.events_of_user("u", 9).await.unwrap(), kept);
        assert_eq!(store.events_of_user("v", 9).await.unwrap(), []);
        // Sent to the log twice, they come back in another batch.
        let again = LiveBatch { from: 5, next: 10, ..batch };
        assert!(store.apply(&again).await.unwrap());
        assert_eq!(store.events_of_user("u", 9).await.unwrap(), kept);
        assert!(!store.put_event(&event("new", "u", 7)).await.unwrap());
    });
}

#[test]
fn the_last_preferences_and_list_of_a_user_count() {
    on_each(async |place| {
        let store = &place.store;
        let full = Preferences { categories: odd_keys(), excluded_items: odd_keys(), ..Preferences::default() };
        store.put_preferences("u", &full).await.unwrap();
        let twice = LiveBatch {
            preferences: vec![preferences("u", "first"), preferences("v", "other"), preferences("u", "last")],
            lists: vec![list("u", 0, 1.0), list("v", 1, 2.0), list("u", 2, 3.0)],
            ..empty("events", 3, 0, 3)
        };
        assert!(store.apply(&twice).await.unwrap());
        assert_eq!(store.preferences("u").await.unwrap(), Some(preferences("u", "last").preferences));
        assert_eq!(store.preferences("v").await.unwrap(), Some(preferences("v", "other").preferences));
        assert_eq!(store.live_list("u").await.unwrap(), Some(list("u", 2, 3.0)));
        assert_eq!(store.live_list("v").await.unwrap(), Some(list("v", 1, 2.0)));
        let nothing = LiveList { items: Vec::new(), version: "v2".into(), ..list("u", 3, 0.0) };
        let newer = LiveBatch { lists: vec![nothing.clone()], ..empty("events", 3, 3, 4) };
        assert!(store.apply(&newer).await.unwrap());
        assert_eq!(store.live_list("u").await.unwrap(), Some(nothing));
        assert_eq!(store.live_list("nobody").await.unwrap(), None);
    });
}

#[test]
fn a_worker_that_was_overtaken_is_told() {
    on_each(async |place| {
        let (slow, fast) = (&place.store, place.open_again().await);
        assert!(slow.apply(&batch(0, 2)).await.unwrap());
        assert!(fast.apply(&batch(2, 7)).await.unwrap());
        let before = state(&**slow).await;
        assert!(!slow.apply(&batch(2, 9)).await.unwrap());
        assert_eq!(state(&**slow).await, before);
        let from = slow.offsets("events").await.unwrap()[&3];
        assert!(slow.apply(&batch(from, 9)).await.unwrap());
        assert!(!fast.apply(&batch(7, 8)).await.unwrap());
    });
}

#[test]
fn of_workers_with_one_batch_exactly_one_applies_it() {
    on_each(async |place| {
        let workers = [place.open_again().await, place.open_again().await, place.open_again().await];
        // The first of a partition is a race for the first offset, the others for one that is there.
        for (from, next) in [(0, 40), (40, 41), (41, 100)] {
            let tasks: Vec<_> = workers
                .iter()
                .cycle()
                .take(9)
                .map(|store| {
                    let store = Arc::clone(store);
                    tokio::spawn(async move { store.apply(&batch(from, next)).await.unwrap() })
                })
                .collect();
            let mut applied = 0;
            for task in tasks {
                applied += u32::from(task.await.unwrap());
            }
            assert_eq!(applied, 1, "{from} to {next}");
            assert_eq!(place.store.offsets("events").await.unwrap(), BTreeMap::from([(3, next)]));
        }
        assert_eq!(place.store.events_of_user("u", 1_000).await.unwrap().len(), 100);
    });
}

/// Partitions share no offset, but events may have come through two of them.
#[test]
fn workers_at_several_partitions_do_not_hinder_one_another() {
    on_each(async |place| {
        let tasks: Vec<_> = (0..6)
            .map(|partition| {
                let store = Arc::clone(&place.store);
                tokio::spawn(async move {
                    for from in 0..10 {
                        let batch = LiveBatch { partition, ..batch(from, from + 1) };
                        assert!(store.apply(&batch).await.unwrap());
                        store.put_event(&event(&format!("e{}", from + 5), "u", 0)).await.unwrap();
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let offsets = place.store.offsets("events").await.unwrap();
        assert_eq!(offsets, (0..6).map(|partition| (partition, 10)).collect());
        assert_eq!(place.store.events_of_user("u", 1_000).await.unwrap().len(), 15);
    });
}

async fn refusal(place: &Place, batch: &LiveBatch) -> String {
    let before = state(&*place.store).await;
    let error = place.store.apply(batch).await.unwrap_err();
    assert!(matches!(error, Error::Operation { action: "apply a batch", .. }), "{error:?}");
    assert_eq!(state(&*place.store).await, before, "nothing is changed");
    std::error::Error::source(&error).unwrap().to_string()
}

#[test]
fn a_faulty_batch_changes_nothing() {
    on_each(async |place| {
        assert!(place.store.apply(&batch(0, 2)).await.unwrap());
        let sound = batch(2, 5);
        let mut causes = Vec::new();
        for score in [f32::NAN, f32::INFINITY] {
            let lists = vec![list("u", 2, 1.0), list("odd", 3, score)];
            let cause = refusal(place, &LiveBatch { lists, ..sound.clone() }).await;
            assert!(cause.starts_with("the list of `odd` gives `a.b` the score"), "{cause}");
            causes.push(cause);
        }
        let light = EventRecord { weight: f32::NAN, ..event("light", "u", 1) };
        let faulty = [
            LiveBatch { events: vec![event("sound", "u", 1), light], ..sound.clone() },
            LiveBatch { lists: vec![list("u", u64::MAX, 1.0)], ..sound.clone() },
            LiveBatch { next: 1, ..sound.clone() },
            LiveBatch { next: 1 << 63, ..sound.clone() },
        ];
        for batch in &faulty {
            causes.push(refusal(place, batch).await);
        }
        assert!(causes[2].contains("`light`") && causes[4].contains("from 2 to 1"), "{causes:?}");
        // It was not the others.
        assert!(place.store.apply(&sound).await.unwrap());
        causes
    });
}

#[test]
fn known_events_are_told_from_others() {
    on_each(async |place| {
        let store = &place.store;
        assert!(store.known_events(&[]).await.unwrap().is_empty());
        let odd = odd_keys();
        store.put_event(&event(&odd[0], "u", 1)).await.unwrap();
        let events = odd[1..6].iter().map(|id| event(id, "u", 1)).collect();
        assert!(store.apply(&LiveBatch { events, ..empty("events", 0, 0, 5) }).await.unwrap());
        let asked = [odd.clone(), odd.clone()].concat();
        assert_eq!(store.known_events(&asked).await.unwrap(), odd[..6].iter().cloned().collect());
        // More than one command of MongoDB takes, and more than one answer of it holds.
        let many: Vec<String> = (0..4_500).map(|number| format!("m{number}")).collect();
        let kept: BTreeSet<String> = many.iter().step_by(3).cloned().collect();
        let events = kept.iter().map(|id| event(id, "v", 1)).collect();
        assert!(store.apply(&LiveBatch { events, ..empty("events", 0, 5, 1_505) }).await.unwrap());
        assert_eq!(store.known_events(&many).await.unwrap(), kept);
    });
}

#[test]
fn logs_and_partitions_are_kept_apart() {
    on_each(async |place| {
        let store = &place.store;
        let logs = odd_keys();
        for (next, log) in (1..).zip(&logs) {
            for partition in [0, 7, u32::MAX] {
                assert!(store.apply(&empty(log, partition, 0, next + u64::from(partition))).await.unwrap());
            }
        }
        for (next, log) in (1..).zip(&logs) {
            let kept = [0, 7, u32::MAX].map(|partition| (partition, next + u64::from(partition)));
            assert_eq!(store.offsets(log).await.unwrap(), BTreeMap::from(kept), "{log:?}");
        }
        for other in ["", "a", "a.b ", "kk"] {
            assert_eq!(store.offsets(other).await.unwrap(), BTreeMap::new());
        }
        let last = i64::MAX.cast_unsigned();
        assert!(store.apply(&empty("", 0, last - 1, last)).await.unwrap());
        assert_eq!(store.offsets("").await.unwrap(), BTreeMap::from([(0, last)]));
    });
}

#[test]
fn a_gap_in_the_log_is_passed() {
    on_each(async |place| {
        let store = &place.store;
        assert!(store.apply(&batch(1_000, 1_003)).await.unwrap(), "the log had dropped what came before");
        assert!(store.apply(&batch(2_000, 2_001)).await.unwrap());
        assert_eq!(store.offsets("events").await.unwrap(), BTreeMap::from([(3, 2_001)]));
        assert!(!store.apply(&batch(1_003, 1_010)).await.unwrap());
        assert!(store.apply(&empty("events", 3, 2_001, 2_001)).await.unwrap(), "nothing was read");
        assert_eq!(store.events_of_user("u", 9).await.unwrap().len(), 4);
    });
}

#[test]
fn all_is_there_when_the_store_is_opened_again() {
    on_each(async |place| {
        let odd = odd_keys();
        let batch = LiveBatch {
            events: odd.iter().map(|key| event(key, key, 1)).collect(),
            preferences: odd.iter().map(|key| preferences(key, key)).collect(),
            lists: odd.iter().map(|key| LiveList { version: key.clone(), ..list(key, 1, 0.1) }).collect(),
            ..empty("events", 3, 0, 50)
        };
        assert!(place.store.apply(&batch).await.unwrap());
        place.store.finish_load("g").await.unwrap();
        place.store.keep_versions(&[]).await.unwrap();
        let again = place.open_again().await;
        assert_eq!(again.offsets("events").await.unwrap(), BTreeMap::from([(3, 50)]));
        for (place, key) in odd.iter().enumerate() {
            assert_eq!(again.events_of_user(key, 9).await.unwrap(), batch.events[place..=place]);
            assert_eq!(again.preferences(key).await.unwrap().as_ref(), Some(&batch.preferences[place].preferences));
            assert_eq!(again.live_list(key).await.unwrap().as_ref(), Some(&batch.lists[place]));
        }
        assert!(!again.apply(&batch).await.unwrap());
    });
}

/// Larger than one message to MongoDB may be.
#[test]
fn a_large_batch_is_whole_too() {
    on_each(async |place| {
        let items: Vec<Recommended> = (0..300)
            .map(|rank| Recommended { asin: format!("{rank:0>100}"), score: -(rank as f32), causes: Vec::new() })
            .collect();
        let lists: Vec<LiveList> =
            (0..1_000).map(|user| LiveList { items: items.clone(), ..list(&format!("u{user}"), user, 0.0) }).collect();
        let batch = LiveBatch { lists, ..empty("events", 0, 0, 1_000) };
        assert!(place.store.apply(&batch).await.unwrap());
        for user in [0, 500, 999] {
            let found = place.store.live_list(&format!("u{user}")).await.unwrap();
            assert_eq!(found.as_ref(), Some(&batch.lists[user]));
        }
    });
}
