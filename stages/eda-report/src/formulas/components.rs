//! Which things hang together: connected components by union-find.

/// Sets that are joined one pair after the other.
pub struct Components {
    parent: Vec<u32>,
}

impl Components {
    /// So many things, each alone.
    pub fn new(count: usize) -> Self {
        Self { parent: (0..count as u32).collect() }
    }

    /// The smallest member of the set of a thing.
    pub fn find(&mut self, thing: u32) -> u32 {
        let mut thing = thing;
        while self.parent[thing as usize] != thing {
            let above = self.parent[self.parent[thing as usize] as usize];
            self.parent[thing as usize] = above;
            thing = above;
        }
        thing
    }

    /// Joins the sets of two things.
    pub fn join(&mut self, one: u32, other: u32) {
        let (one, other) = (self.find(one), self.find(other));
        self.parent[one.max(other) as usize] = one.min(other);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sets_by_hand() {
        let mut sets = Components::new(6);
        for (one, other) in [(4, 2), (5, 1), (2, 5)] {
            sets.join(one, other);
        }
        assert_eq!([0, 1, 2, 3, 4, 5].map(|thing| sets.find(thing)), [0, 1, 1, 3, 1, 1]);
    }

    proptest! {
        #[test]
        fn the_order_of_joining_does_not_matter(pairs in proptest::collection::vec((0_u32..30, 0_u32..30), 0..40)) {
            let of = |pairs: &[(u32, u32)]| {
                let mut sets = Components::new(30);
                for (one, other) in pairs {
                    sets.join(*one, *other);
                }
                (0..30).map(|thing| sets.find(thing)).collect::<Vec<u32>>()
            };
            let reversed: Vec<(u32, u32)> = pairs.iter().rev().copied().collect();
            prop_assert_eq!(of(&pairs), of(&reversed));
        }
    }
}
