//! What became of the events that were sent, by what the store holds.

use std::collections::{BTreeMap, BTreeSet};

use storage::block_on;

use super::schedule::Sent;

/// More events than any user has here.
const ALL: u64 = 1_000_000;

/// Events sent, and what is wrong with what is kept.
#[derive(Clone, Copy, Debug, Default)]
pub struct Audit {
    sent: usize,
    /// Sent, but not in the store.
    pub lost: usize,
    /// In the store more than once, or never sent.
    pub doubled: usize,
}

impl Audit {
    /// Compares what users did by the store with what was sent.
    pub fn of(store: &str, sent: &[Sent]) -> anyhow::Result<Self> {
        let mut by_user: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for event in sent {
            by_user.entry(&event.user).or_default().insert(&event.id);
        }
        let mut audit = Self { sent: sent.len(), ..Self::default() };
        block_on(async {
            let store = storage::open(store).await?;
            for (user, mut wanted) in by_user {
                let found = store.events_of_user(user, ALL).await?;
                audit.doubled += found.iter().filter(|event| !wanted.remove(event.id.as_str())).count();
                audit.lost += wanted.len();
            }
            Ok(audit)
        })
    }

    /// Counts another part in.
    pub fn add(&mut self, other: &Self) {
        self.sent += other.sent;
        self.lost += other.lost;
        self.doubled += other.doubled;
    }

    /// For people.
    pub fn row(&self) -> String {
        format!("of {} events sent {} were lost and {} doubled", self.sent, self.lost, self.doubled)
    }
}
