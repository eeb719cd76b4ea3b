//! Products, reviews, generations.

use storage::{Facet, Product, Review};

use super::harness::{bare, full, odd_keys, on_each, review};

#[test]
fn products_come_back_as_written() {
    on_each(async |place| {
        let store = &place.store;
        let mut products = vec![full("full"), bare("bare")];
        products.extend(odd_keys().iter().map(|key| full(key)));
        store.put_products("g", &products).await.unwrap();
        store.finish_load("g").await.unwrap();
        for product in &products {
            assert_eq!(store.product(&product.asin).await.unwrap().as_ref(), Some(product));
        }
        assert_eq!(store.product("none").await.unwrap(), None);
        assert_eq!(store.product("").await.unwrap(), None);
    });
}

#[test]
fn products_come_in_the_order_asked_for() {
    on_each(async |place| {
        let store = &place.store;
        store.put_products("g", &["a", "b", "c"].map(bare)).await.unwrap();
        store.finish_load("g").await.unwrap();
        let asked = ["c", "none", "a", "c"].map(str::to_owned);
        assert_eq!(store.products(&asked).await.unwrap(), ["c", "a", "c"].map(bare));
        assert_eq!(store.products(&[]).await.unwrap(), []);
    });
}

#[test]
fn reviews_come_back_as_written() {
    on_each(async |place| {
        let store = &place.store;
        let mut reviews = vec![review("p", "bare", 0)];
        for (age, key) in (1..).zip(odd_keys()) {
            reviews.push(Review {
                asin: "p".into(),
                user: key.clone(),
                time: -age,
                ordinal: u32::MAX,
                rating: 4.7,
                title: Some(key.clone()),
                text: Some(key),
                verified: Some(age % 2 == 0),
                helpful_votes: None,
            });
        }
        store.put_reviews("g", &reviews).await.unwrap();
        store.finish_load("g").await.unwrap();
        let page = store.reviews_of_product("p", 0, 100).await.unwrap();
        assert_eq!((page.rows, page.total, page.offset), (reviews.clone(), reviews.len() as u64, 0));
        for review in reviews {
            assert_eq!(store.reviews_of_user(&review.user, 10).await.unwrap(), [review]);
        }
    });
}

#[test]
fn parts_of_a_review_key_do_not_run_together() {
    on_each(async |place| {
        let reviews = [review("a", "b/c", 1), review("a/b", "c", 1), review("a", "b", 1), review("ab", "", 1)];
        place.store.put_reviews("g", &reviews).await.unwrap();
        place.store.finish_load("g").await.unwrap();
        for asin in ["a/b", "ab"] {
            assert_eq!(place.store.reviews_of_product(asin, 0, 10).await.unwrap().total, 1, "{asin}");
        }
        assert_eq!(place.store.reviews_of_product("a", 0, 10).await.unwrap().total, 2);
    });
}

#[test]
fn writing_again_replaces() {
    on_each(async |place| {
        let store = &place.store;
        let changed = Product { title: Some("new words".into()), categories: vec!["New".into()], ..full("a") };
        let voted = Review { helpful_votes: Some(7), ordinal: 0, ..review("a", "u", 1) };
        for _ in 0..2 {
            store.put_products("g", &[full("a"), bare("b")]).await.unwrap();
            store.put_reviews("g", &[review("a", "u", 1), review("a", "u", 2)]).await.unwrap();
            store.put_products("g", &[bare("c"), changed.clone()]).await.unwrap();
            store.put_reviews("g", std::slice::from_ref(&voted)).await.unwrap();
            store.finish_load("g").await.unwrap();
        }
        assert_eq!(store.product("a").await.unwrap(), Some(changed));
        let facets = store.facets(10).await.unwrap();
        assert_eq!(facets.categories, [Facet { name: "New".into(), count: 1 }], "old categories are gone");
        let page = store.reviews_of_product("a", 0, 10).await.unwrap();
        assert_eq!((page.rows, page.total), (vec![voted, review("a", "u", 2)], 2));
    });
}

