//! Products and reviews in SQLite.
//!
//! Every row carries the number of its generation; readers ask for the loaded one, so that a load
//! appears all at once when it is finished.

use rusqlite::{Connection, OptionalExtension, Row, params, types::Value};

use crate::{Facet, Facets, MOST_FACETS, Page, Product, ProductQuery, Review, error::Cause, words};

/// The generation that readers see.
const LOADED: &str = "(SELECT id FROM generations WHERE loaded = 1)";

const PRODUCT_COLUMNS: &str = "asin, title, brand, categories, price, description, image, also_bought, also_viewed, \
                               rating_mean, rating_count";

const REVIEW_COLUMNS: &str = "asin, user, time, ordinal, rating, title, text, verified, helpful_votes";

/// Indexes over a finished load.
const REVIEW_INDEXES: &str = "
CREATE INDEX IF NOT EXISTS reviews_by_user ON reviews (generation, user, time DESC, asin);
CREATE INDEX IF NOT EXISTS reviews_by_helpfulness
    ON reviews (generation, asin, helpful_votes DESC, time DESC, user, ordinal);";

/// Rows removed in one transaction.
const STEP: i64 = 20_000;

/// A count as SQLite takes it.
pub(super) fn count(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn generation_number(connection: &Connection, generation: &str) -> Result<i64, Cause> {
    connection.prepare_cached("INSERT OR IGNORE INTO generations (name) VALUES (?)")?.execute([generation])?;
    let mut statement = connection.prepare_cached("SELECT id FROM generations WHERE name = ?")?;
    Ok(statement.query_row([generation], |row| row.get(0))?)
}

pub(super) fn put_products(connection: &Connection, generation: &str, products: &[Product]) -> Result<(), Cause> {
    let generation = generation_number(connection, generation)?;
    products.iter().try_for_each(|product| put_product(connection, generation, product))
}

fn put_product(connection: &Connection, generation: i64, product: &Product) -> Result<(), Cause> {
    let sql = "INSERT INTO products (generation, asin, title, brand, categories, price, description, image,
                   also_bought, also_viewed, rating_mean, rating_count)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
               ON CONFLICT (generation, asin) DO UPDATE SET
                   title = excluded.title, brand = excluded.brand, categories = excluded.categories,
                   price = excluded.price, description = excluded.description, image = excluded.image,
                   also_bought = excluded.also_bought, also_viewed = excluded.also_viewed,
                   rating_mean = excluded.rating_mean, rating_count = excluded.rating_count
               RETURNING id";
    let values = params![
        generation,
        product.asin,
        product.title,
        product.brand,
        serde_json::to_string(&product.categories)?,
        product.price,
        product.description,
        product.image,
        serde_json::to_string(&product.also_bought)?,
        serde_json::to_string(&product.also_viewed)?,
        product.rating_mean,
        product.rating_count
    ];
    let id: i64 = connection.prepare_cached(sql)?.query_row(values, |row| row.get(0))?;
    connection.prepare_cached("DELETE FROM product_categories WHERE product = ?")?.execute([id])?;
    let mut insert =
        connection.prepare_cached("INSERT OR IGNORE INTO product_categories (product, category) VALUES (?, ?)")?;
    for category in &product.categories {
        insert.execute(params![id, category])?;
    }
    connection
        .prepare_cached("INSERT OR REPLACE INTO product_words (rowid, words) VALUES (?, ?)")?
        .execute(params![id, words::of_product(product).join(" ")])?;
    Ok(())
}

pub(super) fn put_reviews(connection: &Connection, generation: &str, reviews: &[Review]) -> Result<(), Cause> {
    let generation = generation_number(connection, generation)?;
    let sql = "INSERT OR REPLACE INTO reviews
                   (generation, asin, user, time, ordinal, rating, title, text, verified, helpful_votes)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    let mut insert = connection.prepare_cached(sql)?;
    for review in reviews {
        insert.execute(params![
            generation,
            review.asin,
            review.user,
            review.time,
            review.ordinal,
            review.rating,
            review.title,
            review.text,
            review.verified,
            review.helpful_votes
        ])?;
    }
    Ok(())
}

