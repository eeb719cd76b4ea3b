//! What a worker remembers of the users of a partition, so that it need not ask the store for each event.
//!
//! True as long as this worker alone applies the partition and neither reviews nor model have changed;
//! whoever learns otherwise makes it forget.

use std::collections::HashMap;
use std::sync::Arc;

use rocket::futures::{StreamExt, TryStreamExt, stream};
use storage::Store;

use crate::known::Known;
use crate::live::LiveModel;

/// Users who are asked for at the same time.
const AT_ONCE: usize = 8;

/// Known users.
#[derive(Default)]
pub(crate) struct States {
    users: HashMap<String, Arc<Known>>,
    size: usize,
    model: Option<Arc<LiveModel>>,
}

impl States {
    /// How much is remembered, in entries of users.
    pub fn size(&self) -> usize {
        self.size
    }

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

    /// Asks the store for those users that are not remembered.
    pub async fn remember(
        &mut self,
        store: &dyn Store,
        users: impl Iterator<Item = &String>,
    ) -> Result<(), storage::Error> {
        let missing: Vec<String> = users.filter(|user| !self.users.contains_key(*user)).cloned().collect();
        let loading = stream::iter(missing).map(|user| async move {
            let known = Known::load(store, &user).await?;
            Ok::<_, storage::Error>((user, known))
        });
        let found: Vec<(String, Known)> = loading.buffered(AT_ONCE).try_collect().await?;
        for (user, known) in found {
            self.size += known.size();
            self.users.insert(user, Arc::new(known));
        }
        Ok(())
    }

    /// A remembered user as it was; changed by `change`.
    pub fn change(&mut self, user: &str, change: impl FnOnce(&mut Known)) -> Arc<Known> {
        let known = self.users.entry(user.to_owned()).or_default();
        self.size -= known.size();
        change(Arc::make_mut(known));
        self.size += known.size();
        Arc::clone(known)
    }
}
