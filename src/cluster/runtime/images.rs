//! The images of the world's registries: a catalogue of well-known ones, and rules for all others.
//!
//! - An image of the catalogue has its real name, size and program. Its tags are not listed (there are thousands): a tag
//!   exists unless a rule below says that it does not.
//! - Any other image is assumed to exist, with a size between 8 and 200 MB that follows from its name, and a program
//!   that runs for ever and serves whatever it is asked (`programs/service.rs`).
//! - *These images never exist*: names or tags that contain `doesnotexist`, `does-not-exist`, `nonexist`, `non-exist`,
//!   `notexist`, `not-exist`, `notfound`, `not-found`, `no-such`, `nosuch`, `invalid` or `missing`; a tag that is or
//!   begins with `bad`, `wrong`, `broken`, `fake`, `nope` or `typo`; a tag of the catalogue whose numbers are impossible
//!   (a part above 99, such as `nginx:1.999`, unless it is a year or a build date); and the registries `example.com` and `*.invalid`.
//!
//! Left out: layers shared between images, credentials, digests that do not fit.

use crate::cluster::machine::Engine;
use crate::cluster::wire::ImageStatus;
use crate::sim::hash::stable_hash;
use std::rc::Rc;

/// A well-known image.
#[derive(Debug)]
pub struct Entry {
    /// Its full name without the tag.
    pub name: &'static str,
    /// Its compressed size in millions of bytes.
    pub megabytes: u64,
    /// `ENTRYPOINT`.
    pub entrypoint: &'static [&'static str],
    /// `CMD`.
    pub cmd: &'static [&'static str],
    /// Whether only the commands that this program knows exist in it.
    pub closed: bool,
}

const fn entry(
    name: &'static str,
    megabytes: u64,
    entrypoint: &'static [&'static str],
    cmd: &'static [&'static str],
) -> Entry {
    Entry { name, megabytes, entrypoint, cmd, closed: false }
}

const fn closed(
    name: &'static str,
    megabytes: u64,
    entrypoint: &'static [&'static str],
    cmd: &'static [&'static str],
) -> Entry {
    Entry { name, megabytes, entrypoint, cmd, closed: true }
}

