//! Models as folders of `model.json` and one file a tensor.

use std::{collections::BTreeMap, fs, path::Path};

use recommender::ModelData;

use crate::Error;

/// Writes a model into a new folder.
pub fn write_model(folder: &Path, model: &ModelData) -> Result<(), Error> {
    for (name, bytes) in model.to_files() {
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(Error::io("create folder", parent))?;
        }
        fs::write(&path, bytes).map_err(Error::io("write", &path))?;
    }
    Ok(())
}

/// Reads the model in a folder.
pub fn read_model(folder: &Path) -> Result<ModelData, Error> {
    let mut files = BTreeMap::new();
    read_below(folder, "", &mut files)?;
    ModelData::from_files(&files).map_err(|source| Error::Model { path: folder.to_owned(), source })
}

fn read_below(folder: &Path, prefix: &str, files: &mut BTreeMap<String, Vec<u8>>) -> Result<(), Error> {
    for entry in fs::read_dir(folder).map_err(Error::io("read folder", folder))? {
        let entry = entry.map_err(Error::io("read folder", folder))?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let path = entry.path();
        if path.is_dir() {
            read_below(&path, &format!("{name}/"), files)?;
        } else {
            files.insert(name, fs::read(&path).map_err(Error::io("read", &path))?);
        }
    }
    Ok(())
}
