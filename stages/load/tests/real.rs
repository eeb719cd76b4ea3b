//! Real files: known counts, and equal content in different layouts. See `support::real`.

mod support;

use serde_json::json;
use support::{real, run};

#[test]
fn gift_cards_of_2018_and_2023_are_the_same_reviews() {
    let Some(reviews) = real("amazon2018-Gift_Cards/Gift_Cards_5.json.gz") else { return };
    let metadata = real("amazon2018-Gift_Cards/meta_Gift_Cards.json.gz").unwrap();
    let older = run(json!({"layout": "amazon-2018", "reviews": reviews, "metadata": metadata})).unwrap();
    let reviews = real("amazon2023-Gift_Cards/Gift_Cards.jsonl.gz").unwrap();
    let metadata = real("amazon2023-Gift_Cards/meta_Gift_Cards.jsonl.gz").unwrap();
    let newer = run(json!({"layout": "amazon-2023", "reviews": reviews, "metadata": metadata})).unwrap();
    for outcome in [&older, &newer] {
        assert_eq!((outcome.count("rows_in"), outcome.count("rejects")), (2972, 0));
        assert_eq!((outcome.count("items"), outcome.count("items_without_metadata")), (1547, 0));
    }
    assert_eq!(older.count("rows_out"), newer.count("rows_out"));
    assert!(older.reviews() == newer.reviews());
    let (old_items, new_items) = (older.items(), newer.items());
    assert_eq!(old_items.len(), new_items.len());
    for (old, new) in old_items.iter().zip(&new_items) {
        assert_eq!(
            (&old.key, &old.title, &old.categories, old.price),
            (&new.key, &new.title, &new.categories, new.price)
        );
    }
}

#[test]
fn magazines_have_repeated_products_and_titles_of_markup() {
    let Some(reviews) = real("amazon2018-Magazine_Subscriptions/Magazine_Subscriptions_5.json.gz") else { return };
    let metadata = real("amazon2018-Magazine_Subscriptions/meta_Magazine_Subscriptions.json.gz").unwrap();
    let outcome = run(json!({"layout": "amazon-2018", "reviews": reviews, "metadata": metadata})).unwrap();
    assert_eq!(outcome.count("rows_in"), 2375);
    assert_eq!(outcome.count("rejects"), 0);
    assert_eq!((outcome.count("metadata_rows_in"), outcome.count("metadata_duplicates")), (3385, 1065));
    // 151 of 157 reviewed items have metadata.
    assert_eq!(outcome.count("items_without_metadata"), 6);
    for item in outcome.items() {
        let texts = [item.title, item.brand, Some(item.categories)];
        assert!(texts.into_iter().flatten().all(|text| !text.contains("<span") && !text.contains("&amp;")));
        assert_eq!(item.price, None, "no price in that file is one");
    }
}

#[test]
fn all_beauty_has_exact_duplicates() {
    let Some(reviews) = real("amazon2018-All_Beauty/All_Beauty_5.json.gz") else { return };
    let outcome = run(json!({"layout": "amazon-2018", "reviews": reviews})).unwrap();
    assert_eq!((outcome.count("rows_in"), outcome.count("duplicates")), (5269, 1027));
    assert_eq!((outcome.count("rows_out"), outcome.count("rejects")), (4242, 0));
}

#[test]
fn instruments_as_csv_without_header_are_those_of_the_json() {
    let Some(json) = real("amazon2014-Musical_Instruments/reviews_Musical_Instruments_5.json.gz") else { return };
    let csv = real("amazon2014-Musical_Instruments/Musical_Instruments_reviews.csv.gz").unwrap();
    let from_json = run(json!({"layout": "amazon-2014", "reviews": json})).unwrap();
    let from_csv = run(json!({
        "layout": "columns", "reviews": csv, "has_header": false,
        "columns": {
            "user": "0", "item": "1", "helpful_votes": "3", "text": "4", "rating": "5", "title": "6", "time": "7"
        },
    }))
    .unwrap();
    assert_eq!((from_csv.count("rows_in"), from_csv.count("rejects")), (5050, 0));
    assert_eq!(from_json.count("rows_out"), from_csv.count("rows_out"));
    for (one, other) in from_json.reviews().iter().zip(&from_csv.reviews()) {
        assert_eq!(one, other);
    }
}
