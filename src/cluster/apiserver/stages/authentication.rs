//! Who are you? The certificate's subject is the answer: its common name the user, its organisations the groups.
//!
//! Certificates are checked by the connection, which is not modelled: a request carries the user that its certificate
//! names. Without one it is `system:anonymous`, which a kubeadm cluster lets ask for little more than the version.

use crate::api::Status;
use crate::cluster::wire::User;

/// Lets a known user pass.
///
/// # Errors
/// 401 when no user is named.
pub fn check(user: &User) -> Result<(), Status> {
    if user.name.is_empty() || &*user.name == "system:anonymous" { Err(Status::unauthorized()) } else { Ok(()) }
}
