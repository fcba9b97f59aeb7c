//! Before the program is compiled: its texts are listed (`src/texts.rs` holds them), and content files, which are
//! written in YAML, become JSON, so that no second reader of YAML goes into the page.

use std::error::Error;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// What `tools/assets.mjs` puts into the page for the browser; the native program has it built in.
const TEXTS: [&str; 4] = ["examples", "locales", "rbac", "schema"];
/// Content files. `system.yaml` beside them is a manifest, which is read as manifests are.
const CONTENT: &str = "scenarios";
const MANIFEST: &str = "system";

fn main() -> Result<(), Box<dyn Error>> {
    let (assets, out) =
        (PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("assets"), PathBuf::from(env::var("OUT_DIR")?));
    let mut texts = String::from("&[\n");
    for folder in TEXTS {
        for file in files(&assets.join(folder))? {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            writeln!(texts, "({:?}, include_str!({:?})),", format!("{folder}/{name}"), file.to_string_lossy())?;
        }
    }
    fs::write(out.join("texts.rs"), texts + "]\n")?;
    let mut content = String::from("&[\n");
    for file in files(&assets.join(CONTENT))? {
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        if name != MANIFEST {
            let read: serde_json::Value = serde_yaml::from_str(&fs::read_to_string(&file)?)
                .map_err(|error| format!("assets/{CONTENT}/{name}.yaml: {error}"))?;
            writeln!(content, "({name:?}, {:?}),", read.to_string())?;
        }
    }
    fs::write(out.join("scenarios.rs"), content + "]\n")?;
    // Who refers to what: by that `tools/split.mjs` knows what of the released program may arrive later.
    if env::var("CARGO_CFG_TARGET_ARCH")? == "wasm32" && env::var("PROFILE")? == "release" {
        println!("cargo:rustc-link-arg-bin=app=--emit-relocs");
    }
    Ok(())
}

/// The files of a folder by name. New and changed ones are seen by the next build.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    println!("cargo:rerun-if-changed={}", folder.display());
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut files = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()?;
    files.sort();
    Ok(files)
}
