//! The second pass: flat rows of totals (see [`Layout`]) of the population, the sample, and their parts.
//!
//! The parts: *layers* of 64 groups of the sample, from which the jackknife takes variances; layers of
//! the population, from which those of fair samples are known; and *frames* of blocks of sample and rest,
//! which the permutation test shuffles. All divide whole units by bits of their hash that have no part
//! in the choice. Memory does not depend on the rows.

use crate::{
    Unit,
    census::{Census, MOST, clamped, day},
    hashing::position,
    layout::{Layout, ROW_VARIABLES, SUMS, sum},
    review::Review,
    selection::Decision,
};

/// Groups of the jackknife.
pub(crate) const GROUPS: usize = 64;
/// Most blocks of the rest in a frame.
const MOST_REST_BLOCKS: f64 = 960.0;

/// What of the population is known besides the sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// Every row.
    All,
    /// Only how many reviews each unit has.
    Units,
}

/// By what rows are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    User,
    Item,
    Row,
}

/// Rows in 64 groups of whole units, each weighted for a variance.
pub(crate) struct Layer {
    pub(crate) by: By,
    /// −1 where the variance of the layer is taken off.
    pub(crate) sign: f64,
    /// One flat row a group.
    pub(crate) groups: Vec<f64>,
}

/// Blocks of equally many units: first those of the sample, then those of the rest.
pub(crate) struct Frame {
    pub(crate) by: By,
    /// Blocks of the sample.
    pub(crate) samples: usize,
    /// Blocks of the rest.
    pub(crate) rests: usize,
    /// Share of the units that are in the sample.
    share: f64,
    /// One flat row (without sums) a block.
    pub(crate) counts: Vec<u32>,
}

/// Totals of the population, the sample and their parts.
pub(crate) struct Tally<'a> {
    pub(crate) unit: Unit,
    pub(crate) census: &'a Census,
    pub(crate) layout: &'a Layout,
    /// Whether the population's rows were all counted.
    pub(crate) known: Known,
    /// Of all rows.
    pub(crate) population: Vec<f64>,
    /// Of the kept rows, each counted 1 / probability times.
    pub(crate) estimate: Vec<f64>,
    /// Kept rows.
    pub(crate) rows: u64,
    /// Probability of a row to stay with a user or product that has others; none where it differs.
    pub(crate) thinned: Option<f64>,
    /// The sample, shrunk for the finite population.
    pub(crate) layers: Vec<Layer>,
    /// The population, each row weighted by how much its choice varies.
    pub(crate) fair: Vec<Layer>,
    pub(crate) frames: Vec<Frame>,
    /// Kept reviews of each user.
    pub(crate) user_rows: Vec<u32>,
    /// Kept reviews of each product.
    pub(crate) item_rows: Vec<u32>,
    /// Kept rows by day, weighted.
    pub(crate) days: Vec<f64>,
    /// Kept rows by text length, weighted.
    pub(crate) lengths: Vec<f64>,
    /// Kept rows by helpful votes, weighted.
    pub(crate) votes: Vec<f64>,
    /// Kept units by their reviews, weighted; zeros where users or products are no units.
    pub(crate) degrees: Vec<f64>,
}

impl Layer {
    fn new(by: By, sign: f64, width: usize) -> Self {
        Self { by, sign, groups: vec![0.0; GROUPS * width] }
    }

    /// The flat row of the group of a unit.
    fn row(&mut self, hash: u64, width: usize) -> &mut [f64] {
        let group = (position(hash) * GROUPS as f64) as usize;
        &mut self.groups[group * width..(group + 1) * width]
    }

    /// What a row of the population counts for: the root of its part in the variance of totals.
    fn spread(&self, unit: Unit, probability: f64) -> f64 {
        let of = |probability: f64| if probability > 0.0 { (1.0 - probability).max(0.0) / probability } else { 0.0 };
        match (unit, self.by) {
            (Unit::UserItem, By::Row) => of(probability.sqrt()),
            (Unit::UserItem, _) => of(probability.sqrt()).sqrt(),
            _ => of(probability).sqrt(),
        }
    }

