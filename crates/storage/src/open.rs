//! Opening a store by URL.

use std::sync::{Arc, LazyLock};

use tokio::{runtime::Runtime, task::JoinHandle};

use crate::{Error, Store, mongo::Mongo, sqlite::Sqlite};

/// Opens the store that a URL names, and makes what is missing (file, folder, tables, indexes).
///
/// - `sqlite://PATH`: relative to the current folder, or absolute as in `sqlite:///srv/store.db`.
/// - `mongodb://[USER:PASSWORD@]HOST:PORT/DATABASE` or `mongodb+srv://...`, with the driver's options
///   after `?`; the database is `recommender` if none is named.
///
/// It answers only if the store does: an unreachable one is [`Error::Unreachable`] within seconds.
pub async fn open(url: &str) -> Result<Arc<dyn Store>, Error> {
    match url.split_once("://") {
        Some(("sqlite", path)) => Ok(Arc::new(Sqlite::open(url, path).await?)),
        Some(("mongodb" | "mongodb+srv", _)) => Ok(Arc::new(Mongo::open(url).await?)),
        _ => Err(Error::Url { url: without_password(url), problem: unknown(url) }),
    }
}

/// Runs a future to its end, for callers that are not async (the stages).
///
/// All calls share one runtime of several threads, started by the first, so that the connections of
/// a store opened in one call live on in the next.
///
/// # Panics
/// When called from async code (await there instead), or when the system can start no thread.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    RUNTIME.block_on(future)
}

/// Starts a future on the runtime of [`block_on`].
pub(crate) fn spawn<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    RUNTIME.spawn(future)
}

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Runtime::new().expect("the system can start the threads of the runtime"));

/// The URL as it may be shown: the password replaced, options (which may hold secrets) left out.
///
/// Everything up to the last `@` counts as credentials, so that a password with unescaped
/// characters does not leak either.
pub fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    if scheme == "sqlite" {
        return url.to_owned();
    }
    let (user, place) = match rest.rsplit_once('@') {
        Some((credentials, place)) => (credentials.split_once(':').map_or(credentials, |(user, _)| user), place),
        None => ("", rest),
    };
    let place = place.split_once('?').map_or(place, |(place, _)| place);
    match (user, rest.contains('@')) {
        (_, false) => format!("{scheme}://{place}"),
        (user, true) => format!("{scheme}://{user}:***@{place}"),
    }
}

/// What is wrong with a URL of no known scheme, with the nearest right form.
fn unknown(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").or_else(|| url.split_once(':')).unwrap_or(("", url));
    let rest = rest.trim_start_matches("//");
    let lower = scheme.to_lowercase();
    let nearest = match lower.as_str() {
        _ if lower.starts_with("mongo") => without_password(&format!("mongodb://{rest}")),
        _ if lower.starts_with("sql") => format!("sqlite://{rest}"),
        "" | "file" if !rest.is_empty() => format!("sqlite://{rest}"),
        "" => return "it is empty".into(),
        _ => return format!("`{scheme}` is no known kind of store"),
    };
    format!("did you mean `{nearest}`?")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_nearest_right_form() {
        for (url, nearest) in [
            ("mongo://h:1/d", "did you mean `mongodb://h:1/d`?"),
            ("mongodb:h/d", "did you mean `mongodb://h/d`?"),
            ("MongoDB://u:p@h/d", "did you mean `mongodb://u:***@h/d`?"),
            ("sqlite3://a.db", "did you mean `sqlite://a.db`?"),
            ("sqlite:a.db", "did you mean `sqlite://a.db`?"),
            (".cache/store.db", "did you mean `sqlite://.cache/store.db`?"),
            ("redis://h", "`redis` is no known kind of store"),
            ("", "it is empty"),
        ] {
            let Err(error) = block_on(open(url)) else { panic!("`{url}` was opened") };
            assert!(error.to_string().contains(nearest), "{url}: {error}");
            assert!(!error.to_string().contains("u:p@"), "{error}");
        }
    }

    #[test]
    fn shows_no_password() {
        for (url, shown) in [
            ("mongodb://h:1/d", "mongodb://h:1/d"),
            ("mongodb://u:p@h:1/d?tlsCertificateKeyFilePassword=x", "mongodb://u:***@h:1/d"),
            ("mongodb://u:p@ss/w?ord@h/d", "mongodb://u:***@h/d"),
            ("sqlite://a@b.db", "sqlite://a@b.db"),
        ] {
            assert_eq!(without_password(url), shown);
        }
    }
}
