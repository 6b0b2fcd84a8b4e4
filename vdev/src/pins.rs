//! How the inputs of interrupt controllers are assigned.

#![forbid(unsafe_code)]

use gasp_abi::guest_intr_assign_type::{self as giat, *};

/// The most sources of one input: each has a bit.
const SOURCES: u32 = 32;

/// Who asks for an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// The option `intr`.
    ByConfiguration,
    /// A vdev.
    ByVdev(giat),
}

/// The inputs that somebody has asked for.
#[derive(Debug, Default)]
pub(crate) struct Pins(Vec<Pin>);

#[derive(Debug)]
struct Pin {
    /// The address of the controller's vdev.
    controller: usize,
    input: u32,
    state: giat,
    sources: u32,
}

impl Pins {
    /// Assigns an input; returns the bit of the source. The error says what is the matter with the
    /// input.
    pub(crate) fn assign(
        &mut self,
        controller: usize,
        input: u32,
        asked: Asked,
    ) -> Result<u32, String> {
        let pin = self.pin(controller, input);
        let state = match (asked, pin.state) {
            (_, _) if pin.sources == SOURCES => Err(format!("has {SOURCES} sources already")),
            (_, GIAT_EXCLUSIVE) => Err("is assigned to one vdev alone (GIAT_EXCLUSIVE)".into()),
            (Asked::ByConfiguration, GIAT_SPECIAL) => {
                Err("is not for the configuration (GIAT_SPECIAL)".into())
            }
            (Asked::ByConfiguration, GIAT_UNUSED) => Ok(GIAT_SHAREABLE),
            (Asked::ByConfiguration, state) => Ok(state),
            (Asked::ByVdev(asked), state) if (asked as u32) < state as u32 => {
                Err(format!("is {state:?}, and cannot become {asked:?}"))
            }
            (Asked::ByVdev(asked), _) => Ok(asked),
        }?;
        pin.state = state;
        let source = 1 << pin.sources;
        if state != GIAT_UNUSED {
            pin.sources = pin.sources.saturating_add(1);
        }
        Ok(source)
    }

    fn pin(&mut self, controller: usize, input: u32) -> &mut Pin {
        let found =
            self.0.iter().position(|pin| (pin.controller, pin.input) == (controller, input));
        let index = found.unwrap_or_else(|| {
            self.0.push(Pin { controller, input, state: GIAT_UNUSED, sources: 0 });
            self.0.len().saturating_sub(1)
        });
        &mut self.0[index]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIC: usize = 0x40;

    #[test]
    fn each_source_of_an_input_has_its_bit() {
        let mut pins = Pins::default();
        for source in 0..SOURCES {
            let asked = if source % 2 == 0 {
                Asked::ByConfiguration
            } else {
                Asked::ByVdev(GIAT_SHAREABLE)
            };
            assert_eq!(pins.assign(PIC, 3, asked), Ok(1 << source));
        }
        assert!(pins.assign(PIC, 3, Asked::ByConfiguration).is_err());
        assert_eq!(pins.assign(PIC, 4, Asked::ByConfiguration), Ok(1));
        assert_eq!(pins.assign(PIC + 1, 3, Asked::ByConfiguration), Ok(1));
    }

    #[test]
    fn an_input_only_moves_upwards() {
        let all = [GIAT_UNUSED, GIAT_SHAREABLE, GIAT_RESERVED, GIAT_EXCLUSIVE, GIAT_SPECIAL];
        for (first, state) in all.into_iter().enumerate() {
            for (second, asked) in all.into_iter().enumerate() {
                let mut pins = Pins::default();
                pins.assign(PIC, 1, Asked::ByVdev(state)).ok();
                let again = pins.assign(PIC, 1, Asked::ByVdev(asked));
                let allowed = second >= first && state != GIAT_EXCLUSIVE;
                assert_eq!(again.is_ok(), allowed, "{state:?} to {asked:?}");
            }
        }
    }

    #[test]
    fn the_configuration_may_not_name_every_input() {
        for (state, allowed) in [
            (GIAT_UNUSED, true),
            (GIAT_SHAREABLE, true),
            (GIAT_RESERVED, true),
            (GIAT_EXCLUSIVE, false),
            (GIAT_SPECIAL, false),
        ] {
            let mut pins = Pins::default();
            pins.assign(PIC, 1, Asked::ByVdev(state)).ok();
            assert_eq!(pins.assign(PIC, 1, Asked::ByConfiguration).is_ok(), allowed, "{state:?}");
        }
    }
}
