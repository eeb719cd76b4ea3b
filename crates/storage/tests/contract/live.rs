//! Events and preferences.

use std::sync::Arc;

use storage::{EventRecord, Preferences};

use super::harness::{odd_keys, on_each};

fn event(id: &str, user: &str, time_ms: i64) -> EventRecord {
    EventRecord { id: id.into(), user: user.into(), asin: "a".into(), kind: "view".into(), weight: 3.3, time_ms }
}

#[test]
fn events_come_back_newest_first() {
    on_each(async |place| {
        let store = &place.store;
        let ordered = [event("9", "u", 30), event("a", "u", 20), event("b", "u", 20), event("1", "u", -5)];
        for place in [2, 0, 3, 1] {
            assert!(store.put_event(&ordered[place]).await.unwrap());
        }
        assert!(store.put_event(&event("other", "v", 99)).await.unwrap());
        assert_eq!(store.events_of_user("u", 10).await.unwrap(), ordered);
        assert_eq!(store.events_of_user("u", 2).await.unwrap(), ordered[..2]);
        assert_eq!(store.events_of_user("u", 0).await.unwrap(), []);
        assert_eq!(store.events_of_user("nobody", 10).await.unwrap(), []);
        for key in odd_keys() {
            let odd = EventRecord {
                id: key.clone(),
                user: key.clone(),
                asin: key.clone(),
                kind: key.clone(),
                ..event("", "", 1)
            };
            assert!(store.put_event(&odd).await.unwrap());
            assert_eq!(store.events_of_user(&key, 10).await.unwrap(), [odd]);
        }
    });
}

#[test]
fn a_second_event_of_an_id_changes_nothing() {
    on_each(async |place| {
        assert!(place.store.put_event(&event("1", "u", 1)).await.unwrap());
        assert!(!place.store.put_event(&event("1", "u", 1)).await.unwrap());
        assert!(!place.store.put_event(&event("1", "v", 2)).await.unwrap());
        assert_eq!(place.store.events_of_user("u", 10).await.unwrap(), [event("1", "u", 1)]);
        assert_eq!(place.store.events_of_user("v", 10).await.unwrap(), []);
    });
}

#[test]
fn of_many_at_once_with_one_id_exactly_one_is_kept() {
    on_each(async |place| {
        let handles = [place.open_again().await, place.open_again().await];
        let tasks: Vec<_> = (0..120)
            .zip(handles.iter().cycle())
            .map(|(number, store)| {
                let store = Arc::clone(store);
                let event = event(&format!("id{}", number % 30), "u", number);
                tokio::spawn(async move { store.put_event(&event).await.unwrap() })
            })
            .collect();
        let mut kept = 0;
        for task in tasks {
            kept += u32::from(task.await.unwrap());
        }
        assert_eq!(kept, 30);
        assert_eq!(place.store.events_of_user("u", 1_000).await.unwrap().len(), 30);
    });
}

#[test]
fn preferences_are_replaced_whole() {
    on_each(async |place| {
        let store = &place.store;
        let full = Preferences {
            categories: odd_keys(),
            brands: vec!["$set".into(), "a.b".into()],
            price_min: Some(0.1),
            price_max: Some(99.95),
            excluded_items: odd_keys(),
        };
        for user in odd_keys() {
            assert_eq!(store.preferences(&user).await.unwrap(), None);
            store.put_preferences(&user, &full).await.unwrap();
            assert_eq!(store.preferences(&user).await.unwrap().as_ref(), Some(&full));
            store.put_preferences(&user, &Preferences::default()).await.unwrap();
            assert_eq!(store.preferences(&user).await.unwrap(), Some(Preferences::default()));
        }
    });
}

#[test]
fn live_data_outlives_loads_and_versions() {
    on_each(async |place| {
        let store = &place.store;
        store.put_event(&event("1", "u", 1)).await.unwrap();
        store.put_preferences("u", &Preferences::default()).await.unwrap();
        store.finish_load("g").await.unwrap();
        store.keep_versions(&[]).await.unwrap();
        let again = place.open_again().await;
        assert_eq!(again.events_of_user("u", 9).await.unwrap().len(), 1);
        assert!(again.preferences("u").await.unwrap().is_some());
    });
}
