//! The account: what became of every record.

use serde::Serialize;

/// The account of a source, or of all of them: read + expanded = kept + merged + filtered + rejected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Account {
    /// Records found in the source.
    pub read: u64,
    /// Records that came from expanding a series, beyond the series' own.
    pub expanded: u64,
    /// Events that stand in the timeline with this source's record.
    pub kept: u64,
    /// Records that became a claim of another record's event.
    pub merged: u64,
    /// Records left out on purpose.
    pub filtered: u64,
    /// Records that could not be read.
    pub rejected: u64,
}

impl Account {
    /// Whether nothing was lost without a count.
    pub fn balances(&self) -> bool {
        self.read + self.expanded == self.kept + self.merged + self.filtered + self.rejected
    }
}

impl std::ops::AddAssign for Account {
    fn add_assign(&mut self, other: Self) {
        self.read += other.read;
        self.expanded += other.expanded;
        self.kept += other.kept;
        self.merged += other.merged;
        self.filtered += other.filtered;
        self.rejected += other.rejected;
    }
}

/// The account of an output: kept = written + filtered + omitted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct OutputAccount {
    /// Events written.
    pub written: u64,
    /// Events that this output leaves out on purpose.
    pub filtered: u64,
    /// Events that its format cannot hold.
    pub omitted: u64,
}

impl OutputAccount {
    /// Whether every one of `kept` events is accounted for.
    pub fn balances(&self, kept: u64) -> bool {
        kept == self.written + self.filtered + self.omitted
    }
}
