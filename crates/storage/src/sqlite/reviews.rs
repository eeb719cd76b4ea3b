//! Reviews, in the file of their load.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::catalogue::count;
use crate::{Page, Review, ReviewCount, ReviewRange, error::Cause};

const COLUMNS: &str = "asin, user, time, ordinal, rating, title, text, verified, helpful_votes";

pub(super) fn put(connection: &Connection, reviews: &[Review]) -> Result<(), Cause> {
    let sql = format!("INSERT OR REPLACE INTO reviews ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    let mut insert = connection.prepare_cached(&sql)?;
    for review in reviews {
        insert.execute(params![
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

/// Counts the reviews of each product.
pub(super) fn count_all(connection: &Connection) -> Result<(), Cause> {
    connection.execute("DELETE FROM review_counts", [])?;
    let sql = "INSERT INTO review_counts SELECT asin, count(*) FROM reviews GROUP BY asin ORDER BY asin";
    connection.execute(sql, [])?;
    Ok(())
}

pub(super) fn counts(connection: &Connection, after: Option<&str>, limit: u64) -> Result<Vec<ReviewCount>, Cause> {
    // The empty text is the first there is.
    let (comparison, bound) = after.map_or((">=", ""), |after| (">", after));
    let sql = format!("SELECT asin, reviews FROM review_counts WHERE asin {comparison} ? ORDER BY asin LIMIT ?");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(params![bound, count(limit)], |row| {
        Ok(ReviewCount { asin: row.get(0)?, reviews: row.get::<_, i64>(1)?.unsigned_abs() })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn by_key(connection: &Connection, range: &ReviewRange, limit: u64) -> Result<Vec<Review>, Cause> {
    let limit = count(limit);
    let rows = if let Some(after) = &range.after {
        let sql = format!(
            "SELECT {COLUMNS} FROM reviews WHERE (asin, user, time, ordinal) > (?, ?, ?, ?) AND asin BETWEEN ? AND ?
             ORDER BY asin, user, time, ordinal LIMIT ?"
        );
        let values = params![after.asin, after.user, after.time, after.ordinal, range.first, range.last, limit];
        connection.prepare_cached(&sql)?.query_map(values, review)?.collect::<Result<_, _>>()
    } else {
        let sql = format!(
            "SELECT {COLUMNS} FROM reviews WHERE asin BETWEEN ? AND ? ORDER BY asin, user, time, ordinal LIMIT ?"
        );
        connection
            .prepare_cached(&sql)?
            .query_map(params![range.first, range.last, limit], review)?
            .collect::<Result<_, _>>()
    };
    Ok(rows?)
}

pub(super) fn of_product(connection: &Connection, asin: &str, offset: u64, limit: u64) -> Result<Page<Review>, Cause> {
    let sql = "SELECT reviews FROM review_counts WHERE asin = ?";
    let total: Option<i64> = connection.prepare_cached(sql)?.query_row([asin], |row| row.get(0)).optional()?;
    let sql = format!(
        "SELECT {COLUMNS} FROM reviews WHERE asin = ?
         ORDER BY helpful_votes DESC, time DESC, user, ordinal LIMIT ? OFFSET ?"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(params![asin, count(limit), count(offset)], review)?;
    Ok(Page { rows: rows.collect::<Result<_, _>>()?, total: total.unwrap_or_default().unsigned_abs(), offset })
}

pub(super) fn of_user(connection: &Connection, user: &str, limit: u64) -> Result<Vec<Review>, Cause> {
    let sql = format!("SELECT {COLUMNS} FROM reviews WHERE user = ? ORDER BY time DESC, asin, ordinal LIMIT ?");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(params![user, count(limit)], review)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Reads a row of [`COLUMNS`].
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