#[test]
fn of_one_key_given_twice_in_a_call_the_last_counts() {
    on_each(async |place| {
        let store = &place.store;
        let last = Product { rating_count: 9, ..bare("a") };
        for _ in 0..2 {
            store.put_products("g", &[full("a"), bare("b"), last.clone()]).await.unwrap();
        }
        store.finish_load("g").await.unwrap();
        assert_eq!(store.product("a").await.unwrap(), Some(last));
    });
}

#[test]
fn a_load_is_seen_when_it_is_finished_and_replaces_the_one_before() {
    on_each(async |place| {
        let store = &place.store;
        let reader = place.open_again().await;
        assert_eq!(reader.loaded().await.unwrap(), None);
        store.put_products("one", &[full("a"), bare("b")]).await.unwrap();
        store.put_reviews("one", &[review("a", "u", 1), review("b", "u", 1)]).await.unwrap();
        assert_eq!(reader.product("a").await.unwrap(), None, "an unfinished load is not seen");
        store.finish_load("one").await.unwrap();
        assert_eq!(reader.loaded().await.unwrap().as_deref(), Some("one"));

        store.put_products("two", &[bare("a"), bare("c")]).await.unwrap();
        store.put_reviews("two", &[review("a", "u", 2)]).await.unwrap();
        assert_eq!(reader.product("a").await.unwrap(), Some(full("a")), "the next one does not mix in");
        assert_eq!(reader.reviews_of_user("u", 10).await.unwrap().len(), 2);
        store.finish_load("two").await.unwrap();
        assert_eq!(reader.loaded().await.unwrap().as_deref(), Some("two"));
        assert_eq!(reader.product("a").await.unwrap(), Some(bare("a")));
        assert_eq!(reader.product("b").await.unwrap(), None);
        assert_eq!(reader.reviews_of_user("u", 10).await.unwrap(), [review("a", "u", 2)]);
        assert_eq!(reader.reviews_of_product("b", 0, 10).await.unwrap().total, 0);

        // The rows of the first are gone: its name starts anew.
        store.finish_load("one").await.unwrap();
        assert_eq!(reader.product("a").await.unwrap(), None);
        assert_eq!(reader.loaded().await.unwrap().as_deref(), Some("one"));
    });
}

#[test]
fn a_reader_sees_whole_loads_only_while_they_change() {
    on_each(async |place| {
        let store = &place.store;
        let asins: Vec<String> = (0..300).map(|number| format!("p{number:03}")).collect();
        let load = async |generation: u32| {
            let products: Vec<Product> =
                asins.iter().map(|asin| Product { rating_count: generation, ..bare(asin) }).collect();
            store.put_products(&generation.to_string(), &products).await.unwrap();
            store.finish_load(&generation.to_string()).await.unwrap();
        };
        load(0).await;
        let reader = place.open_again().await;
        let asked = asins.clone();
        let reading = tokio::spawn(async move {
            loop {
                let seen = reader.products(&asked).await.unwrap();
                assert_eq!(seen.len(), asked.len(), "a load was seen in part");
                assert!(seen.iter().all(|product| product.rating_count == seen[0].rating_count), "loads were mixed");
                if seen[0].rating_count == 8 {
                    return;
                }
            }
        });
        for generation in 1..=8 {
            load(generation).await;
        }
        reading.await.unwrap();
    });
}

#[test]
fn reviews_of_a_product_are_most_helpful_then_newest_then_by_user() {
    on_each(async |place| {
        let voted = |user: &str, time, votes| Review { helpful_votes: votes, ..review("p", user, time) };
        let ordered = [
            voted("z", 1, Some(10)),
            voted("y", 5, Some(2)),
            voted("x", 4, Some(2)),
            voted("a", 9, Some(0)),
            voted("b", 9, None),
            voted("c", 9, None),
            Review { ordinal: 1, ..voted("c", 9, None) },
            voted("a", 8, None),
        ];
        let mut shuffled = ordered.to_vec();
        shuffled.reverse();
        shuffled.swap(1, 5);
        place.store.put_reviews("g", &shuffled).await.unwrap();
        place.store.put_reviews("g", &[review("other", "a", 1)]).await.unwrap();
        place.store.finish_load("g").await.unwrap();
        for (offset, limit) in [(0, 100), (0, 3), (3, 3), (7, 3), (8, 3), (100, 1), (2, 0), (0, u64::MAX)] {
            let page = place.store.reviews_of_product("p", offset, limit).await.unwrap();
            let start = ordered.len().min(offset as usize);
            let end = ordered.len().min(start.saturating_add(limit as usize));
            assert_eq!((page.rows.as_slice(), page.total, page.offset), (&ordered[start..end], 8, offset));
        }
    });
}

