//! The engine as what takes in letters that people write on purpose, from the form and from programs.

use console::pen::{Letter, LetterFile, Pen, Written};
use console::reader::Answer;
use engine::{LetterOrder, LetterOrderFile, Ordered};
use policy::notify::WrittenBy;
use std::sync::Arc;

/// The engine of this process.
pub struct EnginePen(pub Arc<engine::Gateway>);

impl Pen for EnginePen {
    fn sites(&self, by: WrittenBy) -> Vec<String> {
        self.0.written_about(by)
    }

    fn files_bytes_max(&self, site: &str) -> u64 {
        self.0.written_files_bytes_max(site)
    }

    fn write<'a>(&'a self, site: &'a str, letter: Letter, who: &'a str) -> Answer<'a, Written> {
        Box::pin(async move {
            Ok(match self.0.write(site, order(letter), who).await? {
                Ordered::New { id } => Written::In { id, known: false },
                Ordered::Known { id } => Written::In { id, known: true },
                Ordered::KeyReused => Written::KeyReused,
                Ordered::TooMany => Written::TooMany,
                Ordered::Refused(why) => Written::Refused(why),
            })
        })
    }
}

fn order(letter: Letter) -> LetterOrder {
    let Letter { by, writing, files, request, token, preview } = letter;
    let file = |LetterFile { name, content_type, bytes }| LetterOrderFile { name, content_type, bytes };
    LetterOrder { by, writing, files: files.into_iter().map(file).collect(), request, token, preview }
}
