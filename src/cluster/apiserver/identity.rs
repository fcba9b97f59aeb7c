//! Who asks, and whether he may: the first two gates.

use super::authorizer::Attributes;
use super::stages::{Refused, at, authentication, authorization};
use super::{ApiServer, tokens};
use crate::api::Status;
use crate::cluster::fact::Gate;
use crate::cluster::wire::User;
use crate::sim::Time;

impl ApiServer {
    /// The user whom a bearer token names.
    ///
    /// # Errors
    /// 401 for a token that is not accepted.
    pub fn authenticate(&self, token: &str, now: Time) -> Result<User, Status> {
        tokens::user(token, &self.cache, now).map_err(|_| Status::unauthorized())
    }

    /// Whether somebody may ask for a path that is about no resource, such as `/version`. `verb` is `get` and the like.
    ///
    /// # Errors
    /// 403 in the words of the real server.
    pub fn authorize_path(&mut self, user: &User, verb: &str, path: &str) -> Result<(), Status> {
        authentication::check(user)?;
        let user = authorization::impersonated(&mut self.authorizer, &self.cache, user)?;
        let what = Attributes::path(verb, path);
        let decision = self.authorizer.decide(&user, &what, &self.cache);
        decision.map(|_| ()).map_err(|reason| what.refusal(&user, &reason))
    }

    /// Who is it, and may he?
    pub(super) fn pass(&mut self, number: u64) -> Result<(), Refused> {
        let Some(flight) = self.flights.get_mut(&number) else { return Ok(()) };
        authentication::check(&flight.user).map_err(at(Gate::Authentication))?;
        let (authorizer, cache) = (&mut self.authorizer, &self.cache);
        flight.user = authorization::impersonated(authorizer, cache, &flight.user).map_err(at(Gate::Authorization))?;
        let rule = authorization::check(authorizer, cache, &flight.user, &flight.request);
        flight.rule = rule.map_err(at(Gate::Authorization))?;
        Ok(())
    }
}