    /// What the difference of a group counts for: the root of the finite population's factor.
    fn shrink(&self, unit: Unit, probability: f64) -> f64 {
        match (unit, self.by) {
            (Unit::UserItem, By::Row) => 1.0 - probability.sqrt(),
            (Unit::UserItem, _) => (1.0 - probability.sqrt()).max(0.0).sqrt(),
            _ => (1.0 - probability).max(0.0).sqrt(),
        }
    }
}

impl Frame {
    /// Blocks for a sample that holds this share of the units.
    fn new(by: By, share: f64, width: usize) -> Self {
        // The smaller side has 64 blocks, as far as that is possible.
        let samples = GROUPS * (share / (1.0 - share)).ceil().clamp(1.0, 16.0) as usize;
        let block = share / samples as f64;
        let rests = ((1.0 - share) / block + 1e-9).floor().min(MOST_REST_BLOCKS) as usize;
        Self { by, samples, rests, share, counts: vec![0; (samples + rests) * (width - SUMS)] }
    }

    /// The flat row of the block of a unit, if it has one.
    fn row(&mut self, hash: u64, is_kept: bool, width: usize) -> Option<&mut [u32]> {
        let width = width - SUMS;
        let block = if is_kept {
            (position(hash) * self.samples as f64) as usize
        } else {
            let block = position(hash) * (1.0 - self.share) * self.samples as f64 / self.share;
            if block >= self.rests as f64 {
                return None;
            }
            self.samples + block as usize
        };
        Some(&mut self.counts[block * width..(block + 1) * width])
    }
}

impl<'a> Tally<'a> {
    /// An empty tally. `share` of the units are in the sample; none where it differs by stratum.
    pub(crate) fn new(unit: Unit, census: &'a Census, layout: &'a Layout, share: Option<f64>) -> Self {
        let width = layout.width;
        let layers = match unit {
            Unit::User => vec![Layer::new(By::User, 1.0, width)],
            Unit::Asin => vec![Layer::new(By::Item, 1.0, width)],
            Unit::Row => vec![Layer::new(By::Row, 1.0, width)],
            // Rows that share a user and a product vary in both layers and are counted twice.
            Unit::UserItem => vec![
                Layer::new(By::User, 1.0, width),
                Layer::new(By::Item, 1.0, width),
                Layer::new(By::Row, -1.0, width),
            ],
        };
        let share = share.map(|share| if unit == Unit::UserItem { share.sqrt() } else { share });
        let frames = share.filter(|share| *share > 0.0 && *share < 1.0).map_or_else(Vec::new, |share| {
            layers.iter().filter(|layer| layer.sign > 0.0).map(|layer| Frame::new(layer.by, share, width)).collect()
        });
        Self {
            unit,
            census,
            layout,
            known: Known::All,
            population: vec![0.0; width],
            estimate: vec![0.0; width],
            rows: 0,
            thinned: share,
            fair: layers.iter().map(|layer| Layer::new(layer.by, 1.0, width)).collect(),
            layers,
            frames,
            user_rows: vec![0; census.users.len()],
            item_rows: vec![0; census.items.len()],
            days: vec![0.0; census.days.len()],
            lengths: vec![0.0; census.lengths.len()],
            votes: vec![0.0; census.votes.len()],
            degrees: vec![0.0; MOST + 1],
        }
    }

