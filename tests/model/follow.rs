//! The steps of a session with a listener and with `gasp_guest_set`.

use super::change::{Snapshot, notifications};
use super::generate::Generator;
use super::listener::{Notification, SetOptions};
use super::numbers::*;
use super::report::{Check, same};
use super::session::Session;
use super::set::{Answer, Element, Row, Rules};
use super::state::{Errno, Kind};
use gasp_abi::gasp_region;

impl Session {
    /// The expected result of the library, an index and perhaps an errno, for a call that the model
    /// has made with `answer`. The listener may refuse it: then the model undoes the change. Sets the
    /// expected notifications.
    pub(super) fn after_set(
        &mut self,
        before: Snapshot,
        options: SetOptions,
        answer: Answer,
    ) -> (usize, Option<Errno>) {
        if let Err(errno) = self.after_change(before, options) {
            return (0, Some(errno));
        }
        self.story.rows.extend(answer.refused);
        (answer.count, answer.refused.map(Row::errno))
    }

    /// As [`Session::after_set`], for a call without elements: the error if the listener refuses.
    pub(super) fn after_change(
        &mut self,
        before: Snapshot,
        options: SetOptions,
    ) -> Result<(), Errno> {
        let after = Snapshot::of(&self.model);
        let changed = [Kind::Memory, Kind::Ports].map(|kind| before.differs(kind, &after));
        let listened = self.listener.is_some() && changed.contains(&true);
        let refused = listened && self.recorder.refuses.get() != EOK;
        self.expected = match listened {
            true => notifications(before.difference(&after), options, refused),
            false => vec![],
        };
        if options.dry || refused {
            before.restore(&mut self.model);
        } else {
            (0..2).for_each(|space| self.generations[space] += u64::from(changed[space]));
        }
        if refused { Err(self.recorder.refuses.get()) } else { Ok(()) }
    }

    pub(super) fn compare_notifications(&mut self) -> Check {
        let expected = std::mem::take(&mut self.expected);
        same("the listener's notifications", expected, self.recorder.take())
    }

    /// A call that the listener, if there is one, refuses if it changes anything.
    pub(super) fn set_refused(&mut self, generator: &mut Generator) -> Check {
        let array = generator.array(&self.model);
        self.story.call("the listener refuses with EBUSY".into());
        self.recorder.refuses.set(EBUSY);
        let result = self.set_array(&array);
        self.recorder.refuses.set(EOK);
        result
    }

    /// One call of `gasp_guest_set` to both.
    pub(super) fn guest_set(&mut self, generator: &mut Generator) -> Check {
        let random = &mut generator.random;
        let (whole, dry, report) = (random.percent(70), random.percent(30), random.percent(70));
        let (overrides, only_absent) = (random.percent(10), random.percent(15));
        let rules = Rules { overrides, only_absent, ..Rules::default() };
        let (options, refuses) = (SetOptions { whole, dry, report, rules }, random.percent(20));
        let swap = if random.percent(30) { generator.swap(&self.model) } else { None };
        let array = swap.unwrap_or_else(|| generator.array(&self.model));
        self.recorder.refuses.set(if refuses { EBUSY } else { EOK });
        self.story.call(format!("as gasp_guest_set, {options:?}, the listener refuses: {refuses}"));
        let result = self.set_as(&array, options);
        self.recorder.refuses.set(EOK);
        result
    }

    fn set_as(&mut self, array: &[gasp_region], options: SetOptions) -> Check {
        self.story.array(array);
        let before = Snapshot::of(&self.model);
        let elements: Vec<Element> = array.iter().map(Element::from).collect();
        let answer = self.model.set_as(&elements, options.whole, options.rules);
        let expected = self.after_set(before, options, answer);
        let (errno, index) = self.guest.set_as(array, options);
        same("the return value", expected.1.unwrap_or(EOK), errno)?;
        same("the index", options.report.then_some(expected.0), index)?;
        self.compare_notifications()
    }

    /// Adds the listener, which may refuse the present map, or removes it, which it cannot refuse.
    pub(super) fn add_or_remove_listener(&mut self, generator: &mut Generator) -> Check {
        let refuses = generator.random.percent(30);
        self.recorder.refuses.set(if refuses { EBUSY } else { EOK });
        let options = SetOptions::default();
        let (all, none) = (Snapshot::of(&self.model), Snapshot::nothing(&self.model));
        let result = match self.listener.take() {
            Some(id) => {
                self.remove_listener(id, notifications(all.difference(&none), options, false))
            }
            None => {
                self.add_listener(notifications(none.difference(&all), options, refuses), refuses)
            }
        };
        self.recorder.refuses.set(EOK);
        result
    }

    fn add_listener(&mut self, expected: Vec<Notification>, refuses: bool) -> Check {
        self.story.call("gasp_guest_add_listener".into());
        let refused = refuses && !expected.is_empty();
        let added = self.guest.follow(&self.recorder);
        same("the return value", if refused { Err(EBUSY) } else { Ok(()) }, added.map(|_| ()))?;
        self.listener = added.ok();
        same("the new listener's notifications", expected, self.recorder.take())
    }

    fn remove_listener(&mut self, id: u64, expected: Vec<Notification>) -> Check {
        self.story.call("gasp_guest_remove_listener".into());
        same("the return value", Ok(()), self.guest.unfollow(id))?;
        same("the removed listener's notifications", expected, self.recorder.take())
    }
}
