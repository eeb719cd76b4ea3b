//! The blend of an earlier run of this stage, taken for parts that were fitted anew.
//!
//! Shares are learned on validation rows, so from parts that have not seen them. The parts that are
//! served have seen them; they take the scales and shares that were learned without.

use std::{collections::BTreeMap, path::Path};

use anyhow::Context as _;
use recommender::algorithms::hybrid::{Blend, Part};
use serde::Deserialize;

use crate::error::Error;

/// What is needed of the output `blend`; see [`crate::Figures`].
#[derive(Debug, Deserialize)]
pub(crate) struct Earlier {
    parts: Vec<EarlierPart>,
    learned: Option<EarlierLearned>,
}

#[derive(Debug, Deserialize)]
struct EarlierPart {
    name: String,
    scale: f32,
    shares: Vec<f64>,
}

#[derive(Debug, Deserialize)]
struct EarlierLearned {
    boundaries: Vec<u32>,
}

impl Earlier {
    /// Reads the file that an earlier run wrote.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read(path).with_context(|| format!("read blend {}", path.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("read blend {}", path.display()))
    }

    /// Gives the parts their scales and tells the shares of each. Parts that the earlier run did not have
    /// get none; one that it gave a share to must be there.
    pub(crate) fn apply(&self, parts: &mut [Part]) -> Result<Blend, Error> {
        let known: BTreeMap<&str, &EarlierPart> = self.parts.iter().map(|part| (part.name.as_str(), part)).collect();
        let is_used = |part: &EarlierPart| part.shares.iter().any(|share| *share > 0.0);
        if let Some(missing) =
            self.parts.iter().find(|one| is_used(one) && parts.iter().all(|part| part.name != one.name))
        {
            let found = parts.iter().map(|part| part.name.as_str()).collect::<Vec<_>>().join(", ");
            return Err(Error::MissingPart { part: missing.name.clone(), found });
        }
        let boundaries = self.learned.as_ref().map_or_else(Vec::new, |learned| learned.boundaries.clone());
        let segments = self.parts.iter().map(|part| part.shares.len()).max().unwrap_or(0);
        let share = |part: &Part, segment: usize| {
            known.get(part.name.as_str()).and_then(|part| part.shares.get(segment)).map_or(0.0, |share| *share as f32)
        };
        let shares = (0..segments).map(|segment| parts.iter().map(|part| share(part, segment)).collect()).collect();
        for part in parts {
            if let Some(earlier) = known.get(part.name.as_str()) {
                part.scale = earlier.scale;
            }
        }
        Ok(Blend { boundaries, shares })
    }
}
