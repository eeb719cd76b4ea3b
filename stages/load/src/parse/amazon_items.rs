//! Products in the three Amazon layouts.

use serde_json::{Map, Value};

use super::fields::{
    address, distinct_keys, distinct_plain, joined_plain, json, kind, object, plain, present, text, texts,
};
use crate::{
    fault::{Fault, Reason},
    item::Item,
    params::Layout,
    text as shop_text,
};

use super::python;

/// The product of a line.
pub fn parse(layout: Layout, line: &str) -> Result<Item, Fault> {
    let value = if layout == Layout::Amazon2014 { python::parse(line)? } else { json(line)? };
    let row = object(&value)?;
    match layout {
        Layout::Amazon2014 => item_2014(row),
        Layout::Amazon2018 => item_2018(row),
        _ => item_2023(row),
    }
}

fn item_2014(row: &Map<String, Value>) -> Result<Item, Fault> {
    let nothing = Map::new();
    let related = match present(row, "related") {
        None => &nothing,
        Some(Value::Object(related)) => related,
        Some(other) => return Err(Fault::wrong_type("related", "an object", kind(other))),
    };
    Ok(Item {
        key: key(row, "asin")?,
        title: plain(row, "title")?,
        brand: plain(row, "brand")?,
        categories: distinct_plain(&texts(row, "categories")?),
        price: price(row)?,
        description: plain(row, "description")?,
        image: text(row, "imUrl")?.and_then(address),
        also_bought: distinct_keys(&texts(related, "also_bought")?),
        also_viewed: distinct_keys(&texts(related, "also_viewed")?),
    })
}

fn item_2018(row: &Map<String, Value>) -> Result<Item, Fault> {
    let images = ["imageURLHighRes", "imageURL", "image"].map(|name| texts(row, name));
    let mut image = None;
    for addresses in images {
        image = image.or(addresses?.first().copied().and_then(address));
    }
    Ok(Item {
        key: key(row, "asin")?,
        title: plain(row, "title")?,
        brand: plain(row, "brand")?,
        categories: categories(row, "category", "main_cat")?,
        price: price(row)?,
        description: joined_plain(&texts(row, "description")?),
        image,
        also_bought: distinct_keys(&texts(row, "also_buy")?),
        also_viewed: distinct_keys(&texts(row, "also_view")?),
    })
}

fn item_2023(row: &Map<String, Value>) -> Result<Item, Fault> {
    Ok(Item {
        key: key(row, "parent_asin")?,
        title: plain(row, "title")?,
        brand: plain(row, "store")?,
        categories: categories(row, "categories", "main_category")?,
        price: price(row)?,
        description: joined_plain(&texts(row, "description")?),
        image: picture(row)?,
        also_bought: distinct_keys(&texts(row, "bought_together")?),
        also_viewed: Vec::new(),
    })
}

fn key(row: &Map<String, Value>, name: &str) -> Result<String, Fault> {
    let key = text(row, name)?.map(str::trim).filter(|key| !key.is_empty());
    let missing = || Fault::of_field(Reason::MissingItem, name, "expected text, found none");
    key.map(str::to_owned).ok_or_else(missing)
}

/// The path of categories, or the main one where there is no path.
fn categories(row: &Map<String, Value>, path: &str, main: &str) -> Result<Vec<String>, Fault> {
    let found = distinct_plain(&texts(row, path)?);
    let main = plain(row, main)?;
    Ok(if found.is_empty() { main.into_iter().collect() } else { found })
}

fn price(row: &Map<String, Value>) -> Result<Option<f32>, Fault> {
    match present(row, "price") {
        None => Ok(None),
        Some(Value::String(text)) => Ok(shop_text::price(text)),
        Some(Value::Number(number)) => Ok(number.as_f64().and_then(shop_text::sound_price)),
        Some(other) => Err(Fault::wrong_type("price", "a number or text", kind(other))),
    }
}

