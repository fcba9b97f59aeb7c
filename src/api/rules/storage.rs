//! `CSIDriver`, `CSIStorageCapacity`, `VolumeAttributesClass`.
//!
//! Upstream: `pkg/apis/storage/validation/validation.go`, `pkg/apis/storage/v1/defaults.go`.

use super::webhooks::one_of;
use super::{default_field, field, selector};
use crate::api::check::{self, Errors};
use crate::api::names;
use crate::api::object::Object;
use crate::api::quantity::Quantity;
use crate::api::status::FieldError;
use crate::api::tree::At;
use serde_json::json;

const DRIVER_NAME_MAX: usize = 63;
const MODES: [&str; 2] = ["Persistent", "Ephemeral"];
const GROUP_POLICIES: [&str; 3] = ["ReadWriteOnceWithFSType", "File", "None"];

/// What a driver is taken to be if it says nothing.
pub fn default_driver(object: &mut Object) {
    let Some(driver) = object.document_mut() else { return };
    driver.set_default("spec", json!({}));
    let Some(spec) = driver.field_mut("spec") else { return };
    for (name, value) in [
        ("attachRequired", json!(true)),
        ("podInfoOnMount", json!(false)),
        ("storageCapacity", json!(false)),
        ("fsGroupPolicy", json!("ReadWriteOnceWithFSType")),
        ("volumeLifecycleModes", json!(["Persistent"])),
        ("requiresRepublish", json!(false)),
        ("seLinuxMount", json!(false)),
    ] {
        default_field(spec, name, value);
    }
}

/// All errors of a `CSIDriver` (`ValidateCSIDriver`).
#[must_use]
pub fn validate_driver(object: &Object) -> Errors {
    let mut out = Vec::new();
    let spec = field(object, "spec");
    if object.name().len() > DRIVER_NAME_MAX {
        out.push(FieldError::too_long("metadata.name", DRIVER_NAME_MAX));
    }
    for name in ["attachRequired", "podInfoOnMount", "storageCapacity"] {
        let at = spec.field(name);
        if !at.given() {
            out.push(at.required(""));
        }
    }
    one_of(&mut out, &spec.field("fsGroupPolicy"), &GROUP_POLICIES);
    let requests = spec.field("tokenRequests");
    let mut audiences = Vec::new();
    for request in requests.items() {
        let (audience, seconds) = (request.field("audience"), request.field("expirationSeconds"));
        if audiences.contains(&audience.text()) {
            out.push(FieldError::duplicate(audience.path, audience.text()));
        } else {
            audiences.push(audience.text());
        }
        if seconds.given() && seconds.number() < 600 {
            out.push(seconds.invalid("may not specify a duration less than 10 minutes"));
        }
        if seconds.number() > 1 << 32 {
            out.push(seconds.invalid("may not specify a duration larger than 2^32 seconds"));
        }
    }
    let modes = spec.field("volumeLifecycleModes");
    for mode in modes.items().filter(|mode| !MODES.contains(&mode.text())) {
        out.push(FieldError::not_supported(modes.path, mode.text(), &MODES));
    }
    let period = spec.field("nodeAllocatableUpdatePeriodSeconds");
    if period.given() && period.number() < 10 {
        out.push(period.invalid("must be greater than or equal to 10 seconds"));
    }
    out
}

/// All errors of an update (`ValidateCSIDriverUpdate`).
#[must_use]
pub fn update_driver(new: &Object, old: &Object) -> Errors {
    let mut out = validate_driver(new);
    immutable(&mut out, new, old, &["spec.attachRequired", "spec.volumeLifecycleModes"]);
    out
}

/// All errors of a `CSIStorageCapacity` (`ValidateCSIStorageCapacity`).
#[must_use]
pub fn validate_capacity(object: &Object) -> Errors {
    let mut out = Vec::new();
    let class = field(object, "storageClassName");
    class_name(&mut out, &class);
    selector(&mut out, &field(object, "nodeTopology"));
    for name in ["capacity", "maximumVolumeSize"] {
        let at = field(object, name);
        if Quantity::parse(at.text()).is_ok_and(|quantity| quantity.sign() < 0) {
            out.push(at.invalid("must be greater than or equal to 0"));
        }
    }
    out
}

fn class_name(out: &mut Errors, class: &At) {
    check::complain(out, &class.path, class.text(), names::dns1123_subdomain(class.text()));
}

/// All errors of an update (`ValidateCSIStorageCapacityUpdate`).
#[must_use]
pub fn update_capacity(new: &Object, old: &Object) -> Errors {
    let mut out = validate_capacity(new);
    immutable(&mut out, new, old, &["nodeTopology", "storageClassName"]);
    out
}

/// All errors of a `VolumeAttributesClass` (`ValidateVolumeAttributesClass`).
#[must_use]
pub fn validate_attributes_class(object: &Object) -> Errors {
    let mut out = Vec::new();
    let (driver, parameters) = (field(object, "driverName"), field(object, "parameters"));
    if driver.is_empty() {
        out.push(driver.required(""));
    } else {
        driver.complain(&mut out, names::qualified_name(&driver.text().to_ascii_lowercase()));
    }
    if parameters.is_empty() {
        out.push(parameters.required("must contain at least one key/value pair"));
    }
    out
}

/// All errors of an update (`ValidateVolumeAttributesClassUpdate`).
#[must_use]
pub fn update_attributes_class(new: &Object, old: &Object) -> Errors {
    let mut out = Vec::new();
    for name in ["driverName", "parameters"] {
        let at = field(new, name);
        if at.value != field(old, name).value {
            out.push(at.forbidden(&format!("updates to {name} are forbidden.")));
        }
    }
    out
}

/// Fields that stay as they are.
pub fn immutable(out: &mut Errors, new: &Object, old: &Object, paths: &[&str]) {
    for path in paths {
        let (first, rest) = path.split_once('.').unwrap_or((path, ""));
        let (new, old) = (field(new, first), field(old, first));
        let at = |of: &At| if rest.is_empty() { of.value.clone() } else { of.field(rest).value.clone() };
        let value = at(&new);
        if value != at(&old) {
            out.push(FieldError::invalid(*path, value, "field is immutable"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::complaints;
    use super::*;

    #[test]
    fn drivers_capacities_and_classes() {
        let driver = json!({"spec": {"attachRequired": true, "podInfoOnMount": false, "volumeLifecycleModes": ["Never"],
            "fsGroupPolicy": "Some", "tokenRequests": [{"audience": "a"}, {"audience": "a", "expirationSeconds": 5}]}});
        assert_eq!(
            complaints(validate_driver, &driver),
            [
                "spec.storageCapacity: Required value",
                "spec.fsGroupPolicy: Unsupported value: \"Some\": supported values: \"ReadWriteOnceWithFSType\", \"File\", \"None\"",
                "spec.tokenRequests[1].audience: Duplicate value: \"a\"",
                "spec.tokenRequests[1].expirationSeconds: Invalid value: 5: may not specify a duration less than 10 minutes",
                "spec.volumeLifecycleModes: Unsupported value: \"Never\": supported values: \"Persistent\", \"Ephemeral\"",
            ]
        );
        assert_eq!(
            complaints(validate_attributes_class, &json!({"driverName": "a.b"})),
            ["parameters: Required value: must contain at least one key/value pair"]
        );
        assert_eq!(complaints(validate_capacity, &json!({"storageClassName": "A"})).len(), 1);
    }
}
