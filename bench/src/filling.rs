//! The ways to fill a map. The shape of the map depends on them.

use crate::design::{Design, Map, Updates};
use crate::error::Error;
use crate::layout::Layout;
use gasp_abi::gasp_region;

/// How a map is filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fill {
    AscendingBatch,
    Ascending,
    RandomBatch,
    Random,
}

impl Fill {
    pub const ALL: [Self; 4] =
        [Self::AscendingBatch, Self::Ascending, Self::RandomBatch, Self::Random];

    /// The name in tables and on the command line of a child process.
    pub fn name(self) -> &'static str {
        match self {
            Self::AscendingBatch => "ascending, one call",
            Self::Ascending => "ascending, one by one",
            Self::RandomBatch => "random, one call",
            Self::Random => "random, one by one",
        }
    }

    /// Whether a design can do it in reasonable time.
    pub fn suits(self, design: &Design) -> bool {
        let batch = matches!(self, Self::AscendingBatch | Self::RandomBatch);
        batch || design.updates == Updates::Cheap
    }

    /// Fill an empty map.
    pub fn run(self, map: &Map, layout: &Layout) -> Result<(), Error> {
        match self {
            Self::AscendingBatch => map.set(&layout.regions),
            Self::Ascending => one_by_one(map, &layout.regions),
            Self::RandomBatch => map.set(&layout.shuffled()),
            Self::Random => one_by_one(map, &layout.shuffled()),
        }
    }
}

/// Apply elements by one call each.
pub fn one_by_one(map: &Map, regions: &[gasp_region]) -> Result<(), Error> {
    regions.iter().try_for_each(|region| map.set(core::slice::from_ref(region)))
}