/// Shows a generation to readers, with its indexes and summaries.
pub(super) fn finish(connection: &Connection, generation: &str) -> Result<(), Cause> {
    let generation = generation_number(connection, generation)?;
    connection.execute_batch(REVIEW_INDEXES)?;
    let facets = Facets {
        categories: facet(
            connection,
            "SELECT category, count(*) FROM product_categories JOIN products ON products.id = product
             WHERE generation = ? GROUP BY category ORDER BY 2 DESC, 1 LIMIT ?",
            generation,
        )?,
        brands: facet(
            connection,
            "SELECT brand, count(*) FROM products WHERE generation = ? AND brand IS NOT NULL
             GROUP BY brand ORDER BY 2 DESC, 1 LIMIT ?",
            generation,
        )?,
    };
    let users: Vec<String> = facet(
        connection,
        "SELECT user, count(*) FROM reviews WHERE generation = ? GROUP BY user ORDER BY 2 DESC, 1 LIMIT ?",
        generation,
    )?
    .into_iter()
    .map(|user| user.name)
    .collect();
    connection.execute(
        "UPDATE generations SET facets = ?2, active_users = ?3 WHERE id = ?1",
        params![generation, serde_json::to_string(&facets)?, serde_json::to_string(&users)?],
    )?;
    connection.execute("UPDATE generations SET loaded = (id = ?)", [generation])?;
    Ok(())
}

