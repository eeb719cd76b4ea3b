//! What a page without any model would show: the most rated products, less what the user has.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::{failure::SimulationError, site::Site};

/// How old the list may be: the site's own figures change while it is measured.
const AGE: Duration = Duration::from_secs(1);
/// Longest list that is asked for.
const MOST: usize = 1_000;

/// The site's most rated products, asked for again and again.
pub struct Popular<'a> {
    site: &'a Site,
    depth: usize,
    held: Mutex<Option<(Instant, Arc<Vec<String>>)>>,
}

impl<'a> Popular<'a> {
    /// Deep enough for lists of `k` for users who have up to `longest` products.
    pub fn new(site: &'a Site, k: usize, longest: usize) -> Self {
        Self { site, depth: (k + longest).min(MOST), held: Mutex::new(None) }
    }

    /// The products at this moment, most rated first.
    pub fn now(&self) -> Result<Arc<Vec<String>>, SimulationError> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, list)) = &*held
            && at.elapsed() < AGE
        {
            return Ok(Arc::clone(list));
        }
        let products = self.site.products(self.depth)?;
        let list = Arc::new(products.into_iter().map(|product| product.asin).collect());
        *held = Some((Instant::now(), Arc::clone(&list)));
        Ok(list)
    }
}

/// The rank of a product among the first `k` that the user does not have.
pub fn rank(list: &[String], item: &str, has: &HashSet<&str>, k: usize) -> Option<u32> {
    let shown = list.iter().filter(|other| !has.contains(other.as_str())).take(k);
    shown.zip(1..).find(|(other, _)| *other == item).map(|(_, rank)| rank)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_user_has_makes_room() {
        let list = ["a", "b", "c", "d"].map(str::to_owned);
        let has = HashSet::from(["a", "c"]);
        assert_eq!(rank(&list, "d", &has, 2), Some(2));
        assert_eq!(rank(&list, "d", &HashSet::new(), 2), None);
        assert_eq!(rank(&list, "a", &has, 4), None);
    }
}
