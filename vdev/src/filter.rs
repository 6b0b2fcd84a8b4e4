//! Filters of the log: which lines go where.

#![forbid(unsafe_code)]

use crate::lock::unpoisoned;
use gasp_abi::qvm_outlbl::{self, *};
use gasp_abi::{GASP_LOG_SLOG, GASP_LOG_STDERR, GASP_LOG_STDOUT};
use std::sync::RwLock;

/// The kinds of lines, the most severe first. They are a set: no kind contains another.
pub(crate) const LABELS: [qvm_outlbl; 7] = [
    QVM_OUTAL_FATAL,
    QVM_OUTAL_INTERNAL,
    QVM_OUTAL_ERROR,
    QVM_OUTAL_WARNING,
    QVM_OUTAL_INFO,
    QVM_OUTAL_DEBUG,
    QVM_OUTAL_VERBOSE,
];
/// What options call them.
const NAMES: [(&str, qvm_outlbl); 8] = [
    ("fatal", QVM_OUTAL_FATAL),
    ("internal", QVM_OUTAL_INTERNAL),
    ("error", QVM_OUTAL_ERROR),
    ("warn", QVM_OUTAL_WARNING),
    ("warning", QVM_OUTAL_WARNING),
    ("info", QVM_OUTAL_INFO),
    ("debug", QVM_OUTAL_DEBUG),
    ("verbose", QVM_OUTAL_VERBOSE),
];
const DESTINATIONS: [(&str, u32); 4] = [
    ("stdout", GASP_LOG_STDOUT),
    ("stderr", GASP_LOG_STDERR),
    ("slog", GASP_LOG_SLOG),
    ("none", 0),
];

/// The most severe label of an attribute; without any, it is information.
pub(crate) fn label(attr: u32) -> qvm_outlbl {
    let found = LABELS.into_iter().find(|label| attr & *label as u32 != 0);
    found.unwrap_or(QVM_OUTAL_INFO)
}

/// The index of a label in [`LABELS`].
fn index(label: qvm_outlbl) -> usize {
    LABELS.into_iter().position(|known| known == label).unwrap_or_default()
}

/// The kinds of an option, and the destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    labels: Vec<qvm_outlbl>,
    destination: u32,
}

impl Rule {
    /// The error says what was expected.
    pub(crate) fn parse(filters: &str, destination: &str) -> Result<Self, String> {
        let known = |name: &str| NAMES.iter().find(|(known, _)| *known == name);
        let labels = filters.split(',').map(|name| {
            known(name).map(|(_, label)| *label).ok_or_else(|| {
                let what = "fatal, internal, error, warn, info, debug or verbose";
                format!("expected {what}, found '{name}'")
            })
        });
        let labels = labels.collect::<Result<_, _>>()?;
        let found = DESTINATIONS.iter().find(|(known, _)| *known == destination);
        let destination = found.map(|(_, bit)| *bit).ok_or_else(|| {
            format!("expected stdout, stderr, slog or none, found '{destination}'")
        })?;
        Ok(Self { labels, destination })
    }
}

/// Where the lines of each kind go.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Filters([u32; LABELS.len()]);

impl Filters {
    /// Those of a guest without `logger`.
    fn of_no_logger() -> Self {
        let written = |label| !matches!(label, QVM_OUTAL_DEBUG | QVM_OUTAL_VERBOSE);
        Self(LABELS.map(|label| if written(label) { GASP_LOG_STDERR } else { 0 }))
    }

    /// `logger`: the kinds of a rule go to one more destination.
    fn add(&mut self, rule: &Rule) {
        for label in &rule.labels {
            self.0[index(*label)] |= rule.destination;
        }
    }

    /// `log`: the kinds of a rule go to its destination only.
    fn replace(&mut self, rule: &Rule) {
        for label in &rule.labels {
            self.0[index(*label)] = rule.destination;
        }
    }

    fn destinations(&self, label: qvm_outlbl) -> u32 {
        let always = if label == QVM_OUTAL_INTERNAL { GASP_LOG_SLOG } else { 0 };
        self.0[index(label)] | always
    }
}

/// The filters of a guest, `logger`, and those of its vdevs, `log`.
#[derive(Debug, Default)]
pub(crate) struct Logger {
    /// `None`: no `logger` yet.
    general: RwLock<Option<Filters>>,
    /// By the address of the vdev.
    of_vdevs: RwLock<Vec<(usize, Filters)>>,
}

impl Logger {
    /// Adds a `logger`; the first one replaces the default.
    pub(crate) fn add(&self, rule: &Rule) {
        unpoisoned(self.general.write()).get_or_insert_default().add(rule);
    }

