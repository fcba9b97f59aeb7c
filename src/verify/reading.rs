//! Files: found in folders, unpacked, read as JSON.

use flate2::read::MultiGzDecoder;
use serde_json::Value;
use std::io::Read;
use std::path::{Path, PathBuf};

/// What a gzip file begins with.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The files that the paths name, folders searched through, in order.
pub fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, String> {
    let mut found = Vec::new();
    for path in paths {
        search(path, &mut found).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(found)
}

fn search(path: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if !std::fs::metadata(path)?.is_dir() {
        found.push(path.to_owned());
        return Ok(());
    }
    let entries = std::fs::read_dir(path)?.map(|entry| Ok(entry?.path()));
    let mut entries: Vec<PathBuf> = entries.collect::<std::io::Result<_>>()?;
    entries.sort();
    // A link into nowhere is no reason not to look at the rest.
    entries.iter().filter(|entry| entry.exists()).try_for_each(|entry| search(entry, found))
}

/// The text of a file, unpacked.
pub fn text(path: &Path) -> Result<String, String> {
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    if bytes.starts_with(&GZIP) {
        let mut unpacked = Vec::new();
        MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut unpacked).map_err(|error| format!("gzip: {error}"))?;
        return String::from_utf8(unpacked).map_err(|_| "no text".to_owned());
    }
    String::from_utf8(bytes).map_err(|_| "no text".to_owned())
}

/// The JSON values of a file, one after the other, and what is wrong with what comes after them.
pub fn values(path: &Path) -> Result<(Vec<Value>, Option<String>), String> {
    let text = text(path)?;
    if text.trim().is_empty() {
        return Err("empty".to_owned());
    }
    let mut values = Vec::new();
    for value in serde_json::Deserializer::from_str(text.trim_start_matches('\u{feff}')).into_iter() {
        match value {
            Ok(value) => values.push(value),
            Err(error) => return Ok((values, Some(error.to_string()))),
        }
    }
    Ok((values, None))
}
