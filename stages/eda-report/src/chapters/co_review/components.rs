//! Which users and products hang together by reviews.

use reports::bins::{doubling, doubling_label};

use super::{ComponentBin, Components};
use crate::{data::Data, formulas::components::Components as Sets};

pub fn measure(data: &Data) -> Components {
    let (users, items, reviews) = (data.users.len() as u32, data.items.len() as u32, &data.reviews);
    // Users first, then items.
    let mut sets = Sets::new((users + items) as usize);
    for (user, item) in reviews.user.iter().zip(&reviews.item) {
        sets.join(*user, users + item);
    }
    // Users, items and reviews by root.
    let mut sizes = vec![[0_u32; 3]; (users + items) as usize];
    for thing in 0..users + items {
        sizes[sets.find(thing) as usize][usize::from(thing >= users)] += 1;
    }
    for item in 0..items {
        sizes[sets.find(users + item) as usize][2] += data.items.reviews[item as usize];
    }
    sizes.retain(|size| size[1] > 0);
    // Of equally large ones the first.
    let giant = sizes.iter().rev().max_by_key(|size| size[0] + size[1]).copied().unwrap_or_default().map(u64::from);
    Components {
        count: sizes.len() as u64,
        users: u64::from(users),
        items: u64::from(items),
        reviews: reviews.len() as u64,
        giant_users: giant[0],
        giant_items: giant[1],
        giant_reviews: giant[2],
        of_one_item: sizes.iter().filter(|size| size[1] == 1).count() as u64,
        sizes: bins(&sizes),
    }
}

fn bins(sizes: &[[u32; 3]]) -> Vec<ComponentBin> {
    let mut bins = Vec::new();
    for size in sizes {
        let bin = doubling(u64::from(size[0] + size[1]));
        bins.resize(bins.len().max(bin + 1), 0);
        bins[bin] += 1;
    }
    // A component has a user and an item at least.
    let named = bins.into_iter().enumerate().skip(2);
    named.map(|(bin, components)| ComponentBin { size: doubling_label(bin), components }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::fixture::{data, row};

    #[test]
    fn components_by_hand() {
        // u–a, u–b, v–b | w–c, w–c | x–d.
        let pairs = [("u", "a"), ("u", "b"), ("v", "b"), ("w", "c"), ("w", "c"), ("x", "d")];
        let found = measure(&data(&pairs.map(|(user, item)| row(user, item, 5.0, 0))));
        assert_eq!((found.count, found.of_one_item), (3, 2));
        assert_eq!((found.giant_users, found.giant_items, found.giant_reviews), (2, 2, 3));
        let sizes: Vec<(&str, u64)> = found.sizes.iter().map(|bin| (bin.size.as_str(), bin.components)).collect();
        assert_eq!(sizes, [("2", 2), ("3–4", 1)]);
    }
}
