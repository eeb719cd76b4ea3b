//! Reading reviews through their keys, page by page.

use storage::{Error, Review, ReviewCount, ReviewRange, Store};

use super::harness::{odd_keys, on_each, review};

/// Reviews of odd asins and users, in the order of their keys.
fn reviews() -> Vec<Review> {
    let keys = odd_keys();
    let mut reviews: Vec<Review> = (0..300)
        .map(|number| Review {
            ordinal: number as u32 % 3,
            text: Some(format!("text {number}")),
            ..review(&keys[number % 7], &keys[number % keys.len()], i64::from(number as u32) / 9 - 15)
        })
        .collect();
    reviews.sort_by_key(Review::key);
    reviews.dedup_by_key(|review| review.key());
    reviews
}

async fn filled(store: &dyn Store) -> Vec<Review> {
    let reviews = reviews();
    let mut shuffled = reviews.clone();
    shuffled.reverse();
    shuffled.rotate_left(100);
    store.put_reviews("g", &shuffled).await.unwrap();
    store.finish_load("g").await.unwrap();
    reviews
}

/// All reviews of a range, read in pages of `limit`.
async fn read(store: &dyn Store, first: &str, last: &str, limit: u64) -> Vec<Review> {
    let mut range = ReviewRange { first: first.into(), last: last.into(), after: None };
    let mut all: Vec<Review> = Vec::new();
    loop {
        let page = store.reviews_by_key("g", &range, limit).await.unwrap();
        assert!(page.len() as u64 <= limit);
        let is_last = (page.len() as u64) < limit;
        range.after = page.last().map(Review::key);
        all.extend(page);
        if is_last {
            return all;
        }
    }
}

#[test]
fn pages_of_a_range_give_each_review_once_in_the_order_of_keys() {
    on_each(async |place| {
        let reviews = filled(&*place.store).await;
        assert!(reviews.len() > 250, "{}", reviews.len());
        let mut asins: Vec<&str> = reviews.iter().map(|review| review.asin.as_str()).collect();
        asins.dedup();
        for limit in [1, 7, 1_000, u64::MAX] {
            assert_eq!(read(&*place.store, asins[0], asins[asins.len() - 1], limit).await, reviews);
        }
        for (first, last) in [(0, 0), (1, 3), (4, 4), (2, asins.len() - 1)] {
            let (first, last) = (asins[first], asins[last]);
            let wanted: Vec<&Review> =
                reviews.iter().filter(|review| first <= review.asin.as_str() && review.asin.as_str() <= last).collect();
            let found = read(&*place.store, first, last, 20).await;
            assert_eq!(found.iter().collect::<Vec<_>>(), wanted, "{first:?} to {last:?}");
        }
        assert_eq!(read(&*place.store, "no such product", "no such product", 9).await, []);
        let range = ReviewRange { first: asins[0].into(), last: asins[0].into(), after: None };
        assert_eq!(place.store.reviews_by_key("g", &range, 0).await.unwrap(), []);
    });
}

#[test]
fn reviews_are_counted_by_product_in_the_order_of_asins() {
    on_each(async |place| {
        let reviews = filled(&*place.store).await;
        let mut counts: Vec<ReviewCount> = Vec::new();
        for review in &reviews {
            match counts.last_mut() {
                Some(last) if last.asin == review.asin => last.reviews += 1,
                _ => counts.push(ReviewCount { asin: review.asin.clone(), reviews: 1 }),
            }
        }
        assert_eq!(place.store.review_counts("g", None, 100).await.unwrap(), counts);
        let mut paged: Vec<ReviewCount> = Vec::new();
        loop {
            let after = paged.last().map(|count| count.asin.clone());
            let page = place.store.review_counts("g", after.as_deref(), 2).await.unwrap();
            if page.is_empty() {
                break;
            }
            paged.extend(page);
        }
        assert_eq!(paged, counts);
        assert_eq!(place.store.review_counts("g", None, 0).await.unwrap(), []);
    });
}

#[test]
fn reading_through_the_key_fails_once_another_load_is_there() {
    on_each(async |place| {
        let store = &place.store;
        let range = ReviewRange { first: "a".into(), last: "a".into(), after: None };
        let mut found = Vec::new();
        let error = store.reviews_by_key("g", &range, 1).await.unwrap_err();
        assert!(error.to_string().contains("none is loaded"), "{error}");
        found.push(matches!(error, Error::Replaced { .. }));
        filled(&**store).await;
        store.put_reviews("next", &[review("a", "u", 1)]).await.unwrap();
        assert!(store.review_counts("g", None, 1).await.is_ok(), "an unfinished load does not count");
        store.finish_load("next").await.unwrap();
        for error in [
            store.reviews_by_key("g", &range, 1).await.unwrap_err(),
            store.review_counts("g", None, 1).await.unwrap_err(),
        ] {
            assert!(
                error.to_string().contains("load `g`") && error.to_string().contains("`next` is loaded"),
                "{error}"
            );
            found.push(matches!(error, Error::Replaced { .. }));
        }
        assert_eq!(found, [true; 3]);
    });
}
