//! Hashes the code that decides each stage's output, so that changed code reruns the stage.
//!
//! | part | what is hashed |
//! |---|---|
//! | workspace crates | every file (but tests and benches) of `stages/NAME` and of each crate that it uses by path, however far |
//! | other crates | name, version and checksum, from `Cargo.lock`, of all that those crates use, however far |
//! | compiler | `rust-toolchain.toml` |
//!
//! The orchestrator's own code and other stages are no part of a stage's hash.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use toml::Table;

/// Folders of a crate that have no part in what it does.
const IGNORED: [&str; 5] = ["tests", "benches", "examples", "snapshots", "target"];

fn main() {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("..");
    let workspace = Workspace::read(&root);
    let mut lines = String::from("&[\n");
    let mut stages: Vec<PathBuf> = list(&root.join("stages"));
    stages.retain(|folder| folder.join("Cargo.toml").is_file());
    for folder in stages {
        let name = file_name(&folder);
        let _ = writeln!(lines, "    ({name:?}, {:?}),", workspace.code_hash(&name));
    }
    lines.push_str("]\n");
    let target = PathBuf::from(env::var("OUT_DIR").expect("cargo sets it")).join("code_hashes.rs");
    fs::write(target, lines).expect("the build folder can be written");
}

struct Workspace {
    root: PathBuf,
    /// Folders of this workspace's crates.
    members: BTreeMap<String, PathBuf>,
    /// Crates of `Cargo.lock` by name: what is hashed of each version, and the names that it uses.
    locked: BTreeMap<String, Vec<(String, Vec<String>)>>,
}

impl Workspace {
    fn read(root: &Path) -> Self {
        let manifest = read_toml(&root.join("Cargo.toml"));
        let dependencies = manifest["workspace"]["dependencies"].as_table().expect("the workspace lists them").clone();
        let member = |(name, value): (String, toml::Value)| Some((name, root.join(value.get("path")?.as_str()?)));
        let members = dependencies.into_iter().filter_map(member).collect();
        let lock = read_toml(&root.join("Cargo.lock"));
        let mut locked: BTreeMap<String, Vec<(String, Vec<String>)>> = BTreeMap::new();
        for package in lock["package"].as_array().expect("a lock file lists packages") {
            let text = |key: &str| package.get(key).and_then(toml::Value::as_str).unwrap_or_default().to_owned();
            let uses = package.get("dependencies").and_then(toml::Value::as_array).into_iter().flatten();
            let uses = uses.filter_map(|word| word.as_str()?.split(' ').next().map(ToOwned::to_owned)).collect();
            let hashed = format!("{} {} {}\n", text("name"), text("version"), text("checksum"));
            locked.entry(text("name")).or_default().push((hashed, uses));
        }
        println!("cargo:rerun-if-changed={}", root.join("rust-toolchain.toml").display());
        println!("cargo:rerun-if-changed={}", root.join("stages").display());
        Self { root: root.to_owned(), members, locked }
    }

    fn code_hash(&self, stage: &str) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&fs::read(self.root.join("rust-toolchain.toml")).expect("the toolchain is pinned"));
        let (mut open, mut crates, mut others) = (vec![stage.to_owned()], BTreeSet::new(), BTreeSet::new());
        while let Some(name) = open.pop() {
            match self.members.get(&name) {
                Some(folder) if crates.insert(name.clone()) => open.extend(dependencies(folder)),
                Some(_) => {}
                None => self.collect_locked(&name, &mut others),
            }
        }
        for name in crates {
            hash_folder(&mut hasher, &self.members[&name], &name);
        }
        for line in others {
            hasher.update(line.as_bytes());
        }
        hasher.finalize().to_hex()[..32].to_owned()
    }

    fn collect_locked(&self, name: &str, lines: &mut BTreeSet<String>) {
        for (line, uses) in self.locked.get(name).into_iter().flatten() {
            if lines.insert(line.clone()) {
                for name in uses {
                    self.collect_locked(name, lines);
                }
            }
        }
    }
}

fn dependencies(folder: &Path) -> Vec<String> {
    let manifest = read_toml(&folder.join("Cargo.toml"));
    let table = manifest.get("dependencies").and_then(toml::Value::as_table).cloned().unwrap_or_default();
    table.into_iter().map(|(name, _)| name).collect()
}

fn hash_folder(hasher: &mut blake3::Hasher, folder: &Path, name: &str) {
    println!("cargo:rerun-if-changed={}", folder.display());
    for path in list(folder) {
        let inner = format!("{name}/{}", file_name(&path));
        if path.is_dir() {
            if !IGNORED.contains(&file_name(&path).as_str()) {
                hash_folder(hasher, &path, &inner);
            }
        } else {
            let bytes = fs::read(&path).unwrap_or_default();
            hasher.update(inner.as_bytes()).update(&(bytes.len() as u64).to_le_bytes()).update(&bytes);
        }
    }
}

fn list(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("read {}: {error}", folder.display()))
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    paths.sort();
    paths
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn read_toml(path: &Path) -> Table {
    println!("cargo:rerun-if-changed={}", path.display());
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("read {}: {error}", path.display()));
    text.parse().unwrap_or_else(|error| panic!("read {}: {error}", path.display()))
}
