//! The list of stages that a pipeline file can name. A new stage adds one line here and one
//! dependency in `Cargo.toml`.

use pipeline::{Stage, StageEntry};

use crate::configuration::{did_you_mean, list_of};

/// Hash of the code that decides each stage's output, by package; made by `build.rs`.
const CODE: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/code_hashes.rs"));

/// A stage and the hash of its code.
#[derive(Clone)]
pub struct Registered {
    /// The stage.
    pub entry: StageEntry,
    /// Hash of its sources, of the workspace crates that it uses and of their locked dependencies.
    pub code: String,
}

/// The stages that exist.
#[derive(Clone)]
pub struct Registry(Vec<Registered>);

impl Registry {
    /// The stages of this program.
    pub fn standard() -> Self {
        Self(vec![
            registered::<load::Load>(),
            registered::<sample::Sample>(),
            registered::<eda_report::EdaReport>(),
            registered::<preprocess::Preprocess>(),
            registered::<train_cf::TrainCf>(),
            registered::<train_content::TrainContent>(),
            registered::<train_hybrid::TrainHybrid>(),
            registered::<evaluate::Evaluate>(),
            registered::<publish::Publish>(),
        ])
    }

    /// A list of any stages.
    #[cfg(test)]
    pub fn new(stages: Vec<Registered>) -> Self {
        Self(stages)
    }

    /// All stages, in the order in which data passes them.
    pub fn iter(&self) -> impl Iterator<Item = &Registered> {
        self.0.iter()
    }

    /// The stage of this name.
    pub fn find(&self, name: &str) -> Option<&Registered> {
        self.iter().find(|registered| registered.entry.name == name)
    }

    /// The nearest name to a wrong one, and all names, for messages.
    pub fn hints(&self, wrong: &str) -> (String, String) {
        let names = || self.iter().map(|registered| registered.entry.name);
        (did_you_mean(wrong, names()), list_of(names()))
    }
}

/// A stage with the hash of its package's code.
///
/// # Panics
/// Never for stages whose folder is `stages/NAME`, which the tests assert for the standard list.
fn registered<S: Stage>() -> Registered {
    let code = CODE.iter().find(|(name, _)| *name == S::NAME).expect("the build script hashes every folder of stages/");
    Registered { entry: StageEntry::of::<S>(), code: code.1.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_folder_of_stages_is_listed_under_its_name() {
        let folders: Vec<&str> = CODE.iter().map(|(name, _)| *name).collect();
        let mut listed: Vec<&str> = Registry::standard().0.iter().map(|one| one.entry.name).collect();
        listed.sort_unstable();
        assert_eq!(listed, folders);
    }

    #[test]
    fn each_stage_has_a_code_hash_of_its_own() {
        let hashes: std::collections::BTreeSet<&str> = CODE.iter().map(|(_, hash)| *hash).collect();
        assert_eq!(hashes.len(), CODE.len());
    }
}
