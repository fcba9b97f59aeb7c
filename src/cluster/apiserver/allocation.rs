//! Addresses and ports of Services: who wants one gets one, and nobody gets one twice
//! (upstream: `pkg/registry/core/service/storage/alloc.go`, `ipallocator`, `portallocator`).
//!
//! Upstream keeps bitmaps in etcd; here the Services themselves say what is taken, together with what requests under
//! way have claimed. One address family: the cluster is single-stack IPv4.

use super::stages::Review;
use crate::api::object::Object;
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
    let errors = families(spec);
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
    keep(spec, before);
    let errors = families(spec);
    if !errors.is_empty() {
        return Err(Status::invalid(Service::kind(), &name, &errors));
    }
    allocate(review, spec, Some(before)).map_err(|error| Status::invalid(Service::kind(), &name, &[error]))
}

/// Upstream: `patchAllocatedValues` and `dropTypeDependentFields`.
fn keep(spec: &mut ServiceSpec, before: &ServiceSpec) {
    let unset = |text: &Option<String>| text.as_ref().is_none_or(String::is_empty);
    if is_external(spec) {
        if spec.cluster_ip == before.cluster_ip {
            (spec.cluster_ip, spec.cluster_ips) = (None, None);
            (spec.ip_families, spec.ip_family_policy) = (None, None);
        }
    } else if unset(&spec.cluster_ip) && spec.cluster_ips.as_ref().is_none_or(Vec::is_empty) {
        spec.cluster_ip.clone_from(&before.cluster_ip);
        spec.cluster_ips.clone_from(&before.cluster_ips);
    }
    if spec.ip_families.is_none() && !is_external(spec) {
        spec.ip_families.clone_from(&before.ip_families);
    }
    if spec.ip_family_policy.is_none() && !is_external(spec) {
        spec.ip_family_policy.clone_from(&before.ip_family_policy);
    }
    let had = before.ports.as_deref().unwrap_or_default();
    for port in spec.ports.iter_mut().flatten() {
        let same = |old: &&ServicePort| old.port == port.port && old.protocol == port.protocol;
        let kept = had.iter().find(same).and_then(|old| old.node_port);
        if has_node_ports(spec.type_.as_deref()) && port.node_port.unwrap_or(0) == 0 {
            port.node_port = kept;
        } else if !has_node_ports(spec.type_.as_deref()) && port.node_port == kept {
            port.node_port = None;
        }
    }
    if needs_health_port(spec) && spec.health_check_node_port.unwrap_or(0) == 0 {
        spec.health_check_node_port = before.health_check_node_port;
    }
}

fn is_external(spec: &ServiceSpec) -> bool {
    spec.type_.as_deref() == Some("ExternalName")
}

fn has_node_ports(kind: Option<&str>) -> bool {
    matches!(kind, Some("NodePort" | "LoadBalancer"))
}

fn needs_health_port(spec: &ServiceSpec) -> bool {
    spec.type_.as_deref() == Some("LoadBalancer") && spec.external_traffic_policy.as_deref() == Some("Local")
}

/// Upstream: `initIPFamilyFields`.
fn families(spec: &mut ServiceSpec) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if is_external(spec) {
        return errors;
    }
    // Each of the two forms of the address is filled from the other.
    match (&spec.cluster_ip, &spec.cluster_ips) {
        (Some(ip), None) if !ip.is_empty() => spec.cluster_ips = Some(vec![ip.clone()]),
        (None, Some(ips)) => spec.cluster_ip = ips.first().cloned(),
        _ => {}
    }
    let selectorless = spec.selector.as_ref().is_none_or(std::collections::BTreeMap::is_empty);
    if is_headless(spec) && selectorless {
        if spec.ip_families.is_none() && spec.ip_family_policy.as_deref() != Some("SingleStack") {
            spec.ip_families = Some(vec!["IPv4".to_owned(), "IPv6".to_owned()]);
        }
        spec.ip_family_policy.get_or_insert_with(|| "RequireDualStack".to_owned());
        spec.ip_families.get_or_insert_with(|| vec!["IPv4".to_owned()]);
        return errors;
    }
    if spec.ip_family_policy.as_deref() == Some("RequireDualStack") {
        let text = "this cluster is not configured for dual-stack services";
        errors.push(FieldError::invalid("spec.ipFamilyPolicy", "RequireDualStack", text));
    }
    for (at, family) in spec.ip_families.iter().flatten().enumerate().filter(|(_, family)| *family == "IPv6") {
        let path = format!("spec.ipFamilies[{at}]");
        errors.push(FieldError::invalid(path, family.as_str(), "not configured on this cluster"));
    }
    spec.ip_family_policy.get_or_insert_with(|| "SingleStack".to_owned());
    spec.ip_families.get_or_insert_with(|| vec!["IPv4".to_owned()]);
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
    if !is_headless(spec) && before.is_none_or(|before| before.cluster_ip != spec.cluster_ip) {
        let address = address(review, spec, &taken)?;
        if let Some(address) = address {
            claim(review, &mut taken, &address);
            spec.cluster_ip = Some(address.clone());
            spec.cluster_ips = Some(vec![address]);
        }
    }
    let wants = has_node_ports(spec.type_.as_deref());
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
