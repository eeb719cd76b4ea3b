//! How much of the variance of a value belongs to each of two crossed groupings, such as users and items.
//!
//! The model is `r = μ + b(user) + b(item) + e` with independent random terms of variances σ²ᵤ, σ²ᵢ and σ²ₑ. The three
//! are found by the method of moments of Gao and Owen 2017 ("Efficient moment calculations for variance components in
//! large unbalanced crossed random effects models", Electronic Journal of Statistics 11): sums of squares within users,
//! within items and in all, set equal to what the model expects of them. It costs one pass, and groups of any sizes may
//! be missing any pairs. Pairs that come more than once, which they leave out, are allowed for.

/// Sums that the components are computed from.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sums {
    /// Values.
    pub count: f64,
    /// Their sum.
    pub sum: f64,
    /// Sum of their squares.
    pub squares: f64,
    /// The same over users.
    pub users: Grouping,
    /// The same over items.
    pub items: Grouping,
}

/// Sums over the groups of a grouping, `n` being the values of a group.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Grouping {
    /// Groups.
    pub groups: f64,
    /// `Σ s² / n` with the sum `s` of the values of a group.
    pub explained: f64,
    /// `Σ n²`.
    pub sizes: f64,
    /// `Σ p² / n` over the pairs of user and item, `p` being the values of a pair and `n` those of its group.
    pub pairs: f64,
}

impl Grouping {
    /// Adds a group by how many values it has and their sum.
    pub fn add(&mut self, values: f64, sum: f64) {
        self.groups += 1.0;
        self.explained += sum * sum / values;
        self.sizes += values * values;
    }

    /// Sum of squares within the groups.
    fn within(&self, squares: f64) -> f64 {
        (squares - self.explained).max(0.0)
    }

    /// Share of the sum of squares that the means of the groups explain. A group of one value explains it wholly, so
    /// many small groups make this large whatever the values are.
    pub fn explained_share(&self, sums: &Sums) -> Option<f64> {
        let all = sums.in_all();
        (all > 0.0).then(|| ((all - self.within(sums.squares)) / all).clamp(0.0, 1.0))
    }

    /// Intraclass correlation of the one-way analysis of variance with unequal groups: what two values of one group
    /// have in common, with the other grouping left out of account. May be below 0 by chance.
    pub fn intraclass(&self, sums: &Sums) -> Option<f64> {
        let within = self.within(sums.squares);
        let between = (sums.in_all() - within).max(0.0);
        let (among, left) = (self.groups - 1.0, sums.count - self.groups);
        if among <= 0.0 || left <= 0.0 || sums.in_all() <= 0.0 {
            return None;
        }
        let (between, within) = (between / among, within / left);
        let size = (sums.count - self.sizes / sums.count) / among;
        Some((between - within) / (between + (size - 1.0) * within))
    }
}

impl Sums {
    /// Sum of squares around the mean.
    fn in_all(&self) -> f64 {
        (self.squares - self.sum * self.sum / self.count).max(0.0)
    }