/// The catalogue, by full name.
pub static CATALOGUE: &[Entry] = &[
    closed("docker.io/library/alpine", 4, &[], &["/bin/sh"]),
    closed("docker.io/library/bash", 6, &[], &["bash"]),
    closed("docker.io/library/busybox", 2, &[], &["sh"]),
    entry("docker.io/library/caddy", 22, &[], &["caddy", "run"]),
    entry("docker.io/library/debian", 49, &[], &["bash"]),
    entry("docker.io/library/fedora", 60, &[], &["bash"]),
    entry("docker.io/library/golang", 300, &[], &["bash"]),
    entry("docker.io/library/haproxy", 42, &[], &["haproxy"]),
    closed("docker.io/library/hello-world", 1, &[], &["/hello"]),
    entry("docker.io/library/httpd", 45, &[], &["httpd-foreground"]),
    entry("docker.io/library/mariadb", 110, &[], &["mariadbd"]),
    entry("docker.io/library/memcached", 32, &[], &["memcached"]),
    entry("docker.io/library/mongo", 280, &[], &["mongod"]),
    entry("docker.io/library/mysql", 235, &[], &["mysqld"]),
    entry("docker.io/library/nats", 7, &[], &["nats-server"]),
    entry("docker.io/library/nginx", 72, &[], &["nginx"]),
    entry("docker.io/library/node", 390, &[], &["node"]),
    entry("docker.io/library/perl", 340, &[], &["perl"]),
    entry("docker.io/library/postgres", 155, &[], &["postgres"]),
    entry("docker.io/library/python", 365, &[], &["python3"]),
    entry("docker.io/library/rabbitmq", 105, &[], &["rabbitmq-server"]),
    entry("docker.io/library/redis", 45, &[], &["redis-server"]),
    entry("docker.io/library/tomcat", 205, &[], &["catalina.sh"]),
    entry("docker.io/library/traefik", 50, &[], &["traefik"]),
    entry("docker.io/library/ubuntu", 30, &[], &["/bin/bash"]),
    entry("docker.io/library/wordpress", 250, &[], &["apache2-foreground"]),
    entry("docker.io/library/zookeeper", 120, &[], &["zkServer.sh"]),
    entry("docker.io/bitnami/nginx", 95, &[], &["nginx-unprivileged"]),
    entry("docker.io/crccheck/hello-world", 2, &[], &["httpd-8000"]),
    entry("docker.io/curlimages/curl", 10, &[], &["curl"]),
    entry("docker.io/hashicorp/http-echo", 3, &["http-echo"], &[]),
    entry("docker.io/jmalloc/echo-server", 6, &[], &["echo-server"]),
    entry("docker.io/kicbase/echo-server", 5, &[], &["echo-server"]),
    entry("docker.io/kennethreitz/httpbin", 200, &[], &["httpbin"]),
    entry("docker.io/mccutchen/go-httpbin", 12, &[], &["go-httpbin"]),
    entry("docker.io/minio/minio", 60, &["minio"], &[]),
    entry("docker.io/nginxinc/nginx-unprivileged", 72, &[], &["nginx-unprivileged"]),
    entry("docker.io/nicolaka/netshoot", 200, &[], &["zsh"]),
    entry("docker.io/polinux/stress", 4, &[], &["stress"]),
    entry("docker.io/progrium/stress", 110, &["stress"], &[]),
    entry("docker.io/rancher/mirrored-pause", 1, &["/pause"], &[]),
    entry("docker.io/traefik/whoami", 3, &["/whoami"], &[]),
    entry("docker.io/vish/stress", 4, &["stress-vish"], &[]),
    entry("gcr.io/google-samples/gb-frontend", 320, &[], &["apache2-foreground"]),
    entry("gcr.io/google-samples/gb-redis-follower", 40, &[], &["redis-server"]),
    entry("gcr.io/google-samples/hello-app", 5, &["hello-app"], &[]),
    entry("gcr.io/google-samples/kubernetes-bootcamp", 84, &[], &["hello-app"]),
    entry("gcr.io/google-samples/node-hello", 250, &[], &["hello-app"]),
    entry("us-docker.pkg.dev/google-samples/containers/gke/hello-app", 5, &["hello-app"], &[]),
    entry("ghcr.io/stefanprodan/podinfo", 25, &[], &["podinfo"]),
    entry("registry.k8s.io/coredns/coredns", 22, &["coredns"], &[]),
    entry("registry.k8s.io/e2e-test-images/agnhost", 55, &["agnhost"], &["pause"]),
    closed("registry.k8s.io/e2e-test-images/busybox", 2, &[], &["sh"]),
    entry("registry.k8s.io/e2e-test-images/httpd", 45, &[], &["httpd-foreground"]),
    entry("registry.k8s.io/e2e-test-images/jessie-dnsutils", 65, &[], &["sleep", "infinity"]),
    entry("registry.k8s.io/e2e-test-images/nginx", 50, &[], &["nginx"]),
    entry("registry.k8s.io/echoserver", 45, &[], &["echo-server"]),
    entry("registry.k8s.io/etcd", 60, &[], &["etcd"]),
    entry("registry.k8s.io/metrics-server/metrics-server", 20, &["metrics-server"], &[]),
    entry("registry.k8s.io/prometheus-adapter/prometheus-adapter", 30, &["adapter"], &[]),
    entry("registry.k8s.io/hpa-example", 185, &[], &["apache2-foreground"]),
    entry("registry.k8s.io/kube-apiserver", 28, &[], &["kube-apiserver"]),
    entry("registry.k8s.io/kube-controller-manager", 23, &[], &["kube-controller-manager"]),
    entry("registry.k8s.io/kube-proxy", 26, &[], &["kube-proxy"]),
    entry("registry.k8s.io/kube-scheduler", 18, &[], &["kube-scheduler"]),
    entry("registry.k8s.io/liveness", 6, &[], &["/server"]),
    entry("registry.k8s.io/nginx-slim", 45, &[], &["nginx"]),
    closed("registry.k8s.io/pause", 1, &["/pause"], &[]),
    entry("registry.k8s.io/redis", 50, &[], &["redis-server"]),
    entry("registry.k8s.io/serve_hostname", 5, &["serve-hostname"], &[]),
    entry("registry.k8s.io/test-webserver", 2, &[], &["test-webserver"]),
];

