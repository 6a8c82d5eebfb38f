//! Bounds on the work that rules make, and the errors of a recurrence.

/// How many steps one iteration takes before it gives up.
///
/// It is enough to look at every day up to the year 9999, so that one rule of days, weeks, months or years that nothing
/// fits comes to its end. What runs into it are searches through seconds, minutes or hours, sets of many rules, and
/// millions of occurrences.
pub const MAX_STEPS: u64 = 3_000_000;

/// Steps that are left to take; one budget may be shared by any number of series.
///
/// A step is a day that a rule looks at, or one of its periods if they are shorter; what it finds is another, or some. A million
/// take less than a tenth of a second.
#[derive(Clone, Debug)]
pub struct Budget {
    left: u64,
}

impl Budget {
    /// A budget of so many steps.
    pub const fn new(steps: u64) -> Self {
        Self { left: steps }
    }

    /// How many steps are left.
    pub fn left(&self) -> u64 {
        self.left
    }

    /// Takes steps, or all that are left if they are fewer; none left is an error.
    pub(super) fn take(&mut self, steps: u64) -> Result<(), RecurError> {
        if self.left == 0 {
            return Err(RecurError::limit());
        }
        self.left = self.left.saturating_sub(steps);
        Ok(())
    }

    /// Does something with at most `own` of the steps, and takes what that has used from both.
    pub(super) fn within<T>(&mut self, own: &mut Budget, work: impl FnOnce(&mut Budget) -> T) -> T {
        let given = self.left.min(own.left);
        let mut lent = Budget::new(given);
        let made = work(&mut lent);
        let used = given - lent.left;
        self.left -= used;
        own.left -= used;
        made
    }
}

impl Default for Budget {
    /// [`MAX_STEPS`] steps.
    fn default() -> Self {
        Self::new(MAX_STEPS)
    }
}

/// What sort of trouble a recurrence makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecurErrorKind {
    /// It is wrong, or nothing that is supported.
    Refused,
    /// It takes more steps than it is given: what came before is right, and there may be more.
    Limit,
}

/// Why a recurrence cannot be evaluated, or not to its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RecurError {
    /// What sort of trouble.
    pub kind: RecurErrorKind,
    /// The reason, in words without a full stop.
    pub message: String,
}

impl RecurError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { kind: RecurErrorKind::Refused, message: message.into() }
    }

    pub(super) fn limit() -> Self {
        Self { kind: RecurErrorKind::Limit, message: "it takes too many steps to follow the rules".to_owned() }
    }
}
