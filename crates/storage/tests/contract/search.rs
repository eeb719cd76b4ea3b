//! Words, filters, pages.

use storage::{Product, ProductQuery, Store};

use super::harness::{bare, on_each};

fn catalogue() -> Vec<Product> {
    let product = |asin: &str, title: &str, brand: Option<&str>, categories: &[&str], price, count| Product {
        title: Some(title.into()),
        brand: brand.map(str::to_owned),
        categories: categories.iter().map(ToString::to_string).collect(),
        price,
        rating_count: count,
        ..bare(asin)
    };
    vec![
        product("B001", "Red Gift Card, $25", Some("Acme"), &["Gifts", "Cards"], Some(25.0), 5),
        product("B002", "Blue gift-card holder", Some("Blue.Co"), &["Gifts"], Some(9.99), 50),
        product("B003", "Éclair au chocolat", Some("Pâtisserie"), &["Food & Drink"], None, 5),
        product("B004", "Guitar strings NOT nylon OR steel", None, &["Music"], Some(9.99), 0),
        product("B005", "日本語 ガイド", Some("$where"), &["$gt", "a.b"], Some(0.0), 7),
        bare("X-1*"),
    ]
}

async fn filled(store: &dyn Store) {
    store.put_products("g", &catalogue()).await.unwrap();
    store.finish_load("g").await.unwrap();
}

async fn found(store: &dyn Store, query: ProductQuery) -> Vec<String> {
    let page = store.search(&ProductQuery { limit: 100, ..query }).await.unwrap();
    assert_eq!(page.total, page.rows.len() as u64);
    page.rows.into_iter().map(|product| product.asin).collect()
}

#[test]
fn words_match_in_any_order_case_and_as_prefixes() {
    on_each(async |place| {
        filled(&*place.store).await;
        for (text, wanted) in [
            ("gift card", vec!["B002", "B001"]),
            ("CARD Gift", vec!["B002", "B001"]),
            ("gif car", vec!["B002", "B001"]),
            ("gift red", vec!["B001"]),
            ("ift", vec![]),
            ("gift guitar", vec![]),
            ("acme", vec!["B001"]),
            ("acme red", vec!["B001"]),
            ("b00", vec!["B002", "B005", "B001", "B003", "B004"]),
            ("x-1", vec!["X-1*"]),
            ("éclair", vec!["B003"]),
            ("ÉCLAIR CHOC", vec!["B003"]),
            ("eclair", vec![]),
            ("日本", vec!["B005"]),
            ("pâtisserie", vec!["B003"]),
            ("nylon steel", vec!["B004"]),
        ] {
            let query = ProductQuery { text: Some(text.into()), ..ProductQuery::default() };
            assert_eq!(found(&*place.store, query).await, wanted, "{text}");
        }
    });
}

#[test]
fn no_text_is_an_operator() {
    on_each(async |place| {
        filled(&*place.store).await;
        for (text, wanted) in [
            ("\"gift", vec!["B002", "B001"]),
            ("gift*", vec!["B002", "B001"]),
            ("gift OR guitar", vec![]),
            ("NOT", vec!["B004"]),
            ("nylon OR steel", vec!["B004"]),
            ("gift NEAR card", vec![]),
            ("words:gift", vec![]),
            ("-gift", vec!["B002", "B001"]),
            ("$where", vec!["B005"]),
            ("$25", vec!["B001"]),
            ("gift')", vec!["B002", "B001"]),
            (".*", vec![]),
            ("*", vec![]),
            ("\"", vec![]),
            ("^", vec![]),
            ("() {}", vec![]),
            ("\0", vec![]),
        ] {
            let query = ProductQuery { text: Some(text.into()), ..ProductQuery::default() };
            assert_eq!(found(&*place.store, query).await, wanted, "{text}");
        }
        let long = ProductQuery { text: Some("gift ".repeat(10_000)), ..ProductQuery::default() };
        assert_eq!(found(&*place.store, long).await, ["B002", "B001"]);
        let many = (0..2_000).map(|word| format!("w{word}")).collect::<Vec<_>>().join(" ");
        assert!(found(&*place.store, ProductQuery { text: Some(many), ..ProductQuery::default() }).await.is_empty());
    });
}

#[test]
fn all_given_filters_must_hold() {
    on_each(async |place| {
        filled(&*place.store).await;
        let query = ProductQuery::default;
        let text = |text: &str| Some(text.to_owned());
        for (query, wanted) in [
            (query(), vec!["B002", "B005", "B001", "B003", "B004", "X-1*"]),
            (ProductQuery { text: text("  "), ..query() }, vec!["B002", "B005", "B001", "B003", "B004", "X-1*"]),
            (ProductQuery { category: text("Gifts"), ..query() }, vec!["B002", "B001"]),
            (ProductQuery { category: text("gifts"), ..query() }, vec![]),
            (ProductQuery { category: text("$gt"), ..query() }, vec!["B005"]),
            (ProductQuery { category: text("a.b"), ..query() }, vec!["B005"]),
            (ProductQuery { category: text(".*"), ..query() }, vec![]),
            (ProductQuery { brand: text("Blue.Co"), ..query() }, vec!["B002"]),
            (ProductQuery { brand: text("Blue_Co"), ..query() }, vec![]),
            (ProductQuery { brand: text("$where"), ..query() }, vec!["B005"]),
            (ProductQuery { price_min: Some(9.99), ..query() }, vec!["B002", "B001", "B004"]),
            (ProductQuery { price_max: Some(9.99), ..query() }, vec!["B002", "B005", "B004"]),
            (ProductQuery { price_min: Some(0.5), price_max: Some(10.0), ..query() }, vec!["B002", "B004"]),
            (ProductQuery { price_min: Some(10.0), price_max: Some(1.0), ..query() }, vec![]),
            (ProductQuery { price_min: Some(f32::NAN), ..query() }, vec![]),
            (
                ProductQuery { text: text("card"), category: text("Cards"), brand: text("Acme"), ..query() },
                vec!["B001"],
            ),
            (ProductQuery { text: text("card"), category: text("Cards"), brand: text("Blue.Co"), ..query() }, vec![]),
        ] {
            assert_eq!(found(&*place.store, query.clone()).await, wanted, "{query:?}");
        }
    });
}

#[test]
fn pages_tell_the_total_and_never_overlap() {
    on_each(async |place| {
        let products: Vec<Product> =
            (0..25).map(|number| Product { rating_count: number % 3, ..bare(&format!("p{number:02}")) }).collect();
        place.store.put_products("g", &products).await.unwrap();
        place.store.finish_load("g").await.unwrap();
        let mut seen = Vec::new();
        for offset in (0..40).step_by(10) {
            let query = ProductQuery { text: Some("p".into()), offset, limit: 10, ..ProductQuery::default() };
            let page = place.store.search(&query).await.unwrap();
            assert_eq!((page.total, page.offset), (25, offset));
            seen.extend(page.rows);
        }
        let mut ordered = products;
        ordered.sort_by(|a, b| b.rating_count.cmp(&a.rating_count).then_with(|| a.asin.cmp(&b.asin)));
        assert_eq!(seen, ordered);
        for (offset, limit, rows) in [(0, 0, 0), (0, u64::MAX, 25), (u64::MAX, 10, 0)] {
            let page = place.store.search(&ProductQuery { offset, limit, ..ProductQuery::default() }).await.unwrap();
            assert_eq!((page.total, page.rows.len()), (25, rows));
        }
    });
}