/// A name as people write it, taken apart.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Name {
    /// `docker.io/library/nginx`.
    pub repository: String,
    /// `latest` when not given; empty beside a digest.
    pub tag: String,
    /// `sha256:…`, empty when not given.
    pub digest: String,
}

impl Name {
    /// Takes an image name apart as containerd's `reference/docker` does; `None` when it is no valid reference.
    #[must_use]
    pub fn parse(image: &str) -> Option<Self> {
        let (rest, digest) = image.split_once('@').map_or((image, ""), |(rest, digest)| (rest, digest));
        let slash = rest.rfind('/').map_or(0, |at| at + 1);
        let (path, tag) = match rest[slash..].rfind(':') {
            Some(colon) => (&rest[..slash + colon], &rest[slash + colon + 1..]),
            None => (rest, if digest.is_empty() { "latest" } else { "" }),
        };
        let repository = full_name(path);
        let (host, name) = repository.split_once('/')?;
        let path_ok = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-/".contains(c);
        let tag_ok = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        let host_ok = |c: char| c.is_ascii_alphanumeric() || ".:-[]".contains(c);
        let ends = |part: &str| {
            part.starts_with(|c: char| c.is_ascii_alphanumeric()) && part.ends_with(|c: char| c.is_ascii_alphanumeric())
        };
        let fine = name.chars().all(path_ok) && name.split('/').all(ends) && host.chars().all(host_ok);
        let tag_fine = tag.len() <= 128 && tag.chars().all(tag_ok) && !tag.starts_with(['.', '-']);
        let tagged = !tag.is_empty() || !digest.is_empty();
        (fine && tag_fine && tagged).then(|| Self {
            repository: repository.clone(),
            tag: tag.to_owned(),
            digest: digest.to_owned(),
        })
    }

    /// With its tag, or with its digest if it has one.
    #[must_use]
    pub fn reference(&self) -> String {
        match (self.tag.as_str(), self.digest.as_str()) {
            (tag, "") => format!("{}:{tag}", self.repository),
            (_, digest) => format!("{}@{digest}", self.repository),
        }
    }

    /// Its place in the catalogue.
    #[must_use]
    pub fn entry(&self) -> Option<&'static Entry> {
        // The old registry's names mean the new one.
        let name = self.repository.strip_prefix("k8s.gcr.io/").map(|rest| format!("registry.k8s.io/{rest}"));
        let name = name.unwrap_or_else(|| self.repository.clone());
        let family = match name.as_str() {
            "docker.io/kubernetes/pause" | "gcr.io/google_containers/pause" => "registry.k8s.io/pause",
            "registry.k8s.io/busybox" | "gcr.io/google_containers/busybox" => "docker.io/library/busybox",
            name => name,
        };
        CATALOGUE.iter().find(|entry| entry.name == family)
    }
}

fn full_name(path: &str) -> String {
    match path.split_once('/') {
        None => format!("docker.io/library/{path}"),
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => path.to_owned(),
        Some(_) => format!("docker.io/{path}"),
    }
}

/// Docker's short form of a full name, which is how it shows images.
#[must_use]
pub fn familiar(name: &str) -> &str {
    let rest = name.strip_prefix("docker.io/").unwrap_or(name);
    rest.strip_prefix("library/").unwrap_or(rest)
}

/// The image as a registry has it, or the error that the machine's runtime gives.
///
/// # Errors
/// The text after `rpc error: code = `, for an image that does not exist.
pub fn resolve(image: &str, engine: Engine) -> Result<ImageStatus, String> {
    let Some(name) = Name::parse(image) else {
        return Err(format!(
            "InvalidArgument desc = failed to parse image reference \"{image}\": invalid reference format"
        ));
    };
    let reference = name.reference();
    if let Some(why) = lacking(&name) {
        return Err(refused(&name, why, engine));
    }
    let digest = if name.digest.is_empty() { digest(&reference) } else { name.digest.clone() };
    let bytes = match name.entry() {
        Some(entry) => slim(&name.tag, entry.megabytes * 1_000_000) + stable_hash(reference.as_str()) % 900_000,
        None => 8_000_000 + stable_hash(name.repository.as_str()) % 192_000_000,
    };
    let id = format!("{}@{digest}", name.repository);
    Ok(ImageStatus { name: reference.into(), id: id.into(), bytes })
}

