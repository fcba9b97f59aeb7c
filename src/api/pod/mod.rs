//! What a pod spec means to the API server, wherever it stands: in a pod or in a template.
//!
//! A pod spec is by far the largest thing that people write. The server completes it ([`defaults`]), refuses what makes
//! no sense ([`validation`]), compares it with the old one on an update ([`update`], [`resize`]) and warns of what is odd
//! ([`warnings`]). Deployments, replica sets and all other workloads contain the same spec in their template, so all of
//! this stands beside the kinds rather than in one of them.
//!
//! - [`template`]: what the workloads that contain a template have in common.
//! - [`status`]: quality of service, the condition that scheduling gates set.
//! - [`printing`]: the words of `kubectl get pods`, which summarise a pod's whole state in one column.
//!
//! Followed are upstream's `pkg/apis/core/v1/defaults.go`, `pkg/apis/core/validation/validation.go`,
//! `pkg/api/pod/{util,warnings}.go`, with the feature gates of v1.36 at their defaults.
//!
//! Left out: the content of cloud providers' and other rare volume sources, Windows options, pod-level resources
//! and pod certificates are taken as they are, without validation.

pub mod amounts;
pub mod defaults;
pub mod go_struct;
pub mod label_keys;
pub mod placing;
pub mod printing;
pub mod resize;
pub mod resized;
pub mod standards;
pub mod status;
pub mod template;
pub mod update;
pub mod validation;
pub mod warnings;
