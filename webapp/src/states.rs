//! What a worker remembers of users, so that it need not ask the store for each event.
//!
//! True as long as this worker alone applies the users' partition and neither reviews nor model have
//! changed; whoever learns otherwise makes it forget. A full memory starts afresh.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use rocket::futures::{StreamExt, TryStreamExt, stream};
use storage::Store;

use crate::known::Known;
use crate::live::LiveModel;

/// Entries of all users that are kept at most: some hundred bytes each.
const MOST: usize = 400_000;
/// Users who are asked for at the same time.
const AT_ONCE: usize = 8;

/// Known users by partition.
#[derive(Default)]
pub(crate) struct States {
    users: BTreeMap<u32, HashMap<String, Arc<Known>>>,
    entries: usize,
    model: Option<Arc<LiveModel>>,
}

impl States {
    /// Forgets everything if another model, or another state of the catalogue, is live.
    pub fn follow(&mut self, live: Option<&Arc<LiveModel>>) {
        let is_same = match (&self.model, live) {
            (Some(before), Some(now)) => Arc::ptr_eq(before, now),
            (None, None) => true,
            _ => false,
        };
        if !is_same {
            *self = Self { model: live.cloned(), ..Self::default() };
        }
    }

    /// Forgets the users of a partition.
    pub fn forget(&mut self, partition: u32) {
        let users = self.users.remove(&partition).unwrap_or_default();
        self.entries -= users.values().map(|known| known.size()).sum::<usize>();
    }

    /// Asks the store for those users that are not remembered.
    pub async fn remember(
        &mut self,
        store: &dyn Store,
        partition: u32,
        users: impl Iterator<Item = &String>,
    ) -> Result<(), storage::Error> {
        if self.entries > MOST {
            (self.users, self.entries) = (BTreeMap::new(), 0);
        }
        let of = self.users.entry(partition).or_default();
        let missing: Vec<String> = users.filter(|user| !of.contains_key(*user)).cloned().collect();
        let loading = stream::iter(missing).map(|user| async move {
            let known = Known::load(store, &user).await?;
            Ok::<_, storage::Error>((user, known))
        });
        let found: Vec<(String, Known)> = loading.buffered(AT_ONCE).try_collect().await?;
        for (user, known) in found {
            self.entries += known.size();
            of.insert(user, Arc::new(known));
        }
        Ok(())
    }

    /// A remembered user as it was; changed by `change`.
    pub fn change(&mut self, partition: u32, user: &str, change: impl FnOnce(&mut Known)) -> Arc<Known> {
        let known = self.users.entry(partition).or_default().entry(user.to_owned()).or_default();
        self.entries -= known.size();
        change(Arc::make_mut(known));
        self.entries += known.size();
        Arc::clone(known)
    }
}
