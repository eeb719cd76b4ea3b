//! Small data for the tests of chapters, made as the stage gets it: through files.

use std::{collections::BTreeMap, io::sink, ops::Deref, path::Path};

use pipeline::{Context, Input, Kind, TableWriter, Task, TextBlock, TextCompression, TextsPart};
use polars::{
    df,
    frame::DataFrame,
    prelude::{Column, IntoColumn, ListBuilderTrait, ListStringChunkedBuilder},
};
use tempfile::TempDir;

use super::Data;
use crate::Params;

/// A review; what a test does not name is not told.
#[derive(Clone, Debug, Default)]
pub struct Row {
    pub user: String,
    pub item: String,
    pub rating: f32,
    pub time: i64,
    pub verified: Option<bool>,
    pub votes: Option<u32>,
    pub title: Option<String>,
    pub text: Option<String>,
}

/// A row of product metadata.
#[derive(Clone, Debug, Default)]
pub struct Product {
    pub item: &'static str,
    pub title: Option<&'static str>,
    pub brand: Option<&'static str>,
    pub price: Option<f32>,
    pub categories: &'static [&'static str],
    pub also_bought: &'static [&'static str],
}

/// A review of who, what, how and when.
pub fn row(user: &str, item: &str, rating: f32, time: i64) -> Row {
    Row { user: user.to_owned(), item: item.to_owned(), rating, time, ..Row::default() }
}

impl Row {
    /// The same with a text.
    pub fn says(mut self, text: &str) -> Self {
        self.text = Some(text.to_owned());
        self
    }
}

/// What goes in; inputs that are none are not connected.
#[derive(Clone, Debug, Default)]
pub struct Fixture {
    pub rows: Vec<Row>,
    /// Connects the titles and texts of the rows.
    pub has_texts: bool,
    pub products: Option<Vec<Product>>,
    /// The reviews before sampling.
    pub raw: Option<Vec<Row>>,
    /// Train, validation and test.
    pub parts: Option<[Vec<Row>; 3]>,
    /// Other inputs that are JSON, by port: `account`, `proof`, `preprocessing`.
    pub json: BTreeMap<&'static str, serde_json::Value>,
}

/// Data with the files that it may read again.
pub struct Made {
    data: Data,
    _folder: TempDir,
}

impl Deref for Made {
    type Target = Data;

    fn deref(&self) -> &Data {
        &self.data
    }
}

/// Data of some reviews alone; rows may come in any order.
pub fn data(rows: &[Row]) -> Made {
    Fixture { rows: rows.to_vec(), ..Fixture::default() }.data(&Params::default())
}

/// Data of some reviews with their texts.
pub fn data_with_texts(rows: &[Row]) -> Made {
    Fixture { rows: rows.to_vec(), has_texts: true, ..Fixture::default() }.data(&Params::default())
}

impl Fixture {
    /// The data.
    pub fn data(&self, params: &Params) -> Made {
        let folder = TempDir::new().unwrap();
        let path = |name: &str| folder.path().join(name);
        let mut rows = self.rows.clone();
        rows.sort_by(|a, b| (&a.item, &a.user, a.time).cmp(&(&b.item, &b.user, b.time)));
        let mut inputs = BTreeMap::new();
        let mut add = |port: &str, input: Input| inputs.insert(port.to_owned(), vec![input]);
        add("reviews", write(&path("reviews"), Kind::Reviews, &reviews(&rows)));
        if self.has_texts {
            add("texts", texts(&path("texts"), &rows));
        }
        if let Some(products) = &self.products {
            add("items", write(&path("items"), Kind::Items, &items(products)));
        }
        if let Some(raw) = &self.raw {
            let mut raw = raw.clone();
            raw.sort_by(|a, b| (&a.item, &a.user, a.time).cmp(&(&b.item, &b.user, b.time)));
            add("raw", write(&path("raw"), Kind::Reviews, &reviews(&raw)));
        }
        if let Some(parts) = &self.parts {
            for (port, input) in write_parts(folder.path(), parts) {
                add(port, input);
            }
        }
        for (port, value) in &self.json {
            std::fs::write(path(port), value.to_string()).unwrap();
            add(port, input(&path(port)));
        }
        let data = Data::read(params, &context(folder.path(), inputs)).unwrap();
        Made { data, _folder: folder }
    }
}

fn context(folder: &Path, inputs: BTreeMap<String, Vec<Input>>) -> Context {
    let task = Task {
        name: "eda-report".to_owned(),
        stage: "eda-report".to_owned(),
        pipeline: "test".to_owned(),
        fingerprint: String::new(),
        params: serde_json::Value::Null,
        inputs,
        outputs: BTreeMap::new(),
        scratch: folder.to_owned(),
    };
    Context::new(task, Box::new(sink()))
}

