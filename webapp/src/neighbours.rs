//! Which products of the model are described most like another one, for products that it does not know.
//!
//! Cosine of the words of title, brand and categories, each weighted by its inverse document frequency
//! `ln((1 + n) / (1 + d))`, n products of which d have the word. Words without weight, as all products have
//! them, are left out. One list of product numbers a word: memory and time grow with the texts, and a
//! search touches only products that share a word. The learned models of content are not this: they are
//! fitted, know only what they were fitted to, and score histories.

use std::collections::{BTreeSet, HashMap};

use recommender::{Scored, top_k};
use storage::Product;

/// Takes in products one by one, in the order of item indices.
#[derive(Default)]
pub(crate) struct Builder {
    numbers: HashMap<Box<str>, u32>,
    /// Words of all products, one product after the other.
    words: Vec<u32>,
    /// Where each product's words end.
    ends: Vec<usize>,
}

impl Builder {
    /// The next product; none for an item without one.
    pub fn add(&mut self, product: Option<&Product>) {
        for word in product.map(words).unwrap_or_default() {
            let next = self.numbers.len() as u32;
            self.words.push(*self.numbers.entry(word.into()).or_insert(next));
        }
        self.ends.push(self.words.len());
    }

    /// The finished index.
    pub fn finish(self) -> Neighbours {
        let mut frequencies = vec![0_u32; self.numbers.len()];
        self.words.iter().for_each(|word| frequencies[*word as usize] += 1);
        let weights: Vec<f32> = frequencies.iter().map(|with| weight(self.ends.len(), *with)).collect();
        let mut starts = vec![0; frequencies.len() + 1];
        for (word, frequency) in frequencies.iter().enumerate() {
            let kept = if weights[word] > 0.0 { *frequency as usize } else { 0 };
            starts[word + 1] = starts[word] + kept;
        }
        let (mut places, mut items) = (starts.clone(), vec![0; starts[frequencies.len()]]);
        let mut norms = Vec::with_capacity(self.ends.len());
        let mut begin = 0;
        for (item, end) in self.ends.iter().enumerate() {
            let mut square = 0.0;
            for &word in &self.words[begin..*end] {
                let weight = weights[word as usize];
                if weight > 0.0 {
                    square += weight * weight;
                    items[places[word as usize]] = item as u32;
                    places[word as usize] += 1;
                }
            }
            norms.push(square.sqrt());
            begin = *end;
        }
        Neighbours { numbers: self.numbers, weights, starts, items, norms }
    }
}

/// Inverse document frequency; 0 for a word of all.
fn weight(count: usize, with: u32) -> f32 {
    ((1.0 + count as f64) / (1.0 + f64::from(with))).ln() as f32
}

/// The products of a model by the words that describe them.
#[derive(Default)]
pub(crate) struct Neighbours {
    numbers: HashMap<Box<str>, u32>,
    weights: Vec<f32>,
    /// Where the products of each word start in `items`.
    starts: Vec<usize>,
    items: Vec<u32>,
    /// Length of each product's vector.
    norms: Vec<f32>,
}

impl Neighbours {
    /// The `k` products most like this one, the nearest first, ties by index, with their similarity: above 0,
    /// at most 1 but for rounding. Fewer if no others share a word with it.
    pub fn nearest(&self, product: &Product, k: usize) -> Vec<Scored> {
        let mut scores = vec![0.0_f32; self.norms.len()];
        let mut square = 0.0;
        for word in words(product) {
            let known = self.numbers.get(word.as_str()).map(|word| *word as usize);
            let weight = known.map_or_else(|| weight(self.norms.len(), 0), |word| self.weights[word]);
            square += weight * weight;
            if let Some(word) = known {
                for item in &self.items[self.starts[word]..self.starts[word + 1]] {
                    scores[*item as usize] += weight * weight;
                }
            }
        }
        let length = square.sqrt();
        for (score, norm) in scores.iter_mut().zip(&self.norms) {
            if *score > 0.0 {
                *score /= norm * length;
            }
        }
        top_k(&scores, k, |item| scores[item as usize] <= 0.0)
    }
}

