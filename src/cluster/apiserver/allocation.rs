//! Addresses and ports of Services: who wants one gets one, and nobody gets one twice
//! (upstream: `pkg/registry/core/service/storage/alloc.go`, `ipallocator`, `portallocator`).
//!
//! Upstream keeps bitmaps in etcd; here the Services themselves say what is taken, together with what requests under
//! way have claimed. One address family: the cluster is single-stack IPv4.

use super::stages::Review;
use crate::api::object::Object;
use crate::api::service::{change, has_node_ports, needs_health_port, rare};
use crate::api::{FieldError, Status, Typed};
use crate::sim::SortedSet;
use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use std::net::Ipv4Addr;

/// The service network is 10.96.0.0/16.
const NETWORK: u32 = 0x0a60_0000;
const SIZE: u32 = 1 << 16;
/// Addresses at the beginning are left for people who choose their own (upstream: `calculateRangeOffset`).
const STATIC_ADDRESSES: u32 = 256;
const PORTS: std::ops::RangeInclusive<i32> = 30_000..=32_767;
/// The same for node ports.
const STATIC_PORTS: u64 = 86;

/// What Services have and requests under way have claimed: addresses and ports in their written form.
type Taken = SortedSet<String>;

/// Gives a new Service what it asks for or needs.
///
/// # Errors
/// 422 when what it asks for is taken or out of range.
pub fn create(review: &mut Review, object: &mut Object) -> Result<(), Status> {
    let Some(service) = object.get_mut::<Service>() else { return Ok(()) };
    let name = service.metadata.name.clone().unwrap_or_default();
    let spec = service.spec.get_or_insert_default();
    normalize(spec);
    let errors = families(spec, None);
    if !errors.is_empty() {
        return Err(Status::invalid(Service::kind(), &name, &errors));
    }
    allocate(review, spec, None).map_err(|error| Status::invalid(Service::kind(), &name, &[error]))
}

/// Keeps what the stored Service has where the new one leaves it out, and gives what it needs beyond that.
///
/// # Errors
/// As [`create`].
pub fn update(review: &mut Review, object: &mut Object, old: &Object) -> Result<(), Status> {
    let Some(before) = old.get::<Service>().and_then(|service| service.spec.as_ref()) else { return Ok(()) };
    let Some(service) = object.get_mut::<Service>() else { return Ok(()) };
    let name = service.metadata.name.clone().unwrap_or_default();
    let spec = service.spec.get_or_insert_default();
    change::keep(spec, before);
    let errors = families(spec, Some(before));
    if !errors.is_empty() {
        return Err(Status::invalid(Service::kind(), &name, &errors));
    }
    allocate(review, spec, Some(before)).map_err(|error| Status::invalid(Service::kind(), &name, &[error]))
}

fn is_external(spec: &ServiceSpec) -> bool {
    spec.type_.as_deref() == Some("ExternalName")
}

/// The older form of the address says what the newer one is (`normalizeClusterIPs`).
fn normalize(spec: &mut ServiceSpec) {
    if let Some(ip) = spec.cluster_ip.as_ref().filter(|ip| !ip.is_empty()) {
        spec.cluster_ips.get_or_insert_with(|| vec![ip.clone()]);
    }
}

