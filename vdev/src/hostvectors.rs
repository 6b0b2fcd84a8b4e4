//! The vectors of the host that the inputs of controllers have: the option `hostvector`.

#![forbid(unsafe_code)]

use super::lock::unpoisoned;
use std::sync::RwLock;

/// The controllers with their vectors, in the order in which they were created.
#[derive(Debug, Default)]
pub(crate) struct HostVectors(RwLock<Vec<Vectors>>);

#[derive(Debug)]
struct Vectors {
    controller: usize,
    first: u64,
    inputs: u64,
}

impl HostVectors {
    /// Gives a controller the vectors behind those of the controller before it.
    pub(crate) fn add(&self, controller: usize, inputs: u64) {
        let mut all = unpoisoned(self.0.write());
        // 4,096 controllers with 2^32 inputs each are far below 2^64.
        let first = all.last().map_or(0, |last| last.first.saturating_add(last.inputs));
        all.push(Vectors { controller, first, inputs });
    }

    /// Gives a controller the vectors from this one on.
    pub(crate) fn set(&self, controller: usize, first: u32) {
        let mut all = unpoisoned(self.0.write());
        if let Some(vectors) = all.iter_mut().find(|vectors| vectors.controller == controller) {
            vectors.first = first.into();
        }
    }

    /// Forgets a controller.
    pub(crate) fn remove(&self, controller: usize) {
        unpoisoned(self.0.write()).retain(|vectors| vectors.controller != controller);
    }

    /// The first vector of a controller.
    pub(crate) fn first(&self, controller: usize) -> Option<u64> {
        let all = unpoisoned(self.0.read());
        all.iter().find(|vectors| vectors.controller == controller).map(|vectors| vectors.first)
    }
}