/// The different words that describe a product, sorted.
fn words(product: &Product) -> BTreeSet<String> {
    let texts = product.title.iter().chain(&product.brand).chain(&product.categories);
    let runs = texts.flat_map(|text| text.split(|letter: char| !letter.is_alphanumeric()));
    runs.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn product(title: &str, brand: &str, category: &str) -> Product {
        let categories = vec!["All".to_owned(), category.to_owned()];
        Product { title: Some(title.into()), brand: Some(brand.into()), categories, ..Product::default() }
    }

    fn index(products: &[Product]) -> Neighbours {
        let mut builder = Builder::default();
        for product in products {
            builder.add(Some(product));
        }
        builder.finish()
    }

    fn items(found: &[Scored]) -> Vec<u32> {
        found.iter().map(|scored| scored.item).collect()
    }

    #[test]
    fn what_shares_rare_words_is_nearest() {
        let index = index(&[
            product("Green tea", "Acme", "Tea"),
            product("Black tea", "Acme", "Tea"),
            product("Green mug", "Blend", "Kitchen"),
            product("Espresso", "Roast", "Coffee"),
        ]);
        let found = index.nearest(&product("GREEN-TEA, fine", "Acme", "tea"), 9);
        assert_eq!(items(&found), [0, 1, 2], "what shares only `all` is not like it");
        let same = index.nearest(&product("tea green", "acme", "Tea"), 1);
        assert!(same[0].item == 0 && (same[0].score - 1.0).abs() < 1e-6, "{same:?}");
        assert_eq!(index.nearest(&Product::default(), 3), []);
        assert_eq!(index.nearest(&product("unheard of", "never", "nowhere"), 3), []);
    }

    /// Computed by hand: n = 3; `a` in 2, so ln(4/3); `b` in 1, so ln 2; `z` in none, so ln 4.
    #[test]
    fn the_similarity_is_the_cosine() {
        let titled = |title: &str| Product { title: Some(title.into()), ..Product::default() };
        let mut builder = Builder::default();
        builder.add(Some(&titled("a b")));
        builder.add(Some(&titled("a")));
        builder.add(None);
        let found = builder.finish().nearest(&titled("a b z"), 3);
        let (a, b, z) = ((4.0_f32 / 3.0).ln(), 2.0_f32.ln(), 4.0_f32.ln());
        let length = (a * a + b * b + z * z).sqrt();
        assert_eq!(items(&found), [0, 1]);
        assert!((found[0].score - (a * a + b * b).sqrt() / length).abs() < 1e-6);
        assert!((found[1].score - a / length).abs() < 1e-6);
    }

    proptest! {
        #[test]
        fn the_index_finds_what_a_look_at_all_finds(
            titles in prop::collection::vec("[a-e]( [a-h]){0,4}", 1..30),
            query in "[a-j]( [a-j]){0,4}",
        ) {
            let products: Vec<Product> = (titles.iter())
                .map(|title| Product { title: Some(title.clone()), ..Product::default() })
                .collect();
            let query = Product { title: Some(query), ..Product::default() };
            let with = |word: &str| products.iter().filter(|product| words(product).contains(word)).count() as u32;
            let vector = |product: &Product| -> Vec<(String, f32)> {
                words(product).into_iter().map(|word| (word.clone(), weight(products.len(), with(&word)))).collect()
            };
            let length = |vector: &[(String, f32)]| vector.iter().map(|(_, weight)| weight * weight).sum::<f32>().sqrt();
            let own = vector(&query);
            let mut expected: Vec<(u32, f32)> = (0..).zip(&products).map(|(item, product)| {
                let other = vector(product);
                let dot: f32 = own.iter().filter(|one| other.contains(one)).map(|(_, weight)| weight * weight).sum();
                (item, if dot > 0.0 { dot / (length(&other) * length(&own)) } else { 0.0 })
            }).filter(|(_, score)| *score > 0.0).collect();
            expected.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            let found = index(&products).nearest(&query, 50);
            prop_assert_eq!(found.len(), expected.len());
            for (scored, (_, score)) in found.iter().zip(&expected) {
                prop_assert!((scored.score - score).abs() < 1e-5 && scored.score <= 1.0 + 1e-5);
            }
        }
    }
}
