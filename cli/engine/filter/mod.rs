//! Stub.
use annals_core::Event;
use annals_core::table::Rows;
#[derive(Default)]
pub struct Filter;
pub struct Verdicts {
    pub kept: Vec<bool>,
}
impl Filter {
    pub fn is_empty(&self) -> bool {
        true
    }
    pub fn needs_series(&self) -> bool {
        false
    }
    pub fn judge(&self, events: &[Event]) -> Verdicts {
        Verdicts { kept: vec![true; events.len()] }
    }
    pub fn keeps_row(&self, _: &Rows, _: usize) -> bool {
        true
    }
}
