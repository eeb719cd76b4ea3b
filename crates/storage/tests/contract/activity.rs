//! What events teach about items is counted once, in whatever batches and partitions it comes.

use std::sync::Arc;

use storage::{Error, ItemActivity, ItemPair, LiveBatch, Store, level, weight_at};

use super::harness::{odd_keys, on_each};

/// 2026-01-01 in Unix milliseconds.
const NOW_MS: i64 = 1_767_225_600_000;
const DAY_MS: i64 = 86_400_000;

fn viewed(asin: &str, times: u64, time_ms: i64) -> ItemActivity {
    ItemActivity { views: times, trend: level(times as f64, time_ms), ..ItemActivity::new(asin) }
}

fn rated(asin: &str, rating: f64) -> ItemActivity {
    let trend = level((rating - 2.0).max(0.0), NOW_MS);
    ItemActivity { ratings: 1, rating_sum: rating, trend, ..ItemActivity::new(asin) }
}

fn pair(asin: &str, other: &str, time_ms: i64) -> ItemPair {
    ItemPair { asin: asin.into(), other: other.into(), count: 1, trend: level(1.0, time_ms) }
}

/// A batch of one message.
fn batch(partition: u32, from: u64, activity: Vec<ItemActivity>, pairs: Vec<ItemPair>) -> LiveBatch {
    LiveBatch { log: "events".into(), partition, from, next: from + 1, activity, pairs, ..LiveBatch::default() }
}

async fn apply(store: &dyn Store, batch: LiveBatch) {
    assert!(store.apply(&batch).await.unwrap());
}

/// Items and what their levels are worth now, rounded to what a sum of fractions can differ in.
async fn trending(store: &dyn Store, limit: u64) -> Vec<(String, f64)> {
    let found = store.trending(limit).await.unwrap();
    found.into_iter().map(|(asin, level)| (asin, (weight_at(level, NOW_MS) * 1e6).round() / 1e6)).collect()
}

fn names(found: &[(String, f64)]) -> Vec<&str> {
    found.iter().map(|(asin, _)| asin.as_str()).collect()
}

#[test]
fn counts_add_up_over_batches_and_partitions() {
    on_each(async |place| {
        let store = &*place.store;
        assert_eq!(store.activity("a").await.unwrap(), ItemActivity::new("a"));
        assert_eq!(store.trending(5).await.unwrap(), []);
        apply(store, batch(0, 0, vec![viewed("a", 2, NOW_MS), viewed("a", 1, NOW_MS), rated("a", 4.5)], vec![])).await;
        let bought = ItemActivity { carts: 1, purchases: 2, ..viewed("a", 0, NOW_MS) };
        apply(store, batch(7, 0, vec![bought, rated("a", 1.0), rated("low", 1.0)], vec![])).await;
        apply(store, batch(0, 1, vec![viewed("a", 1, NOW_MS - 2 * DAY_MS)], vec![])).await;
        let found = store.activity("a").await.unwrap();
        let ItemActivity { views, carts, purchases, ratings, rating_sum, trend, .. } = found.clone();
        assert_eq!((views, carts, purchases, ratings), (4, 1, 2, 2));
        assert!((rating_sum - 5.5).abs() < 1e-12);
        // 3 for views, 2.5 for the rating, 0.5 for a view of two days before; nothing for a rating of 1.
        assert!((weight_at(trend, NOW_MS) - 6.0).abs() < 1e-9, "{trend}");
        assert_eq!(trending(store, 5).await, [("a".to_owned(), 6.0)], "what is only rated low is no trend");
        assert_eq!(store.activity("low").await.unwrap().ratings, 1);
        found
    });
}

#[test]
fn a_batch_that_comes_again_adds_nothing() {
    on_each(async |place| {
        let store = &*place.store;
        let once = batch(3, 0, vec![viewed("a", 1, NOW_MS)], vec![pair("a", "b", NOW_MS)]);
        apply(store, once.clone()).await;
        assert!(!store.apply(&once).await.unwrap());
        assert_eq!(store.activity("a").await.unwrap().views, 1);
        assert_eq!(store.together("a", 9).await.unwrap()[0].count, 1);
    });
}

#[test]
fn what_is_done_now_outweighs_what_was_done_often_before() {
    on_each(async |place| {
        let store = &*place.store;
        let old = (0..4).map(|partition| batch(partition, 0, vec![viewed("old", 8, NOW_MS - 10 * DAY_MS)], vec![]));
        for old in old {
            apply(store, old).await;
        }
        apply(store, batch(0, 1, vec![viewed("new", 2, NOW_MS)], vec![])).await;
        assert_eq!(trending(store, 5).await, [("new".to_owned(), 2.0), ("old".to_owned(), 1.0)]);
        assert_eq!(store.activity("old").await.unwrap().views, 32, "counts do not fade");
        assert_eq!(names(&trending(store, 1).await), ["new"]);
        assert_eq!(store.trending(0).await.unwrap(), []);
    });
}

/// An item that is high nowhere can be the highest in all.
#[test]
fn the_sum_over_partitions_decides_and_ties_go_by_key() {
    on_each(async |place| {
        let store = &*place.store;
        for partition in 0..8 {
            let mut activity = vec![viewed("everywhere", 10, NOW_MS)];
            for number in 0..300_u64 {
                activity.push(viewed(&format!("here-{partition}-{number:03}"), 11 + number / 100, NOW_MS));
            }
            apply(store, batch(partition, 0, activity, vec![])).await;
        }
        let found = trending(store, 3).await;
        assert_eq!(names(&found), ["everywhere", "here-0-200", "here-0-201"]);
        assert_eq!(found[0].1.to_bits(), 80.0_f64.to_bits());
        assert_eq!(trending(store, 10_000).await.len(), 2_401);
        store.trending(100).await.unwrap()
    });
}