/// Upstream: `initIPFamilyFields`.
fn families(spec: &mut ServiceSpec, before: Option<&ServiceSpec>) -> Vec<FieldError> {
    if is_external(spec) {
        return Vec::new();
    }
    let selectorless = spec.selector.as_ref().is_none_or(std::collections::BTreeMap::is_empty);
    let special = is_headless(spec) && selectorless;
    let policy = spec.ip_family_policy.get_or_insert_with(|| {
        let before = before.and_then(|before| before.ip_family_policy.clone());
        before.unwrap_or_else(|| if special { "RequireDualStack" } else { "SingleStack" }.to_owned())
    });
    let single = policy == "SingleStack";
    let requires = policy == "RequireDualStack";
    if !rare::has_plain_ips(spec) {
        let errors = odd_ips(spec, single);
        if !errors.is_empty() {
            return errors;
        }
    }
    let families = spec.ip_families.get_or_insert_default();
    if families.is_empty() {
        families.push("IPv4".to_owned());
    }
    if special {
        if families.len() < 2 && !single {
            let other = if families[0] == "IPv4" { "IPv6" } else { "IPv4" };
            families.push(other.to_owned());
        }
        return Vec::new();
    }
    let mut errors = Vec::new();
    if requires {
        let text = "this cluster is not configured for dual-stack services";
        errors.push(FieldError::invalid("spec.ipFamilyPolicy", "RequireDualStack", text));
    }
    for (at, family) in families.iter().enumerate().filter(|(_, family)| *family == "IPv6") {
        let path = format!("spec.ipFamilies[{at}]");
        errors.push(FieldError::invalid(path, family.as_str(), "not configured on this cluster"));
    }
    errors
}

/// What is wrong with addresses and families that are not those of most Services.
fn odd_ips(spec: &ServiceSpec, single: bool) -> Vec<FieldError> {
    let mut errors = rare::cluster_ips(spec);
    if !errors.is_empty() {
        return errors;
    }
    let ips = spec.cluster_ips.as_deref().unwrap_or_default();
    let families = spec.ip_families.as_ref().map_or(0, Vec::len);
    for (many, what) in [(ips.len(), "cluster IPs"), (families, "IP families")] {
        if single && many == 2 {
            let text = format!("must be 'RequireDualStack' or 'PreferDualStack' when multiple {what} are specified");
            errors.push(FieldError::invalid("spec.ipFamilyPolicy", "SingleStack", text));
        }
    }
    for (at, ip) in ips.iter().enumerate().skip(families) {
        if ip.contains(':') {
            let text = "IPv6 is not configured on this cluster";
            errors.push(FieldError::invalid(format!("spec.clusterIPs[{at}]"), ips.to_vec(), text));
        }
    }
    errors
}

fn is_headless(spec: &ServiceSpec) -> bool {
    spec.cluster_ip.as_deref() == Some("None")
}

fn allocate(review: &mut Review, spec: &mut ServiceSpec, before: Option<&ServiceSpec>) -> Result<(), FieldError> {
    if is_external(spec) {
        return Ok(());
    }
    let mut taken = taken(review);
    // An address that the Service has cannot be changed; validation will say so.
    let has_none = |before: &ServiceSpec| is_external(before) || before.cluster_ip.is_none();
    if !is_headless(spec) && before.is_none_or(has_none) {
        let address = address(review, spec, &taken)?;
        if let Some(address) = address {
            claim(review, &mut taken, &address);
            spec.cluster_ip = Some(address.clone());
            spec.cluster_ips = Some(vec![address]);
        }
    }
    let wants = has_node_ports(spec);
    let automatic = spec.allocate_load_balancer_node_ports != Some(false) || spec.type_.as_deref() == Some("NodePort");
    let mut ports = spec.ports.take().unwrap_or_default();
    let outcome = if wants { node_ports(review, &mut ports, before, automatic, &mut taken) } else { Ok(()) };
    spec.ports = Some(ports).filter(|ports| !ports.is_empty());
    outcome?;
    if needs_health_port(spec) && spec.health_check_node_port.unwrap_or(0) == 0 {
        spec.health_check_node_port = Some(free_port(review, &mut taken));
    }
    Ok(())
}

