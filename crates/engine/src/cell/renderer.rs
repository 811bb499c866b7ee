//! Cells in which letters are rendered: smaller than those that read mail, because a template needs little and may be hostile.

use crate::cell::pool::{Cells, Figures};
use crate::cell::settings::{Sandbox, Settings};
use crate::cell::wire::Call;
use crate::reader::LetterMaker;
use futures_util::future::BoxFuture;
use policy::template::{MadeBy, Order, Part, Rendered, Trouble, bounded};
use policy::{Fault, FaultCode};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::OnceCell;

/// Memory that rendering a letter may take.
pub const MEMORY_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// CPU time that a tenant's template may take for one letter.
pub const TEMPLATE_CPU_MS_MAX: u32 = 100;
/// CPU time for one letter of a theme alone, which is a part of the program: what keeps a mistake of ours from taking more.
const THEME_CPU_MS_MAX: u32 = 2_000;

/// Renders letters in cells of its own. Cheap to clone.
#[derive(Clone)]
pub struct Renderer {
    settings: Arc<Settings>,
    program: PathBuf,
    args: Vec<String>,
    cells: Arc<OnceCell<Cells>>,
}

impl Renderer {
    /// Of which `cells` may live at once; none is started before a letter is wanted.
    pub fn new(cells: usize, sandbox: Sandbox, program: PathBuf, args: Vec<String>) -> Renderer {
        let settings = Settings {
            cells,
            sandbox,
            memory_bytes_max: MEMORY_BYTES_MAX,
            stack_bytes: 8 * 1024 * 1024,
            source_bytes_max: 2 * 1024 * 1024,
            answer_bytes_max: 8 * 1024 * 1024,
            part_bytes_max: 0,
            keep_bytes_max: 2 * 1024 * 1024,
            ..Settings::default()
        };
        Renderer { settings: Arc::new(settings), program, args, cells: Arc::default() }
    }

    /// Makes the letter that is ordered. A template whose cell died of it gives way to its theme, and the letter says so.
    ///
    /// # Errors
    /// Temporary `CellUnavailable` when there is no cell, `CellDied` when one died of a theme alone; permanent `Internal` when the theme
    /// itself is wrong. No letter is lost by a template.
    pub async fn render(&self, order: Order) -> Result<Rendered, Fault> {
        let order = Order { view: bounded(order.view), ..order };
        let trouble = match self.ask(&order).await {
            Err(fault) if order.template.is_some() && fault.code == FaultCode::CellDied => Trouble::Died,
            Err(fault) if order.template.is_some() && fault.code == FaultCode::TooComplex => {
                Trouble::TooMuch { part: Part::Html, line: None, what: "the letter is too long".to_owned() }
            }
            answer => return answer,
        };
        let table = order.template.as_ref().map(|template| template.place.table.clone()).unwrap_or_default();
        let letter = self.ask(&Order { template: None, ..order }).await?;
        Ok(Rendered { made_by: MadeBy::ThemeInstead(trouble), table, ..letter })
    }

    pub fn figures(&self) -> Figures {
        self.cells.get().map(Cells::figures).unwrap_or_default()
    }

    async fn cells(&self) -> Result<&Cells, Fault> {
        let start = || Cells::start(Settings::clone(&self.settings), self.program.clone(), self.args.clone());
        self.cells.get_or_try_init(start).await
    }

    async fn ask(&self, order: &Order) -> Result<Rendered, Fault> {
        let source = postcard::to_stdvec(order)
            .map_err(|error| Fault::permanent(FaultCode::Internal, format!("a letter cannot be ordered: {error}")))?;
        let cpu_ms_max = if order.template.is_some() { TEMPLATE_CPU_MS_MAX } else { THEME_CPU_MS_MAX };
        let answer: Result<Rendered, Trouble> =
            self.cells().await?.call(Call::Letter { cpu_ms_max }, source.as_slice()).await?;
        answer.map_err(|trouble| Fault::permanent(FaultCode::Internal, format!("a theme is wrong: {trouble}")))
    }
}

impl LetterMaker for Renderer {
    fn render(&self, order: Order) -> BoxFuture<'_, Result<Rendered, Fault>> {
        Box::pin(Renderer::render(self, order))
    }
}
