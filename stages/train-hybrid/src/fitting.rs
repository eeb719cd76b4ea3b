//! From a table of candidates to shares: of all users, of each segment, and of the best part alone.

use recommender::{
    algorithms::hybrid::Blend,
    blending::{UserCandidates, refine},
};

use crate::{error::Error, params::Params, start::first_weights};

/// Least share of the popularity part in a blend: it orders items that no other part tells apart.
const POPULARITY_SHARE: f32 = 0.001;

/// What the shares are learned with, beside the users.
pub(crate) struct Task<'a> {
    /// Parameters of the stage.
    pub(crate) params: &'a Params,
    /// Number of parts.
    pub(crate) parts: usize,
    /// The popularity part.
    pub(crate) popularity: usize,
    /// Where segments begin.
    pub(crate) boundaries: Vec<u32>,
}

/// Kinds of blend, from the simplest on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The best part alone.
    BestPart,
    /// The same shares for all users.
    Global,
    /// Shares for each segment.
    Segments,
}

impl Kind {
    /// Every kind.
    pub(crate) const ALL: [Self; 3] = [Self::BestPart, Self::Global, Self::Segments];

    /// The word for it in summary and figures.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::BestPart => "best-part",
            Self::Global => "global",
            Self::Segments => "segments",
        }
    }
}

impl Task<'_> {
    /// The blend of each kind that these users teach, in the order of [`Kind::ALL`].
    pub(crate) fn fit(&self, users: &[&UserCandidates]) -> Result<[Blend; 3], Error> {
        let best = self.best_part(users);
        let global = self.global(users, &best)?;
        let shares = match self.boundaries.len() {
            0 => vec![global.clone()],
            last => (0..=last).map(|segment| self.of_segment(segment, users, &global)).collect(),
        };
        let segments = Blend { boundaries: self.boundaries.clone(), shares };
        Ok([Blend::of_all(best), Blend::of_all(global), segments])
    }

    /// Mean NDCG of a part alone.
    pub(crate) fn quality_of(&self, part: usize, users: &[&UserCandidates]) -> f64 {
        let alone = self.alone(part);
        users.iter().map(|user| user.ndcg(&alone, self.params.k)).sum::<f64>() / users.len().max(1) as f64
    }

    fn alone(&self, part: usize) -> Vec<f32> {
        (0..self.parts).map(|other| f32::from(u8::from(other == part))).collect()
    }

    fn best_part(&self, users: &[&UserCandidates]) -> Vec<f32> {
        let values: Vec<f64> = (0..self.parts).map(|part| self.quality_of(part, users)).collect();
        self.alone((1..self.parts).fold(0, |best, part| if values[part] > values[best] { part } else { best }))
    }

    /// The better of two searches: from the regression's weights, and from the best part.
    fn global(&self, users: &[&UserCandidates], best: &[f32]) -> Result<Vec<f32>, Error> {
        let start = first_weights(self.params, users, self.parts)?;
        let lowest = self.lowest();
        let [learned, grown] = [&start[..], best].map(|start| refine(users, start, &lowest, self.params.k));
        Ok(if grown.ndcg > learned.ndcg { grown.weights } else { learned.weights })
    }

    /// A segment's own shares, drawn towards those of all users the more, the fewer users it has.
    fn of_segment(&self, segment: usize, users: &[&UserCandidates], global: &[f32]) -> Vec<f32> {
        let own: Vec<&UserCandidates> =
            users.iter().copied().filter(|user| self.segment_of(user.known) == segment).collect();
        if own.is_empty() {
            return global.to_vec();
        }
        let refined = refine(&own, global, &self.lowest(), self.params.k).weights;
        let trust = (own.len() as f64 / (own.len() as f64 + self.params.shrinkage)) as f32;
        global.iter().zip(refined).map(|(global, own)| global + trust * (own - global)).collect()
    }

    fn segment_of(&self, known: u32) -> usize {
        self.boundaries.partition_point(|boundary| *boundary <= known)
    }

    fn lowest(&self) -> Vec<f32> {
        self.alone(self.popularity).into_iter().map(|share| share * POPULARITY_SHARE).collect()
    }
}

/// Where segments of about equal size begin: as told, or by quantiles of the users' histories.
pub(crate) fn boundaries(params: &Params, users: &[UserCandidates]) -> Vec<u32> {
    if let Some(boundaries) = &params.boundaries {
        return boundaries.clone();
    }
    let mut lengths: Vec<u32> = users.iter().map(|user| user.known).collect();
    lengths.sort_unstable();
    let count = params.segments as usize;
    let mut boundaries: Vec<u32> = (1..count).map(|part| lengths[lengths.len() * part / count]).collect();
    boundaries.dedup();
    // A boundary at the shortest history would leave the first segment empty.
    boundaries.retain(|boundary| *boundary > lengths[0]);
    boundaries
}
