//! What the stage found, as it writes it beside the model.

use recommender::{
    algorithms::hybrid::{Blend, Part},
    blending::UserCandidates,
};
use serde::Serialize;

use crate::{
    crossfit::{Chosen, Comparison},
    fitting::{Kind, Task},
};

/// The content of the output `blend`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figures {
    /// `best-part`, `global` or `segments`; `fixed` or `earlier` where the shares were given.
    pub kind: &'static str,
    /// One entry a part, those without a share included.
    pub parts: Vec<PartFigures>,
    /// What validation taught; none where the shares were given.
    pub learned: Option<Learned>,
}

/// One part.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PartFigures {
    /// Name of the stage that trained it.
    pub name: String,
    /// Name of its algorithm.
    pub algorithm: &'static str,
    /// The mean of its best scores, by which they are divided.
    pub scale: f32,
    /// Its share of the blend, one value a segment.
    pub shares: Vec<f64>,
    /// Mean NDCG on validation of the part alone.
    pub ndcg: Option<f64>,
}

/// What validation taught.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Learned {
    /// Length of list of the NDCG.
    pub k: u32,
    /// Numbers of known items from which on the next segment counts; empty without segments.
    pub boundaries: Vec<u32>,
    /// Mean NDCG of the chosen blend on users that it did not learn from.
    pub held_out: f64,
    /// The same of the best part, of one blend for all, and of one a segment.
    pub held_out_of_kinds: Vec<(&'static str, f64)>,
    /// The chosen blend less the best part on those users.
    pub comparison: Comparison,
}

impl Figures {
    /// Of shares that were given, by hand (`fixed`) or by an earlier run.
    pub(crate) fn given(kind: &'static str, parts: &[Part], blend: &Blend) -> Self {
        Self { kind, parts: of_parts(parts, blend, |_| None), learned: None }
    }

    /// Of shares that were learned on these users.
    pub(crate) fn learned(parts: &[Part], task: &Task, chosen: &Chosen, users: &[UserCandidates]) -> Self {
        let users: Vec<&UserCandidates> = users.iter().collect();
        let learned = Learned {
            k: task.params.k,
            boundaries: chosen.blend.boundaries.clone(),
            held_out: chosen.held_out[chosen.kind as usize],
            held_out_of_kinds: Kind::ALL.iter().map(|kind| kind.name()).zip(chosen.held_out).collect(),
            comparison: chosen.comparison.clone(),
        };
        let parts = of_parts(parts, &chosen.blend, |part| Some(task.quality_of(part, &users)));
        Self { kind: chosen.kind.name(), parts, learned: Some(learned) }
    }
}

fn of_parts(parts: &[Part], blend: &Blend, ndcg: impl Fn(usize) -> Option<f64>) -> Vec<PartFigures> {
    let shares = |part: usize| {
        let share = |shares: &Vec<f32>| f64::from(shares[part]) / f64::from(shares.iter().sum::<f32>());
        blend.shares.iter().map(share).collect()
    };
    let of_part = |(place, part): (usize, &Part)| PartFigures {
        name: part.name.clone(),
        algorithm: part.model.algorithm(),
        scale: part.scale,
        shares: shares(place),
        ndcg: ndcg(place),
    };
    parts.iter().enumerate().map(of_part).collect()
}