#[test]
fn pairs_are_found_from_both_items() {
    on_each(async |place| {
        let store = &*place.store;
        let pairs = vec![pair("b", "a", NOW_MS), pair("a", "b", NOW_MS - DAY_MS), pair("b", "c", NOW_MS - 30 * DAY_MS)];
        apply(store, batch(0, 0, vec![], pairs)).await;
        let pairs = vec![pair("b", "c", NOW_MS - 30 * DAY_MS), pair("b", "c", NOW_MS - 31 * DAY_MS)];
        apply(store, batch(5, 0, vec![], pairs)).await;
        let found = store.together("b", 9).await.unwrap();
        let seen: Vec<_> = found.iter().map(|pair| (&*pair.asin, &*pair.other, pair.count)).collect();
        assert_eq!(seen, [("b", "a", 2), ("b", "c", 3)], "what is new comes before what is frequent");
        assert_eq!(store.together("b", 1).await.unwrap(), found[..1]);
        let back = store.together("a", 9).await.unwrap();
        assert_eq!((&*back[0].asin, &*back[0].other, back[0].count), ("a", "b", 2));
        assert_eq!(back[0].trend.to_bits(), found[0].trend.to_bits());
        assert_eq!(store.together("nothing", 9).await.unwrap(), []);
        assert_eq!(store.together("b", 0).await.unwrap(), []);
        found
    });
}

#[test]
fn any_key_can_be_counted() {
    on_each(async |place| {
        let store = &*place.store;
        let keys = odd_keys();
        let activity = keys.iter().map(|key| viewed(key, 1, NOW_MS)).collect();
        let pairs = keys.windows(2).map(|two| pair(&two[0], &two[1], NOW_MS)).collect();
        apply(store, batch(u32::MAX, 0, activity, pairs)).await;
        let again = place.open_again().await;
        let mut sorted = keys.clone();
        sorted.sort_unstable();
        assert_eq!(names(&trending(&*again, 100).await), sorted);
        for (at, key) in keys.iter().enumerate() {
            assert_eq!(again.activity(key).await.unwrap(), viewed(key, 1, NOW_MS));
            let mut beside: Vec<&String> =
                [at.checked_sub(1), Some(at + 1)].into_iter().flatten().filter_map(|at| keys.get(at)).collect();
            beside.sort_unstable();
            let found = again.together(key, 9).await.unwrap();
            assert_eq!(found.iter().map(|pair| &pair.other).collect::<Vec<_>>(), beside);
        }
    });
}

#[test]
fn workers_at_several_partitions_count_one_hot_item() {
    on_each(async |place| {
        let tasks: Vec<_> = (0..6)
            .map(|partition| {
                let store = Arc::clone(&place.store);
                tokio::spawn(async move {
                    for from in 0..20 {
                        let (activity, pairs) = (vec![viewed("hot", 1, NOW_MS)], vec![pair("hot", "b", NOW_MS)]);
                        apply(&*store, batch(partition, from, activity, pairs)).await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(place.store.activity("hot").await.unwrap().views, 120);
        assert_eq!(place.store.together("b", 9).await.unwrap()[0].count, 120);
        assert_eq!(trending(&*place.store, 1).await, [("hot".to_owned(), 120.0)]);
    });
}

/// More than one command to MongoDB holds; and of a hot item what is newest stays.
#[test]
fn many_pairs_are_added_at_once_and_again() {
    on_each(async |place| {
        let store = &*place.store;
        let pairs: Vec<ItemPair> =
            (0..5_000).map(|number| pair("hot", &format!("{number:04}"), NOW_MS + number * 1_000)).collect();
        for from in 0..2 {
            apply(store, batch(0, from, vec![], pairs.clone())).await;
        }
        let found = store.together("hot", 10_000).await.unwrap();
        assert_eq!(found.len(), 128);
        assert!(found.iter().all(|pair| pair.count == 2));
        assert_eq!((&*found[0].other, &*found[127].other), ("4999", "4872"));
        assert_eq!(store.together("0000", 9).await.unwrap()[0].count, 2, "it has few and keeps all");
        found
    });
}

#[test]
fn what_is_no_number_is_refused() {
    on_each(async |place| {
        let store = &*place.store;
        let odd = |trend| ItemActivity { trend, ..viewed("odd", 1, NOW_MS) };
        let faulty = [
            batch(0, 0, vec![viewed("a", 1, NOW_MS), odd(f64::NAN)], vec![]),
            batch(0, 0, vec![odd(f64::INFINITY)], vec![]),
            batch(0, 0, vec![ItemActivity { rating_sum: f64::NAN, ..odd(1.0) }], vec![]),
            batch(0, 0, vec![viewed("a", 1, NOW_MS)], vec![ItemPair { trend: f64::NAN, ..pair("a", "b", 0) }]),
            batch(0, 0, vec![viewed("a", 1, NOW_MS)], vec![pair("a", "a", 0)]),
        ];
        for batch in faulty {
            let error = store.apply(&batch).await.unwrap_err();
            assert!(matches!(error, Error::Operation { action: "apply a batch", .. }), "{error:?}");
            assert_eq!(store.activity("a").await.unwrap(), ItemActivity::new("a"), "nothing is changed");
        }
        assert!(store.offsets("events").await.unwrap().is_empty());
    });
}