/// Why a registry has no such image.
#[derive(Clone, Copy)]
enum Lacking<'a> {
    Host(&'a str),
    Repository,
    Tag,
}

fn lacking(name: &Name) -> Option<Lacking<'_>> {
    if let Some(host) = unknown_host(name) {
        return Some(Lacking::Host(host));
    }
    if never_exists(&name.repository) {
        return Some(Lacking::Repository);
    }
    (never_exists(&name.tag) || bad_tag(name)).then_some(Lacking::Tag)
}

/// In the words of containerd (`remotes/docker`), of CRI-O (`containers/image`, `docker`) or of Docker's daemon
/// (`distribution`).
fn refused(name: &Name, why: Lacking, engine: Engine) -> String {
    let (reference, repository, tag) = (name.reference(), &name.repository, &name.tag);
    let lookup = |host: &str| format!("dial tcp: lookup {host}: no such host");
    match engine {
        Engine::Containerd => {
            let failed =
                format!("failed to pull and unpack image \"{reference}\": failed to resolve reference \"{reference}\"");
            match why {
                Lacking::Host(host) => {
                    let place = format!("{}/manifests/{tag}", &repository[host.len() + 1..]);
                    let lookup = lookup(host);
                    format!(
                        "Unknown desc = {failed}: failed to do request: Head \"https://{host}/v2/{place}\": {lookup}"
                    )
                }
                Lacking::Repository => format!(
                    "Unknown desc = {failed}: pull access denied, repository does not exist or may require authorization: \
                     server message: insufficient_scope: authorization failed"
                ),
                Lacking::Tag => format!("NotFound desc = {failed}: {reference}: not found"),
            }
        }
        Engine::CriO => {
            let failed = format!("Unknown desc = initializing source docker://{reference}");
            match why {
                Lacking::Host(host) => {
                    format!("{failed}: pinging container registry {host}: Get \"https://{host}/v2/\": {}", lookup(host))
                }
                Lacking::Repository => {
                    format!(
                        "{failed}: reading manifest {tag} in {repository}: requested access to the resource is denied"
                    )
                }
                Lacking::Tag => format!("{failed}: reading manifest {tag} in {repository}: manifest unknown"),
            }
        }
        Engine::CriDockerd => {
            let failed = "Unknown desc = Error response from daemon";
            match why {
                Lacking::Host(host) => format!("{failed}: Get \"https://{host}/v2/\": {}", lookup(host)),
                Lacking::Repository => format!(
                    "{failed}: pull access denied for {}, repository does not exist or may require 'docker login': denied: \
                     requested access to the resource is denied",
                    familiar(repository)
                ),
                Lacking::Tag => {
                    format!(
                        "{failed}: manifest for {} not found: manifest unknown: manifest unknown",
                        familiar(&reference)
                    )
                }
            }
        }
    }
}

/// Alpine and slim variants are smaller.
fn slim(tag: &str, bytes: u64) -> u64 {
    let small = (tag.contains("alpine") || tag.contains("slim")) && bytes > 20_000_000;
    if small { bytes / 3 } else { bytes }
}

/// A digest that belongs to a text.
#[must_use]
pub fn digest(reference: &str) -> String {
    let part = |n: u8| format!("{:016x}", stable_hash(&(reference, n)));
    format!("sha256:{}{}{}{}", part(0), part(1), part(2), part(3))
}

fn unknown_host(name: &Name) -> Option<&str> {
    let (host, _) = name.repository.split_once('/')?;
    let unknown = host == "example.com" || host.ends_with(".example.com") || host.ends_with(".invalid");
    unknown.then_some(host)
}

