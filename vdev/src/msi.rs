//! Message-signalled interrupts: which vdev claims the messages for an address.

#![forbid(unsafe_code)]

use super::lock::unpoisoned;
use gasp_abi::guest_msi_deliver_func_t;
use std::sync::RwLock;

/// The messages that a controller claims.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Claim {
    /// The address of the controller's vdev.
    pub(crate) controller: usize,
    pub(crate) address: u64,
    /// The bits of an address that count.
    pub(crate) mask: u64,
    pub(crate) deliver: guest_msi_deliver_func_t,
    pub(crate) cookie: u32,
}

impl Claim {
    fn has(&self, address: u64) -> bool {
        address & self.mask == self.address
    }

    /// Whether some message is for both.
    fn meets(&self, other: &Self) -> bool {
        (self.address ^ other.address) & self.mask & other.mask == 0
    }
}

/// The claims of a guest's vdevs.
#[derive(Debug, Default)]
pub(crate) struct Claims(RwLock<Vec<Claim>>);

impl Claims {
    /// Adds a claim. Returns the controller whose earlier claim has some of its messages.
    pub(crate) fn add(&self, claim: Claim) -> Option<usize> {
        let mut claims = unpoisoned(self.0.write());
        let earlier = claims.iter().find(|other| other.meets(&claim)).map(|other| other.controller);
        claims.push(claim);
        earlier
    }

    /// The first claim of a message.
    pub(crate) fn find(&self, address: u64) -> Option<Claim> {
        unpoisoned(self.0.read()).iter().find(|claim| claim.has(address)).copied()
    }

    /// Forgets the claims of a vdev.
    pub(crate) fn remove(&self, controller: usize) {
        unpoisoned(self.0.write()).retain(|claim| claim.controller != controller);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(controller: usize, address: u64, mask: u64) -> Claim {
        Claim { controller, address, mask, deliver: None, cookie: 0 }
    }

    #[test]
    fn the_first_claim_of_an_address_has_its_messages() {
        let claims = Claims::default();
        assert_eq!(claims.add(claim(1, 0xfee0_0000, !0xf_ffff)), None);
        assert_eq!(claims.add(claim(2, 0xfef0_0000, !0xf_ffff)), None);
        assert_eq!(claims.add(claim(3, 0xfee0_1000, u64::MAX)), Some(1));
        // All that is left.
        assert_eq!(claims.add(claim(4, 0, 0)), Some(1));
        let owner = |address| claims.find(address).map(|claim| claim.controller);
        for (address, expected) in [
            (0xfee0_0000, 1),
            (0xfeef_ffff, 1),
            (0xfee0_1000, 1),
            (0xfef0_0000, 2),
            (0xfedf_ffff, 4),
            (0x1_fee0_0000, 4),
            (u64::MAX, 4),
        ] {
            assert_eq!(owner(address), Some(expected), "{address:#x}");
        }
        claims.remove(1);
        assert_eq!((owner(0xfee0_1000), owner(0xfee0_0000)), (Some(3), Some(4)));
    }
}
