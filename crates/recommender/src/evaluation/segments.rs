//! Groups of users by the length of their history, and of items by their popularity.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Where the groups begin and end.
#[derive(Clone, Debug, PartialEq)]
pub struct Segments {
    /// Interactions from which on a user is light; those with fewer are cold.
    pub light_from: u32,
    /// Interactions from which on a user is heavy.
    pub heavy_from: u32,
    /// Share of the catalogue, most popular first, that is the head.
    pub head_share: f64,
}

impl Default for Segments {
    fn default() -> Self {
        Self { light_from: 5, heavy_from: 20, head_share: 0.2 }
    }
}

/// The group of a user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UserSegment {
    /// A short history or none.
    #[default]
    Cold,
    /// Between the two.
    Light,
    /// A long history.
    Heavy,
}

impl UserSegment {
    /// All groups, shortest history first.
    pub const ALL: [Self; 3] = [Self::Cold, Self::Light, Self::Heavy];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cold => "cold users",
            Self::Light => "light users",
            Self::Heavy => "heavy users",
        }
    }
}

/// Names of the groups of items, in the order in which they are kept.
pub(super) const ITEM_SEGMENTS: [&str; 2] = ["head items", "tail items"];

/// Figures of one group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SegmentMetrics {
    /// `cold users`, `light users`, `heavy users`, `head items` or `tail items`.
    pub name: String,
    /// Users in it; for items the users who have such an item to find.
    pub users: u64,
    /// Figures by name, as those of the model. For items only held-out items of the group are relevant,
    /// the lists are the same.
    pub values: BTreeMap<String, f64>,
}

impl Segments {
    /// The group of a user with that many interactions.
    pub fn user(&self, interactions: usize) -> UserSegment {
        match interactions {
            count if count < self.light_from as usize => UserSegment::Cold,
            count if count < self.heavy_from as usize => UserSegment::Light,
            _ => UserSegment::Heavy,
        }
    }

    /// Whether each item is in the head; equally popular ones in the order of items. An item that nobody
    /// chose is never in it.
    pub(super) fn head(&self, counts: &[u32]) -> Vec<bool> {
        let size = (counts.len() as f64 * self.head_share).ceil() as usize;
        let mut order: Vec<u32> = (0..counts.len() as u32).collect();
        order.sort_by_key(|item| std::cmp::Reverse(counts[*item as usize]));
        let mut is_head = vec![false; counts.len()];
        for item in order.into_iter().take(size).filter(|item| counts[*item as usize] > 0) {
            is_head[item as usize] = true;
        }
        is_head
    }
}

#[cfg(test)]
mod tests {
    use super::{
        UserSegment::{Cold, Heavy, Light},
        *,
    };

    #[test]
    fn users_and_items_fall_into_their_groups() {
        let segments = Segments { light_from: 2, heavy_from: 4, head_share: 0.4 };
        let of: Vec<UserSegment> = [0, 1, 2, 3, 4, 9].into_iter().map(|count| segments.user(count)).collect();
        assert_eq!(of, [Cold, Cold, Light, Light, Heavy, Heavy]);
        // Two of five items; items 1 and 3 are as popular, the first of them is taken.
        assert_eq!(segments.head(&[0, 3, 9, 3, 1]), [false, true, true, false, false]);
        assert_eq!(segments.head(&[0, 0]), [false, false]);
    }
}
