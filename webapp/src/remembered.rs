//! What was found in the store a moment ago, by key.
//!
//! For what is asked for again and again and may be as old as [`REMEMBERED`]. Bounded: a full memory starts
//! afresh.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Keys that are remembered at most.
const MOST: usize = 10_000;
/// How long: what the store holds may change.
const REMEMBERED: Duration = Duration::from_secs(30);

/// Values by key.
pub(crate) struct Remembered<T>(Mutex<HashMap<String, (Instant, T)>>);

impl<T> Default for Remembered<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Remembered<T> {
    /// Those that are remembered, and the keys of the others.
    pub fn get<'k>(&self, keys: impl IntoIterator<Item = &'k str>) -> (HashMap<String, T>, Vec<String>) {
        let memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut found, mut missing) = (HashMap::new(), Vec::new());
        for key in keys {
            match memory.get(key) {
                Some((since, value)) if since.elapsed() < REMEMBERED => {
                    found.insert(key.to_owned(), value.clone());
                }
                _ => missing.push(key.to_owned()),
            }
        }
        (found, missing)
    }

    /// Remembers these from now on.
    pub fn put<'k>(&self, values: impl ExactSizeIterator<Item = (&'k String, &'k T)>)
    where
        T: 'k,
    {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if memory.len() + values.len() > MOST {
            memory.clear();
        }
        let now = Instant::now();
        memory.extend(values.map(|(key, value)| (key.clone(), (now, value.clone()))));
    }

    /// Forgets those that have changed.
    pub fn forget<'k>(&self, keys: impl Iterator<Item = &'k str>) {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys.for_each(|key| drop(memory.remove(key)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_is_there_until_it_is_forgotten_or_the_memory_is_full() {
        let memory = Remembered::default();
        memory.put(HashMap::from([("a".to_owned(), 1), ("b".to_owned(), 2)]).iter());
        assert_eq!(memory.get(["a", "c"]), (HashMap::from([("a".to_owned(), 1)]), vec!["c".to_owned()]));
        memory.forget(["a"].into_iter());
        assert_eq!(memory.get(["a", "b"]).1, ["a"]);
        let many: HashMap<String, usize> = (0..MOST).map(|number| (format!("n{number}"), number)).collect();
        memory.put(many.iter());
        assert_eq!(memory.get(["b", "n7"]), (HashMap::from([("n7".to_owned(), 7)]), vec!["b".to_owned()]));
    }
}
