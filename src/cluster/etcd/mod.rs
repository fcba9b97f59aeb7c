//! etcd: the log room. The only place where the cluster's state is kept.
//!
//! A real etcd is a replicated key-value store with *multi-version concurrency control*: each write gets the next
//! number of one counter, the **revision**, and old versions stay readable until they are compacted away. Everything
//! that Kubernetes promises about `resourceVersion`, conflicts and watches follows from that:
//!
//! - a *transaction* compares modification revisions and writes only if they still hold (the 409 of the API);
//! - a *watch* begins at a revision, replays what has happened since, and then goes on live, with nothing lost between;
//! - a *compaction* forgets old versions; whoever asks for them is told so (the 410 of the API) and must list again;
//! - a *lease* lets keys disappear by themselves (Kubernetes uses it for Events).
//!
//! ```text
//!   step(input) ─▶ ┌─────────── Replica ───────────┐ ─▶ ready(): replies, events, "please write this to disk"
//!   tick(now)   ─▶ │ waiting ▸ writing ▸ Store      │
//!                  └────────────────────────────────┘
//! ```
//!
//! [`mvcc`] is the store, [`lease`] the leases, [`replica`] the state machine around them: inputs in, outputs out, no
//! clock, no network. [`member`] is the process: it speaks the wire's words, waits for the disk and notes facts.
//! Writes that arrive while the disk is busy wait and share the next fsync, as etcd's own batching does.
//!
//! The store never looks inside a value. One liberty is taken: a real etcd keeps bytes, and the API server adds the
//! revision to an object as `resourceVersion` each time that it decodes it. Objects here are never encoded, so the
//! value is told its revision once, when it is written ([`mvcc::Value`]), and everybody shares that one allocation.
//!
//! Left out: raft (one member so far; its messages will be further inputs and outputs of the replica), authentication,
//! nested transactions, comparisons of anything but modification revisions, defragmentation and quotas.

pub mod lease;
pub mod member;
pub mod mvcc;
pub mod replica;

pub use member::Etcd;