/// The address asked for, or a free one. `None`: what was asked for is no address; validation will say so.
fn address(review: &mut Review, spec: &ServiceSpec, taken: &Taken) -> Result<Option<String>, FieldError> {
    let Some(asked) = spec.cluster_ip.as_ref().filter(|ip| !ip.is_empty()) else {
        return Ok(Some(free_address(review, taken)));
    };
    let Ok(ip) = asked.parse::<Ipv4Addr>() else { return Ok(None) };
    let refuse = |why: &str| {
        let text = format!("failed to allocate IP {asked}: {why}");
        Err(FieldError::invalid("spec.clusterIPs", vec![asked.clone()], text))
    };
    let offset = u32::from(ip).wrapping_sub(NETWORK);
    let outside = offset == 0 || offset >= SIZE - 1;
    // A dry run asks another allocator, which has its own words and does not know what is taken.
    let dry_run = review.request.options.dry_run;
    if outside && dry_run {
        let range = format!("The range of valid IPs is {}/16", Ipv4Addr::from(NETWORK));
        return refuse(&format!("the provided IP ({asked}) is not in the valid range. {range}"));
    }
    if outside {
        return refuse("the provided network does not match the current range");
    }
    if taken.contains(asked) && !dry_run {
        return refuse("provided IP is already allocated");
    }
    Ok(Some(asked.clone()))
}

fn free_address(review: &mut Review, taken: &Taken) -> String {
    loop {
        let offset = STATIC_ADDRESSES + 1 + small(review.rng.below(u64::from(SIZE - STATIC_ADDRESSES - 2)));
        let address = Ipv4Addr::from(NETWORK + offset).to_string();
        if !taken.contains(&address) {
            return address;
        }
    }
}

fn small(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(0)
}

/// Ports that are asked for first, so that a port given freely does not take one of them.
fn node_ports(
    review: &mut Review,
    ports: &mut [ServicePort],
    before: Option<&ServiceSpec>,
    automatic: bool,
    taken: &mut Taken,
) -> Result<(), FieldError> {
    let had: Vec<i32> =
        before.into_iter().flat_map(|spec| spec.ports.iter().flatten()).filter_map(|p| p.node_port).collect();
    let mut own: Vec<i32> = Vec::new();
    for (at, port) in ports.iter().enumerate() {
        let Some(asked) = port.node_port.filter(|asked| *asked != 0) else { continue };
        if review.request.options.dry_run {
            continue;
        }
        let field = format!("spec.ports[{at}].nodePort");
        if !PORTS.contains(&asked) {
            let text = format!(
                "provided port is not in the valid range. The range of valid ports is {}-{}",
                PORTS.start(),
                PORTS.end()
            );
            return Err(FieldError::invalid(field, asked, text));
        }
        if taken.contains(&asked.to_string()) && !had.contains(&asked) && !own.contains(&asked) {
            return Err(FieldError::invalid(field, asked, "provided port is already allocated"));
        }
        own.push(asked);
        claim(review, taken, &asked.to_string());
    }
    for at in 0..ports.len() {
        if !automatic || ports[at].node_port.unwrap_or(0) != 0 {
            continue;
        }
        // The same port by another protocol shares its node port.
        let shared = ports.iter().find(|other| other.port == ports[at].port && other.node_port.unwrap_or(0) != 0);
        let port = shared.and_then(|other| other.node_port).unwrap_or_else(|| free_port(review, taken));
        ports[at].node_port = Some(port);
    }
    Ok(())
}

fn free_port(review: &mut Review, taken: &mut Taken) -> i32 {
    let all = PORTS.count() as u64;
    loop {
        let offset = STATIC_PORTS + review.rng.below(all - STATIC_PORTS);
        let port = PORTS.start() + i32::try_from(offset).unwrap_or(0);
        if !taken.contains(&port.to_string()) {
            claim(review, taken, &port.to_string());
            return port;
        }
    }
}

fn claim(review: &mut Review, taken: &mut Taken, what: &str) {
    taken.insert(what.to_owned());
    review.claimed.push(what.into());
}

/// What all Services have, and what requests under way have claimed.
fn taken(review: &Review) -> Taken {
    let services = review.cache.iter(Service::kind()).filter_map(|object| object.get::<Service>()?.spec.as_ref());
    let mut taken: Taken = review.claims.values().flatten().map(ToString::to_string).collect();
    for spec in services {
        taken.extend(spec.cluster_ip.clone());
        let ports = spec.ports.iter().flatten().filter_map(|port| port.node_port);
        taken.extend(ports.chain(spec.health_check_node_port).map(|port| port.to_string()));
    }
    taken
}
