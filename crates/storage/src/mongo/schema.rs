//! What the server accepts as a product or a review, whoever writes it.

use ::mongodb::bson::{Document, doc};

/// Numbers that have no fraction: a small one may be kept in 32 bits.
fn whole() -> Document {
    doc! { "bsonType": ["int", "long"], "minimum": 0 }
}

fn text() -> Document {
    doc! { "bsonType": "string" }
}

fn texts() -> Document {
    doc! { "bsonType": "array", "items": text() }
}

/// A review.
pub(super) fn reviews() -> Document {
    doc! { "$jsonSchema": {
        "bsonType": "object",
        "required": ["_id", "asin", "user", "time", "rating"],
        "additionalProperties": false,
        "properties": {
            "_id": text(), "asin": text(), "user": text(), "time": { "bsonType": "long" }, "ordinal": whole(),
            "rating": { "bsonType": "double", "minimum": 1, "maximum": 5 }, "title": text(), "text": text(),
            "verified": { "bsonType": "bool" }, "helpful_votes": whole(),
        },
    } }
}

/// A product.
pub(super) fn products() -> Document {
    doc! { "$jsonSchema": {
        "bsonType": "object",
        "required": ["_id", "categories", "rating_count"],
        "additionalProperties": false,
        "properties": {
            "_id": text(), "title": text(), "brand": text(), "categories": texts(),
            "price": { "bsonType": "double" }, "description": text(), "image": text(), "also_bought": texts(),
            "also_viewed": texts(), "rating_mean": { "bsonType": "double" }, "rating_count": whole(), "words": texts(),
        },
    } }
}
