//! Metadata of the reviewed items, by the number of the item.

use std::path::Path;

use anyhow::Context as _;
use pipeline::{Kind, TableReader};
use polars::{
    frame::DataFrame,
    prelude::{ListChunked, StringChunked},
};

use super::{Keys, reviews::NONE};

/// Metadata of the reviewed items. Columns have a value an item; lists are one behind the other.
pub struct Products {
    /// Rows of the metadata table, also those of items without reviews.
    pub rows: u64,
    /// Rows of items without reviews.
    pub unreviewed: u64,
    /// Whether the item has a row of metadata at all.
    pub has_row: Vec<bool>,
    /// Which of [`Products::FIELDS`] are filled: bit i for field i. A row with none is a bare one, which `load`
    /// writes for items that no metadata file has.
    pub filled: Vec<u8>,
    /// Price in the shop's currency; not a number where there is none.
    pub price: Vec<f32>,
    /// Number of the brand among `brands`; [`NONE`] where there is none.
    pub brand: Vec<u32>,
    /// Brands.
    pub brands: Keys,
    /// Categories.
    pub categories: Keys,
    category_starts: Vec<u32>,
    category_list: Vec<u32>,
    bought_starts: Vec<u32>,
    bought_list: Vec<u32>,
    /// Links of `also_bought` of reviewed items to items without reviews.
    pub bought_elsewhere: u64,
    titles: Vec<Option<Box<str>>>,
}

impl Products {
    /// Fields that may be missing, in the order of the bits of `filled`.
    pub const FIELDS: [&str; 7] = ["title", "brand", "categories", "price", "description", "image", "also_bought"];

    /// Whether anything is known of any item.
    pub fn is_described(&self) -> bool {
        self.filled.iter().any(|filled| *filled != 0)
    }

    /// Title of an item.
    pub fn title(&self, item: u32) -> Option<&str> {
        self.titles[item as usize].as_deref()
    }

    /// Numbers of the categories of an item, from general to special, each once.
    pub fn categories_of(&self, item: u32) -> &[u32] {
        run(&self.category_starts, &self.category_list, item)
    }

    /// Reviewed items that were bought with an item, as the metadata says.
    pub fn bought_with(&self, item: u32) -> &[u32] {
        run(&self.bought_starts, &self.bought_list, item)
    }

    /// Reads the metadata of the items. Of several rows of an item the first counts.
    pub fn read(path: &Path, items: &Keys) -> anyhow::Result<Self> {
        let reader = TableReader::open(path, Kind::Items)?;
        let mut building = Building::new(items.len());
        let columns = ["item", "title", "brand", "categories", "price", "description", "image", "also_bought"];
        for batch in reader.batches(&columns) {
            building.add(&batch?, items).with_context(|| format!("read {}", path.display()))?;
        }
        Ok(building.finish())
    }
}

fn run<'a>(starts: &[u32], list: &'a [u32], item: u32) -> &'a [u32] {
    &list[starts[item as usize] as usize..starts[item as usize + 1] as usize]
}

/// Lists come in the order of the metadata, and are put in the order of the items in the end.
struct Building {
    products: Products,
    categories: Vec<(u32, u32)>,
    bought: Vec<(u32, u32)>,
}

impl Building {
    fn new(items: usize) -> Self {
        let products = Products {
            rows: 0,
            unreviewed: 0,
            has_row: vec![false; items],
            filled: vec![0; items],
            price: vec![f32::NAN; items],
            brand: vec![NONE; items],
            brands: Keys::new(None),
            categories: Keys::new(None),
            category_starts: Vec::new(),
            category_list: Vec::new(),
            bought_starts: Vec::new(),
            bought_list: Vec::new(),
            bought_elsewhere: 0,
            titles: vec![None; items],
        };
        Self { products, categories: Vec::new(), bought: Vec::new() }
    }