fn input(path: &Path) -> Input {
    let port = path.file_name().unwrap().to_string_lossy().into_owned();
    Input { stage: "test".to_owned(), port, path: path.to_owned() }
}

fn write(path: &Path, kind: Kind, frame: &DataFrame) -> Input {
    let mut writer = TableWriter::create_at(path, kind, "test", &[]).unwrap();
    writer.write(frame).unwrap();
    writer.finish().unwrap();
    input(path)
}

fn reviews(rows: &[Row]) -> DataFrame {
    df!(
        "user" => rows.iter().map(|row| row.user.as_str()).collect::<Vec<_>>(),
        "item" => rows.iter().map(|row| row.item.as_str()).collect::<Vec<_>>(),
        "rating" => rows.iter().map(|row| row.rating).collect::<Vec<_>>(),
        "time" => rows.iter().map(|row| row.time).collect::<Vec<_>>(),
        "verified" => rows.iter().map(|row| row.verified).collect::<Vec<_>>(),
        "helpful_votes" => rows.iter().map(|row| row.votes).collect::<Vec<_>>(),
        "text_length" => rows.iter().map(|row| row.text.as_ref().map(|text| text.chars().count() as u32)).collect::<Vec<_>>(),
        "part" => vec![Some(0_u32); rows.len()],
        "row" => (0..rows.len() as u32).map(Some).collect::<Vec<_>>(),
    )
    .unwrap()
}

fn texts(folder: &Path, rows: &[Row]) -> Input {
    let mut block = TextBlock::new(TextCompression::Zstd);
    for row in rows {
        block.push(row.title.as_deref(), row.text.as_deref());
    }
    let mut part = TextsPart::create(folder, 0, "test").unwrap();
    part.append(block.encode().unwrap()).unwrap();
    part.finish().unwrap();
    input(folder)
}

fn items(products: &[Product]) -> DataFrame {
    let lists = |name: &str, list: fn(&Product) -> &'static [&'static str]| -> Column {
        let mut builder = ListStringChunkedBuilder::new(name.into(), products.len(), 4);
        for product in products {
            builder.append_values_iter(list(product).iter().copied());
        }
        builder.finish().into_column()
    };
    let mut frame = df!(
        "item" => products.iter().map(|product| product.item).collect::<Vec<_>>(),
        "title" => products.iter().map(|product| product.title).collect::<Vec<_>>(),
        "brand" => products.iter().map(|product| product.brand).collect::<Vec<_>>(),
        "price" => products.iter().map(|product| product.price).collect::<Vec<_>>(),
        "description" => vec![None::<&str>; products.len()],
        "image" => vec![None::<&str>; products.len()],
    )
    .unwrap();
    frame.insert_column(3, lists("categories", |product| product.categories)).unwrap();
    frame.with_column(lists("also_bought", |product| product.also_bought)).unwrap();
    frame.with_column(lists("also_viewed", |_| &[])).unwrap();
    frame
}

fn write_parts(folder: &Path, parts: &[Vec<Row>; 3]) -> Vec<(&'static str, Input)> {
    let keys = |key: fn(&Row) -> &String| {
        let mut keys: Vec<&str> = parts.iter().flatten().map(|row| key(row).as_str()).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    };
    let (users, items) = (keys(|row| &row.user), keys(|row| &row.item));
    let index =
        |keys: &[&str]| df!("index" => (0..keys.len() as u32).collect::<Vec<_>>(), "key" => keys.to_vec()).unwrap();
    let mut inputs = vec![
        ("user_index", write(&folder.join("user_index"), Kind::UserIndex, &index(&users))),
        ("item_index", write(&folder.join("item_index"), Kind::ItemIndex, &index(&items))),
    ];
    for (port, rows) in ["train", "validation", "test"].into_iter().zip(parts) {
        let place = |keys: &[&str], key: &str| keys.iter().position(|other| *other == key).unwrap() as u32;
        let frame = df!(
            "user" => rows.iter().map(|row| place(&users, &row.user)).collect::<Vec<_>>(),
            "item" => rows.iter().map(|row| place(&items, &row.item)).collect::<Vec<_>>(),
            "weight" => rows.iter().map(|row| row.rating).collect::<Vec<_>>(),
            "time" => rows.iter().map(|row| row.time).collect::<Vec<_>>(),
        )
        .unwrap();
        inputs.push((port, write(&folder.join(port), Kind::Interactions, &frame)));
    }
    inputs
}
