//! A product as bytes between two passes, and what its reviews say of it.

use crate::{
    codec::{Decoder, Encoder, push_key_text},
    fault::Place,
};

/// A sound row of metadata.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Item {
    /// Item key.
    pub key: String,
    /// Plain text.
    pub title: Option<String>,
    /// Plain text.
    pub brand: Option<String>,
    /// From general to special.
    pub categories: Vec<String>,
    /// In the shop's currency.
    pub price: Option<f32>,
    /// Plain text.
    pub description: Option<String>,
    /// Address of a picture.
    pub image: Option<String>,
    /// Item keys.
    pub also_bought: Vec<String>,
    /// Item keys.
    pub also_viewed: Vec<String>,
}

/// The ratings of an item.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ratings {
    /// How many.
    pub count: u32,
    /// Their sum, added up in the order of the table.
    pub sum: f64,
}

impl Ratings {
    /// Adds one.
    pub fn add(&mut self, rating: f32) {
        self.count += 1;
        self.sum += f64::from(rating);
    }

    /// Their mean, if there are any.
    pub fn mean(self) -> Option<f32> {
        (self.count > 0).then(|| (self.sum / f64::from(self.count)) as f32)
    }
}

/// What is known of an item from one source.
#[derive(Clone, Debug, PartialEq)]
pub enum ItemPart {
    /// That it has reviews.
    Ratings(Ratings),
    /// A row of metadata.
    Metadata(Place, Box<Item>),
}

impl ItemPart {
    /// The order of parts: item, then ratings, then metadata by place.
    pub fn push_key(&self, item: &str, key: &mut Vec<u8>) {
        push_key_text(key, item);
        match self {
            Self::Ratings(_) => key.push(0),
            Self::Metadata(place, _) => {
                key.push(1);
                key.extend(place.file.to_be_bytes());
                key.extend(place.line.to_be_bytes());
            }
        }
    }

    /// Writes it, after its item's key.
    pub fn encode(&self, item: &str, encoder: &mut Encoder) {
        encoder.text(item);
        match self {
            Self::Ratings(ratings) => {
                encoder.byte(0);
                encoder.u32(ratings.count);
                encoder.fixed(ratings.sum.to_le_bytes());
            }
            Self::Metadata(place, item) => {
                encoder.byte(1);
                encoder.u32(place.file);
                encoder.u64(place.line);
                encoder.u64(place.byte_offset);
                item.encode(encoder);
            }
        }
    }

    /// Reads an item's key and one part of it; none if the bytes are damaged.
    pub fn decode(bytes: &[u8]) -> Option<(&str, Self)> {
        let mut decoder = Decoder::new(bytes);
        let key = decoder.text()?;
        let part = if decoder.byte()? == 0 {
            Self::Ratings(Ratings { count: decoder.u32()?, sum: f64::from_le_bytes(decoder.fixed()?) })
        } else {
            let place = Place { file: decoder.u32()?, line: decoder.u64()?, byte_offset: decoder.u64()? };
            Self::Metadata(place, Box::new(Item::decode(key, &mut decoder)?))
        };
        Some((key, part))
    }
}

impl Item {
    fn encode(&self, encoder: &mut Encoder) {
        encoder.maybe(self.title.as_deref());
        encoder.maybe(self.brand.as_deref());
        encoder.texts(&self.categories);
        encoder.fixed(self.price.unwrap_or(f32::NAN).to_le_bytes());
        encoder.maybe(self.description.as_deref());
        encoder.maybe(self.image.as_deref());
        encoder.texts(&self.also_bought);
        encoder.texts(&self.also_viewed);
    }

    fn decode(key: &str, decoder: &mut Decoder) -> Option<Self> {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Some(Self {
            key: key.to_owned(),
            title: owned(decoder.maybe()?),
            brand: owned(decoder.maybe()?),
            categories: decoder.texts()?,
            price: Some(f32::from_le_bytes(decoder.fixed()?)).filter(|price| !price.is_nan()),
            description: owned(decoder.maybe()?),
            image: owned(decoder.maybe()?),
            also_bought: decoder.texts()?,
            also_viewed: decoder.texts()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_back() {
        let item = Item {
            key: "B".to_owned(),
            title: Some("T".to_owned()),
            categories: vec!["x".to_owned()],
            price: Some(1.5),
            ..Item::default()
        };
        let place = Place { file: 0, line: 9, byte_offset: 99 };
        for part in [ItemPart::Metadata(place, Box::new(item)), ItemPart::Ratings(Ratings { count: 2, sum: 7.0 })] {
            let mut encoder = Encoder::default();
            part.encode("B", &mut encoder);
            assert_eq!(ItemPart::decode(&encoder.bytes), Some(("B", part)));
            assert_eq!(ItemPart::decode(&encoder.bytes[..7]), None);
        }
    }
}
