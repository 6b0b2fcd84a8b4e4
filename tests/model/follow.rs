//! What a session does with a listener, and with `gasp_guest_set`.

use super::change::{Snapshot, hears};
use super::generate::Generator;
use super::listener::{How, Told};
use super::numbers::*;
use super::report::{Check, same};
use super::session::Session;
use super::set::{Answer, Row};
use super::state::{Errno, Kind};
use gasp_abi::gasp_region;

impl Session {
    /// The model has made a call that answers so: what the library gives (the index, and the errno
    /// if there is one) when a listener may refuse what is changed. Afterwards the model is as the
    /// guest will be, and what the listener hears is expected of it.
    pub(super) fn after_set(
        &mut self,
        before: Snapshot,
        how: How,
        answer: Answer,
    ) -> (usize, Option<Errno>) {
        let after = Snapshot::of(&self.model);
        let changed = [Kind::Memory, Kind::Ports].map(|kind| before.differs(kind, &after));
        let listened = self.listener.is_some() && changed.contains(&true);
        let refused = listened && self.recorder.refuses.get() != EOK;
        self.expected = match listened {
            true => hears(before.difference(&after), how, refused),
            false => vec![],
        };
        if how.dry || refused {
            before.restore(&mut self.model);
        } else {
            (0..2).for_each(|space| self.generations[space] += u64::from(changed[space]));
        }
        if refused {
            return (0, Some(self.recorder.refuses.get()));
        }
        self.story.rows.extend(answer.refused);
        (answer.count, answer.refused.map(Row::errno))
    }

    pub(super) fn compare_told(&mut self) -> Check {
        let expected = std::mem::take(&mut self.expected);
        same("what the listener was told", expected, self.recorder.take())
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
        let (how, refuses) = (How { whole, dry, report }, random.percent(20));
        let swap = if random.percent(30) { generator.swap(&self.model) } else { None };
        let array = swap.unwrap_or_else(|| generator.array(&self.model));
        self.recorder.refuses.set(if refuses { EBUSY } else { EOK });
        self.story.call(format!("as gasp_guest_set, {how:?}, the listener refuses: {refuses}"));
        let result = self.set_as(&array, how);
        self.recorder.refuses.set(EOK);
        result
    }

    fn set_as(&mut self, array: &[gasp_region], how: How) -> Check {
        self.story.array(array);
        let before = Snapshot::of(&self.model);
        let answer = self.model.set_as(array, how.whole);
        let expected = self.after_set(before, how, answer);
        let (errno, index) = self.guest.set_as(array, how);
        same("the return value", expected.1.unwrap_or(EOK), errno)?;
        same("the index", how.report.then_some(expected.0), index)?;
        self.compare_told()
    }

    /// The listener comes, if the present map is fine with it, or goes, whether it wants or not.
    pub(super) fn come_or_go(&mut self, generator: &mut Generator) -> Check {
        let refuses = generator.random.percent(30);
        self.recorder.refuses.set(if refuses { EBUSY } else { EOK });
        let (all, none) = (Snapshot::of(&self.model), Snapshot::nothing(&self.model));
        let result = match self.listener.take() {
            Some(id) => self.go(id, hears(all.difference(&none), How::default(), false)),
            None => self.come(hears(none.difference(&all), How::default(), refuses), refuses),
        };
        self.recorder.refuses.set(EOK);
        result
    }

    fn come(&mut self, expected: Vec<Told>, refuses: bool) -> Check {
        self.story.call("gasp_guest_add_listener".into());
        let refused = refuses && !expected.is_empty();
        let added = self.guest.follow(&self.recorder);
        same("the return value", if refused { Err(EBUSY) } else { Ok(()) }, added.map(|_| ()))?;
        self.listener = added.ok();
        same("what the new listener was told", expected, self.recorder.take())
    }

    fn go(&mut self, id: u64, expected: Vec<Told>) -> Check {
        self.story.call("gasp_guest_remove_listener".into());
        same("the return value", Ok(()), self.guest.unfollow(id))?;
        same("what the listener was told at last", expected, self.recorder.take())
    }
}
