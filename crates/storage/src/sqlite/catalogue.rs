//! Products and the end of a load, in the file of that load.

use rusqlite::{Connection, OptionalExtension, Row, params, types::Value};

use super::{reviews, schema::CATALOGUE_INDEXES};
use crate::{Facet, Facets, MOST_FACETS, Page, Product, ProductQuery, error::Cause, words};

const PRODUCT_COLUMNS: &str = "asin, title, brand, categories, price, description, image, also_bought, also_viewed, \
                               rating_mean, rating_count";

/// A count as SQLite takes it.
pub(super) fn count(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

pub(super) fn put_products(connection: &Connection, products: &[Product]) -> Result<(), Cause> {
    products.iter().try_for_each(|product| put_product(connection, product))
}

fn put_product(connection: &Connection, product: &Product) -> Result<(), Cause> {
    let sql = "INSERT INTO products (asin, title, brand, categories, price, description, image,
                   also_bought, also_viewed, rating_mean, rating_count)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
               ON CONFLICT (asin) DO UPDATE SET
                   title = excluded.title, brand = excluded.brand, categories = excluded.categories,
                   price = excluded.price, description = excluded.description, image = excluded.image,
                   also_bought = excluded.also_bought, also_viewed = excluded.also_viewed,
                   rating_mean = excluded.rating_mean, rating_count = excluded.rating_count
               RETURNING id";
    let values = params![
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

/// Builds what reads of a load need, from all its rows.
pub(super) fn finish(connection: &Connection) -> Result<(), Cause> {
    connection.execute_batch(CATALOGUE_INDEXES)?;
    reviews::count_all(connection)?;
    let facets = Facets {
        categories: commonest(
            connection,
            "SELECT category, count(*) FROM product_categories GROUP BY category ORDER BY 2 DESC, 1 LIMIT ?",
        )?,
        brands: commonest(
            connection,
            "SELECT brand, count(*) FROM products WHERE brand IS NOT NULL GROUP BY brand ORDER BY 2 DESC, 1 LIMIT ?",
        )?,
    };
    let users = commonest(connection, "SELECT user, count(*) FROM reviews GROUP BY user ORDER BY 2 DESC, 1 LIMIT ?")?;
    let users: Vec<String> = users.into_iter().map(|user| user.name).collect();
    connection.execute(
        "INSERT OR REPLACE INTO summary (one, facets, active_users) VALUES (1, ?, ?)",
        params![serde_json::to_string(&facets)?, serde_json::to_string(&users)?],
    )?;
    Ok(())
}

/// The most frequent values that `sql` gives.
fn commonest(connection: &Connection, sql: &str) -> Result<Vec<Facet>, Cause> {
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map([count(MOST_FACETS)], |row| {
        Ok(Facet { name: row.get(0)?, count: row.get::<_, i64>(1)?.unsigned_abs() })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn products(connection: &Connection, asins: &[String]) -> Result<Vec<Product>, Cause> {
    let sql = format!("SELECT {PRODUCT_COLUMNS} FROM products WHERE asin = ?");
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
    let mut sql = "TRUE".to_owned();
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
    let sql = "SELECT facets FROM summary";
    let value: Option<String> = connection.prepare_cached(sql)?.query_row([], |row| row.get(0)).optional()?;
    let mut facets: Facets = value.map(|value| serde_json::from_str(&value)).transpose()?.unwrap_or_default();
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    facets.categories.truncate(limit);
    facets.brands.truncate(limit);
    Ok(facets)
}

pub(super) fn active_users(connection: &Connection, limit: u64) -> Result<Vec<String>, Cause> {
    let sql = "SELECT active_users FROM summary";
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
