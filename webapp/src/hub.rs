//! The open streams of this node, by user.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use std::time::Duration;

use streaming::Start;
use tokio::sync::watch;

use crate::failure::Failure;
use crate::site::Site;
use crate::topics::Update;

/// Updates that are read together at most.
const MOST: usize = 1_000;
/// How long to wait after a failure.
const PAUSE: Duration = Duration::from_millis(500);

/// Hands updates to those who wait for them. A slow reader finds the newest only: each holds a whole list.
#[derive(Default)]
pub(crate) struct Hub(Mutex<HashMap<String, watch::Sender<Option<Arc<Update>>>>>);

impl Hub {
    /// From now on every update of this user; none yet.
    pub fn subscribe(&self, user: &str) -> watch::Receiver<Option<Arc<Update>>> {
        let mut users = self.users();
        users.entry(user.to_owned()).or_insert_with(|| watch::Sender::new(None)).subscribe()
    }

    /// Hands an update to the user's open streams; forgets users who have none any more.
    pub fn publish(&self, update: Update) {
        let mut users = self.users();
        let Some(sender) = users.get(&update.list.user) else { return };
        if sender.receiver_count() == 0 {
            users.remove(&update.list.user);
        } else if !sender.borrow().as_ref().is_some_and(|newest| is_older(&update, newest)) {
            sender.send_replace(Some(Arc::new(update)));
        }
    }

    /// Forgets a user if nobody waits for updates any more.
    pub fn left(&self, user: &str) {
        let mut users = self.users();
        if users.get(user).is_some_and(|sender| sender.receiver_count() == 0) {
            users.remove(user);
        }
    }

    /// Number of open streams.
    pub fn streams(&self) -> usize {
        self.users().values().map(watch::Sender::receiver_count).sum()
    }

    /// Users with open streams.
    fn waiting(&self) -> Vec<String> {
        self.users().keys().cloned().collect()
    }

    fn users(&self) -> MutexGuard<'_, HashMap<String, watch::Sender<Option<Arc<Update>>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether an update comes late: of two workers the one that has lost a partition may be the last to tell.
fn is_older(update: &Update, newest: &Update) -> bool {
    update.list.partition == newest.list.partition && update.list.offset < newest.list.offset
}

/// Hands out the updates of the bus until the task is dropped; failures are logged and tried again.
pub(crate) async fn follow(site: Arc<Site>) {
    loop {
        if let Err(failure) = updates(&site).await {
            site.metrics.errors.add(1);
            tracing::error!("updates are followed again: {}", failure.message);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn updates(site: &Site) -> Result<(), Failure> {
    let mut reader = site.bus.follow(&site.topics.updates, Start::Now).await?;
    catch_up(site).await;
    loop {
        for message in reader.receive(MOST).await? {
            match serde_json::from_slice(&message.payload) {
                Ok(update) => site.hub.publish(update),
                Err(error) => tracing::error!(%error, "an update on the bus cannot be read"),
            }
        }
    }
}

/// Hands out what may have been missed: it is in the store.
pub(crate) async fn catch_up(site: &Site) {
    for user in site.hub.waiting() {
        match site.store.live_list(&user).await {
            Ok(Some(list)) => site.hub.publish(Update { list, grounds: None }),
            Ok(None) => {}
            Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "failed to read a list"),
        }
    }
}

#[cfg(test)]
mod tests {
    use storage::LiveList;

    use super::*;

    fn update(user: &str, offset: u64) -> Update {
        let (user, version) = (user.to_owned(), "v".to_owned());
        Update { list: LiveList { user, version, partition: 0, offset, items: Vec::new() }, grounds: None }
    }

    fn offset(receiver: &mut watch::Receiver<Option<Arc<Update>>>) -> Option<u64> {
        receiver.borrow_and_update().as_ref().map(|update| update.list.offset)
    }

    #[test]
    fn updates_reach_the_streams_of_their_user_and_nobody_else() {
        let hub = Hub::default();
        let (mut ann, mut second, mut ben) = (hub.subscribe("ann"), hub.subscribe("ann"), hub.subscribe("ben"));
        hub.publish(update("ann", 1));
        hub.publish(update("ann", 2));
        hub.publish(update("nobody", 3));
        assert_eq!((offset(&mut ann), offset(&mut second), offset(&mut ben)), (Some(2), Some(2), None));
    }

    #[test]
    fn users_without_streams_are_forgotten() {
        let hub = Hub::default();
        drop(hub.subscribe("ann"));
        hub.left("ann");
        drop(hub.subscribe("ben"));
        hub.publish(update("ben", 1));
        let _stays = hub.subscribe("cat");
        hub.left("cat");
        assert_eq!(hub.users().keys().collect::<Vec<_>>(), ["cat"]);
    }
}