/// The most frequent values that `sql` gives for a generation.
fn facet(connection: &Connection, sql: &str, generation: i64) -> Result<Vec<Facet>, Cause> {
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map(params![generation, count(MOST_FACETS)], |row| {
        Ok(Facet { name: row.get(0)?, count: row.get::<_, i64>(1)?.unsigned_abs() })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Removes some rows of generations other than the loaded one; false when none were left.
pub(super) fn remove_some(connection: &Connection) -> Result<bool, Cause> {
    let old: Option<i64> = connection
        .query_row("SELECT id FROM generations WHERE loaded = 0 ORDER BY id LIMIT 1", [], |row| row.get(0))
        .optional()?;
    let Some(old) = old else { return Ok(false) };
    let reviews = connection.execute(
        "DELETE FROM reviews WHERE generation = ?1
         AND asin IN (SELECT asin FROM reviews WHERE generation = ?1 ORDER BY asin LIMIT ?2)",
        params![old, STEP],
    )?;
    if reviews > 0 {
        return Ok(true);
    }
    let first = "(SELECT id FROM products WHERE generation = ?1 ORDER BY asin LIMIT ?2)";
    for table in ["product_categories WHERE product IN", "product_words WHERE rowid IN"] {
        connection.execute(&format!("DELETE FROM {table} {first}"), params![old, STEP])?;
    }
    let products = connection.execute(&format!("DELETE FROM products WHERE id IN {first}"), params![old, STEP])?;
    if products == 0 {
        connection.execute("DELETE FROM generations WHERE id = ?", [old])?;
    }
    Ok(true)
}

pub(super) fn loaded(connection: &Connection) -> Result<Option<String>, Cause> {
    Ok(connection.query_row("SELECT name FROM generations WHERE loaded = 1", [], |row| row.get(0)).optional()?)
}

pub(super) fn products(connection: &Connection, asins: &[String]) -> Result<Vec<Product>, Cause> {
    let sql = format!("SELECT {PRODUCT_COLUMNS} FROM products WHERE generation = {LOADED} AND asin = ?");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found = Vec::with_capacity(asins.len());
    for asin in asins {
        found.extend(statement.query_and_then([asin], product)?.next().transpose()?);
    }
    Ok(found)
}

pub(super) fn search(connection: &Connection, query: &ProductQuery) -> Result<Page<Product>, Cause> {
    let Some((condition, mut values)) = condition(query) else {
        return Ok(Page { rows: Vec::new(), total: 0, offset: query.offset });
    };
    let sql = format!("SELECT count(*) FROM products WHERE {condition}");
    let total: i64 =
        connection.prepare_cached(&sql)?.query_row(rusqlite::params_from_iter(&values), |row| row.get(0))?;
    values.extend([Value::Integer(count(query.limit)), Value::Integer(count(query.offset))]);
    let sql = format!(
        "SELECT {PRODUCT_COLUMNS} FROM products WHERE {condition} ORDER BY rating_count DESC, asin LIMIT ? OFFSET ?"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_and_then(rusqlite::params_from_iter(&values), product)?;
    Ok(Page { rows: rows.collect::<Result<_, Cause>>()?, total: total.unsigned_abs(), offset: query.offset })
}

/// The condition of a search and its values; none if nothing can match.
fn condition(query: &ProductQuery) -> Option<(String, Vec<Value>)> {
    let mut sql = format!("generation = {LOADED}");
    let mut values = Vec::new();
    if let Some(words) = words::of_query(query) {
        if words.is_empty() {
            return None;
        }
        sql += " AND id IN (SELECT rowid FROM product_words WHERE product_words MATCH ?)";
        // Words hold letters and digits only; the quotes keep AND, OR, NOT and NEAR words.
        let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\" *")).collect();
        values.push(Value::Text(quoted.join(" AND ")));
    }
    if let Some(category) = &query.category {
        sql += " AND id IN (SELECT product FROM product_categories WHERE category = ?)";
        values.push(Value::Text(category.clone()));
    }
    if let Some(brand) = &query.brand {
        sql += " AND brand = ?";
        values.push(Value::Text(brand.clone()));
    }
    for (condition, price) in [(" AND price >= ?", query.price_min), (" AND price <= ?", query.price_max)] {
        if let Some(price) = price {
            sql += condition;
            values.push(Value::Real(price.into()));
        }
    }
    Some((sql, values))
}

pub(super) fn facets(connection: &Connection, limit: u64) -> Result<Facets, Cause> {
    let sql = "SELECT facets FROM generations WHERE loaded = 1";
    let value: Option<String> = connection.prepare_cached(sql)?.query_row([], |row| row.get(0)).optional()?;
    let mut facets: Facets = value.map(|value| serde_json::from_str(&value)).transpose()?.unwrap_or_default();
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    facets.categories.truncate(limit);
    facets.brands.truncate(limit);
    Ok(facets)
}

pub(super) fn reviews_of_product(
    connection: &Connection,
    asin: &str,
    offset: u64,
    limit: u64,
) -> Result<Page<Review>, Cause> {
    let sql = format!("SELECT count(*) FROM reviews WHERE generation = {LOADED} AND asin = ?");
    let total: i64 = connection.prepare_cached(&sql)?.query_row([asin], |row| row.get(0))?;
    let sql = format!(
        "SELECT {REVIEW_COLUMNS} FROM reviews WHERE generation = {LOADED} AND asin = ?
         ORDER BY helpful_votes DESC, time DESC, user, ordinal LIMIT ? OFFSET ?"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(params![asin, count(limit), count(offset)], review)?;
    Ok(Page { rows: rows.collect::<Result<_, _>>()?, total: total.unsigned_abs(), offset })
}

pub(super) fn reviews_of_user(connection: &Connection, user: &str, limit: u64) -> Result<Vec<Review>, Cause> {
    let sql = format!(
        "SELECT {REVIEW_COLUMNS} FROM reviews WHERE generation = {LOADED} AND user = ?
         ORDER BY time DESC, asin, ordinal LIMIT ?"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(params![user, count(limit)], review)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn active_users(connection: &Connection, limit: u64) -> Result<Vec<String>, Cause> {
    let sql = "SELECT active_users FROM generations WHERE loaded = 1";
    let value: Option<String> = connection.prepare_cached(sql)?.query_row([], |row| row.get(0)).optional()?;
    let mut users: Vec<String> = value.map(|value| serde_json::from_str(&value)).transpose()?.unwrap_or_default();
    users.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(users)
}

/// Reads a row of [`PRODUCT_COLUMNS`].
fn product(row: &Row) -> Result<Product, Cause> {
    let list =
        |column: usize| -> Result<Vec<String>, Cause> { Ok(serde_json::from_str(row.get_ref(column)?.as_str()?)?) };
    Ok(Product {
        asin: row.get(0)?,
        title: row.get(1)?,
        brand: row.get(2)?,
        categories: list(3)?,
        price: row.get(4)?,
        description: row.get(5)?,
        image: row.get(6)?,
        also_bought: list(7)?,
        also_viewed: list(8)?,
        rating_mean: row.get(9)?,
        rating_count: row.get(10)?,
    })
}

/// Reads a row of [`REVIEW_COLUMNS`].
fn review(row: &Row) -> rusqlite::Result<Review> {
    Ok(Review {
        asin: row.get(0)?,
        user: row.get(1)?,
        time: row.get(2)?,
        ordinal: row.get(3)?,
        rating: row.get(4)?,
        title: row.get(5)?,
        text: row.get(6)?,
        verified: row.get(7)?,
        helpful_votes: row.get(8)?,
    })
}
