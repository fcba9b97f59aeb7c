//! `DELETE` of a collection: its objects one after the other, each as if it had been asked for alone.
//!
//! Upstream: `k8s.io/apiserver/pkg/registry/generic/registry/store.go`, `DeleteCollection`.

use super::ApiServer;
use super::flight::{Collection, Phase, Writing};
use super::stages::{Plan, at};
use super::writes::check;
use super::{deletion, reads};
use crate::api::Body;
use crate::api::object::Object;
use crate::api::request::DeleteOptions;
use crate::cluster::Cx;
use crate::cluster::fact::Gate;
use crate::cluster::wire::{EtcdOp, EtcdWrite, Reply};
use crate::sim::Log;
use std::rc::Rc;

impl ApiServer {
    /// The request is through the gates.
    pub(super) fn begin_collection(&mut self, cx: &mut Cx, number: u64) {
        let Some(flight) = self.flights.get(&number) else { return };
        let (request, face) = (flight.request.clone(), flight.face);
        let checked = check(&request)
            .map_err(at(Gate::Decoding))
            .and_then(|()| reads::selection(&request, face).map_err(at(Gate::Decoding)));
        let selection = match checked {
            Ok(selection) => selection,
            Err(refused) => {
                self.note_gates(cx, number, Some(&refused));
                return self.carry_out(cx, number, Err(refused), None);
            }
        };
        let all = self.cache.in_namespace(selection.kind, &selection.namespace);
        let items: Rc<[Object]> = all.filter(|object| selection.matches(object)).cloned().collect();
        let rest: Log<Object> = items.iter().rev().cloned().collect();
        let listed = self.cache.revision();
        if !rest.is_empty() && !request.options.dry_run {
            self.note_gates(cx, number, None);
            return self.delete_next(cx, number, Collection { rest, items, listed, revision: 0 });
        }
        self.answer(cx, number, Ok(Reply::Gone { items, listed, revision: 0 }));
    }

    /// The next object of a collection; at the end the answer shows what was listed (upstream: `store.go`,
    /// `DeleteCollection`).
    pub(super) fn delete_next(&mut self, cx: &mut Cx, number: u64, mut collection: Collection) {
        let Some(flight) = self.flights.get_mut(&number) else { return };
        flight.cause = cx.cause();
        let options = match &flight.request.body {
            Body::Delete(options) => options.clone(),
            _ => DeleteOptions::default(),
        };
        while let Some(object) = collection.rest.pop_last() {
            let now = cx.now();
            let (write, compare) = match deletion::plan(&options, &object, now) {
                Plan::Nothing(_) | Plan::Budget(_) | Plan::MarkThenEvict(_) => continue,
                Plan::Delete => (None, object.revision()),
                Plan::MarkThenDelete(marked) => {
                    // Its second step finds it marked, with no time left.
                    collection.rest.push(marked.clone());
                    (Some(marked), object.revision())
                }
                Plan::Update(new) | Plan::Create(new) | Plan::Answer(new) => (Some(new), object.revision()),
            };
            let key: Rc<str> = object.kind().etcd_key(object.namespace(), object.name()).into();
            let write = match write {
                Some(object) => EtcdWrite::Put(key.clone(), object, None),
                None => EtcdWrite::Delete(key.clone()),
            };
            flight.phase = Phase::Writing(Writing::Collection(collection));
            let op = EtcdOp::Txn { compare: vec![(key.clone(), compare)], then: vec![write], otherwise: vec![key] };
            return self.ask(cx, number, op);
        }
        let Collection { items, listed, revision, .. } = collection;
        self.answer(cx, number, Ok(Reply::Gone { items, listed, revision }));
    }
}