/// The first picture of 2023: `images` is a list of objects, or an object of lists.
fn picture(row: &Map<String, Value>) -> Result<Option<String>, Fault> {
    let found = match present(row, "images") {
        None => return Ok(None),
        Some(Value::Object(sizes)) => sizes,
        Some(Value::Array(images)) => match images.first() {
            None => return Ok(None),
            Some(Value::Object(image)) => image,
            Some(other) => return Err(Fault::wrong_type("images", "a list of objects", kind(other))),
        },
        Some(other) => return Err(Fault::wrong_type("images", "a list of objects", kind(other))),
    };
    for size in ["large", "hi_res", "thumb"] {
        if let Some(address) = texts(found, size)?.first().copied().and_then(address) {
            return Ok(Some(address));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_2014_layout() {
        let line = r"{'asin': 'B1', 'title': 'A &amp; B', 'price': 3.17, 'imUrl': 'http://x/y.jpg', 'related': {'also_bought': ['B2', 'B2', 'B3'], 'also_viewed': ['B4']}, 'brand': '', 'categories': [['Music', 'Guitars'], ['Music', 'Gifts']], 'description': 'Plays\nwell'}";
        let expected = Item {
            key: "B1".into(),
            title: Some("A & B".into()),
            brand: None,
            categories: vec!["Music".into(), "Guitars".into(), "Gifts".into()],
            price: Some(3.17),
            description: Some("Plays well".into()),
            image: Some("http://x/y.jpg".into()),
            also_bought: vec!["B2".into(), "B3".into()],
            also_viewed: vec!["B4".into()],
        };
        assert_eq!(parse(Layout::Amazon2014, line), Ok(expected));
    }

    #[test]
    fn the_2018_layout() {
        let line = r#"{"category": ["Gift Cards", "Gift Cards", "</span>"], "description": ["<b>One.</b>", "", "Two &amp; three."], "title": "<span class=\"a-size-medium a-color-secondary\"", "also_buy": ["B2"], "image": ["http://x/small.jpg"], "imageURLHighRes": ["http://x/large.jpg"], "brand": "Amazon", "rank": ["x"], "also_view": [], "main_cat": "Grocery", "price": "$1,250.00", "asin": "B1"}"#;
        let expected = Item {
            key: "B1".into(),
            title: None,
            brand: Some("Amazon".into()),
            categories: vec!["Gift Cards".into()],
            price: Some(1250.0),
            description: Some("One. Two & three.".into()),
            image: Some("http://x/large.jpg".into()),
            also_bought: vec!["B2".into()],
            also_viewed: vec![],
        };
        assert_eq!(parse(Layout::Amazon2018, line), Ok(expected));
        let bare =
            parse(Layout::Amazon2018, r#"{"category": [], "main_cat": "Grocery", "price": ".a{}", "asin": "B1"}"#);
        let bare = bare.unwrap();
        assert_eq!((bare.categories, bare.price), (vec!["Grocery".to_owned()], None));
    }

    #[test]
    fn the_2023_layout() {
        let line = r#"{"main_category": "Music", "title": "T", "description": [], "price": 12.5, "images": [{"thumb": "http://x/t.jpg", "large": "http://x/l.jpg", "hi_res": null}], "store": null, "categories": ["Music", "CDs"], "details": {}, "parent_asin": "B1", "bought_together": null}"#;
        let item = parse(Layout::Amazon2023, line).unwrap();
        assert_eq!((item.key.as_str(), item.brand, item.price), ("B1", None, Some(12.5)));
        assert_eq!(item.image.as_deref(), Some("http://x/l.jpg"));
        assert_eq!(item.categories, ["Music", "CDs"]);
        let lists = r#"{"parent_asin": "B1", "price": "from 7.99", "images": {"hi_res": [null, "http://x/h.jpg"], "large": []}}"#;
        let item = parse(Layout::Amazon2023, lists).unwrap();
        assert_eq!((item.price, item.image.as_deref()), (Some(7.99), Some("http://x/h.jpg")));
    }

    #[test]
    fn faults_name_the_field() {
        let fault = |layout, line| parse(layout, line).unwrap_err();
        assert_eq!(fault(Layout::Amazon2018, "{}").reason, Reason::MissingItem);
        assert_eq!(fault(Layout::Amazon2014, "{'asin': 'x'").reason, Reason::BrokenLiteral);
        let wrong = fault(Layout::Amazon2018, r#"{"asin": "B", "also_buy": [1]}"#);
        assert_eq!(wrong, Fault::wrong_type("also_buy", "text or a list of text", "a number"));
        let wrong = fault(Layout::Amazon2023, r#"{"parent_asin": "B", "images": "x"}"#);
        assert_eq!(wrong, Fault::wrong_type("images", "a list of objects", "text"));
    }
}
