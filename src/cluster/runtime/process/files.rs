//! What a process sees in its file system, and what it writes there.

use super::{Flow, Process};
use crate::cluster::runtime::course::{Change, MOST_FILES};
use crate::cluster::runtime::shell::Target;
use crate::cluster::wire::File;
use crate::sim::{Duration, Order};
use std::rc::Rc;

/// What of a container's file system is known when its process starts.
#[derive(Clone, Default, Debug)]
pub struct Seen {
    /// Where volumes are, and whether they may only be read.
    pub mounts: Vec<(Rc<str>, bool)>,
    /// What was there, and what others will write and remove: when after its start, in that order.
    pub changes: Vec<Change<Duration>>,
}

/// What is at a path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Look {
    /// A file.
    File(File),
    /// A folder.
    Folder,
    /// Something of which nothing is known.
    Unknown,
    /// Nothing.
    Missing,
}

/// Where files are made by whoever needs them: what nobody has made is not there.
const EMPTY: [&str; 4] = ["/tmp/", "/var/run/", "/run/", "/var/tmp/"];

/// Whether a path is in a folder.
fn is_in(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder.trim_end_matches('/')).is_some_and(|rest| rest.starts_with('/'))
}

impl Process<'_> {
    /// The whole path of what a process calls so.
    #[must_use]
    pub fn path(&self, path: &str) -> String {
        let from = if path.starts_with('/') { "" } else { self.var("PWD") };
        let mut parts: Vec<&str> = Vec::new();
        for part in from.split('/').chain(path.split('/')) {
            match part {
                "" | "." => {}
                ".." => drop(parts.pop()),
                part => parts.push(part),
            }
        }
        format!("/{}", parts.join("/"))
    }

    /// What is at a path at this moment.
    #[must_use]
    pub fn look(&self, given: &str) -> Look {
        let path = self.path(given);
        match self.newest(&path) {
            Some(Some(file)) if file.mode & File::FOLDER != 0 => return Look::Folder,
            Some(Some(file)) => return Look::File(file.clone()),
            Some(None) => return Look::Missing,
            None => {}
        }
        let mounts = &self.around.files.mounts;
        let holds = |(mount, _): &(Rc<str>, bool)| **mount == *path || is_in(mount, &path);
        if mounts.iter().any(holds) || self.known().any(|known| is_in(known, &path)) {
            return Look::Folder;
        }
        let empty = mounts.iter().any(|(mount, _)| is_in(&path, mount)) || EMPTY.iter().any(|at| path.starts_with(at));
        if empty || !given.starts_with('/') { Look::Missing } else { Look::Unknown }
    }

    /// Whether a file exists.
    #[must_use]
    pub fn exists(&self, path: &str) -> bool {
        self.look(path) != Look::Missing
    }

    /// The names of what is in a folder, as far as it is known.
    #[must_use]
    pub fn entries(&self, folder: &str) -> Vec<String> {
        let folder = self.path(folder);
        let mounts = self.around.files.mounts.iter().map(|(path, _)| &**path);
        let mut names: Vec<String> = self
            .known()
            .chain(mounts)
            .filter(|path| is_in(path, &folder))
            .filter_map(|path| path[folder.trim_end_matches('/').len()..].split('/').nth(1).map(str::to_owned))
            .collect();
        names.order();
        names.dedup();
        names
    }

    /// Writes a file; what is written into nowhere is not kept.
    ///
    /// # Errors
    /// Why it cannot be written.
    pub fn write(&mut self, path: &str, file: File) -> Result<(), &'static str> {
        self.change(path, Some(file))
    }

    /// Removes a file, or a folder with all that is in it.
    ///
    /// # Errors
    /// Why it cannot be removed.
    pub fn unlink(&mut self, path: &str) -> Result<(), &'static str> {
        let folder = self.path(path);
        let inside: Vec<String> = self.known().filter(|known| is_in(known, &folder)).map(str::to_owned).collect();
        for path in inside {
            self.change(&path, None)?;
        }
        self.change(path, None)
    }

    fn change(&mut self, path: &str, file: Option<File>) -> Result<(), &'static str> {
        if path.is_empty() || path.starts_with("/dev/") {
            return Ok(());
        }
        let path = self.path(path);
        let over = |mount: &&(Rc<str>, bool)| *mount.0 == *path || is_in(&path, &mount.0);
        let mount = self.around.files.mounts.iter().filter(over).max_by_key(|(mount, _)| mount.len());
        if mount.is_some_and(|(_, read_only)| *read_only) {
            return Err("Read-only file system");
        }
        let path: Rc<str> = path.into();
        if self.newest(&path) == Some(&file) {
            return Ok(());
        }
        if self.course.files.len() < MOST_FILES {
            self.course.files.push(Change { at: self.clock, path: path.clone(), file: file.clone() });
        }
        self.files.insert(path, (self.clock, file));
        Ok(())
    }

    /// What a command has printed goes into a file.
    pub(super) fn redirect(&mut self, flow: Flow, target: &Target, mut text: String) -> Flow {
        let path = self.expand(&target.file).join(" ");
        if path == "/dev/termination-log" {
            self.course.message = text.trim_end().into();
        }
        if target.append
            && let Look::File(file) = self.look(&path)
        {
            text.insert_str(0, &file.text);
        }
        match self.write(&path, File::of(&text)) {
            Ok(()) => flow,
            Err(why) => {
                self.print(&format!("sh: can't create {path}: {why}\n"));
                Flow::Next(1)
            }
        }
    }

    /// The newest that is known of a path: a file, or that there is none.
    fn newest(&self, path: &str) -> Option<&Option<File>> {
        let own = self.files.get(path);
        let before = own.map_or(Duration::ZERO, |(at, _)| *at);
        let others = self.around.files.changes.iter().take_while(|change| change.at <= self.clock);
        // Of what came before its own word only its own counts.
        let other = others.filter(|change| *change.path == *path && (own.is_none() || change.at > before)).last();
        other.map(|change| &change.file).or_else(|| own.map(|(_, file)| file))
    }

    /// The paths at which something is known to be.
    fn known(&self) -> impl Iterator<Item = &str> {
        let others = self.around.files.changes.iter().map(|change| &*change.path);
        let all = others.chain(self.files.keys().map(|path| &**path));
        all.filter(|path| self.newest(path).is_some_and(Option::is_some))
    }
}
