//! Both back ends give equal answers to many questions about a catalogue made by chance (of a fixed
//! seed). Without MongoDB there is nothing to compare, and only the invariants are checked.

use storage::{Page, Product, ProductQuery, Review, Store};

use super::harness::on_each;

const WORDS: [&str; 12] =
    ["gift", "card", "GIFTS", "Café", "red", "Red-hot", "$25", "b.c", "日本", "straße", "x", "holder"];
const BRANDS: [&str; 4] = ["Acme", "acme", "Ünder", "$brand"];

/// The numbers of a linear congruential generator (Knuth's MMIX constants), high bits only.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }

    fn text(&mut self, words: usize) -> String {
        (0..words).map(|_| WORDS[self.below(WORDS.len())]).collect::<Vec<_>>().join(" ")
    }

    fn product(&mut self, number: usize) -> Product {
        let words = self.below(5);
        Product {
            asin: format!("B{number:04}"),
            title: (words > 0).then(|| self.text(words)),
            brand: (self.below(3) > 0).then(|| BRANDS[self.below(BRANDS.len())].into()),
            categories: (0..self.below(4)).map(|_| WORDS[self.below(WORDS.len())].into()).collect(),
            price: (self.below(4) > 0).then(|| self.below(500) as f32 / 7.0),
            rating_count: self.below(20) as u32,
            ..Product::default()
        }
    }

    fn review(&mut self, number: usize) -> Review {
        Review {
            asin: format!("B{:04}", self.below(60)),
            user: format!("U{}", self.below(40)),
            time: i64::from(self.below(15) as u32),
            ordinal: number as u32,
            rating: 1.0 + self.below(5) as f32,
            helpful_votes: (self.below(2) > 0).then(|| self.below(4) as u32),
            ..Review::default()
        }
    }

    fn query(&mut self) -> ProductQuery {
        let words = self.below(3);
        let mut price = || (self.below(4) == 0).then(|| self.below(500) as f32 / 7.0);
        let (price_min, price_max) = (price(), price());
        ProductQuery {
            text: (words > 0).then(|| self.text(words)),
            category: (self.below(4) == 0).then(|| WORDS[self.below(WORDS.len())].into()),
            brand: (self.below(4) == 0).then(|| BRANDS[self.below(BRANDS.len())].into()),
            price_min,
            price_max,
            offset: self.below(30) as u64,
            limit: self.below(30) as u64,
        }
    }
}

async fn answers(store: &dyn Store) -> Vec<String> {
    let mut chance = Chance(42);
    let products: Vec<Product> = (0..400).map(|number| chance.product(number)).collect();
    let reviews: Vec<Review> = (0..3_000).map(|number| chance.review(number)).collect();
    store.put_products("g", &products).await.unwrap();
    store.put_reviews("g", &reviews).await.unwrap();
    store.finish_load("g").await.unwrap();
    let mut answers = vec![
        format!("{:?}", store.facets(100).await.unwrap()),
        format!("{:?}", store.active_users(100).await.unwrap()),
    ];
    let mut found = 0;
    for _ in 0..300 {
        let query = chance.query();
        let page = store.search(&query).await.unwrap();
        check(&page, query.offset, query.limit);
        found += page.rows.len();
        answers.push(format!("{query:?} {page:?}"));
    }
    assert!(found > 500, "the questions find too little to compare: {found}");
    for number in 0..60 {
        let asin = format!("B{number:04}");
        let page = store.reviews_of_product(&asin, number % 7, 25).await.unwrap();
        check(&page, number % 7, 25);
        answers.push(format!("{page:?}"));
        answers.push(format!("{:?}", store.reviews_of_user(&format!("U{number}"), 30).await.unwrap()));
    }
    answers
}

fn check<T>(page: &Page<T>, offset: u64, limit: u64) {
    assert_eq!(page.rows.len() as u64, page.total.saturating_sub(offset).min(limit));
}

#[test]
fn both_give_the_same_answers() {
    on_each(async |place| answers(&*place.store).await);
}