#[test]
fn reviews_of_a_user_are_newest_first_then_by_asin() {
    on_each(async |place| {
        let ordered = [review("a", "u", 3), review("b", "u", 3), review("z", "u", 2), review("a", "u", 1)];
        let shuffled: Vec<Review> = [2, 0, 3, 1].map(|place| ordered[place].clone()).into();
        place.store.put_reviews("g", &shuffled).await.unwrap();
        place.store.finish_load("g").await.unwrap();
        assert_eq!(place.store.reviews_of_user("u", 3).await.unwrap(), ordered[..3]);
        assert_eq!(place.store.reviews_of_user("u", 0).await.unwrap(), []);
        assert_eq!(place.store.reviews_of_user("nobody", 3).await.unwrap(), []);
    });
}

#[test]
fn facets_and_active_users_are_commonest_first() {
    on_each(async |place| {
        let store = &place.store;
        let product = |asin: &str, brand: Option<&str>, categories: &[&str]| Product {
            brand: brand.map(str::to_owned),
            categories: categories.iter().map(ToString::to_string).collect(),
            ..bare(asin)
        };
        let products = [
            product("1", Some("Blue"), &["Gifts", "Cards", "Gifts"]),
            product("2", Some("Acme"), &["Gifts"]),
            product("3", Some("Blue"), &["Toys", "Cards"]),
            product("4", None, &[]),
        ];
        store.put_products("g", &products).await.unwrap();
        let reviews = [("1", "ann"), ("2", "ann"), ("1", "bob"), ("1", "cid"), ("2", "cid")];
        store.put_reviews("g", &reviews.map(|(asin, user)| review(asin, user, 1))).await.unwrap();
        assert_eq!(store.facets(5).await.unwrap().brands, [], "nothing before the end of a load");
        store.finish_load("g").await.unwrap();
        let facets = store.facets(10).await.unwrap();
        let pairs = |facets: &[Facet]| facets.iter().map(|facet| (facet.name.clone(), facet.count)).collect::<Vec<_>>();
        // Gifts: 1, 2 (twice in 1 counts once). Cards: 1, 3. Toys: 3.
        assert_eq!(pairs(&facets.categories), [("Cards".into(), 2), ("Gifts".into(), 2), ("Toys".into(), 1)]);
        assert_eq!(pairs(&facets.brands), [("Blue".into(), 2), ("Acme".into(), 1)]);
        let first = store.facets(1).await.unwrap();
        assert_eq!(
            (pairs(&first.categories), pairs(&first.brands)),
            (vec![("Cards".into(), 2)], vec![("Blue".into(), 2)])
        );
        assert_eq!(store.facets(0).await.unwrap(), storage::Facets::default());
        assert_eq!(store.active_users(2).await.unwrap(), ["ann", "cid"]);
        assert_eq!(store.active_users(9).await.unwrap(), ["ann", "cid", "bob"]);
    });
}

#[test]
fn ten_thousand_reviews_go_in_one_call_and_again() {
    on_each(async |place| {
        let reviews: Vec<Review> = (0..10_000)
            .map(|number| Review {
                text: Some(format!("text {number} ").repeat(20)),
                ..review(&format!("p{}", number % 100), &format!("u{}", number % 999), number)
            })
            .collect();
        place.store.put_reviews("g", &reviews[..4_000]).await.unwrap();
        place.store.put_reviews("g", &reviews).await.unwrap();
        place.store.finish_load("g").await.unwrap();
        let mut total = 0;
        for product in 0..100 {
            total += place.store.reviews_of_product(&format!("p{product}"), 0, 1).await.unwrap().total;
        }
        assert_eq!(total, 10_000);
        assert_eq!(place.store.reviews_of_user("u5", 1).await.unwrap(), [reviews[9_995].clone()]);
    });
}
