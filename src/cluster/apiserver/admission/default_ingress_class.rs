//! `DefaultIngressClass`: an Ingress that names no class gets the default one
//! (upstream: `plugin/pkg/admission/network/defaultingressclass`).

use super::Plugin;
use crate::api::kinds::ingress_class::KIND;
use crate::api::meta;
use crate::api::object::Object;
use std::cmp::Reverse;

/// The plugin.
pub const PLUGIN: Plugin = Plugin {
    mutate: |request, object| {
        let annotated =
            |object: &Object, key: &str| object.meta().annotations.as_ref().and_then(|map| map.get(key).cloned());
        let named = object.document().is_some_and(|ingress| ingress.at("spec.ingressClassName").is_some());
        if !request.creates("Ingress") || named || annotated(object, "kubernetes.io/ingress.class").is_some() {
            return Ok(());
        }
        let marked = |class: &&Object| {
            annotated(class, "ingressclass.kubernetes.io/is-default-class").as_deref() == Some("true")
        };
        let newest = request.review.cache.iter(&KIND).filter(marked).min_by_key(|class| {
            (Reverse(class.meta().creation_timestamp.as_ref().map(meta::moment)), class.name().to_owned())
        });
        if let (Some(class), Some(ingress)) = (newest, object.document_mut()) {
            ingress.set("spec.ingressClassName", class.name().into());
        }
        Ok(())
    },
    ..Plugin::named("DefaultIngressClass")
};
