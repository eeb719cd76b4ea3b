//! What it took to make an artifact, as the orchestrator measured it.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::read_json;

/// The orchestrator keeps what it knows of a run in this file, beside the run's outputs.
const RECORD: &str = "result.json";

/// The cost of the run that wrote an artifact. Measured, so no two runs agree: nothing whose bytes must be
/// reproducible may hold it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// Processor time over all threads.
    pub cpu_ms: u64,
    /// The most memory held at once; 0 where the system does not tell.
    pub peak_memory_bytes: u64,
}

impl Cost {
    /// The cost of the artifact at `path`; none where no orchestrator kept it.
    pub fn of(path: &Path) -> Option<Self> {
        read_json(&path.parent()?.join(RECORD)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_stands_beside_the_artifact() {
        let folder = std::env::temp_dir().join(format!("cost-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("model");
        assert_eq!(Cost::of(&path), None);
        std::fs::write(folder.join(RECORD), r#"{"name": "als", "cpu_ms": 7, "peak_memory_bytes": 9}"#).unwrap();
        assert_eq!(Cost::of(&path), Some(Cost { cpu_ms: 7, peak_memory_bytes: 9 }));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
