//! The questions. In each module `ask` measures, and `section` writes the report's section.

pub mod batch;
pub mod dispatch;
pub mod fill;
pub mod lookup;
pub mod memory;
pub mod readers;
pub mod update;
pub mod writer;

use crate::bench::Bench;
use crate::error::Error;
use crate::report::Section;

/// The measurements; `None` for a question that was not asked.
#[derive(Debug, Default)]
pub struct Answers {
    /// Lookups at random locations.
    pub uniform: Option<lookup::Answer>,
    /// Lookups in one region.
    pub same: Option<lookup::Answer>,
    pub readers: Option<readers::Answer>,
    /// A reader beside a writer.
    pub writer: Option<writer::Answer>,
    /// Pages that change their flags.
    pub update: Option<update::Answer>,
    /// Many regions in one call.
    pub batch: Option<batch::Answer>,
    /// Many calls of one region.
    pub fill: Option<fill::Answer>,
    pub memory: Option<memory::Answer>,
    /// Accesses that reach a device.
    pub dispatch: Option<dispatch::Answer>,
}

/// Names of the questions on the command line.
pub const NAMES: [&str; 9] =
    ["uniform", "same", "readers", "writer", "update", "batch", "fill", "memory", "dispatch"];

impl Answers {
    /// Ask a question.
    pub fn ask(&mut self, bench: &Bench, name: &str) -> Result<(), Error> {
        match name {
            "uniform" => self.uniform = Some(lookup::ask(bench, lookup::Where::Uniform)?),
            "same" => self.same = Some(lookup::ask(bench, lookup::Where::SameRegion)?),
            "readers" => self.readers = readers::ask(bench)?,
            "writer" => self.writer = writer::ask(bench)?,
            "update" => self.update = Some(update::ask(bench)?),
            "batch" => self.batch = Some(batch::ask(bench)?),
            "fill" => self.fill = Some(fill::ask(bench)?),
            "memory" => self.memory = Some(memory::ask(bench)?),
            "dispatch" => self.dispatch = Some(dispatch::ask(bench)?),
            _ => return Err(Error::Usage(format!("no question is called {name}"))),
        }
        Ok(())
    }

    /// The answers in words and tables.
    pub fn sections(&self, bench: &Bench) -> Vec<Section> {
        let all = [
            self.uniform.as_ref().map(|answer| lookup::uniform_section(answer, bench)),
            self.same.as_ref().map(|answer| lookup::same_section(answer, bench)),
            self.readers.as_ref().map(readers::section),
            self.writer.as_ref().map(writer::section),
            self.update.as_ref().map(|answer| update::section(answer, bench)),
            self.batch.as_ref().map(|answer| batch::section(answer, bench)),
            self.fill.as_ref().map(|answer| fill::section(answer, bench)),
            self.memory.as_ref().map(memory::section),
            self.dispatch.as_ref().map(|answer| dispatch::section(answer, bench)),
        ];
        all.into_iter().flatten().collect()
    }
}
