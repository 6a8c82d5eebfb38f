//! Holds the account that a plugin gives against what the host has counted.

use crate::abi::{ExportStats, ImportStats};
use crate::error::Error;
use crate::plugin::{ExportCounts, ImportCounts};

/// The account of an import, if it is right: it gave `rows` rows and `rejects` notes of rejection, and told of `outside`
/// records outside the windows.
pub fn settle_import(stats: &ImportStats, rows: u64, rejects: u64, outside: u64) -> Result<ImportCounts, Error> {
    let ImportStats { read, emitted, rejected, filtered, .. } = *stats;
    if emitted != rows || rejected != rejects {
        return Err(Error::new(format!(
            "the plugin says {emitted} events and {rejected} rejects, but gave {rows} and {rejects}"
        )));
    }
    if Some(read) != emitted.checked_add(rejected).and_then(|sum| sum.checked_add(filtered)) {
        return Err(Error::new(format!(
            "the plugin's account does not balance: read {read} != {emitted} + {rejected} + {filtered}"
        )));
    }
    if filtered < outside {
        return Err(Error::new(format!("the plugin says {filtered} records are filtered, but told of {outside}")));
    }
    Ok(ImportCounts { emitted, rejected, filtered })
}

/// The account of an export, if it is right: it took `given` rows, `None` if not all that there are, and gave `omits` notes
/// of omission.
pub fn settle_export(stats: &ExportStats, given: Option<u64>, omits: u64) -> Result<ExportCounts, Error> {
    let ExportStats { read, written, omitted, .. } = *stats;
    if given != Some(read) {
        return Err(Error::new(format!("the plugin did not take all events, it says it took {read}")));
    }
    if omitted != omits || Some(read) != written.checked_add(omitted) {
        return Err(Error::new(format!(
            "the plugin's account does not balance: read {read}, written {written}, omitted {omitted}, \
             notes of omission {omits}"
        )));
    }
    Ok(ExportCounts { read, omitted })
}