    /// Adds a `log` of a vdev.
    pub(crate) fn add_of_vdev(&self, vdev: usize, rule: &Rule) {
        let mut all = unpoisoned(self.of_vdevs.write());
        match all.iter_mut().find(|(owner, _)| *owner == vdev) {
            Some((_, filters)) => filters.replace(rule),
            None => {
                let mut filters = Filters::default();
                filters.replace(rule);
                all.push((vdev, filters));
            }
        }
    }

    /// Forgets a vdev that ends.
    pub(crate) fn remove_vdev(&self, vdev: usize) {
        unpoisoned(self.of_vdevs.write()).retain(|(owner, _)| *owner != vdev);
    }

    /// Where a line with this label goes: a vdev's, or nobody's.
    pub(crate) fn destinations(&self, vdev: usize, label: qvm_outlbl) -> u32 {
        let of_vdevs = unpoisoned(self.of_vdevs.read());
        let own = of_vdevs.iter().find(|(owner, _)| *owner == vdev).map(|(_, filters)| *filters);
        let general = || unpoisoned(self.general.read()).unwrap_or_else(Filters::of_no_logger);
        own.unwrap_or_else(general).destinations(label)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VDEV: usize = 0x1000;

    fn rule(filters: &str, destination: &str) -> Rule {
        Rule::parse(filters, destination).unwrap_or_else(|why| panic!("{why}"))
    }

    /// Where lines go, in the order of `LABELS`.
    fn all(logger: &Logger, vdev: usize) -> [u32; 7] {
        LABELS.map(|label| logger.destinations(vdev, label))
    }

    const OUT: u32 = GASP_LOG_STDOUT;
    const ERR: u32 = GASP_LOG_STDERR;
    const SLOG: u32 = GASP_LOG_SLOG;

    #[test]
    fn without_a_logger_all_but_debug_and_verbose_go_to_stderr() {
        let logger = Logger::default();
        assert_eq!(all(&logger, 0), [ERR, ERR | SLOG, ERR, ERR, ERR, 0, 0]);
        assert_eq!(all(&logger, VDEV), all(&logger, 0));
    }

    #[test]
    fn any_logger_replaces_the_default_and_a_kind_can_go_to_several_places() {
        let logger = Logger::default();
        logger.add(&rule("debug,warn", "stdout"));
        assert_eq!(all(&logger, 0), [0, SLOG, 0, OUT, 0, OUT, 0]);
        logger.add(&rule("debug,info", "slog"));
        logger.add(&rule("debug", "none"));
        assert_eq!(all(&logger, 0), [0, SLOG, 0, OUT, SLOG, OUT | SLOG, 0]);
    }

    #[test]
    fn the_log_of_a_vdev_is_obeyed_instead_of_the_logger_and_the_last_one_counts() {
        let logger = Logger::default();
        logger.add(&rule("info,error", "stderr"));
        logger.add_of_vdev(VDEV, &rule("info,debug,internal", "stdout"));
        logger.add_of_vdev(VDEV, &rule("debug", "slog"));
        logger.add_of_vdev(VDEV, &rule("info", "none"));
        assert_eq!(all(&logger, VDEV), [0, OUT | SLOG, 0, 0, 0, SLOG, 0]);
        assert_eq!(all(&logger, 0), [0, SLOG, ERR, 0, ERR, 0, 0]);
        logger.remove_vdev(VDEV);
        assert_eq!(all(&logger, VDEV), all(&logger, 0));
    }

    #[test]
    fn rules_have_known_names_only() {
        assert_eq!(rule("warn", "slog"), rule("warning", "slog"));
        for (filters, destination, found) in [
            ("", "stderr", "verbose, found ''"),
            ("info,", "stderr", "found ''"),
            ("info,Debug", "stderr", "found 'Debug'"),
            ("warnings", "stderr", "found 'warnings'"),
            ("info", "", "or none, found ''"),
            ("info", "file", "found 'file'"),
        ] {
            let refused = Rule::parse(filters, destination).err().unwrap_or_default();
            assert!(refused.ends_with(found), "{refused}");
        }
    }

    #[test]
    fn the_most_severe_label_counts() {
        let both = QVM_OUTAL_VERBOSE as u32 | QVM_OUTAL_INTERNAL as u32;
        assert_eq!(label(both), QVM_OUTAL_INTERNAL);
        // The source and a vdev's own code are no labels.
        assert_eq!(label(0x00ff_ffff), QVM_OUTAL_INFO);
    }
}
