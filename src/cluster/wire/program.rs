//! Programs in containers that are themselves clients of the API server.

use super::User;
use std::rc::Rc;

/// Such a program, as its container's runtime starts it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Program {
    /// Which: the last part of its image's name, such as `csi-provisioner`.
    pub name: Rc<str>,
    /// The host name that it finds: its pod's.
    pub host: Rc<str>,
    /// Its container's id.
    pub id: Rc<str>,
    /// Whom the token in its container names.
    pub user: User,
    /// Its command line, as far as the pod says it.
    pub words: Rc<[Rc<str>]>,
    /// The storage driver in its pod, which it calls over a socket.
    pub driver: Option<Driver>,
}

/// What such a program lets its container's runtime know.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Told {
    /// Its container's id.
    pub container: Rc<str>,
    /// What it prints.
    pub lines: Rc<[Rc<str>]>,
    /// Whether it says that it is ready when it is asked.
    pub ready: bool,
}

/// A storage driver that is simulated: the one of the image `hostpathplugin`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Driver {
    /// What it is called (`--drivername`).
    pub name: Rc<str>,
    /// Whether a volume of its can be had on one node only (`--enable-topology`).
    pub topology: bool,
}

impl Driver {
    /// The key of the topology that its volumes have.
    pub const TOPOLOGY: &'static str = "topology.hostpath.csi/node";

    /// The driver that a container runs, if it is one.
    #[must_use]
    pub fn of(image: &str, args: &[impl AsRef<str>]) -> Option<Self> {
        let flag = |name: &str| args.iter().find_map(|word| word.as_ref().trim_start_matches('-').strip_prefix(name));
        (program(image) == "hostpathplugin").then(|| Self {
            name: flag("drivername=").unwrap_or("hostpath.csi.k8s.io").into(),
            topology: flag("enable-topology=") != Some("false"),
        })
    }
}

/// The last part of an image's name, without tag and digest.
#[must_use]
pub fn program(image: &str) -> &str {
    let name = image.split('@').next().unwrap_or_default();
    let last = name.rsplit('/').next().unwrap_or_default();
    last.split(':').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_driver_is_known_by_its_image_and_configured_by_its_flags() {
        let image = "registry.k8s.io:443/sig-storage/hostpathplugin:v1.17.0";
        let plain = Driver::of(image, &["--v=5"]).expect("a driver");
        assert_eq!((&*plain.name, plain.topology), ("hostpath.csi.k8s.io", true));
        let other = Driver::of(image, &["--drivername=disk.example.org", "--enable-topology=false"]).expect("a driver");
        assert_eq!((&*other.name, other.topology), ("disk.example.org", false));
        assert_eq!(Driver::of("nginx:1.27", &["--v=5"]), None);
    }
}
