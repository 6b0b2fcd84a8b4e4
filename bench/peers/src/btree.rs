//! `BTreeMap` behind one lock: the correct baseline that needs no thought.

use crate::export::{Peer, export};
use crate::ordered::Ordered;
use crate::run::{Attrs, Change};
use gasp_abi::gasp_region;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Under a `std` Mutex.
#[derive(Default)]
struct UnderMutex(Mutex<Ordered>);

impl UnderMutex {
    fn lock(&self) -> MutexGuard<'_, Ordered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Peer for UnderMutex {
    #[inline(always)]
    fn find(&self, location: u64) -> Option<(u64, Attrs)> {
        self.lock().find(location)
    }

    fn set(&self, elements: &[gasp_region]) {
        let mut map = self.lock();
        elements.iter().for_each(|element| map.change(&Change::of(element)));
    }
}

/// Under a parking_lot RwLock.
#[derive(Default)]
struct UnderRwLock(parking_lot::RwLock<Ordered>);

impl Peer for UnderRwLock {
    #[inline(always)]
    fn find(&self, location: u64) -> Option<(u64, Attrs)> {
        self.0.read().find(location)
    }

    fn set(&self, elements: &[gasp_region]) {
        let mut map = self.0.write();
        elements.iter().for_each(|element| map.change(&Change::of(element)));
    }
}

mod mutex {
    use super::{UnderMutex, export};
    export!(UnderMutex => peer_btree_mutex_create, peer_btree_mutex_destroy,
            peer_btree_mutex_set, peer_btree_mutex_info);
}

mod rwlock {
    use super::{UnderRwLock, export};
    export!(UnderRwLock => peer_btree_rwlock_create, peer_btree_rwlock_destroy,
            peer_btree_rwlock_set, peer_btree_rwlock_info);
}
