//! Holds the architecture: who may depend on whom, one door to each outside system, sizes, names.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};
use tests::workspace_root;

/// What each package of the workspace may use of the workspace, at run time.
const MAY_USE: &[(&str, &[&str])] = &[
    ("recommender", &[]),
    ("checkpoints", &[]),
    ("streaming", &["checkpoints"]),
    ("synthetic", &[]),
    ("reports", &[]),
    ("pipeline", &["recommender"]),
    ("storage", &["checkpoints"]),
    ("load", &["pipeline", "storage"]),
    ("sample", &["pipeline", "recommender", "reports", "storage"]),
    ("eda-report", &["pipeline", "reports"]),
    ("preprocess", &["pipeline", "recommender"]),
    ("train-cf", &["pipeline", "recommender"]),
    ("train-content", &["pipeline", "recommender"]),
    ("train-hybrid", &["pipeline", "recommender"]),
    ("evaluate", &["pipeline", "recommender", "reports"]),
    ("publish", &["pipeline", "recommender", "storage"]),
    ("webapp", &["recommender", "storage", "streaming"]),
];

/// Packages that join the others and may use all of them.
const JOINTS: &[&str] = &["orchestrator", "tests", "benches"];

/// Outside packages that only these packages may use.
const DOORS: &[(&str, &[&str])] = &[
    ("mongodb", &["storage"]),
    ("rusqlite", &["checkpoints", "storage", "streaming"]),
    ("rdkafka", &["streaming"]),
    ("rocket", &["webapp"]),
    ("smartcore", &["train-hybrid"]),
    ("petgraph", &["orchestrator"]),
    ("serde-saphyr", &["orchestrator"]),
    ("polars-parquet", &["pipeline"]),
    ("ureq", &["orchestrator", "tests"]),
];

/// Folder names that say nothing.
const EMPTY_NAMES: &[&str] = &["common", "utils", "util", "core", "types", "helpers", "misc"];

const MAX_LINES: usize = 600;

fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(workspace_root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .expect("cargo metadata describes the workspace")
}

fn run_time_dependencies(metadata: &Metadata) -> BTreeMap<String, BTreeSet<String>> {
    let names = |package: &cargo_metadata::Package| {
        let kept = package.dependencies.iter().filter(|dependency| dependency.kind == DependencyKind::Normal);
        kept.map(|dependency| dependency.name.clone()).collect()
    };
    metadata.packages.iter().map(|package| (package.name.to_string(), names(package))).collect()
}

fn files_below(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of the workspace can be read") {
        let path = entry.expect("an entry of a readable folder").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            files_below(&path, extension, found);
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
}

fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    files_below(&workspace_root(), "rs", &mut found);
    found.sort();
    assert!(found.len() > 50, "the walk over the sources found only {} files", found.len());
    found
}

#[test]
fn packages_use_only_what_the_table_allows() {
    let dependencies = run_time_dependencies(&metadata());
    let members: BTreeSet<&String> = dependencies.keys().collect();
    let allowed: BTreeMap<&str, &[&str]> = MAY_USE.iter().copied().collect();
    for (package, used) in &dependencies {
        if JOINTS.contains(&package.as_str()) {
            continue;
        }
        let allowed = allowed.get(package.as_str()).unwrap_or_else(|| panic!("package {package} is not in the table"));
        for name in used.iter().filter(|name| members.contains(name)) {
            assert!(allowed.contains(&name.as_str()), "{package} uses {name}, the table allows {allowed:?}");
        }
    }
}

#[test]
fn each_outside_system_has_one_door() {
    for (package, used) in run_time_dependencies(&metadata()) {
        for (door, keepers) in DOORS {
            assert!(
                !used.contains(*door) || keepers.contains(&package.as_str()),
                "{package} uses {door}, only {keepers:?} may"
            );
        }
    }
}

#[test]
fn parquet_is_read_and_written_only_inside_pipeline() {
    let root = workspace_root();
    for path in sources() {
        // Tests may make a foreign file, as a user's own program would.
        let is_test = !path.iter().any(|part| part == "src");
        if is_test || path.starts_with(root.join("crates/pipeline")) {
            continue;
        }
        let text = fs::read_to_string(&path).expect("sources are UTF-8");
        for word in ["ParquetReader", "ParquetWriter"] {
            assert!(!text.contains(word), "{} names {word}; use pipeline::TableReader or TableWriter", path.display());
        }
    }
}

#[test]
fn package_and_folder_have_the_same_telling_name() {
    for package in metadata().packages {
        let folder = package.manifest_path.parent().and_then(|folder| folder.file_name()).unwrap_or_default();
        assert_eq!(package.name.as_str(), folder);
        assert!(!EMPTY_NAMES.contains(&folder), "folder {folder} says nothing");
    }
    for path in sources() {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        assert!(!EMPTY_NAMES.contains(&name.as_str()), "{} says nothing", path.display());
    }
}

#[test]
fn no_source_file_is_too_long() {
    for path in sources() {
        let lines = fs::read_to_string(&path).expect("sources are UTF-8").lines().count();
        assert!(lines <= MAX_LINES, "{} has {lines} lines, at most {MAX_LINES}: split it by noun", path.display());
    }
}

#[test]
fn every_path_named_in_the_documents_exists() {
    let root = workspace_root();
    let mut documents = vec![root.join("README.md"), root.join("ARCHITECTURE.md")];
    files_below(&root.join("docs"), "md", &mut documents);
    let first_parts: BTreeSet<String> = fs::read_dir(&root)
        .expect("the workspace root can be read")
        .map(|entry| entry.expect("an entry of a readable folder").file_name().to_string_lossy().into_owned())
        // What was built there is not the project's.
        .filter(|name| name != "target")
        .collect();
    let mut checked = 0;
    for document in documents {
        let text = fs::read_to_string(&document).unwrap_or_else(|error| panic!("{}: {error}", document.display()));
        for word in text.split('`').skip(1).step_by(2) {
            let path = word.split_once("::").map_or(word, |(path, _)| path).trim_end_matches('/');
            let is_path = path.contains('/')
                && !path.contains([' ', '*', '<', '$', '{', ':'])
                && path.split('/').next().is_some_and(|part| first_parts.contains(part));
            if is_path {
                checked += 1;
                assert!(root.join(path).exists(), "{} names `{path}`, which does not exist", document.display());
            }
        }
    }
    assert!(checked > 10, "only {checked} paths found in the documents");
}