    /// Counts a review.
    pub(crate) fn add(&mut self, review: &Review, user: usize, item: usize, decision: &Decision) {
        let width = self.layout.width;
        let bins = self.layout.places(review, item, self.census.items.rows[item]);
        let sums = Layout::sums(review);
        let first_sum = self.layout.sum(0);
        let add = |row: &mut [f64], weight: f64| {
            bins.iter().flatten().for_each(|place| row[*place] += weight);
            row[first_sum..].iter_mut().zip(sums).for_each(|(total, value)| *total += weight * value);
        };
        add(&mut self.population, 1.0);
        let hash_of = |by: By| [review.user, review.item, review.row][by as usize];
        for layer in &mut self.fair {
            let spread = layer.spread(self.unit, decision.probability);
            add(layer.row(hash_of(layer.by), width), spread);
        }
        for frame in &mut self.frames {
            let [user, item] = decision.sides;
            let (own, other) = if frame.by == By::Item { (item, user) } else { (user, item) };
            // With two kinds of units one is shuffled among the rows of the other's kept ones.
            if (self.unit != Unit::UserItem || other)
                && let Some(row) = frame.row(hash_of(frame.by), own, width)
            {
                bins.iter().flatten().for_each(|place| row[*place] += 1);
            }
        }
        if !decision.keep {
            return;
        }
        let weight = decision.probability.recip();
        add(&mut self.estimate, weight);
        for layer in &mut self.layers {
            let shrunk = weight * layer.shrink(self.unit, decision.probability);
            add(layer.row(hash_of(layer.by), width), shrunk);
        }
        self.rows += 1;
        self.user_rows[user] = self.user_rows[user].saturating_add(1);
        self.item_rows[item] = self.item_rows[item].saturating_add(1);
        self.days[day(review.time)] += weight;
        self.lengths[clamped(review.length)] += weight;
        self.votes[clamped(review.votes)] += weight;
    }

    /// Counts the units, once all rows are counted; `probability` of each to be kept, by its index.
    pub(crate) fn finish(&mut self, probability: impl Fn(usize) -> f64) {
        let (keys, kept) = match self.unit {
            Unit::User => (&self.census.users, &self.user_rows),
            Unit::Asin => (&self.census.items, &self.item_rows),
            Unit::Row | Unit::UserItem => return,
        };
        let (layout, width) = (self.layout, self.layout.width);
        let (units, busy) = (layout.sum(sum::UNITS), layout.sum(sum::BUSY_UNITS));
        let add = |row: &mut [f64], reviews: u32, weight: f64| {
            row[layout.degree_place(reviews)] += weight;
            row[units] += weight;
            row[busy] += if reviews >= 5 { weight } else { 0.0 };
        };
        for (index, (hash, (all, kept))) in keys.hashes.iter().zip(keys.rows.iter().zip(kept)).enumerate() {
            add(&mut self.population, *all, 1.0);
            let probability = probability(index);
            for layer in &mut self.fair {
                let spread = layer.spread(self.unit, probability);
                add(layer.row(*hash, width), *all, spread);
            }
            if *kept > 0 {
                let weight = probability.recip();
                add(&mut self.estimate, *kept, weight);
                self.degrees[clamped(*kept)] += weight;
                for layer in &mut self.layers {
                    let shrunk = weight * layer.shrink(self.unit, probability);
                    add(layer.row(*hash, width), *kept, shrunk);
                }
            }
            for frame in &mut self.frames {
                for (reviews, is_kept) in [(*kept, true), (all - kept, false)] {
                    if reviews > 0
                        && let Some(row) = frame.row(*hash, is_kept, width)
                    {
                        row[layout.degree_place(reviews)] += 1;
                    }
                }
            }
        }
    }

    /// Takes back what was said about rows of the population, where only those of the sample were read.
    pub(crate) fn forget_rows(&mut self) {
        let degrees = self.layout.variables.get(ROW_VARIABLES).map_or(0..0, |variable| variable.bins.clone());
        let sums = [sum::UNITS, sum::BUSY_UNITS].map(|which| self.layout.sum(which));
        for (place, total) in self.population.iter_mut().enumerate() {
            if !degrees.contains(&place) && !sums.contains(&place) {
                *total = 0.0;
            }
        }
        self.population[self.layout.sum(sum::ROWS)] = self.census.rows as f64;
        self.known = Known::Units;
    }

    /// Whether the jackknife has units in enough of its groups for its variances to hold.
    pub(crate) fn has_enough_groups(&self) -> bool {
        let rows = self.layout.sum(sum::ROWS);
        let is_filled = |group: &&[f64]| group[rows] > 0.0;
        let filled = |layer: &Layer| layer.groups.chunks_exact(self.layout.width).filter(is_filled).count();
        self.layers.iter().all(|layer| filled(layer) >= GROUPS / 2)
    }

    /// Whether nothing was left out.
    pub(crate) fn is_whole(&self) -> bool {
        self.rows == self.census.rows
    }
}
