//! leptos' signals and memos, compiled once.
//!
//! Each type of value brings another copy of everything that a signal is (storage, subscribers, locks, comparisons): two
//! to three kilobytes of what a first visitor downloads. Here the graph only ever holds one type, a pointer to anything,
//! and the two wrappers know what is behind it. They are used as leptos' own and end with their owner as those do.

use leptos::prelude::{self as graph, *};
use std::any::Any;
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::Arc;

/// A value that can be changed and followed.
pub struct RwSignal<T> {
    inner: graph::RwSignal<Rc<dyn Any>, LocalStorage>,
    of: PhantomData<fn() -> T>,
}

impl<T> Clone for RwSignal<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for RwSignal<T> {}

fn made(value: Rc<dyn Any>) -> graph::RwSignal<Rc<dyn Any>, LocalStorage> {
    graph::RwSignal::new_local(value)
}

fn put(signal: graph::RwSignal<Rc<dyn Any>, LocalStorage>, value: Rc<dyn Any>) {
    signal.set(value);
}

fn followed(signal: graph::RwSignal<Rc<dyn Any>, LocalStorage>) -> Rc<dyn Any> {
    signal.with(Rc::clone)
}

fn seen(signal: graph::RwSignal<Rc<dyn Any>, LocalStorage>) -> Rc<dyn Any> {
    signal.with_untracked(Rc::clone)
}

fn changed(signal: graph::RwSignal<Rc<dyn Any>, LocalStorage>, change: &mut dyn FnMut(&mut Rc<dyn Any>)) {
    signal.update(|value| change(value));
}

fn is<T: 'static>(value: &dyn Any) -> &T {
    match value.downcast_ref() {
        Some(value) => value,
        None => unreachable!("the signal was made for this type"),
    }
}

impl<T: 'static> RwSignal<T> {
    /// A signal with its first value.
    pub fn new(value: T) -> Self {
        Self { inner: made(Rc::new(value)), of: PhantomData }
    }

    /// Sets the value.
    pub fn set(self, value: T) {
        put(self.inner, Rc::new(value));
    }

    /// Sets the value, unless the owner has ended.
    pub fn try_set(self, value: T) {
        let _ = self.inner.try_set(Rc::new(value));
    }

    /// Reads the value and follows it.
    pub fn with<R>(self, read: impl FnOnce(&T) -> R) -> R {
        read(is(&*followed(self.inner)))
    }

    /// Reads the value.
    pub fn with_untracked<R>(self, read: impl FnOnce(&T) -> R) -> R {
        read(is(&*seen(self.inner)))
    }

    /// Follows the value.
    pub fn track(self) {
        self.inner.track();
    }
}

impl<T: Clone + 'static> RwSignal<T> {
    /// The value, which is followed.
    pub fn get(self) -> T {
        is::<T>(&*followed(self.inner)).clone()
    }

    /// The value.
    pub fn get_untracked(self) -> T {
        is::<T>(&*seen(self.inner)).clone()
    }

    /// The value, unless the owner has ended.
    pub fn try_get_untracked(self) -> Option<T> {
        self.inner.try_with_untracked(Rc::clone).map(|value| is::<T>(&*value).clone())
    }

    /// Changes the value.
    pub fn update(self, change: impl FnOnce(&mut T)) {
        let mut change = Some(change);
        changed(self.inner, &mut |value| {
            if let Some(change) = change.take() {
                change(own(value));
            }
        });
    }

    /// Changes the value and tells nobody.
    pub fn update_untracked(self, change: impl FnOnce(&mut T)) {
        self.inner.update_untracked(|value| change(own(value)));
    }
}

impl<T: Default + 'static> Default for RwSignal<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

/// The value alone: whoever still reads it keeps what it was.
fn own<T: Clone + 'static>(value: &mut Rc<dyn Any>) -> &mut T {
    if Rc::get_mut(value).is_none() {
        *value = Rc::new(is::<T>(&**value).clone());
    }
    match Rc::get_mut(value).and_then(|value| value.downcast_mut()) {
        Some(value) => value,
        None => unreachable!("the signal was made for this type, and a fresh copy is not shared"),
    }
}

/// What a memo holds: the value, and how two of them are compared.
struct Held {
    value: Arc<dyn Any + Send + Sync>,
    same: fn(&dyn Any, &dyn Any) -> bool,
}

impl PartialEq for Held {
    fn eq(&self, other: &Self) -> bool {
        (self.same)(&*self.value, &*other.value)
    }
}

/// A value that follows from others; moves only when it changes.
pub struct Memo<T> {
    inner: graph::Memo<Held>,
    of: PhantomData<fn() -> T>,
}

impl<T> Clone for Memo<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Memo<T> {}

fn derived(value: Box<dyn Fn() -> Held + Send + Sync>) -> graph::Memo<Held> {
    graph::Memo::new(move |_| value())
}

fn value(memo: graph::Memo<Held>) -> Arc<dyn Any + Send + Sync> {
    memo.with(|held| held.value.clone())
}

fn value_now(memo: graph::Memo<Held>) -> Arc<dyn Any + Send + Sync> {
    memo.with_untracked(|held| held.value.clone())
}

impl<T: PartialEq + Send + Sync + 'static> Memo<T> {
    /// A value that is computed when it is asked for.
    pub fn new(compute: impl Fn() -> T + Send + Sync + 'static) -> Self {
        fn same<T: PartialEq + 'static>(a: &dyn Any, b: &dyn Any) -> bool {
            is::<T>(a) == is::<T>(b)
        }
        let inner = derived(Box::new(move || Held { value: Arc::new(compute()), same: same::<T> }));
        Self { inner, of: PhantomData }
    }
}

impl<T: 'static> Memo<T> {
    /// Reads the value and follows it.
    pub fn with<R>(self, read: impl FnOnce(&T) -> R) -> R {
        read(is(&*value(self.inner)))
    }

    /// Reads the value.
    pub fn with_untracked<R>(self, read: impl FnOnce(&T) -> R) -> R {
        read(is(&*value_now(self.inner)))
    }

    /// Follows the value.
    pub fn track(self) {
        self.inner.track();
    }

    /// The value, which is followed.
    pub fn get(self) -> T
    where
        T: Clone,
    {
        is::<T>(&*value(self.inner)).clone()
    }

    /// The value.
    pub fn get_untracked(self) -> T
    where
        T: Clone,
    {
        is::<T>(&*value_now(self.inner)).clone()
    }
}