fn never_exists(text: &str) -> bool {
    const WORDS: &[&str] = &[
        "doesnotexist",
        "does-not-exist",
        "nonexist",
        "non-exist",
        "notexist",
        "not-exist",
        "notfound",
        "not-found",
        "no-such",
        "nosuch",
        "invalid",
        "missing",
    ];
    let text = text.to_ascii_lowercase();
    WORDS.iter().any(|word| text.contains(word))
}

fn bad_tag(name: &Name) -> bool {
    let tag = name.tag.to_ascii_lowercase();
    if ["bad", "wrong", "broken", "fake", "nope", "typo"].iter().any(|word| tag.starts_with(word)) {
        return true;
    }
    let mut numbers = tag.trim_start_matches('v').split(['.', '-']).filter_map(|part| part.parse::<u32>().ok());
    let impossible = |n: u32| (100..2000).contains(&n) || (2100..20_000_000).contains(&n);
    name.entry().is_some() && numbers.any(impossible)
}

/// The full name under which a machine keeps an image: what two spellings of one image have in common.
#[must_use]
pub fn full_reference(image: &str) -> Rc<str> {
    Name::parse(image).map_or_else(|| image.into(), |name| name.reference().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_completed_as_containerd_does() {
        assert_eq!(&*full_reference("nginx"), "docker.io/library/nginx:latest");
        assert_eq!(&*full_reference("bmuschko/web-app:1.0.1"), "docker.io/bmuschko/web-app:1.0.1");
        assert_eq!(&*full_reference("localhost:5000/a/b"), "localhost:5000/a/b:latest");
        assert_eq!(&*full_reference("registry.k8s.io/pause:3.10@sha256:ab"), "registry.k8s.io/pause@sha256:ab");
        assert_eq!(Name::parse("Nginx"), None);
        assert_eq!(Name::parse("$IMAGE"), None);
    }

    #[test]
    fn what_never_exists_fails_with_the_texts_of_containerd() {
        let error = |image: &str| resolve(image, Engine::Containerd).err().unwrap_or_default();
        assert_eq!(
            error("nginx:1.999"),
            "NotFound desc = failed to pull and unpack image \"docker.io/library/nginx:1.999\": failed to resolve reference \
             \"docker.io/library/nginx:1.999\": docker.io/library/nginx:1.999: not found"
        );
        assert!(error("doesnotexist").contains("pull access denied, repository does not exist"));
        assert!(error("registry.invalid/a").contains("lookup registry.invalid: no such host"));
        for image in
            ["nginx:1.27.3-alpine", "busybox", "kubernetes/pause", "redis:e2e", "someone/app:20240101", "python:3.12"]
        {
            assert_eq!(error(image), "", "{image}");
        }
    }

    #[test]
    fn each_runtime_has_its_own_words_for_what_is_missing() {
        let error = |engine: Engine, image: &str| resolve(image, engine).err().unwrap_or_default();
        assert_eq!(
            error(Engine::CriO, "nginx:1.999"),
            "Unknown desc = initializing source docker://docker.io/library/nginx:1.999: reading manifest 1.999 in \
             docker.io/library/nginx: manifest unknown"
        );
        assert_eq!(
            error(Engine::CriDockerd, "nginx:1.999"),
            "Unknown desc = Error response from daemon: manifest for nginx:1.999 not found: manifest unknown: manifest unknown"
        );
        assert!(
            error(Engine::CriDockerd, "doesnotexist/a").contains("pull access denied for doesnotexist/a, repository")
        );
        assert!(
            error(Engine::CriO, "registry.invalid/a")
                .contains("registry.invalid: Get \"https://registry.invalid/v2/\":")
        );
        assert_eq!(familiar("docker.io/library/nginx:1"), "nginx:1");
        assert_eq!(familiar("docker.io/a/b:1"), "a/b:1");
        assert_eq!(familiar("quay.io/a/b:1"), "quay.io/a/b:1");
    }

    #[test]
    fn an_image_has_the_same_size_everywhere() {
        let resolve = |image: &str| resolve(image, Engine::Containerd);
        assert_eq!(resolve("nginx"), resolve("docker.io/library/nginx:latest"));
        let bytes = |image: &str| resolve(image).map_or(0, |image| image.bytes);
        assert!(bytes("nginx:alpine") < bytes("nginx"));
    }
}