    fn add(&mut self, batch: &DataFrame, items: &Keys) -> anyhow::Result<()> {
        let text = |name: &str| batch.column(name).and_then(|column| column.str().cloned());
        let (keys, titles, brands) = (text("item")?, text("title")?, text("brand")?);
        let (descriptions, images) = (text("description")?, text("image")?);
        let prices = batch.column("price")?.f32()?;
        let (categories, bought) = (batch.column("categories")?.list()?, batch.column("also_bought")?.list()?);
        self.products.rows += batch.height() as u64;
        for row in 0..batch.height() {
            let Some(item) = keys.get(row).and_then(|key| items.number(key)) else {
                self.products.unreviewed += 1;
                continue;
            };
            let products = &mut self.products;
            if std::mem::replace(&mut products.has_row[item as usize], true) {
                continue;
            }
            let (title, brand) = (filled(&titles, row), filled(&brands, row));
            products.titles[item as usize] = title.map(Into::into);
            if let Some(brand) = brand {
                products.brand[item as usize] = products.brands.intern(brand);
            }
            let price = prices.get(row).filter(|price| price.is_finite() && *price >= 0.0);
            products.price[item as usize] = price.unwrap_or(f32::NAN);
            let has_categories = self.add_categories(item, categories, row)?;
            let has_bought = self.add_bought(item, bought, row, items)?;
            let fields = [
                title.is_some(),
                brand.is_some(),
                has_categories,
                price.is_some(),
                filled(&descriptions, row).is_some(),
                filled(&images, row).is_some(),
                has_bought,
            ];
            self.products.filled[item as usize] =
                fields.iter().enumerate().fold(0, |bits, (bit, is_filled)| bits | u8::from(*is_filled) << bit);
        }
        Ok(())
    }

    /// Adds the distinct categories of an item; whether there are any.
    fn add_categories(&mut self, item: u32, lists: &ListChunked, row: usize) -> anyhow::Result<bool> {
        let start = self.categories.len();
        if let Some(list) = lists.get_as_series(row) {
            for name in list.str()?.iter().flatten().filter(|name| !name.trim().is_empty()) {
                let pair = (item, self.products.categories.intern(name));
                if !self.categories[start..].contains(&pair) {
                    self.categories.push(pair);
                }
            }
        }
        Ok(self.categories.len() > start)
    }

    /// Adds the links of an item to reviewed items; whether it has links to any items.
    fn add_bought(&mut self, item: u32, lists: &ListChunked, row: usize, items: &Keys) -> anyhow::Result<bool> {
        let Some(list) = lists.get_as_series(row) else { return Ok(false) };
        let mut has_any = false;
        for key in list.str()?.iter().flatten() {
            has_any = true;
            match items.number(key) {
                Some(other) => self.bought.push((item, other)),
                None => self.products.bought_elsewhere += 1,
            }
        }
        Ok(has_any)
    }

    fn finish(self) -> Products {
        let Self { mut products, categories, bought } = self;
        let items = products.has_row.len();
        (products.category_starts, products.category_list) = grouped(categories, items);
        (products.bought_starts, products.bought_list) = grouped(bought, items);
        products
    }
}

/// Pairs by their first half: where the list of each begins, and the lists in the order of the pairs.
fn grouped(mut pairs: Vec<(u32, u32)>, count: usize) -> (Vec<u32>, Vec<u32>) {
    pairs.sort_by_key(|(first, _)| *first);
    let starts = (0..=count as u32).map(|item| pairs.partition_point(|(first, _)| *first < item) as u32).collect();
    (starts, pairs.into_iter().map(|(_, second)| second).collect())
}

fn filled(column: &StringChunked, row: usize) -> Option<&str> {
    column.get(row).filter(|text| !text.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use crate::{
        Params,
        data::fixture::{Fixture, Product, row},
    };

    #[test]
    fn metadata_joins_the_reviewed_items() {
        let products = vec![
            Product {
                item: "b",
                brand: Some("Ernie"),
                categories: &["Music", "Strings", "Music"],
                ..Product::default()
            },
            Product { item: "z", price: Some(1.0), ..Product::default() },
            Product {
                item: "a",
                title: Some("A"),
                price: Some(7.5),
                also_bought: &["b", "z", "c"],
                ..Product::default()
            },
            Product { item: "a", title: Some("again"), ..Product::default() },
        ];
        let rows = ["a", "b", "c"].map(|item| row("u", item, 4.0, 0)).to_vec();
        let data = Fixture { rows, products: Some(products), ..Fixture::default() }.data(&Params::default());
        let products = data.products.as_ref().unwrap();
        assert_eq!((products.rows, products.unreviewed, products.bought_elsewhere), (4, 1, 1));
        assert_eq!(products.has_row, [true, true, false]);
        assert_eq!(products.filled, [0b100_1001, 0b110, 0], "title, price, also bought; brand, categories; none");
        assert_eq!((products.title(0), products.title(1), products.price[0]), (Some("A"), None, 7.5));
        assert!(products.price[1].is_nan());
        let names: Vec<&str> = products.categories_of(1).iter().map(|one| products.categories.key(*one)).collect();
        assert_eq!((names, products.brands.key(products.brand[1])), (vec!["Music", "Strings"], "Ernie"));
        assert_eq!((products.bought_with(0), products.bought_with(1)), (&[1_u32, 2][..], &[][..]));
    }
}
