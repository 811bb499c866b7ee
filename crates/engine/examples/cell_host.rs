//! The smallest program that can be a cell: pass its path to `Cells::start`, with no arguments.

fn main() {
    engine::cell::run_child()
}