    /// Variances that belong to user, item and neither; below 0 by chance where a grouping does not matter. None where
    /// the values do not tell them apart, as when every user has one value.
    pub fn components(&self) -> Option<[f64; 3]> {
        let (n, all) = (self.count, self.in_all());
        let (in_users, in_items) = (self.users.within(self.squares), self.items.within(self.squares));
        // in_users = b1 σ²ᵢ + e1 σ²ₑ, in_items = a2 σ²ᵤ + e2 σ²ₑ, all = a3 σ²ᵤ + b3 σ²ᵢ + (n − 1) σ²ₑ.
        let (b1, e1) = (n - self.users.pairs, n - self.users.groups);
        let (a2, e2) = (n - self.items.pairs, n - self.items.groups);
        let (a3, b3) = (n - self.users.sizes / n, n - self.items.sizes / n);
        if b1 <= 0.0 || a2 <= 0.0 {
            return None;
        }
        let left = n - 1.0 - a3 * e2 / a2 - b3 * e1 / b1;
        if left.abs() < 1e-9 * n {
            return None;
        }
        let rest = (all - a3 * in_items / a2 - b3 * in_users / b1) / left;
        Some([(in_items - e2 * rest) / a2, (in_users - e1 * rest) / b1, rest])
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// Sums of rows of user, item and value.
    fn sums(rows: &[(u32, u32, f64)]) -> Sums {
        let (mut users, mut items, mut pairs) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let mut sums = Sums { count: rows.len() as f64, ..Sums::default() };
        for (user, item, value) in rows {
            sums.sum += value;
            sums.squares += value * value;
            for (groups, key) in [(&mut users, *user), (&mut items, *item)] {
                let group: &mut (f64, f64) = groups.entry(key).or_default();
                *group = (group.0 + 1.0, group.1 + value);
            }
            *pairs.entry((*user, *item)).or_insert(0.0) += 1.0;
        }
        for (grouping, groups) in [(&mut sums.users, &users), (&mut sums.items, &items)] {
            for (values, sum) in groups.values() {
                grouping.add(*values, *sum);
            }
        }
        for ((user, item), values) in &pairs {
            sums.users.pairs += values * values / users[user].0;
            sums.items.pairs += values * values / items[item].0;
        }
        sums
    }

    /// A full table of users and items.
    fn full(value: impl Fn(u32, u32) -> f64, users: u32, items: u32) -> Sums {
        let row = |user| (0..items).map(move |item| (user, item)).collect::<Vec<_>>();
        let rows: Vec<_> = (0..users).flat_map(row).map(|(user, item)| (user, item, value(user, item))).collect();
        sums(&rows)
    }

    #[test]
    fn a_full_table_by_hand() {
        // Rows 1 2, 3 6: in all 14 around the mean 3; within users 0.5 + 4.5 = 5; within items 2 + 8 = 10.
        // 5 = 2 i + 2 e, 10 = 2 u + 2 e, 14 = 2 u + 2 i + 3 e: e = 1, i = 1.5, u = 4.
        let sums = full(|user, item| [[1.0, 2.0], [3.0, 6.0]][user as usize][item as usize], 2, 2);
        assert_eq!(sums.components(), Some([4.0, 1.5, 1.0]));
        assert_eq!(sums.users.explained_share(&sums), Some(9.0 / 14.0));
        // Between users 9 / 1, within 5 / 2, groups of 2: 6.5 / 11.5.
        assert_eq!(sums.users.intraclass(&sums), Some(6.5 / 11.5));
    }

    #[test]
    fn each_effect_alone() {
        let of = |value: fn(u32, u32) -> f64| full(value, 5, 4).components().unwrap();
        let users = of(|user, _| f64::from(user));
        assert!((users[0] - 2.5).abs() < 1e-9 && users[1].abs() < 1e-9 && users[2].abs() < 1e-9, "{users:?}");
        let items = of(|_, item| f64::from(item));
        assert!(items[0].abs() < 1e-9 && (items[1] - 5.0 / 3.0).abs() < 1e-9 && items[2].abs() < 1e-9, "{items:?}");
    }

    #[test]
    fn a_pair_that_comes_again_tells_of_neither() {
        // Users 0 and 1 rate item 0 twice, alike: only the difference between users is left. Within items:
        // 4 = (4 − (4 + 4) / 4) u + 3 e; within users 0 = 0 i + 2 e, so that items cannot be told.
        let sums = sums(&[(0, 0, 1.0), (0, 0, 1.0), (1, 0, 3.0), (1, 0, 3.0)]);
        assert_eq!((sums.users.pairs, sums.items.pairs), (4.0, 2.0));
        assert_eq!(sums.components(), None);
    }

    #[test]
    fn one_value_a_user_tells_nothing() {
        assert_eq!(sums(&[(0, 0, 1.0), (1, 0, 2.0), (2, 1, 4.0)]).components(), None);
        let same = full(|_, _| 5.0, 3, 3);
        assert_eq!((same.components(), same.users.explained_share(&same)), (Some([0.0; 3]), None));
    }

    proptest! {
        #[test]
        fn the_order_of_rows_does_not_matter(
            rows in proptest::collection::vec((0_u32..6, 0_u32..6, 1_u32..6), 3..60),
        ) {
            let mut rows: Vec<_> = rows.into_iter().map(|(user, item, value)| (user, item, f64::from(value))).collect();
            let there = sums(&rows).components();
            rows.reverse();
            let back = sums(&rows).components();
            prop_assert_eq!(there.is_some(), back.is_some());
            if let (Some(there), Some(back)) = (there, back) {
                prop_assert!(there.iter().zip(back).all(|(a, b)| (a - b).abs() < 1e-6 * (1.0 + a.abs())));
            }
        }
    }
}
